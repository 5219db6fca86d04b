"""Sérsic profiles fitted to stamps."""

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits

from cosmodag import settings
from cosmodag.evaluation.baselines.examples import Examples
from cosmodag.galaxies.baselines.sersic_fit import (
    COLUMNS,
    OBJECTS,
    fit_sample,
    fit_stamp,
    fitted_columns,
)
from cosmodag.galaxies.baselines.sersic_model import SersicModel
from cosmodag.galaxies.evaluation.parameter_evaluation import ParameterEvaluation
from cosmodag.galaxies.simulation.stamp_rendering import draw_stamp

PIXEL, UNIT = 0.1, 0.003
CHANNELS = ("g_image", "r_image", "z_image", "psf")


def galaxy(**changes) -> dict:
    """Parameters of a galaxy with a single profile, as the simulator takes them."""
    profile = {"bulge_fraction": 0.0, "sersic_index": 1.5, "body_radius": 0.5, "axis_ratio": 0.6}
    colours = {"magnitude": 20.0, "g_minus_r": 0.5, "r_minus_z": 0.3}
    view = {"side": 64, "psf": 0.3, "position_angle": 35.0, "dx": 0.3, "dy": -0.2}
    return profile | colours | view | changes


CASES = [
    {},
    {"body_radius": 0.12, "sersic_index": 1.0},
    {"body_radius": 1.5, "sersic_index": 1.0, "axis_ratio": 0.3},
    {"sersic_index": 4.0, "psf": 0.2},
    {"sersic_index": 0.5, "position_angle": 160.0, "axis_ratio": 0.2},
]


@pytest.mark.parametrize("case", CASES)
def test_model_agrees_with_galsim(case):
    truth = galaxy(**case)
    expected = draw_stamp(truth, pixel=PIXEL)[1] / 10 ** (-0.4 * (20 - 22.5))
    length = (1 - truth["axis_ratio"]) / (1 + truth["axis_ratio"])
    angle = 2 * np.deg2rad(truth["position_angle"])
    model = SersicModel(64, truth["psf"] / PIXEL, truth["body_radius"] / PIXEL)
    drawn = model.draw(
        truth["body_radius"] / PIXEL,
        truth["sersic_index"],
        length * np.cos(angle),
        length * np.sin(angle),
        truth["dx"],
        truth["dy"],
    )
    error = np.sqrt(((drawn - expected) ** 2).sum() / (expected**2).sum())
    assert error < 0.005


@pytest.mark.parametrize("case", CASES)
def test_fit_recovers_the_parameters_of_a_noise_free_galaxy(case):
    truth = galaxy(**case)
    image = draw_stamp(truth, pixel=PIXEL)[1].astype(np.float64)
    flux, radius, index, ratio = fit_stamp(image, truth["psf"] / PIXEL, 64)
    assert flux == pytest.approx(10, rel=0.01)
    assert radius * PIXEL == pytest.approx(truth["body_radius"], rel=0.01)
    assert index == pytest.approx(truth["sersic_index"], rel=0.03)
    assert ratio == pytest.approx(truth["axis_ratio"], abs=0.01)


def test_fit_ignores_the_padding_around_a_smaller_stamp():
    truth = galaxy(body_radius=1.5, sersic_index=1.0)
    image = np.zeros((64, 64))
    image[8:56, 8:56] = draw_stamp(truth | {"side": 48}, pixel=PIXEL)[1]
    flux, _, _, _ = fit_stamp(image, 3.0, 48)
    biased, _, _, _ = fit_stamp(image, 3.0, 64)
    assert flux == pytest.approx(10, rel=0.01)
    assert biased < 9.5


def stamps(count: int, seed: int) -> Examples:
    """Noisy galaxies of a single profile, with their parameters as columns to predict."""
    random = np.random.default_rng(seed)
    rows, images = [], []
    for _ in range(count):
        truth = galaxy(
            magnitude=random.uniform(19, 21),
            body_radius=random.uniform(0.2, 0.8),
            axis_ratio=random.uniform(0.3, 1.0),
        )
        image = draw_stamp(truth, pixel=PIXEL) / UNIT
        images.append(image + random.normal(size=image.shape))
        rows.append(truth | {"log_radius": np.log10(truth["body_radius"]), "stamp_side": 64})
    names = [f"{seed}/{number}" for number in range(count)]
    index = pd.DataFrame(rows).assign(id=names, group=names)
    x = np.moveaxis(np.array(images, np.float32), 1, -1)
    planes = np.full((*x.shape[:3], 1), 0.3 / PIXEL, np.float32)
    y = index[["log_radius", "bulge_fraction", "magnitude"]].to_numpy(np.float32)
    return Examples(np.concatenate([x, planes], -1), y, index, CHANNELS, flux_unit=UNIT)


