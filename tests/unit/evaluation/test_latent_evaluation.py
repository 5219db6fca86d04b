"""Latents scored beside methods of the same size, from end to end and against closed forms."""

import json
import shutil

import h5py
import numpy as np
import pytest

from cosmodag.evaluation.evaluate import evaluate
from cosmodag.evaluation.evaluation import Subset
from cosmodag.evaluation.latent_evaluation import LatentEvaluation, latent_intervals
from cosmodag.evaluation.prepare_baselines import prepare_baselines
from cosmodag.evaluation.similarity import structural_similarity
from cosmodag.evaluation.targets import read_examples
from cosmodag.reporting.report import write_report
from cosmodag.reporting.summary import summary
from cosmodag.training.run import train_run
from cosmodag.training.settings import RunSettings
from tests.checksummed import edit_json

TASK = {"name": "latent", "latent_dim": 3}
TRAINING = {"epochs": 30, "batch_size": 32, "learning_rate": 6e-3}


@pytest.fixture(scope="module")
def folder(stamps, tmp_path_factory):
    """A run of a latent of three numbers, evaluated."""
    folder = tmp_path_factory.mktemp("runs") / "three"
    model = {"name": "vae", "widths": [8, 16, 32]}
    settings = RunSettings(model, TASK, training=TRAINING, transform="arcsinh")
    train_run(stamps, folder, settings, threads=1)
    evaluate(stamps, folder, replicas=60, threads=1)
    return folder


@pytest.fixture(scope="module")
def metrics(folder):
    return json.loads((folder / "metrics.json").read_text())


def test_three_numbers_hold_more_of_an_image_than_three_principal_components(metrics):
    assert set(metrics["baselines"]) == {"mean", "principal", "cosines", "coarse"}
    for scores in (metrics["scores"], *metrics["baselines"].values()):
        against = {"mse", "explained_variance"}
        assert set(scores) == against | {f"light_{name}" for name in against} | {"ssim"}
    explained = {n: each["explained_variance"]["value"] for n, each in metrics["baselines"].items()}
    assert explained["mean"] == pytest.approx(0, abs=0.02)
    assert metrics["strongest_baseline"] == "principal"
    assert metrics["scores"]["explained_variance"]["low"] > explained["principal"]
    assert metrics["outcome"] == "better"


def test_scores_are_those_of_the_input_as_the_network_sees_it(metrics):
    # Standardised channels have a variance of one, which the mean leaves.
    assert metrics["baselines"]["mean"]["mse"]["value"] == pytest.approx(1, abs=0.25)


def test_images_are_scored_against_those_without_noise_too(metrics, stamps):
    evaluation = LatentEvaluation(TASK | {"channels": ["g", "r", "z"]}, transform="arcsinh")
    examples = read_examples(stamps, evaluation)
    test = examples["test"]
    noise = float(np.mean((test.x - test.light) ** 2))
    assert noise > 0.01
    for scores in (metrics["scores"], metrics["baselines"]["principal"]):
        # The noise, of which three numbers can hold next to nothing, errs by itself.
        assert scores["mse"]["value"] - scores["light_mse"]["value"] == pytest.approx(
            noise, rel=0.1
        )
    reconstruction = np.moveaxis(test.light, -1, 1)
    latent = {"latent": np.eye(len(test.x)), "latent_variance": np.ones((len(test.x),) * 2)}
    found = {"test": {"reconstruction": reconstruction} | latent}
    subset = Subset(examples, found, {})
    scored = evaluation.score(subset, replicas=10, seed=0).metrics
    assert scored["scores"]["light_mse"]["value"] == 0
    assert scored["scores"]["light_explained_variance"]["value"] == 1
    assert scored["scores"]["mse"]["value"] == pytest.approx(noise, rel=1e-4)


