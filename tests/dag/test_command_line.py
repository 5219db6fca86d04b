"""Options that replace parts of a profile, environments of jobs, and plans of many jobs."""

import re

import pytest

from tests.dag.stubs import QUICK, install_stubs, submitted
from tests.dag.test_elsewhere import small

pytestmark = pytest.mark.dag

SLURM = ("--profile", "slurm", "--configfile", "tiny.yaml")


@pytest.fixture
def stub(tmp_path_factory, monkeypatch):
    """A machine whose Slurm is a stub; the folder of its records."""
    folder = tmp_path_factory.mktemp("stub")
    install_stubs(folder, monkeypatch)
    return folder


def test_the_profile_itself_is_complete(checkout):
    printed = checkout.snakemake("-n", "--quiet", "all", *SLURM)
    assert "replaces" not in printed


@pytest.mark.parametrize(
    ("option", "value", "lost"),
    [
        ("--set-resources", "voids_grid:mem_mb=9000", "voids_train ("),
        ("--set-threads", "voids_grid=4", "voids_train (threads)"),
        ("--default-resources", "slurm_account=x", "default-resources (constraint"),
    ],
)
def test_what_an_option_replaces_is_warned_of(checkout, option, value, lost):
    printed = checkout.snakemake("-n", "--quiet", "all", *SLURM, option, value)
    assert f"{option} replaces this part of the profile" in printed
    assert lost in printed


def test_jobs_that_would_run_on_another_kind_of_node_are_refused(checkout, stub):
    words = ("--set-resources", "voids_grid:mem_mb=9000")
    printed = checkout.snakemake(*SLURM, *words, ok=False)
    assert "--set-resources replaced the profile's entries of voids_train" in printed
    assert "Traceback" not in printed
    assert not submitted(stub)


def test_a_whole_map_on_the_command_line_is_no_mistake(checkout):
    gpu = ("environment=gpu", "constraint=gpu", "gpu=1", "slurm_extra='--requeue'")
    rules = ("voids_train", "galaxies_train", "reionization_train", "injections_train")
    amounts = ("mem_mb=16000", "runtime=240", *gpu)
    entries = [f"{rule}:{amount}" for rule in rules for amount in amounts]
    ranks = ("environment=cpu", "constraint=haswell", "mpi=srun", "tasks=2", "nodes=2")
    ranks += ("mem_mb=30000", "slurm_extra='--requeue'")
    entries += [f"injections_cutouts:{amount}" for amount in ranks]
    printed = checkout.snakemake("-n", "--quiet", "all", *SLURM, "--set-resources", *entries)
    assert "replaces" not in printed


def test_a_workflow_profile_that_drops_the_default_one_is_warned_of(checkout):
    words = ("-n", "--quiet", "all", "--configfile", "tiny.yaml")
    printed = checkout.snakemake(*words, "--workflow-profile", "slurm")
    assert re.search("--workflow-profile replaces profiles/default with its .*keep-going", printed)


@pytest.mark.parametrize(
    ("words", "kinds"),
    [
        (("--profile", "slurm"), {"voids_train": "gpu", "injections_train": "xeonphi"}),
        (("--profile", "profiles/local"), {}),
        (("--profile", "profiles/ci"), {}),
        (("--cores", "1"), {}),
        (("--cores", "1", "--set-resources", "voids_train:gpu=1"), {"voids_train": "gpu"}),
    ],
)
def test_the_conda_environment_of_each_job_follows_its_kind_of_node(
    checkout, repository, words, kinds
):
    from tests.dag.stubs import every_experiment

    checkout.configure(every_experiment(repository))
    program = checkout.folder / "environments.py"
    program.write_text(ENVIRONMENTS)
    code, printed = checkout.python(
        "environments.py", "-n", "--quiet", "all", "--configfile", "tiny.yaml", *words
    )
    assert code == 0, printed
    found = dict(re.findall(r"^(\w+) conda \S*/envs/(\w+)\.yaml$", printed, re.M))
    expected = {"voids_train", "galaxies_train", "injections_train", "voids_grid", "report"}
    assert expected <= found.keys()
    if "slurm" in words:
        kinds = {**kinds, "galaxies_train": "gpu", "reionization_train": "gpu"}
    assert found == {rule: kinds.get(rule, "cpu") for rule in found}


ENVIRONMENTS = """
import sys
from snakemake import cli, dag

postprocess = dag.DAG.postprocess

async def shown(self, *args, **kwargs):
    await postprocess(self, *args, **kwargs)
    for job in self.jobs:
        if job.conda_env_spec:
            print(job.rule.name, "conda", job.conda_env_spec.file.get_path_or_uri(secret_free=True))

dag.DAG.postprocess = shown
cli.main(sys.argv[1:])
"""


@pytest.mark.attack
@pytest.mark.slow
def test_twenty_thousand_jobs_start(checkout, stub):
    config = small(checkout)
    simulation = config["voids"]["sources"]["boxes"]["simulation"]
    simulation |= {"realizations": 5000, "batch": 1}
    checkout.configure(config)
    words = (*SLURM, *QUICK, "--retries", "0", "--", "voids")
    printed = checkout.snakemake(*words, ok=False)  # the stub's jobs make nothing
    assert re.search(r"^total +(2\d{4})$", printed, re.M), "the plan has 20,000 jobs or more"
    assert len(submitted(stub)) > 0
    assert "Argument list too long" not in printed
