"""Jobs read and write what their rules declare, and nothing else: results live in a storage."""

import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml

from cosmodag import experiments
from tests.checkout import Checkout, copy_checkout
from tests.dag.test_elsewhere import small, snakemake
from tests.faults.every_stage import prepare, rules, targets

pytestmark = [pytest.mark.dag, pytest.mark.slow]

SHARED = ("persistence", "sources", "source-cache", "software-deployment")
"""What nodes share beside the storage: all but inputs, outputs and local copies."""
SUBMIT = """#!/bin/sh
NODE=$(mktemp -d) nohup sh "$1" > /dev/null 2>&1 &
echo $!
"""
"""The scheduler: a job begins at once, on a node with a disk of its own."""


@pytest.fixture
def storage(tmp_path_factory) -> Path:
    """A folder that only the storage plugin reads and writes."""
    for plugin in ("snakemake_storage_plugin_fs", "snakemake_executor_plugin_cluster_generic"):
        if find_spec(plugin) is None:
            pytest.skip(f"{plugin} is not installed")
    if shutil.which("rsync") is None:
        pytest.skip("rsync, which the storage plugin calls, is not installed")
    return tmp_path_factory.mktemp("storage")


def run(checkout: Checkout, storage: Path, *words: str) -> str:
    """Run the workflow with its results in the storage, without any shared inputs or outputs."""
    return snakemake(
        checkout.folder,
        "--default-storage-provider",
        "fs",
        "--default-storage-prefix",
        str(storage),
        "--shared-fs-usage",
        *SHARED,
        "--configfile",
        "tiny.yaml",
        *words,
    )


@pytest.mark.parametrize("experiment", experiments.names())
def test_commands_name_files_of_the_storage_alone(experiment, tmp_path, storage, repository):
    checkout = prepare(experiment, tmp_path, repository)
    shutil.copytree(checkout.folder / "own", storage / "own")
    printed = run(checkout, storage, "-n", "-p", "--", *targets(experiment))
    commands = dict(re.findall(r"\nrule (\w+):\n.*?\nShell command: (.*?)\n", printed, re.S))
    assert commands.keys() >= rules(experiment, repository)
    local = {
        rule: found
        for rule, command in commands.items()
        if (found := re.findall(r"(?<![\w/])(?:results|own)/(?!\.state)\S+", command))
    }
    assert local == {}


@pytest.mark.attack
def test_every_experiment_runs_from_a_storage(tmp_path, storage, repository):
    checkout = copy_checkout(tmp_path, repository)
    # Every rule once or twice, as small as its meaning allows.
    shutil.copy(repository / "tests" / "cluster" / "tiny.yaml", checkout.folder)
    run(checkout, storage, "--cores", "2")
    assert (storage / "results" / "report.html").stat().st_size > 10_000
    left = [path for path in (tmp_path / "results").rglob("*") if path.is_file()]
    assert all(".state" in path.parts for path in left)
    assert "Nothing to be done" in run(checkout, storage, "-n")
    words = [sys.executable, "-m", "cosmodag", "verify", str(storage / "results")]
    done = subprocess.run(words, cwd=checkout.folder / "workflow", capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.attack
def test_jobs_of_another_scheduler_run_from_a_storage(tmp_path, storage, repository):
    checkout = copy_checkout(tmp_path, repository)
    checkout.configure(small(checkout))
    submit = tmp_path / "submit"
    submit.write_text(SUBMIT)
    submit.chmod(0o755)
    words = ("--executor", "cluster-generic", "--cluster-generic-submit-cmd", str(submit))
    local = ("--remote-job-local-storage-prefix", "$NODE/storage")
    run(checkout, storage, *words, *local, "--jobs", "2", "--latency-wait", "10")
    assert (storage / "results" / "report.html").stat().st_size > 10_000


@pytest.mark.attack
def test_files_of_users_are_read_from_the_storage(tmp_path, storage, repository):
    checkout = copy_checkout(tmp_path, repository)
    (storage / "own").mkdir()
    rows = [f"{x},{y},{z}" for x in range(8) for y in range(8) for z in range(8)]
    (storage / "own" / "galaxies.csv").write_text("\n".join(["x,y,z", *rows]) + "\n")
    config = small(checkout)
    own = {"path": "own/galaxies.csv", "box_size": 8, "unit": "Mpc/h"}
    config["voids"]["sources"]["own"] = {"catalogue": own}
    (checkout.folder / "tiny.yaml").write_text(yaml.safe_dump(config))
    target = "results/voids/sources/own/galaxies_0.h5"
    run(checkout, storage, "--cores", "2", "--", target)
    assert (storage / target).is_file()
