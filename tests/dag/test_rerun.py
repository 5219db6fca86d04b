"""The tiny workflow runs whole; then each change reruns what depends on it, and nothing else.

Checkout, results and checkpoints have spaces and letters that ASCII lacks in their paths.
"""

import json
import re

import numpy as np
import pytest

from tests.checkout import copy_checkout

pytestmark = [pytest.mark.dag, pytest.mark.slow]

ODD = "my réßults 結果"
RUNS = ("unet", "counts", "student", "cube")
TRAINING = {f"voids_train experiment=voids,run={run}" for run in RUNS}
EVALUATION = {f"voids_evaluate experiment=voids,run={run}" for run in RUNS}
BASELINES = {
    "voids_baselines experiment=voids,dataset=slabs,target=fraction_matter",
    "voids_baselines experiment=voids,dataset=slabs,target=count_matter",
    "voids_baselines experiment=voids,dataset=cubes,target=fraction_matter",
}
RELABEL = {"voids_relabel experiment=voids,dataset=taught"}
SPLIT = {f"voids_split experiment=voids,dataset={name}" for name in ("slabs", "cubes")}
STATISTICS = "voids_statistics statistics=boxes"
END = {"report", "all"}
LEARNING = SPLIT | RELABEL | TRAINING | EVALUATION | BASELINES | END


def batches(rule: str, wildcard: str, numbers=(0, 1)) -> set[str]:
    return {f"voids_{rule} {wildcard},batch={number}" for number in numbers}


CUTOUTS = batches("cutouts", "cutouts=slabs") | batches("cutouts", "cutouts=cubes")


@pytest.fixture(scope="module")
def finished(tmp_path_factory, repository):
    """A checkout in which the whole tiny workflow has run."""
    folder = tmp_path_factory.mktemp("workflow") / f"check out {ODD}"
    folder.mkdir()
    checkout = copy_checkout(folder, repository)
    # Written in the order in which tests will write it.
    checkout.configure({**checkout.config, "results": ODD, "scratch": f"scratch {ODD}"})
    checkout.run()
    return checkout


def test_examples_are_as_the_configuration_implies(finished):
    finished.check_examples("voids")


def test_a_second_run_does_nothing(finished):
    assert finished.planned() == set()


def test_changed_mass_assignment_regrids_and_relearns_but_finds_no_voids_anew(changed):
    changed.key("voids.grids.boxes.method", "tsc")
    assert changed.planned() == batches("grid", "grid=boxes") | CUTOUTS | LEARNING


def test_changed_void_threshold_relabels_and_relearns_but_grids_nothing(changed):
    changed.key("voids.labels.boxes.matter", {"minimum_volume": 50, "threshold": -0.5})
    again = batches("label", "labels=boxes") | CUTOUTS | LEARNING
    assert changed.planned() == again | {STATISTICS}


def test_changed_epochs_retrain_one_network(changed):
    training = {"epochs": 3, "batch_size": 16}
    changed.key("voids.runs.counts.training", training)
    assert changed.planned() == END | {
        "voids_train experiment=voids,run=counts",
        "voids_evaluate experiment=voids,run=counts",
    }


def test_changed_teacher_retrains_its_student(changed):
    changed.key("voids.runs.unet.seed", 2)
    runs = ("unet", "student")
    assert changed.planned() == RELABEL | END | {
        f"voids_{stage} experiment=voids,run={run}"
        for run in runs
        for stage in ("train", "evaluate")
    }


def test_more_realizations_simulate_only_the_new_ones(changed):
    changed.key("voids.sources.boxes.simulation", {**TINY_SIMULATION, "realizations": 9})
    new = (2,)
    assert changed.planned() == LEARNING | {
        STATISTICS,
        *batches("simulate", "source=boxes", new),
        *batches("grid", "grid=boxes", new),
        *batches("label", "labels=boxes", new),
        *batches("cutouts", "cutouts=slabs", new),
        *batches("cutouts", "cutouts=cubes", new),
    }


TINY_SIMULATION = {
    "batch": 3,
    "box_size": 64,
    "particles": 32,
    "steps": 4,
    "number_density": 0.02,
    "matter_cells": 32,
}


def test_an_edited_network_retrains_it_and_regrids_nothing(changed):
    changed.module("models/unet.py")
    assert changed.planned() == RELABEL | TRAINING | EVALUATION | END


def test_an_edited_network_that_no_run_uses_reruns_nothing(changed):
    changed.module("models/resnet.py")
    assert changed.planned() == set()


