"""Runs on slices are evaluated end to end, with their figures."""

import json

import h5py
import numpy as np
import pytest

from cosmodag.errors import InputError
from cosmodag.evaluation.evaluate import evaluate
from cosmodag.evaluation.prepare_baselines import prepare_baselines
from cosmodag.reporting.report import write_report
from cosmodag.training.run import train_run
from cosmodag.training.settings import RunSettings
from tests.slices import REDSHIFTS

NET = {"name": "slicenet", "width": 8}
NOISE = {"rms": 6.0, "beam": 2.0}
BOTH = {"name": "ordinal", "columns": ["redshift_class", "escape_fraction_class"]}
REDSHIFT = {"name": "classification", "column": "redshift_class"}


def run(dataset, folder, task, model, *, baselines=None, epochs=2, **settings):
    settings = {"transform": "standardise", "augment": "periodic", **settings}
    training = {"epochs": epochs, "batch_size": 32, "learning_rate": 0.003}
    train_run(dataset, folder, RunSettings(model, task, training, **settings), threads=1)
    evaluate(dataset, folder, baselines=baselines, replicas=60, threads=1)
    return json.loads((folder / "metrics.json").read_text())


def figures(folder):
    return {path.stem for path in (folder / "figures").glob("*.svg")}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def both(slices, folder):
    return run(slices, folder / "both", BOTH, NET, noise=NOISE)


@pytest.fixture(scope="module")
def encoder(slices, folder):
    return run(
        slices,
        folder / "encoder",
        {"name": "reconstruction"},
        {"name": "autoencoder"},
        transform="unit",
    )


def test_ordered_classes_have_scores_for_each_column(both):
    assert both["headline"] == "redshift_class.mae_skill"
    for column in BOTH["columns"]:
        for name in ("accuracy", "mae", "crps", "log_loss", "coverage_68"):
            assert both["scores"][f"{column}.{name}"]["value"] is not None
        assert np.sum(both["confusion"][column]) == both["n"]
        redshifts = [point["at"] for point in both["by_redshift"][column]["network"]]
        assert redshifts == list(REDSHIFTS)
    assert {"discriminant", "slice_ridge", "slice_trees", "neighbours", "seed_only"} <= set(
        both["baselines"]
    )


def test_empty_slices_are_scored_separately(both):
    empty = both["all_zero"]
    assert empty["n"] == 3 * 6  # one per class in each of three test realizations
    assert both["n"] == 3 * 6 * 12
    # Noise contains no information: the accuracy of chance is one third.
    assert empty["scores"]["redshift_class.accuracy"]["value"] <= 0.5


def test_all_figures_of_ordered_classes_are_drawn(both, folder):
    per_column = {
        f"{kind}_{column}"
        for column in BOTH["columns"]
        for kind in ("confusion", "values", "calibration", "redshifts")
    }
    assert figures(folder / "both") == per_column | {"saliency", "slices", "scores", "learning"}


def test_baselines_from_a_file_have_the_scores_of_baselines_fitted_now(slices, both, folder):
    prepare_baselines(slices, folder / "b.h5", task=BOTH, noise=NOISE, threads=1)
    again = evaluate(slices, folder / "both", baselines=folder / "b.h5", replicas=60, threads=1)
    for name, scores in both["baselines"].items():
        for score, expected in scores.items():
            value = again["baselines"][name][score]["value"]
            assert value == pytest.approx(expected["value"], abs=1e-5)
    prepare_baselines(slices, folder / "other.h5", task={"name": "reconstruction"}, threads=1)
    with pytest.raises(InputError, match=r"other\.h5: made for another dataset or target"):
        evaluate(slices, folder / "both", baselines=folder / "other.h5", threads=1)


def test_reconstructions_are_scored_in_the_units_of_the_slices(slices, encoder, folder):
    assert encoder["headline"] == "explained_variance"
    assert set(encoder["baselines"]) == {"mean", "principal", "cosines", "coarse"}
    # The variance of the brightness temperature is about 100 mK².
    assert encoder["baselines"]["mean"]["mse"]["value"] > 50
    assert encoder["baselines"]["mean"]["explained_variance"]["value"] == pytest.approx(0, abs=0.05)
    assert encoder["outcome"] == "inconclusive"  # only three test realizations
    assert "reconstructions" in figures(folder / "encoder")


def test_a_run_on_the_latent_of_an_encoder_is_evaluated(slices, encoder, folder):
    model = {"name": "convnet", "widths": [8]}
    metrics = run(slices, folder / "behind", REDSHIFT, model, encoder=folder / "encoder")
    assert metrics["headline"] == "accuracy"
    assert metrics["target"] == "redshift_class"
    assert "saliency" in figures(folder / "behind")


def test_maps_of_ionized_regions_have_scores_of_overlap_and_structure(densities, folder):
    model = {"name": "unet", "width": 8, "levels": 2, "norm": "batch", "padding": "circular"}
    metrics = run(densities, folder / "map", {"name": "map", "channel": "ionized"}, model)
    for scores in (metrics["scores"], *metrics["baselines"].values()):
        assert {"mcc", "f1", "coherence", "bubble_distance", "bubble_ratio"} <= set(scores)
    # Dense regions are ionized first.
    assert metrics["baselines"]["smoothed_density"]["mcc"]["value"] > 0.3
    assert len(metrics["coherence"]["network"]) == 12
    assert {"ionization", "coherence", "bubbles", "slices"} <= figures(folder / "map")


def test_matching_has_the_top_1_accuracy_among_slices_of_one_class(pairs, folder):
    task = {"name": "matching", "columns": BOTH["columns"], "embedding_dim": 128, "candidates": 8}
    metrics = run(pairs, folder / "match", task, {"name": "siamese", "width": 8})
    assert metrics["candidates"] == 8
    assert metrics["baselines"]["chance"]["top_1"]["value"] == pytest.approx(1 / 8, abs=0.08)
    assert metrics["baselines"]["correlation"]["top_1"]["value"] > 0.6


def test_quantities_predicted_from_slices_are_scored(slices, folder):
    task = {"name": "count", "columns": ["slice_neutral_fraction"]}
    metrics = run(slices, folder / "numbers", task, NET, epochs=1)
    assert metrics["baselines"]["slice_ridge"]["r2"]["value"] > 0.9
    assert metrics["all_zero"]["n"] == 18


def test_the_report_shows_slices(both, encoder, folder):
    write_report(folder / "report.html", [folder / "both", folder / "encoder"])
    page = (folder / "report.html").read_text()
    assert "zero everywhere" in page
    assert "linear discriminant of image statistics" in page
    assert "explained variance" in page


def test_predictions_are_written_with_the_ids_of_their_examples(both, folder):
    with h5py.File(folder / "both" / "predictions.h5") as file:
        assert file["probability"].shape == (both["n"], 5)
        assert len(set(file["id"].asstr()[:])) == both["n"]


def test_a_nonlinear_transform_cannot_be_reconstructed(slices, folder):
    with pytest.raises(InputError, match="transform 'log1p' stretches values"):
        run(
            slices,
            folder / "no",
            {"name": "reconstruction"},
            {"name": "autoencoder"},
            transform="log1p",
        )