def test_what_the_latent_holds_stands_beside_the_scores(metrics, folder):
    latent = metrics["latent"]
    assert latent["size"] == len(latent["variances"]) == len(latent["left"]) == 3
    assert latent["active_units"] == {"value": 3, "low": 3, "high": 3}
    assert latent["components"]["value"] == 3
    with h5py.File(folder / "predictions.h5") as file:
        assert file["latent"].shape == file["latent_variance"].shape == (metrics["n"], 3)
        np.testing.assert_allclose(file["latent"][:].var(0), latent["variances"], rtol=1e-4)
        similar = file["similarity"][:].mean()
        assert file["squared_error"].shape == (metrics["n"],)
    assert similar == pytest.approx(metrics["scores"]["ssim"]["value"], rel=1e-5)


def test_figures_report_and_summary_show_the_latent_beside_simple_methods(folder):
    drawn = {path.stem for path in (folder / "figures").glob("*.svg")}
    assert drawn == {"reconstructions", "similarity", "latents", "scores", "learning"}
    write_report(folder.parent / "report.html", [folder])
    page = (folder.parent / "report.html").read_text()
    assert "Of 3 latent dimensions" in page
    assert "structural similarity" in page
    line = summary([folder]).splitlines()[-1]
    assert "galaxies/three" in line
    assert "principal" in line


def test_the_report_sets_sizes_of_latents_side_by_side(folder, metrics, tmp_path):
    runs = [tmp_path / f"latent{size}" for size in (2, 3, 8)]
    for run, size in zip(runs, (2, 3, 8)):
        shutil.copytree(folder, run)
        told = metrics | {"run": run.name, "latent": metrics["latent"] | {"size": size}}
        edit_json(run / "metrics.json", **told)
    write_report(tmp_path / "report.html", runs)
    page = (tmp_path / "report.html").read_text()
    assert "Latents of 2, 3, 8 dimensions compared" in page
    write_report(tmp_path / "report.html", runs[:2])
    assert "Latents of" not in (tmp_path / "report.html").read_text()


def test_simple_methods_fitted_before_see_what_the_network_sees(stamps, folder, metrics):
    path = folder.parent / "baselines.h5"
    prepare_baselines(stamps, path, task=TASK, transform="arcsinh", threads=1)
    again = evaluate(stamps, folder, baselines=path, replicas=60, threads=1)
    for name, scores in metrics["baselines"].items():
        value = again["baselines"][name]["mse"]["value"]
        assert value == pytest.approx(scores["mse"]["value"], rel=1e-4)


def test_similarity_is_one_for_equal_images_and_knows_structure():
    random = np.random.default_rng(0)
    truth = random.normal(size=(3, 32, 32, 2)).cumsum(1).cumsum(2).astype(np.float32)
    truth[2] = 4.0
    np.testing.assert_allclose(structural_similarity(truth, truth), 1)
    noisy = truth + 0.05 * np.ptp(truth[:2]) * random.normal(size=truth.shape)
    noisier = truth + 0.2 * np.ptp(truth[:2]) * random.normal(size=truth.shape)
    found = [structural_similarity(each, truth) for each in (truth, noisy, noisier)]
    assert (np.diff(found, axis=0) < 0).all()
    assert structural_similarity(-truth[:1] + 2 * truth[:1].mean(), truth[:1]) < 0.5


def test_similarity_of_a_constant_offset_is_that_of_the_means():
    # Flat images have no contrast or structure: what is left is the term of the means.
    truth, given = (np.full((1, 16, 16, 1), value) for value in (1.0, 3.0))
    small = 0.01**2
    expected = (2 * 3 + small) / (1 + 9 + small)
    np.testing.assert_allclose(structural_similarity(given, truth), expected)


def test_units_and_components_are_counted_with_their_intervals():
    random = np.random.default_rng(1)
    spread = np.array([2.0, 1.0, 0.05, 0.02])
    rotated = np.linalg.qr(random.normal(size=(4, 4)))[0]
    groups = np.repeat(np.arange(100), 3)
    latent = random.normal(size=(300, 4)) * spread
    found = latent_intervals(latent, groups, replicas=50, seed=0)
    assert found["active_units"] == {"value": 2, "low": 2, "high": 2}
    assert found["components"] == {"value": 2, "low": 2, "high": 2}
    turned = latent_intervals(latent @ rotated, groups, replicas=50, seed=0)
    assert turned["active_units"]["value"] == 4
    assert turned["components"]["value"] == 2
