"""What a dry run plans, from a fresh checkout."""

import re
import subprocess
import sys

import pytest
import yaml

from cosmodag import settings

pytestmark = pytest.mark.dag

RUNS = ("unet", "counts", "student", "cube")
PROFILES = ("default", "local", "slurm", "ci")


def test_tiny_workflow_plans_each_batch_once(checkout):
    assert checkout.planned("voids") == {
        "voids",
        "voids_report experiment=voids",
        "voids_simulate source=boxes,batch=0",
        "voids_simulate source=boxes,batch=1",
        "voids_grid grid=boxes,batch=0",
        "voids_grid grid=boxes,batch=1",
        "voids_label labels=boxes,batch=0",
        "voids_label labels=boxes,batch=1",
        "voids_statistics statistics=boxes",
        *(f"voids_cutouts cutouts={name},batch={n}" for name in ("slabs", "cubes") for n in (0, 1)),
        "voids_split experiment=voids,dataset=slabs",
        "voids_split experiment=voids,dataset=cubes",
        "voids_relabel experiment=voids,dataset=taught",
        "voids_baselines experiment=voids,dataset=slabs,target=fraction_matter",
        "voids_baselines experiment=voids,dataset=slabs,target=count_matter",
        "voids_baselines experiment=voids,dataset=cubes,target=fraction_matter",
        *(f"voids_train experiment=voids,run={run}" for run in RUNS),
        *(f"voids_evaluate experiment=voids,run={run}" for run in RUNS),
    }


def test_void_catalogues_are_planned_by_themselves_from_files_with_spaces(checkout):
    folder = checkout.folder / "my data"
    folder.mkdir()
    for name in ("galaxies", "randoms 1", "randoms 2"):
        (folder / f"{name}.csv").write_text("ra,dec,z\n1,2,0.1\n")
    randoms = {"path": "my data/randoms*.csv"}
    entry = {"path": "my data/galaxies.csv", "randoms": randoms, "minimum_radius": 12}
    checkout.configure({"voids": {"void_catalogues": {"survey": entry}}})
    jobs = {"voids_find catalogue=survey", "voids_report experiment=voids"}
    assert checkout.planned("voids") == {"voids", *jobs}
    assert checkout.planned("all") == {"all", "report", "voids_find catalogue=survey"}
    files = "'my data/galaxies.csv' '--randoms=my data/randoms 1.csv' '--randoms=my data/randoms 2"
    commands = checkout.commands()
    assert files in commands
    assert "--output results/voids/void_catalogues/survey" in commands
    assert "--minimum-radius 12" in commands


def test_every_shipped_configuration_is_planned(checkout):
    for path in sorted((checkout.folder / "config").glob("*.yaml")):  # examples need their data
        checkout.snakemake("-n", "--quiet", "all", "--configfile", str(path))


def test_profiles_name_rules_that_exist(checkout):
    listed = checkout.snakemake("--list-rules", "--configfile", "tiny.yaml")
    rules = set(re.findall(r"^\w+", listed, re.M))
    assert "voids_grid" in rules
    for profile in PROFILES:
        held = yaml.safe_load((checkout.folder / f"profiles/{profile}/config.yaml").read_text())
        for key in ("set-resources", "set-threads", "set-scatter", "groups"):
            assert held.get(key, {}).keys() <= rules, f"{profile}: {key}"


def test_the_default_profile_leaves_resources_to_the_others(checkout):
    held = yaml.safe_load((checkout.folder / "profiles/default/config.yaml").read_text())
    assert not held.keys() & {"default-resources", "set-resources", "set-threads", "executor"}


def test_no_output_lies_outside_the_results(checkout):
    config = {**checkout.config, "results": "elsewhere"}
    checkout.configure(config)
    printed = checkout.snakemake("-n", "--configfile", "tiny.yaml")
    outputs = re.findall(r"^    (?:output|log|benchmark): (.*)$", printed, re.M)
    files = [file for line in outputs for file in line.split(", ")]
    assert files
    assert all(file.startswith("elsewhere/") for file in files)


def test_a_misspelt_key_is_named_in_one_line(checkout):
    config = checkout.config
    config["voids"]["grids"]["boxes"]["methd"] = "cic"
    printed = checkout.refused(config)
    assert "voids.grids.boxes.methd: not a known key; did you mean 'method'?" in printed
    assert "Traceback" not in printed


def test_rules_say_what_they_do_and_what_they_need(repository):
    for path in sorted((repository / "workflow/rules").glob("*.smk")):
        for block in re.split(r"^(?=rule )", path.read_text(), flags=re.M)[1:]:
            name = block.split()[1]
            assert '"""' in block, f"{name} has no docstring"
            if "shell:" in block:
                for part in ("log:", "benchmark:", "threads:", "mem_mb=", "runtime=", "conda:"):
                    assert part in block, f"{name} lacks {part}"


def test_parsing_imports_nothing_heavy(checkout):
    lines = (
        "import sys\nsys.path.insert(0, 'workflow')\n"
        "from cosmodag import experiments, settings\nfrom cosmodag.dag import common\n"
        "experiments_found = [experiments.find(name) for name in experiments.names()]\n"
        "settings.schema()\n"
        "print([m for m in ('torch', 'numba', 'h5py', 'numpy') if m in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", lines], cwd=checkout.folder, capture_output=True, text=True
    )
    assert done.stdout.strip() == "[]"


def test_section_of_the_schema_exists_for_every_stage():
    for path in ("sources/*/simulation", "grids/*", "labels/*", "cutouts/*", "datasets/*"):
        assert settings.section(f"voids/{path}")


def test_an_unset_variable_in_a_path_is_named(checkout, monkeypatch):
    monkeypatch.delenv("COSMODAG_DATA", raising=False)
    printed = checkout.snakemake(
        "-n", "--configfile", "config/examples/mr19.yaml", "--", "voids", ok=False
    )
    assert "voids.sources.mr19.catalogue.path: $COSMODAG_DATA/voids/gals_Mr19.ff" in printed
    assert "Traceback" not in printed