REQUESTED = ["log_radius", "bulge_fraction", "magnitude"]


def test_fits_of_noisy_galaxies_are_accurate_and_limited_to_the_sample():
    valid, test = stamps(8, 1), stamps(12, 2)
    predictions = fit_sample(valid, test, REQUESTED, objects=10, seed=3)
    assert predictions.keys() == {"log_radius", "magnitude"}
    magnitude, radius = predictions["magnitude"], predictions["log_radius"]
    fitted = np.isfinite(magnitude.test)
    assert fitted.sum() == 10
    assert np.isfinite(magnitude.valid).all()  # the split has fewer than 10
    assert (fitted == np.isfinite(radius.test)).all()
    truth = test.index["magnitude"].to_numpy()
    assert np.abs(magnitude.test - truth)[fitted] == pytest.approx(0, abs=0.05)
    truth = test.index["log_radius"].to_numpy()
    assert np.abs(radius.test - truth)[fitted] == pytest.approx(0, abs=0.05)
    assert 0 < magnitude.spread < 0.05
    again = fit_sample(valid, test, REQUESTED, objects=10, seed=3)
    assert np.array_equal(again["magnitude"].test, magnitude.test, equal_nan=True)
    assert fit_sample(valid, test, REQUESTED, objects=0) == {}


def test_fit_needs_the_psf_and_the_flux_unit():
    test = stamps(2, 1)
    assert fitted_columns(test, REQUESTED) == ["log_radius", "magnitude"]
    assert fitted_columns(test._replace(flux_unit=None), REQUESTED) == []
    assert fitted_columns(test._replace(channels=CHANNELS[:3]), REQUESTED) == []
    assert set(COLUMNS) > set(fitted_columns(test, REQUESTED))


def test_schema_has_the_default_number_of_fits():
    baselines = settings.with_defaults({"sersic_fit": {}}, "galaxies/runs/*/baselines")
    assert baselines == {"sersic_fit": {"objects": OBJECTS}}


def test_sersic_fits_are_among_the_baselines_of_galaxies():
    splits = {
        name: stamps(n, s) for name, n, s in (("train", 30, 1), ("valid", 6, 2), ("test", 6, 3))
    }
    task = {"name": "count", "columns": REQUESTED}
    settings = {"sersic_fit": {"objects": 4}}
    baselines = ParameterEvaluation(task).fit(splits, threads=1, settings=settings)
    assert {"magnitude:sersic_fit", "log_radius:sersic_fit", "magnitude:stamp_trees"} <= set(
        baselines
    )
    assert "bulge_fraction:sersic_fit" not in baselines
    assert np.isfinite(baselines["magnitude:sersic_fit"].test).sum() == 4


@pytest.mark.data
def test_fit_recovers_magnitude_and_radius_of_a_real_galaxy(data_folder):
    r = fits.getdata(data_folder / "galaxies/example_b.fits")[1, 49:113, 49:113].astype(np.float64)
    pixel, psf = 0.262, 1.3  # arcsec
    flux, radius, _, _ = fit_stamp(r / UNIT, psf / pixel, 64)
    assert 22.5 - 2.5 * np.log10(flux * UNIT) == pytest.approx(17.66, abs=0.02)
    assert radius * pixel == pytest.approx(1.31, abs=0.02)
    y, x = np.mgrid[:64, :64]
    r[np.hypot(x - 41, y - 45) < 6] = 0  # the neighbour
    flux, radius, _, _ = fit_stamp(r / UNIT, psf / pixel, 64)
    assert 22.5 - 2.5 * np.log10(flux * UNIT) == pytest.approx(17.86, abs=0.02)
    assert radius * pixel == pytest.approx(1.04, abs=0.02)
