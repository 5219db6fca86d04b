import json

import h5py
import numpy as np
import pytest

from cosmodag.datasets.shards import write_dataset
from cosmodag.errors import InputError
from cosmodag.evaluation.evaluate import evaluate
from cosmodag.evaluation.prepare_baselines import prepare_baselines
from cosmodag.training.run import train_run
from cosmodag.training.settings import RunSettings
from tests.checksummed import hdf5_file

MAP = {"name": "map", "channel": "fraction_matter"}
COUNT = {"name": "count", "columns": ["count_matter", "volume_matter"]}
UNET = {"name": "unet", "width": 8, "levels": 2}
TREES = {"trees": {"max_pixels": 3000}}


@pytest.fixture(scope="module")
def dataset(make_sub_boxes, tmp_path_factory):
    folder = tmp_path_factory.mktemp("evaluate")
    examples = make_sub_boxes(11, 9, each=12)
    with hdf5_file(folder / "examples.h5", "w") as file:
        file.attrs.update(
            kind="examples",
            experiment="voids",
            x_channels=["overdensity"],
            y_channels=["fraction_matter", "fraction_none"],
        )
        file["x"] = examples.x
        truth = examples.y.astype(np.float32)
        file["y"] = np.stack([truth, np.zeros_like(truth)], axis=-1)
        columns = examples.index.assign(
            count_matter=truth.sum((1, 2)), volume_matter=256 * truth.sum((1, 2))
        )
        for name, values in columns.items():
            text = values.dtype == object or values.dtype.kind in "OUT"
            file[f"index/{name}"] = list(map(str, values)) if text else values.to_numpy()
    write_dataset([folder / "examples.h5"], folder / "dataset", seed=1, fractions=(0.5, 0.2, 0.3))
    return folder / "dataset"


def trained(dataset, folder, task, model):
    settings = RunSettings(model, task, training={"epochs": 1, "batch_size": 16})
    train_run(dataset, folder, settings, threads=1)
    return folder


@pytest.fixture(scope="module")
def map_run(dataset, tmp_path_factory):
    run = trained(dataset, tmp_path_factory.mktemp("runs") / "unet", MAP, UNET)
    baselines = run.parent / "baselines.h5"
    prepare_baselines(dataset, baselines, task=MAP, threads=1, settings=TREES)
    evaluate(dataset, run, baselines=baselines, replicas=200, threads=1)
    return run


@pytest.fixture(scope="module")
def metrics(map_run):
    return json.loads((map_run / "metrics.json").read_text())


def test_baselines_that_are_left_out_are_named_with_the_reason(metrics):
    assert metrics["notes"] == [
        "No baseline 'a void finder on the galaxies of the whole box' or 'a void finder on matter "
        "reconstructed from the galaxies of the whole box' or 'boosted trees on void finders and "
        "reconstructed matter of the whole box': the files that the examples were cut out of were "
        "not given."
    ]


def test_a_run_is_scored_beside_every_baseline(metrics):
    assert set(metrics["baselines"]) == set(metrics["comparisons"])
    assert {"all_void", "smoothed_density", "tidal", "trees", "index_only"} == set(
        metrics["baselines"]
    )
    for scores in (metrics["scores"], *metrics["baselines"].values()):
        assert set(scores) == set(metrics["scores"])
        assert scores["mcc"]["low"] <= scores["mcc"]["value"] <= scores["mcc"]["high"]


def test_an_untrained_network_is_not_called_better(metrics):
    assert metrics["outcome"] in ("worse", "inconclusive")
    difference = metrics["comparisons"]["trees"]["mcc"]["value"]
    assert difference < 0
    assert metrics["strongest_baseline"] in ("trees", "smoothed_density")


def test_metrics_say_where_they_come_from(metrics):
    assert metrics["n"] > 0
    assert (metrics["split"], metrics["protocol"], metrics["target"]) == (
        "test",
        "group",
        "fraction_matter",
    )
    for key in ("code", "config", "data", "model", "seed", "versions", "device"):
        assert metrics["provenance"][key] is not None


def test_predictions_are_kept_with_their_examples(map_run, metrics):
    with h5py.File(map_run / "predictions.h5") as file:
        assert file["probability"].shape == file["truth"].shape == (metrics["n"], 8, 8)
        assert len(set(file["id"].asstr()[:])) == metrics["n"]


def test_scores_are_the_same_whether_baselines_are_fitted_before_or_here(dataset, map_run, metrics):
    again = evaluate(dataset, map_run, baseline_settings=TREES, replicas=200, threads=1)
    for score, expected in metrics["baselines"]["trees"].items():
        assert again["baselines"]["trees"][score] == pytest.approx(expected)


def test_several_numbers_are_scored_column_by_column(dataset, tmp_path):
    run = trained(dataset, tmp_path / "counts", COUNT, UNET)
    found = evaluate(dataset, run, replicas=200, threads=1)
    assert found["headline"] == "count_matter.r2"
    assert found["baselines"]["ridge"]["volume_matter.r2"]["value"] > 0.5
    # The same task in other units: what is scored does not depend on the unit.
    ridge = found["baselines"]["ridge"]
    assert ridge["volume_matter.r2"]["value"] == pytest.approx(
        ridge["count_matter.r2"]["value"], abs=0.01
    )
    assert (run / "figures" / "numbers_volume_matter.svg").is_file()


def test_an_unknown_truth_is_named(dataset, map_run):
    with pytest.raises(InputError, match="no target channel 'fraction_mater' among fraction_m"):
        evaluate(dataset, map_run, truth="fraction_mater")


def test_baselines_of_another_target_are_refused(dataset, map_run, tmp_path):
    prepare_baselines(dataset, tmp_path / "counts.h5", task=COUNT, threads=1)
    with pytest.raises(InputError, match=r"counts\.h5: made for another dataset or target"):
        evaluate(dataset, map_run, baselines=tmp_path / "counts.h5")
