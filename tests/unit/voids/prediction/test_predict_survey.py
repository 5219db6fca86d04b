"""A network trained on simulated surveys, its evaluation, and its voids in a survey."""

import dataclasses
import json

import h5py
import numpy as np
import pandas as pd
import pytest

from cosmodag.datasets.folder import read_split
from cosmodag.errors import InputError
from cosmodag.evaluation.evaluate import evaluate
from cosmodag.voids.catalogues.sky_catalogue import SkyCatalogue
from cosmodag.voids.catalogues.sky_coordinates import sky_coordinates
from cosmodag.voids.prediction.predict import predict_voids
from cosmodag.voids.survey.simulated_survey import SimulatedSurvey
from cosmodag.voids.survey.tracers import SurveyTracers
from tests.void_runs import (
    BOX_SIZE,
    CELLS,
    FACTOR,
    N_BOXES,
    clustered,
    observe,
    positions,
    train_on_survey,
)

OMEGA_M, DENSITY = 0.3, 0.0375
AREA = {"ra": (0.0, 40.0), "dec": (-20.0, 20.0)}


@pytest.fixture(scope="module")
def placed():
    """A survey of which a box sees a part: it ends where the box goes on."""
    survey = SimulatedSurvey(
        **AREA, omega_m=OMEGA_M, minimum_redshift=0.01, maximum_redshift=0.03, centre=(70, 20, 0)
    )
    return survey.place(BOX_SIZE, DENSITY)


@pytest.fixture(scope="module")
def trained(placed, tmp_path_factory):
    """The folders of a run on observed boxes and of its dataset."""
    return train_on_survey(tmp_path_factory.mktemp("survey"), placed)


@pytest.fixture
def tracers(placed, tmp_path):
    """The galaxies of another box in the survey, and randoms."""

    def write(name, position):
        table = dict(zip(("ra", "dec", "z"), sky_coordinates(position, OMEGA_M)))
        pd.DataFrame(table).to_csv(tmp_path / name, index=False)
        return SkyCatalogue(path=tmp_path / name)

    random = np.random.default_rng(0)
    uniform = random.uniform(0, BOX_SIZE, (120_000, 3)).astype(np.float32)
    seen = observe(clustered(50)[0], placed, 50)
    return SurveyTracers(
        galaxies=write("galaxies.csv", seen + placed.corner),
        randoms=write("randoms.csv", placed.observe(uniform, random) + placed.corner),
        omega_m=OMEGA_M,
    )


def test_cubes_state_which_voxels_are_inside_the_survey(placed, trained):
    x, y, index = read_split(trained.dataset, "train")
    description = json.loads((trained.dataset / "dataset.json").read_text())
    assert description["x_channels"] == ["overdensity", "selection"]
    assert description["y_channels"] == ["fraction_matter", "known"]
    cell = BOX_SIZE / CELLS
    for cube, target, corner in zip(x, y, index[["lower_x", "lower_y", "lower_z"]].to_numpy()):
        points = (np.indices(cube.shape[:3]).reshape(3, -1).T + 0.5) * cell + corner
        inside = (placed.selection.density_at(points + placed.corner) > 0).reshape(cube.shape[:3])
        assert (inside == (cube[..., 1] > 0)).mean() > 0.999
        assert (cube[~inside][:, 0] == 0).all()
        n = cube.shape[0] // FACTOR
        share = inside.reshape((n, FACTOR) * 3).mean((1, 3, 5))
        assert ((share >= 0.5) == (target[..., 1] > 0)).mean() > 0.99
    known = y[..., 1] > 0
    assert 0.2 < known.mean() < 0.8


def test_scores_and_baselines_are_of_known_voxels(trained):
    sources = {"grid": [trained.run.parents[1] / "grid.h5"]}
    assert sources["grid"][0].is_file()
    settings = {"trees": {"max_pixels": 2000}}
    metrics = evaluate(
        trained.dataset, trained.run, replicas=100, threads=1, baseline_settings=settings
    )
    assert metrics["target"] == "fraction_matter"
    truth = read_split(trained.dataset, "test")[1]
    with h5py.File(trained.run / "predictions.h5") as file:
        kept = file["truth"][:]
    np.testing.assert_array_equal(np.isnan(kept), truth[..., 1] == 0)
    assert {"all_void", "smoothed_density", "trees"} <= set(metrics["baselines"])
    assert metrics["baselines"]["trees"]["brier_skill"]["value"] > 0


