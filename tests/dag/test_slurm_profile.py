"""What the Slurm profile asks for, captured by stubs of Slurm's commands."""

import json
import re
import shlex
import shutil
from pathlib import Path

import pytest
import yaml

from tests import documents
from tests.cluster.mapping import MAPPING, NOT_IN_ALL, Place
from tests.dag.stubs import QUICK, every_experiment, install_stubs, promise_outputs, submitted

pytestmark = pytest.mark.dag


@pytest.fixture
def stubbed(checkout, repository, tmp_path_factory, monkeypatch):
    """A checkout with every experiment, on a machine whose Slurm is a stub."""
    folder = tmp_path_factory.mktemp("stub")
    install_stubs(folder, monkeypatch)
    checkout.configure(every_experiment(repository))
    return checkout, folder


def asked(words: list[str]) -> Place:
    """What a call of sbatch asks for."""
    text = shlex.join(words)

    def find(pattern: str):
        match = re.search(pattern, text)
        return match and match[1].strip("'")

    return Place(
        partition=find(r" -p (\S+)"),
        constraint=find(r" -C (\S+)"),
        threads=int(find(r"--cpus-per-task=(\d+)")),
        gpus=int(find(r"--gpus=(\d+)") or 0),
        tasks=int(find(r"--ntasks=(\d+)") or 1),
        nodes=int(find(r"--nodes=(\d+)") or 1),
        memory=int(find(r"--mem (\d+)")),
        minutes=int(find(r" -t (\d+)")),
    )


@pytest.mark.slow
def test_every_rule_asks_for_the_node_it_is_mapped_to(stubbed):
    checkout, folder = stubbed
    promise_outputs(checkout, folder)
    checkout.snakemake("--profile", "slurm", *QUICK, "--configfile", "tiny.yaml")
    seen = set()
    for words in submitted(folder):
        comment = words[words.index("--comment") + 1]
        rule = comment.removeprefix("rule_").partition("_wildcards_")[0]
        place, expected = asked(words), MAPPING[rule]
        seen.add(rule)
        assert place.memory > 0, rule
        assert place.minutes > 0, rule
        assert (
            place._replace(
                memory=expected.memory and place.memory, minutes=expected.minutes and place.minutes
            )
            == expected
        ), rule
        assert "--requeue" in words
        assert "--signal=USR1@300" in words
    assert MAPPING.keys() - seen == NOT_IN_ALL


def test_every_rule_with_a_command_is_mapped(checkout):
    rules = (checkout.folder / "workflow" / "rules").glob("*.smk")
    text = "\n".join(path.read_text() for path in rules)
    names = set(re.findall(r"^use rule \w+ as (\w+) with:", text, re.M))
    for block in re.split(r"^(?=rule )", text, flags=re.M)[1:]:
        name = re.match(r"rule (\w+):", block)[1]
        if "shell:" in block and not name.startswith("learning_"):
            names.add(name)
    assert names == MAPPING.keys()


def test_a_line_moves_a_rule_to_another_kind_of_node(checkout):
    change(checkout, "config.yaml", 'voids_train: ?on("gpu"', 'voids_train: ?on("cpu"')
    held = profile(checkout)["set-resources"]["voids_train"]
    assert (held["constraint"], held.get("gpu")) == ("haswell", None)


def test_sites_with_generic_resources_alone_write_gres(checkout):
    change(checkout, "partitions.yaml", "gpu: 1 #", 'gres: "gpu:v100:1" #')
    held = profile(checkout)["set-resources"]["voids_train"]
    assert held["gres"] == "gpu:v100:1"
    assert "gpu" not in held


def test_an_account_is_charged_where_one_is_named(checkout):
    assert "slurm_account" not in profile(checkout)["default-resources"]
    change(checkout, "partitions.yaml", 'account: ""', "account: m1727")
    assert profile(checkout)["default-resources"]["slurm_account"] == "'m1727'"


def test_every_rule_fits_a_partition_of_the_example_of_another_site(checkout):
    site, rules = (b.text for b in documents.blocks("profiles/README.md") if b.language == "yaml")
    profile_file(checkout, "partitions.yaml").write_text(site)
    for section, lines in yaml.safe_load(rules).items():
        for rule, value in lines.items():
            shipped = yaml.safe_load(profile_file(checkout, "config.yaml").read_text())
            before = f"{rule}: {shipped[section][rule]}"
            change(checkout, "config.yaml", before, f"{rule}: {value}")
    held = profile(checkout)
    partitions = yaml.safe_load(site)["partitions"].values()
    for rule in MAPPING:
        amounts = held["default-resources"] | held["set-resources"].get(rule, {})
        memory = eval(str(amounts["mem_mb"]), {"attempt": held["retries"] + 1})
        assert "constraint" not in amounts
        assert any(
            held["set-threads"].get(rule, 1) <= partition["max_cpus_per_task"]
            and memory <= partition["max_mem_mb"]
            and amounts.get("gpu", 0) <= partition.get("max_gpu", 0)
            for partition in partitions
        ), rule


