"""The workflow on a real Slurm: every rule's job is where it belongs, by Slurm's own records."""

import re

import pytest

from tests.cluster.configuration import NODES
from tests.cluster.conftest import slurm_checkout
from tests.cluster.mapping import MAPPING, NOT_IN_ALL

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

TASKS = {"injections_cutouts": 2}
"""Ranks on this machine, in place of the profile's 32."""


@pytest.fixture(scope="module")
def ran(cluster, repository, tmp_path_factory):
    """A checkout in which the workflow ran, what was printed, and Slurm's records of its jobs."""
    checkout = slurm_checkout(tmp_path_factory.mktemp("workflow"), repository)
    known = {job["JobId"] for job in cluster.jobs()}
    printed = checkout.slurm()
    jobs = [job for job in cluster.jobs() if job["JobId"] not in known]
    return checkout, printed, jobs


def rule_of(job: dict[str, str]) -> str:
    return job["Comment"].removeprefix("rule_").partition("_wildcards_")[0]


def test_the_workflow_ends_with_the_report(ran):
    checkout, _, jobs = ran
    assert (checkout.folder / "results" / "report.html").stat().st_size > 10_000
    assert {job["JobState"] for job in jobs} == {"COMPLETED"}


def test_every_rule_had_a_job(ran):
    assert {rule_of(job) for job in ran[2]} == MAPPING.keys() - NOT_IN_ALL


@pytest.mark.parametrize("rule", sorted(MAPPING.keys() - NOT_IN_ALL))
def test_a_job_ran_where_its_rule_belongs(ran, rule):
    expected = MAPPING[rule]
    nodes = {node.name: node for node in NODES}
    jobs = [job for job in ran[2] if rule_of(job) == rule]
    assert jobs
    for job in jobs:
        assert job["Partition"] == expected.partition
        assert job["Features"] == expected.constraint
        hosts = names_of(job["NodeList"])
        assert len(hosts) == int(job["NumNodes"]) == expected.nodes
        wanted = set(expected.constraint.split("&"))
        assert all(wanted <= set(nodes[host].features.split(",")) for host in hosts)
        assert int(job["NumTasks"]) == TASKS.get(rule, expected.tasks)
        assert int(job["CPUs/Task"]) == expected.threads
        gpus = re.search(r"gres:gpu:(\d+)", job.get("TresPerJob", ""))
        assert int(gpus[1] if gpus else 0) == expected.gpus
        if expected.memory:
            assert megabytes(job["MinMemoryNode"]) == expected.memory
        assert 0 < megabytes(job["MinMemoryNode"]) <= min(nodes[host].memory for host in hosts)
        if expected.minutes:
            hours, minutes = divmod(expected.minutes, 60)
            assert job["TimeLimit"] == f"{hours:02d}:{minutes:02d}:00"
        assert job["Requeue"] == "1"


def test_a_whole_xeon_phi_is_given_one_thread_a_core(ran):
    for job in ran[2]:
        if rule_of(job) == "injections_train":
            assert "cpu=272" in job["TRES"] or "cpu=68" in job["TRES"]
            assert job["ReqB:S:C:T"].endswith(":1") or job.get("ThreadsPerCore") == "1"


def test_ranks_on_two_nodes_shared_the_bricks(ran):
    logs = sorted((ran[0].folder / "results/logs/injections").glob("cutouts_*.log"))
    assert logs
    for log in logs:
        assert {"rank 0", "rank 1"} <= set(re.findall(r"rank \d", log.read_text()))


def test_a_second_run_submits_nothing(ran, cluster):
    before = len(cluster.jobs())
    assert "Nothing to be done" in ran[0].slurm()
    assert len(cluster.jobs()) == before


def names_of(nodes: str) -> list[str]:
    """The nodes of a list such as ``cpu[01-02]`` or ``gpu01``."""
    name, _, numbers = nodes.partition("[")
    if not numbers:
        return nodes.split(",")
    found = []
    for part in numbers.rstrip("]").split(","):
        first, _, last = part.partition("-")
        found += [f"{name}{n:02d}" for n in range(int(first), int(last or first) + 1)]
    return found


def megabytes(memory: str) -> float:
    """Slurm's ``4000M``, ``90G`` or ``0.5G`` in MB."""
    return float(memory[:-1]) * {"M": 1, "G": 1024, "T": 1024**2}[memory[-1]]