def test_an_edited_cutter_recuts_and_simulates_nothing(changed):
    changed.module("voids/cutouts/sub_boxes.py")
    assert changed.planned() == CUTOUTS | LEARNING


def test_an_edited_comment_reruns_nothing(changed):
    changed.module("voids/cutouts/sub_boxes.py", "# a remark")
    assert changed.planned() == set()


def test_reordered_keys_rerun_nothing(changed, finished):
    simulation = finished.config["voids"]["sources"]["boxes"]["simulation"]
    changed.key("voids.sources.boxes.simulation", dict(reversed(simulation.items())), sort=False)
    assert changed.planned() == set()


def test_an_added_run_trains_it_alone(changed, finished):
    run = {**finished.config["voids"]["runs"]["counts"], "seed": 5}
    changed.key("voids.runs.more", run)
    assert changed.planned() == END | {
        "voids_train experiment=voids,run=more",
        "voids_evaluate experiment=voids,run=more",
    }


def test_results_hold_what_they_promise(finished):
    for run in RUNS:
        folder = finished.results / "voids" / "runs" / run
        metrics = json.loads((folder / "metrics.json").read_text())
        assert metrics["experiment"] == "voids"
        assert metrics["run"] == run
        assert metrics["split"] == "test"
        for score in metrics["scores"].values():
            assert {"value", "low", "high"} <= score.keys()
        assert metrics["baselines"]
        needed = {"code", "config", "data", "seed", "versions", "device"}
        assert needed <= metrics["provenance"].keys()
        for name in ("model.pt", "run.json", "history.csv", "predictions.h5"):
            assert (folder / name).stat().st_size > 0
        assert list((folder / "figures").iterdir())
        assert list((folder / "tensorboard").iterdir())


def test_the_report_is_one_page_without_outside_references(finished):
    page = (finished.results / "report.html").read_text()
    assert not re.findall(r'(?:src|href)="(?!data:|#)[^"]*"', page)


def test_the_report_of_snakemake_shows_scores_and_figures(finished):
    words = ("--configfile", "tiny.yaml", "--report", "report.html", "--", "all")
    finished.snakemake(*words)
    page = (finished.folder / "report.html").read_text()
    for text in ("metrics.json", "scores.svg", "report.html", "beside those of the baselines"):
        assert text in page, text


def test_reasons_of_a_plan_are_explained(changed, finished):
    def why() -> list[str]:
        words = ("-m", "cosmodag", "why", "all", "--configfile", "tiny.yaml")
        code, printed = finished.python(*words)
        assert code == 0, printed
        return printed.splitlines()

    assert why() == ["nothing has changed: all results are up to date"]
    changed.module("models/unet.py")
    lines = why()
    assert "voids_train (3 jobs): module cosmodag.models.unet changed" in lines
    assert lines[-1].startswith("what follows: ")
    changed.undo()
    assert why() == ["nothing has changed: all results are up to date"]
    changed.key("voids.grids.boxes.method", "tsc")
    assert "voids_grid (2 jobs): --method was cic, is tsc" in why()


def test_checkpoints_are_written_to_the_scratch_folder(finished):
    assert (finished.folder / f"scratch {ODD}").is_dir()


def test_a_taught_dataset_adds_what_the_teacher_is_sure_of_and_leaves_the_test_alone(finished):
    folder = finished.results / "voids/datasets/taught"
    channels = json.loads((folder / "dataset.json").read_text())["y_channels"]
    added = {}
    for split in ("train", "test"):
        y = np.load(folder / f"y{split}_1.npy", allow_pickle=False)
        label = y[..., channels.index("fraction_matter")] >= 0.5
        union = y[..., channels.index("union_fraction_matter")] == 1
        assert not (label & ~union).any()
        added[split] = (union & ~label).sum()
    assert added["test"] == 0


def test_results_verify_until_a_byte_changes(finished):
    words = ("-m", "cosmodag", "verify", ODD)
    code, printed = finished.python(*words)
    assert code == 0, printed
    shard = finished.results / "voids/datasets/slabs/xtrain_1.npy"
    content = bytearray(shard.read_bytes())
    content[-1] ^= 1
    linked = shard.read_bytes()
    try:
        shard.write_bytes(content)
        code, printed = finished.python(*words)
    finally:
        shard.write_bytes(linked)
    assert code == 1
    assert "xtrain_1.npy" in printed


def test_the_summary_names_every_run_and_its_baseline(finished):
    code, printed = finished.python("-m", "cosmodag", "summary", ODD)
    assert code == 0
    for run in RUNS:
        assert f"voids/{run}" in printed