def test_voids_of_a_survey_are_inside_it_and_have_a_place_on_the_sky(
    placed, trained, tracers, tmp_path
):
    voids = predict_voids(tracers, trained.run, tmp_path / "out", threshold=0.4, threads=1)
    assert len(voids) > 2
    with h5py.File(tmp_path / "out" / "probability.h5") as file:
        probability, overdensity = file["probability"][:], file["overdensity"][:]
        corner, voxel = file.attrs["corner"], file.attrs["voxel_size"]
    known = np.isfinite(probability)
    np.testing.assert_array_equal(np.isfinite(overdensity), known)
    assert np.nanmean(overdensity) == pytest.approx(0, abs=0.1)
    centres = corner + (np.argwhere(known) + 0.5) * voxel
    assert (placed.selection.density_at(centres) > 0).mean() > 0.9
    box = (centres > placed.corner) & (centres < placed.corner + BOX_SIZE)
    assert box.all(1).mean() > 0.9
    sky = sky_coordinates(voids[["x", "y", "z"]].to_numpy(), OMEGA_M)
    for name, expected in zip(("ra", "dec", "redshift"), sky):
        np.testing.assert_allclose(voids[name], expected)
    assert voids["fraction_inside"].between(0.01, 1).all()
    assert voids["volume"].sum() == pytest.approx(
        voxel.prod() * np.count_nonzero(probability >= 0.4)
    )
    record = json.loads((tmp_path / "out" / "prediction.json").read_text())
    low, high = record["comparisons"]["number_density"]["training"]
    assert low / 1.25 < record["comparisons"]["number_density"]["value"] < high * 1.25
    n_galaxies = len(pd.read_csv(tracers.galaxies.path))
    assert record["n"] + record["n_outside"] == n_galaxies
    assert record["footprint_source"] == "randoms"


def predicted(tracers, run, output):
    """Return the probability that a run predicts."""
    predict_voids(tracers, run, output, threads=1)
    with h5py.File(output / "probability.h5") as file:
        return file["probability"][:]


def test_a_constant_weight_changes_nothing(trained, tracers, tmp_path):
    weighted = pd.read_csv(tracers.galaxies.path).assign(w=7.3)
    weighted.to_csv(tmp_path / "weighted.csv", index=False)
    galaxies = SkyCatalogue(path=tmp_path / "weighted.csv", weight="w")
    for name, each in (
        ("plain", tracers),
        ("same", dataclasses.replace(tracers, galaxies=galaxies)),
    ):
        predict_voids(each, trained.run, tmp_path / name, threads=1)
    probabilities = []
    for name in ("plain", "same"):
        with h5py.File(tmp_path / name / "probability.h5") as file:
            probabilities.append(file["probability"][:])
    np.testing.assert_allclose(*probabilities, atol=1e-4)


def test_a_sparser_survey_has_similar_voids(trained, tracers, tmp_path):
    table = pd.read_csv(tracers.galaxies.path)
    table[::2].to_csv(tmp_path / "sparse.csv", index=False)
    galaxies = SkyCatalogue(path=tmp_path / "sparse.csv")
    sparse = dataclasses.replace(tracers, galaxies=galaxies)
    probabilities = [predicted(each, trained.run, tmp_path / "out") for each in (tracers, sparse)]
    known = np.isfinite(probabilities[0])
    every, half = (each[known] for each in probabilities)
    assert half.mean() == pytest.approx(every.mean(), abs=0.1)
    assert np.corrcoef(every, half)[0, 1] > 0.6


def between(tracers, low, high):
    """Return the part of a survey between two redshifts."""
    limits = {"minimum_redshift": low, "maximum_redshift": high}
    parts = {
        name: dataclasses.replace(getattr(tracers, name), **limits)
        for name in ("galaxies", "randoms")
    }
    return dataclasses.replace(tracers, **parts)


def test_a_survey_thinner_than_a_voxel_is_refused(trained, tracers, tmp_path):
    with pytest.raises(InputError, match="is at least half inside the survey"):
        predict_voids(between(tracers, 0.0193, 0.02), trained.run, tmp_path / "out", threads=1)


def test_a_survey_much_smaller_than_a_window_is_warned_of(trained, tracers, tmp_path):
    predict_voids(between(tracers, 0.0182, 0.02), trained.run, tmp_path / "out", threads=1)
    record = json.loads((tmp_path / "out" / "prediction.json").read_text())
    assert any("the survey fills at most" in each for each in record["warnings"])


def test_a_run_on_a_survey_refuses_a_box(trained, write_catalogue, tmp_path):
    galaxies = write_catalogue(positions(clustered(N_BOXES)[0]))
    with pytest.raises(InputError, match="trained on a simulated survey; give the randoms"):
        predict_voids(galaxies, trained.run, tmp_path / "out", threads=1)


def test_a_run_on_boxes_refuses_a_survey(trained_on_cubes, tracers, tmp_path):
    with pytest.raises(InputError, match="trained on whole boxes"):
        predict_voids(tracers, trained_on_cubes.run, tmp_path / "out", threads=1)
