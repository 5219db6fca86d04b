"""The workflow in other places: from an analysis folder, and as a module of another workflow."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests import forks
from tests.checkout import Checkout, copy_checkout
from tests.dag.stubs import QUICK, install_stubs, submitted

pytestmark = pytest.mark.dag

MODULE = """
configfile: "outer.yaml"

module cosmodag:
    snakefile: "CHECKOUT/Snakefile"
    config: config["cosmodag"]
    PREFIX

use rule * from cosmodag as cosmodag_*

rule all:
    default_target: True
    input:
        rules.cosmodag_voids.input,
        "mine.txt",

rule mine:
    output: "mine.txt"
    params: x=lambda wildcards: config["mine"]["x"]
    shell: "echo ${{PYTHONPATH-none}} {params.x} > {output}"

onstart:
    cosmodag.onstart()
"""


def snakemake(folder: Path, *words: str, ok: bool = True, **environment: str) -> str:
    """Run snakemake in a folder; give what it printed."""
    clean = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    clean |= {"PATH": path, "PWD": str(folder), **environment}
    if "-n" in words:
        planned = forks.run("snakemake", *words, folder=folder, environment=clean)
        assert (planned.code == 0) == ok, planned.errors
        return planned.errors + planned.output
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", *words],
        cwd=folder,
        env=clean,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=1200,
    )
    assert (done.returncode == 0) == ok, done.stdout
    return done.stdout


def small(checkout: Checkout) -> dict:
    """One run of voids, as small as it can be."""
    config = checkout.config
    voids = config["voids"]
    voids["sources"]["boxes"]["simulation"] |= {"realizations": 6, "batch": 6}
    voids["cutouts"] = {"slabs": voids["cutouts"]["slabs"]}
    voids["datasets"] = {"slabs": voids["datasets"]["slabs"]}
    run = voids["runs"]["unet"]
    voids["runs"] = {"unet": {**run, "training": {**run["training"], "epochs": 1}}}
    return config


def outer(folder: Path, checkout: Checkout, *, prefix: str = "") -> None:
    """Write a workflow that includes a checkout as a module, beside a rule of its own."""
    text = MODULE.replace("CHECKOUT", str(checkout.folder))
    text = text.replace("PREFIX", f'prefix: "{prefix}"' if prefix else "")
    (folder / "Snakefile").write_text(text)
    config = {"cosmodag": small(checkout), "mine": {"x": 1}}
    (folder / "outer.yaml").write_text(yaml.safe_dump(config))


@pytest.fixture
def analysis(tmp_path_factory) -> Path:
    """An empty folder outside the checkout."""
    return tmp_path_factory.mktemp("analysis")


@pytest.mark.parametrize("prefix", ["", "inner"])
@pytest.mark.attack
@pytest.mark.slow
def test_a_module_runs_beside_rules_of_the_outer_workflow(tmp_path, repository, analysis, prefix):
    checkout = copy_checkout(tmp_path, repository)
    outer(analysis, checkout, prefix=prefix)
    snakemake(analysis, "--cores", "2")
    results = analysis / prefix / "results"
    assert (results / "voids/runs/unet/metrics.json").is_file()
    assert (results / "voids/report.html").is_file()
    assert (results / ".state").is_dir()
    entries = {path.name for path in analysis.iterdir()} - {".snakemake", "Snakefile", "outer.yaml"}
    assert entries == {"mine.txt", prefix or "results"}
    assert (analysis / "mine.txt").read_text() == "none 1\n"
    assert "Nothing to be done" in snakemake(analysis, "-n")


def test_the_cases_of_modules_are_planned(checkout, analysis, repository):
    cases = repository.parent / "shared" / "cases" / "workflow"
    if not cases.is_dir():
        cases = repository / "shared" / "cases" / "workflow"
    if not cases.is_dir():
        pytest.skip("the folder shared/cases is absent")
    shutil.copy(cases / "outer.yaml", analysis)
    for name in ("module.Snakefile", "module_own_rule.Snakefile"):
        text = (cases / name).read_text()
        text = text.replace("path/to/the/checkout", str(checkout.folder))
        (analysis / "Snakefile").write_text(text)
        printed = snakemake(analysis, "-n")
        assert re.search(r"^total +\d+$", printed, re.M)


def test_the_code_of_another_checkout_is_refused_in_one_line(checkout, analysis, repository):
    outer(analysis, checkout)
    text = (analysis / "Snakefile").read_text()
    other = (
        f"import sys\nsys.path.insert(0, {str(repository / 'workflow')!r})\nimport cosmodag.files\n"
    )
    (analysis / "Snakefile").write_text(other + text)
    printed = snakemake(analysis, "-n", ok=False)
    assert str(repository / "workflow" / "cosmodag") in printed
    assert str(checkout.folder / "workflow" / "cosmodag") in printed
    assert "use one checkout per workflow" in printed
    assert "Traceback" not in printed


def test_a_package_in_the_environment_does_not_replace_that_of_the_checkout(
    checkout, analysis, repository
):
    broken = analysis / "installed" / "cosmodag"
    broken.mkdir(parents=True)
    (broken / "__init__.py").write_text("raise SystemExit('another package')\n")
    outer(analysis, checkout)
    snakemake(analysis, "-n", PYTHONPATH=str(broken.parent))


def test_a_module_and_its_outer_rules_are_submitted_to_slurm(
    checkout, analysis, tmp_path_factory, monkeypatch
):
    stub = tmp_path_factory.mktemp("stub")
    install_stubs(stub, monkeypatch)
    outer(analysis, checkout)
    (stub / "outputs.json").write_text('{"mine": ["mine.txt"]}')
    profile = str(checkout.folder / "profiles" / "slurm")
    snakemake(analysis, "--profile", profile, *QUICK, "--", "mine.txt")
    (words,) = submitted(stub)
    command = next(word for word in words if word.startswith("--wrap="))
    assert "--target-jobs" in command
    # The job parses the workflow again, and the outer rule follows the module.
    monkeypatch.setenv("COSMODAG_SUBMITTED", str(analysis / "absent"))
    words = ("--mode", "remote", "--executor", "local", "--cores", "1", "--target-jobs", "mine:")
    (analysis / "mine.txt").unlink()
    snakemake(analysis, *words, "--force", "--nolock", "--allowed-rules", "mine", "--", "mine.txt")
    assert (analysis / "mine.txt").read_text() == "none 1\n"


@pytest.mark.parametrize(
    ("profile", "called_in"),
    [
        *((profile, "the analysis folder") for profile in ("default", "local", "ci", "slurm")),
        ("slurm", "the checkout"),
    ],
)
def test_an_analysis_folder_is_planned_under_every_profile(checkout, analysis, profile, called_in):
    shutil.copy(checkout.folder / "tiny.yaml", analysis)
    words = ["-n", "--configfile", str(analysis / "tiny.yaml"), "--cores", "1"]
    if called_in == "the checkout":
        words += ["--profile", f"profiles/{profile}", "-d", str(analysis)]
        printed = snakemake(checkout.folder, "-s", "workflow/Snakefile", *words)
    else:
        words += ["--profile", str(checkout.folder / "profiles" / profile)]
        printed = snakemake(analysis, "-s", str(checkout.folder / "Snakefile"), *words)
    assert "voids_train" in printed
    assert not (analysis / "slurm").exists()


def test_an_analysis_folder_is_submitted_to_slurm(
    checkout, analysis, tmp_path_factory, monkeypatch
):
    stub = tmp_path_factory.mktemp("stub")
    install_stubs(stub, monkeypatch)
    config = small(checkout)
    (analysis / "tiny.yaml").write_text(yaml.safe_dump(config))
    outputs = [f"results/voids/sources/boxes/{name}_0.h5" for name in ("galaxies", "matter")]
    outputs.append("results/benchmarks/voids/simulate_boxes_0.tsv")
    (stub / "outputs.json").write_text(
        __import__("json").dumps({"voids_simulate:source=boxes,batch=0": outputs})
    )
    words = ("-s", "workflow/Snakefile", "--profile", "profiles/slurm", "-d", str(analysis))
    target = outputs[0]
    snakemake(
        checkout.folder,
        *words,
        *QUICK,
        "--configfile",
        str(analysis / "tiny.yaml"),
        "--",
        target,
    )
    (job,) = submitted(stub)
    assert "haswell" in job
    assert (analysis / target).is_file()


def test_the_default_configuration_applies_in_a_folder_without_one(checkout, analysis):
    printed = snakemake(analysis, "-n", "-s", str(checkout.folder / "Snakefile"))
    assert f"{checkout.folder}/config/config.yaml applies" in printed
    (analysis / "config").mkdir()
    shutil.copy(checkout.folder / "tiny.yaml", analysis / "config" / "config.yaml")
    printed = snakemake(analysis, "-n", "-s", str(checkout.folder / "Snakefile"))
    assert "applies" not in printed
    assert "run=student" in printed


def test_an_experiment_without_a_section_is_refused_with_those_that_there_are(checkout):
    printed = checkout.snakemake("-n", "--configfile", "tiny.yaml", "--", "galaxies", ok=False)
    assert "tiny.yaml has no section galaxies, but voids: add the section" in printed
    assert "Traceback" not in printed
