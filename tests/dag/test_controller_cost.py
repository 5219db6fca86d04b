"""What the controller itself costs: linear in runs, and nothing for more bricks, boxes or cubes."""

import copy
import resource

import pytest

from tests.dag.stubs import QUICK, every_experiment, install_stubs, promise_outputs, submitted

pytestmark = pytest.mark.dag


def scan(checkout, repository, runs: int) -> None:
    """Configure so many runs that differ in their seed."""
    voids = copy.deepcopy(every_experiment(repository)["voids"])
    unet = voids["runs"]["unet"]
    voids["datasets"] = {"slabs": voids["datasets"]["slabs"]}
    voids["runs"] = {f"seed{seed}": {**unet, "seed": seed} for seed in range(runs)}
    checkout.configure({"voids": voids})


@pytest.mark.slow
def test_a_scan_of_200_runs_costs_its_controller_little(
    checkout, repository, tmp_path_factory, monkeypatch, record_property
):
    folder = tmp_path_factory.mktemp("stub")
    scan(checkout, repository, 200)
    promise_outputs(checkout, folder)
    install_stubs(folder, monkeypatch)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    words = ("--profile", "slurm", *QUICK, "--configfile", "tiny.yaml", "--verbose")
    printed = checkout.snakemake(*words)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    jobs = len(submitted(folder))
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(f"{jobs} jobs: {seconds:.0f} s of processor, {after.ru_maxrss / 1024:.0f} MB")
    assert jobs > 400
    assert seconds / jobs < 1
    evaluations = printed.count("Ready jobs: ")
    print(f"{evaluations} evaluations of waiting jobs")
    assert evaluations < 2 * jobs, "finished jobs start chains of evaluations without end"
    assert after.ru_maxrss / 1024 < 1000


def test_more_boxes_and_bricks_make_no_more_jobs(checkout, repository):
    config = every_experiment(repository)
    checkout.configure(config)
    few = checkout.planned()
    boxes = config["voids"]["sources"]["boxes"]["simulation"]
    bricks = config["injections"]["sources"]["sky"]["simulation"]
    for entry, number in ((boxes, "realizations"), (bricks, "bricks")):
        entry[number] *= 1000
        entry["batch"] *= 1000
    checkout.configure(config)
    assert checkout.planned() == few
