"""A cluster for all tests, and checkouts that work on it."""

import os
from pathlib import Path

import pytest
import yaml

from tests.checkout import Checkout, copy_checkout
from tests.cluster.cluster import Cluster
from tests.cluster.packages import SlurmIsMissing, require_slurm

TINY = Path(__file__).with_name("tiny.yaml")
QUICK = ("--slurm-init-seconds-before-status-checks", "2", "--latency-wait", "10", "--jobs", "4")
"""Quicker looks at the queue than a real cluster should be given, and few jobs on few cores."""
CHANGES = {
    "partitions.yaml": {"status: sacct": "status: squeue", "warning: 300": "warning: 30"},
    "config.yaml": {"ranks(32,": "ranks(2,"},
}
"""What differs from the profile as shipped: no accounting here, limits of a minute, two cores."""


@pytest.fixture(scope="session")
def cluster():
    """A cluster that is up, in a folder of its own."""
    try:
        require_slurm()
    except SlurmIsMissing as reason:
        pytest.skip(f"no Slurm: {reason}")
    cluster = Cluster()
    cluster.down()
    cluster.up()
    yield cluster
    cluster.down()
    assert not cluster.daemons.processes(), "processes outlived the cluster"


class SlurmCheckout(Checkout):
    """A checkout whose jobs go to the cluster, each in two processes of Snakemake more."""

    LIMIT = 3000

    def slurm(self, *targets: str, ok: bool = True, extra: tuple[str, ...] = ()) -> str:
        """Run the workflow by its Slurm profile; give what snakemake printed."""
        words = ("--profile", "slurm", *QUICK, *extra, "--configfile", "tiny.yaml", "--", *targets)
        return self.snakemake(*words, ok=ok)

    def change(self, file: str, before: str, after: str) -> None:
        """Replace a text of a file of the profile."""
        path = self.folder / "profiles" / "slurm" / file
        text = path.read_text()
        assert before in text
        path.write_text(text.replace(before, after))


def slurm_checkout(folder: Path, repository: Path) -> SlurmCheckout:
    """Copy the workflow and its caches, with what a cluster of this size needs changed."""
    folder.mkdir(parents=True, exist_ok=True)
    checkout = SlurmCheckout(copy_checkout(folder, repository).folder)
    for file, pairs in CHANGES.items():
        for before, after in pairs.items():
            checkout.change(file, before, after)
    checkout.configure(yaml.safe_load(TINY.read_text()), sort=False)
    return checkout


@pytest.fixture(scope="session", autouse=True)
def on_the_cluster(request):
    """Let commands of this session's tests talk to the cluster."""
    before = dict(os.environ)
    os.environ.update(request.getfixturevalue("cluster").environment)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="session")
def prepared(repository, tmp_path_factory) -> SlurmCheckout:
    """A checkout in which a network is ready to be trained."""
    from tests.cluster.training import prepare

    return prepare(tmp_path_factory.mktemp("prepared") / "checkout", repository)


@pytest.fixture(scope="session")
def uninterrupted(prepared, tmp_path_factory) -> SlurmCheckout:
    """A checkout in which the network was trained and nothing happened to it."""
    from tests.cluster.training import MODEL, copied

    checkout = copied(prepared, tmp_path_factory.mktemp("uninterrupted") / "checkout")
    checkout.slurm(MODEL)
    return checkout


@pytest.fixture
def training(prepared, tmp_path) -> SlurmCheckout:
    """A copy of the prepared checkout."""
    from tests.cluster.training import copied

    return copied(prepared, tmp_path / "checkout")