def test_the_last_attempt_still_fits_its_partition(checkout):
    held = profile(checkout)
    file = profile_file(checkout, "partitions.yaml")
    partitions = yaml.safe_load(file.read_text())["partitions"]
    for rule, amounts in held["set-resources"].items():
        limits = partitions[MAPPING[rule].partition]
        last = {"attempt": held["retries"] + 1}
        assert eval(str(amounts["mem_mb"]), last) <= limits["max_mem_mb"]
        assert eval(str(amounts.get("runtime", 0)), last) <= limits["max_runtime"]


def test_a_constraint_that_no_partition_offers_is_refused_before_anything_is_queued(stubbed):
    checkout, folder = stubbed
    change(checkout, "partitions.yaml", 'constraint: "knl&quad&cache"', 'constraint: "knl&snc4"')
    printed = checkout.snakemake("--profile", "slurm", "--configfile", "tiny.yaml", ok=False)
    assert "slurm/partitions.yaml fits jobs of injections_train" in printed
    assert "constraint knl&snc4" in printed
    assert "Traceback" not in printed
    assert not submitted(folder)


@pytest.mark.parametrize(
    ("flag", "answer"),
    [
        ("gpu", "Batch job submission failed: Invalid partition name specified"),
        ("--gpus=1", "Batch job submission failed: Requested node configuration is not available"),
    ],
)
def test_what_slurm_refuses_is_told_before_anything_is_queued(stubbed, flag, answer):
    checkout, folder = stubbed
    (folder / "answers.json").write_text(json.dumps({flag: answer}))
    printed = checkout.snakemake("--profile", "slurm", "--configfile", "tiny.yaml", ok=False)
    assert re.search("Slurm refuses jobs of (voids|galaxies|reionization)_train", printed)
    assert answer in printed
    assert "Traceback" not in printed
    assert not submitted(folder)


def test_a_job_that_only_has_to_wait_is_not_refused(stubbed):
    checkout, folder = stubbed
    answer = "Required node not available (down, drained or reserved)"
    (folder / "answers.json").write_text(json.dumps({"haswell": answer}))
    promise_outputs(checkout, folder)
    first = "results/injections/sources/sky/0"
    checkout.snakemake("--profile", "slurm", *QUICK, "--configfile", "tiny.yaml", "--", first)
    assert submitted(folder)


def test_scratch_that_cannot_be_written_is_refused_before_anything_is_queued(stubbed):
    checkout, folder = stubbed
    (checkout.folder / "taken").touch()
    checkout.configure({**checkout.config, "scratch": "taken/below"})
    printed = checkout.snakemake("--profile", "slurm", "--configfile", "tiny.yaml", ok=False)
    assert "config key scratch: taken/below cannot be written to (Not a directory)" in printed
    assert "Traceback" not in printed
    assert not submitted(folder)


def test_without_slurm_s_commands_the_profile_says_so(checkout, tmp_path_factory, monkeypatch):
    tools = tmp_path_factory.mktemp("tools")
    for name in ("bash", "sh", "which", "env"):
        (tools / name).symlink_to(shutil.which(name))
    monkeypatch.setenv("PATH", str(tools))
    printed = checkout.snakemake("--profile", "slurm", "--configfile", "tiny.yaml", ok=False)
    assert "no sbatch on this machine" in printed
    assert "Traceback" not in printed


def test_a_slurm_that_does_not_answer_is_told(stubbed):
    checkout, folder = stubbed
    (folder / "scontrol").write_text("#!/bin/sh\necho Connection refused >&2; exit 1\n")
    printed = checkout.snakemake("--profile", "slurm", "--configfile", "tiny.yaml", ok=False)
    assert "Slurm does not answer (Connection refused)" in printed
    assert not submitted(folder)


def test_squeue_must_be_asked_where_no_accounts_are_kept(stubbed):
    checkout, folder = stubbed
    script = "#!/bin/sh\necho 'AccountingStorageType = accounting_storage/none'\n"
    (folder / "scontrol").write_text(script)
    printed = checkout.snakemake("--profile", "slurm", "--configfile", "tiny.yaml", ok=False)
    assert "write `status: squeue` in slurm/partitions.yaml" in printed
    assert not submitted(folder)


def test_without_the_executor_the_profile_says_what_to_install(checkout):
    hide = (
        "import importlib.util, runpy, sys\n"
        "find = importlib.util.find_spec\n"
        "importlib.util.find_spec = lambda n, *a: None if n.endswith('_slurm') else find(n, *a)\n"
        "sys.argv = ['snakemake', '--profile', 'slurm', '-n']\n"
        "runpy.run_module('snakemake', run_name='__main__')\n"
    )
    code, printed = checkout.python("-c", hide)
    assert code != 0
    assert "pip install snakemake-executor-plugin-slurm" in printed
    assert "Traceback" not in printed


def profile(checkout) -> dict:
    """The profile as Snakemake reads it."""
    render = (
        "import yte\nprint(__import__('json').dumps(yte.process_yaml(open('slurm/config.yaml'))))\n"
    )
    code, printed = checkout.python("-c", render)
    assert code == 0, printed
    return json.loads(printed)


def profile_file(checkout, name: str) -> Path:
    """The path of a file of the profile."""
    return checkout.folder / "profiles" / "slurm" / name


def change(checkout, file: str, before: str, after: str) -> None:
    """Replace a text of a file of the profile."""
    path = profile_file(checkout, file)
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))
