"""What a real Slurm would refuse, or keep waiting for ever, is told before a job is queued."""

import re

import pytest

from tests.cluster.conftest import slurm_checkout

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

PHI = 'constraint: "knl&quad&cache"'
HASWELL = "available_constraints: [haswell]"
NOWHERE = 'constraint: "knl&snc4"'

MISTAKES = {
    "an unknown partition": (
        {"  regular: # plain": "  regulr: # plain"},
        r"Slurm refuses jobs of \w+ \(.*-p regulr .*\): .*Invalid partition name specified",
    ),
    "a constraint that no partition offers": (
        {PHI: NOWHERE},
        r"no partition in \S+ fits jobs of injections_train: constraint knl&snc4",
    ),
    "a constraint that no node has": (
        {PHI: NOWHERE, '"knl&quad&flat"': '"knl&snc4"'},
        r"Slurm refuses jobs of injections_train \(.*-p knl .*\): .*Invalid feature specification",
    ),
    "a GPU where there is none": (
        {"constraint: gpu\n": "constraint: haswell\n", HASWELL: f"max_gpu: 4\n    {HASWELL}"},
        r"Slurm refuses jobs of (voids|galaxies|reionization)_train \(.*-p regular .*--gpus=1.*\): "
        r".*not available",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_told_in_one_line(cluster, repository, tmp_path, mistake):
    changes, told = MISTAKES[mistake]
    checkout = slurm_checkout(tmp_path / "checkout", repository)
    for before, after in changes.items():
        checkout.change("partitions.yaml", before, after)
    known = len(cluster.jobs())
    printed = checkout.slurm(ok=False)
    assert re.search(told, printed), printed
    assert "Traceback" not in printed
    assert len(cluster.jobs()) == known
