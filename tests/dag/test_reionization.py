"""The reionization experiment runs as a workflow, and a change reruns only what depends on it."""

import json

import h5py
import numpy as np
import pandas as pd
import pytest

from tests.checkout import copy_checkout, tiny

pytestmark = pytest.mark.dag

RUNS = ("when", "escape", "escape-original", "bubbles")
DATASETS = ("sky", "late", "original", "matter")
TARGETS = {
    "sky": "redshift-escape_fraction",
    "late": "escape_fraction",
    "original": "escape_fraction",
    "matter": "ionized",
}
END = {"report", "all"}


def simulations(*redshifts: str) -> set[str]:
    return {
        f"reionization_simulate source=boxes,batch={batch},snapshot=z{redshift}"
        for batch in (0, 1)
        for redshift in redshifts
    }


def cutouts(*names: str) -> set[str]:
    return {
        f"reionization_cutouts cutouts={name},batch={batch}" for name in names for batch in (0, 1)
    }


def learning(*datasets: str) -> set[str]:
    runs = [run for run, dataset in zip(RUNS, DATASETS) if dataset in datasets]
    at = "experiment=reionization"
    return {
        *(f"reionization_split {at},dataset={name}" for name in datasets),
        *(f"reionization_baselines {at},dataset={n},target={TARGETS[n]}" for n in datasets),
        *(
            f"reionization_{stage} {at},run={run}"
            for stage in ("train", "evaluate")
            for run in runs
        ),
    }


INITIAL = {f"reionization_initial source=boxes,batch={batch}" for batch in (0, 1)}
CUTOUTS = cutouts("sky", "late", "matter")
EVERYTHING = INITIAL | simulations("7.5", "9") | CUTOUTS | learning(*DATASETS)


@pytest.fixture
def configured(checkout):
    checkout.configure(tiny("reionization"))
    return checkout


@pytest.fixture(scope="module")
def finished(tmp_path_factory, repository):
    """A checkout in which the tiny experiment has run."""
    checkout = copy_checkout(tmp_path_factory.mktemp("reionization"), repository)
    checkout.configure(tiny("reionization"))
    checkout.run()
    return checkout


def test_examples_are_as_the_configuration_implies(finished):
    finished.check_examples("reionization")


def test_the_experiment_plans_each_batch_and_redshift_once(configured):
    report = "reionization_report experiment=reionization"
    assert configured.planned("reionization") == EVERYTHING | {"reionization", report}


def test_a_folder_of_published_cubes_can_be_a_source(configured):
    (configured.folder / "cubes").mkdir()
    config = configured.config
    source = {"path": "cubes", "redshifts": [7.5, 9], "escape_fraction": 0.1}
    config["reionization"]["sources"]["boxes"] = {"folder": source}
    configured.configure(config)
    planned = configured.planned("reionization")
    read = {f"reionization_read source=boxes,batch=0,redshift={z}" for z in ("7.5", "9")}
    assert read <= planned
    assert not any(job.startswith("reionization_initial") for job in planned)


def test_a_table_can_list_the_cubes_of_any_simulation(configured):
    cubes = configured.folder / "cubes"
    cubes.mkdir()
    rows = []
    for seed in range(2):
        for redshift in (7.5, 9):
            values = np.random.default_rng(seed).random((32, 32, 32), np.float32)
            np.save(cubes / f"run {seed} {redshift}.npy", 30 * values)
            rows.append((f"run {seed} {redshift}.npy", redshift, seed))
    table = pd.DataFrame(rows, columns=["brightness_temperature", "redshift", "realization"])
    table.to_csv(configured.folder / "my cubes.csv", index=False)
    config = configured.config
    source = {"path": "cubes", "table": {"path": "my cubes.csv"}, "redshifts": [7.5, 9]}
    source |= {"cells": 32, "box_size": 64, "escape_fraction": 0.1}
    config["reionization"]["sources"]["boxes"] = {"folder": source}
    configured.configure(config)
    target = "results/reionization/sources/boxes/0/z7.5.h5"
    configured.run(target)
    with h5py.File(configured.folder / target) as file:
        assert file["brightness_temperature"].shape[0] == 2
    assert configured.planned(target) == set()
    table.iloc[:2].to_csv(configured.folder / "my cubes.csv", index=False)
    assert configured.planned(target) == {"reionization_read source=boxes,batch=0,redshift=7.5"}


def test_an_unknown_engine_is_refused(configured):
    config = configured.config
    config["reionization"]["sources"]["boxes"]["simulation"]["engine"] = "simfast"
    printed = configured.refused(config)
    assert (
        "reionization.sources.boxes.simulation.engine: 'simfast' is not known; did you mean"
        in printed
    )


@pytest.mark.slow
def test_a_second_run_does_nothing(finished):
    assert finished.planned() == set()


@pytest.mark.slow
def test_an_added_redshift_simulates_only_that_redshift(changed):
    changed.key("reionization.sources.boxes.simulation.redshifts", [7.5, 9, 8.25])
    again = cutouts("sky", "matter") | learning("sky", "matter")  # "late" selects its redshift
    assert changed.planned() == simulations("8.25") | again | END


@pytest.mark.slow
def test_a_changed_escape_fraction_keeps_the_initial_conditions(changed):
    changed.key("reionization.sources.boxes.simulation.escape_fractions", [0.07, 0.12])
    assert changed.planned() == (EVERYTHING - INITIAL) | END


@pytest.mark.slow
def test_more_realizations_simulate_only_the_new_ones(changed):
    changed.key("reionization.sources.boxes.simulation.realizations", 6)
    new = {"reionization_initial source=boxes,batch=2"}
    new |= {f"reionization_simulate source=boxes,batch=2,snapshot=z{z}" for z in ("7.5", "9")}
    new |= {f"reionization_cutouts cutouts={name},batch=2" for name in ("sky", "late", "matter")}
    assert changed.planned() == new | learning(*DATASETS) | END


@pytest.mark.slow
def test_another_beam_cuts_again_and_simulates_nothing(changed):
    changed.key("reionization.cutouts.sky.beam", 3)
    assert changed.planned() == cutouts("sky") | learning("sky") | END


@pytest.mark.slow
def test_an_edited_simulation_simulates_and_cuts_again(changed):
    changed.module("reionization/simulation/collapsed_fraction.py")
    planned = changed.planned()
    assert simulations("7.5", "9") <= planned
    assert planned >= CUTOUTS


@pytest.mark.slow
def test_an_edited_cutter_simulates_nothing(changed):
    changed.module("reionization/cutouts/cube_slices.py")
    assert changed.planned() == CUTOUTS | learning(*DATASETS) | END


@pytest.mark.slow
def test_splits_are_by_realization_unless_the_protocol_is_random(finished):
    folder = finished.folder / "results/reionization/datasets"
    by_group = json.loads((folder / "late/dataset.json").read_text())
    random = json.loads((folder / "original/dataset.json").read_text())
    assert by_group["leaks"] == []
    assert any(leak.startswith("seed shared between splits") for leak in random["leaks"])
    index = pd.read_parquet(folder / "late/index.parquet")
    assert index.groupby("seed")["split"].nunique().max() == 1


@pytest.mark.slow
def test_runs_have_scores_of_baselines(finished):
    for run in RUNS:
        folder = finished.folder / "results/reionization/runs" / run
        metrics = json.loads((folder / "metrics.json").read_text())
        assert metrics["experiment"] == "reionization"
        assert metrics["baselines"]
