"""A cluster that keeps accounts: jobs are followed by sacct, and charged to somebody who may be."""

import os

import pytest

from tests.cluster.accounting import ACCOUNT, AccountingCluster, accounting_folder
from tests.cluster.packages import SlurmIsMissing
from tests.cluster.training import MODEL, Controller, copied

pytestmark = [pytest.mark.cluster, pytest.mark.events, pytest.mark.slow]


@pytest.fixture(scope="module")
def accounting():
    """A second cluster, with accounting."""
    cluster = AccountingCluster(accounting_folder())
    before = dict(os.environ)
    try:
        cluster.down()
        cluster.up()
    except SlurmIsMissing as reason:
        pytest.skip(f"no accounting: {reason}")
    os.environ.update(cluster.environment)
    yield cluster
    os.environ.clear()
    os.environ.update(before)
    cluster.down()
    assert not cluster.daemons.processes()


@pytest.fixture
def accounted(prepared, tmp_path):
    """A checkout whose jobs are followed by sacct, as shipped."""
    checkout = copied(prepared, tmp_path / "checkout")
    checkout.change("partitions.yaml", "status: squeue", "status: sacct")
    config = checkout.config
    config["voids"]["runs"]["unet"]["training"]["epochs"] = 1
    checkout.configure(config, sort=False)
    return checkout


def test_an_account_that_may_not_be_charged_is_told(accounting, accounted):
    accounted.change("partitions.yaml", 'account: ""', "account: nobody")
    known = len(accounting.jobs())
    printed = accounted.slurm(MODEL, ok=False)
    assert "Slurm refuses jobs of voids_train (-A nobody" in printed
    assert "Invalid account or account/partition combination specified" in printed
    assert "Traceback" not in printed
    assert len(accounting.jobs()) == known


def test_jobs_are_followed_by_sacct_and_charged(accounting, accounted):
    accounted.change("partitions.yaml", 'account: ""', f"account: {ACCOUNT}")
    controller = Controller(accounted, accounting)
    controller.finish()
    (job,) = controller.jobs
    fields = "State,Account,Partition,Constraints,ReqTRES"
    told = accounting.ask("sacct", "-nXP", "-j", job["JobId"], "-o", fields)
    state, account, partition, constraint, wished = told.split("|")
    assert (state, account, partition, constraint) == ("COMPLETED", ACCOUNT, "gpu", "gpu")
    assert "gres/gpu=1" in wished
