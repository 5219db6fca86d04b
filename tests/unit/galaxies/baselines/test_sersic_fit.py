"""One or two Sérsic profiles fitted to stamps."""

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits

from cosmodag import settings
from cosmodag.evaluation.baselines.examples import Examples
from cosmodag.galaxies.baselines.sersic_fit import fit_stamp
from cosmodag.galaxies.baselines.sersic_model import SersicModel
from cosmodag.galaxies.baselines.sersic_sample import (
    COLUMNS,
    OBJECTS,
    fit_example,
    fit_sample,
    fitted_columns,
)
from cosmodag.galaxies.evaluation.parameter_evaluation import ParameterEvaluation
from cosmodag.galaxies.simulation.morphology_labels import effective_index
from cosmodag.galaxies.simulation.stamp_rendering import draw_stamp, fluxes
from cosmodag.imaging.galaxy_population import half_light_radius
from cosmodag.imaging.padding import border_noise

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
    image = draw_stamp(truth, pixel=PIXEL).astype(np.float64)
    fit = fit_stamp(image, np.ones_like(image), truth["psf"] / PIXEL, two_components=False)
    assert fit.fluxes == pytest.approx(fluxes(truth), rel=0.015)
    assert fit.radius * PIXEL == pytest.approx(truth["body_radius"], rel=0.02)
    assert fit.index == pytest.approx(truth["sersic_index"], rel=0.04)
    assert fit.axis_ratio == pytest.approx(truth["axis_ratio"], abs=0.01)


DOUBLE = {
    "bulge_fraction": 0.4,
    "bulge_ratio": 0.3,
    "gradient": 0.6,
    "sersic_index": 1.0,
    "body_radius": 0.8,
    "magnitude": 19.0,
}


def test_disc_and_bulge_are_preferred_where_there_are_both():
    truth = galaxy(**DOUBLE)
    noise = 0.003 * np.random.default_rng(1).normal(size=(3, 64, 64))
    image = draw_stamp(truth, pixel=PIXEL) + noise
    weight = np.full_like(image, 0.003**-2)
    fit = fit_stamp(image, weight, truth["psf"] / PIXEL)
    assert fit.bulge_fraction[1] == pytest.approx(0.4, abs=0.03)
    assert fit.bulge_fraction[2] > fit.bulge_fraction[0] + 0.1  # the bulge is redder
    assert fit.bulge_ratio == pytest.approx(0.3, abs=0.05)
    assert fit.index == 1.0
    total = 0.8 * half_light_radius(np.array([0.4]), np.array([0.3]))[0]
    assert fit.total_radius(1) * PIXEL == pytest.approx(total, rel=0.03)
    single = galaxy(sersic_index=1.0, magnitude=19.0)
    image = draw_stamp(single, pixel=PIXEL) + noise
    assert (fit_stamp(image, weight, 3.0).bulge_fraction == 0).all()


def test_sky_masks_and_padding_do_not_bias_the_fit():
    truth = galaxy()
    image = np.full((3, 64, 64), 50.0)
    inside = np.s_[:, 8:56, 8:56]
    image[inside] = draw_stamp(truth | {"side": 48}, pixel=PIXEL) + 0.01
    image[:, 20:23, 40:43] = np.nan
    weight = np.zeros_like(image)
    weight[inside] = 0.003**-2
    weight[:, 36:40, 34:36], image[:, 36:40, 34:36] = 0, 9.0
    fit = fit_stamp(image, weight, 3.0, two_components=False)
    assert fit.fluxes == pytest.approx(fluxes(truth), rel=0.02)
    assert fit.sky == pytest.approx([0.01] * 3, abs=1e-4)
    assert fit.radius * PIXEL == pytest.approx(0.5, rel=0.02)


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
    valid, test = stamps(2, 1), stamps(4, 2)
    predictions = fit_sample(valid, test, REQUESTED, objects=3, seed=3)
    assert predictions.keys() == set(REQUESTED)
    assert np.nanmedian(predictions["bulge_fraction"].test) == 0
    magnitude, radius = predictions["magnitude"], predictions["log_radius"]
    fitted = np.isfinite(magnitude.test)
    assert fitted.sum() == 3
    assert np.isfinite(magnitude.valid).all()  # the split has fewer than 3
    assert (fitted == np.isfinite(radius.test)).all()
    truth = test.index["magnitude"].to_numpy()
    assert np.abs(magnitude.test - truth)[fitted] == pytest.approx(0, abs=0.05)
    truth = test.index["log_radius"].to_numpy()
    assert np.abs(radius.test - truth)[fitted] == pytest.approx(0, abs=0.05)
    assert 0 < magnitude.spread < 0.05
    assert fit_sample(valid, test, REQUESTED, objects=0) == {}


def test_fit_needs_the_psf_and_the_flux_unit():
    test = stamps(2, 1)
    assert fitted_columns(test, [*REQUESTED, "redshift"]) == REQUESTED
    assert fitted_columns(test._replace(flux_unit=None), REQUESTED) == []
    assert fitted_columns(test._replace(channels=CHANNELS[:3]), REQUESTED) == []
    assert set(COLUMNS) > set(REQUESTED)


def test_schema_has_the_default_number_of_fits():
    baselines = settings.with_defaults({"sersic_fit": {}}, "galaxies/runs/*/baselines")
    assert baselines == {"sersic_fit": {"objects": OBJECTS}}


def test_sersic_fits_are_among_the_baselines_of_galaxies():
    splits = {
        name: stamps(n, s) for name, n, s in (("train", 30, 1), ("valid", 4, 2), ("test", 4, 3))
    }
    task = {"name": "count", "columns": REQUESTED}
    settings = {"sersic_fit": {"objects": 2}}
    baselines = ParameterEvaluation(task).fit(splits, threads=1, settings=settings)
    assert {"magnitude:sersic_fit", "log_radius:sersic_fit", "magnitude:stamp_trees"} <= set(
        baselines
    )
    assert "bulge_fraction:sersic_fit" in baselines
    assert np.isfinite(baselines["magnitude:sersic_fit"].test).sum() == 2


def test_example_of_two_components_has_their_total_radius_and_effective_index():
    truth = galaxy(**DOUBLE)
    image = draw_stamp(truth, pixel=PIXEL) / UNIT
    image += np.random.default_rng(2).normal(size=image.shape)
    x = np.moveaxis(image, 0, -1)[np.newaxis]
    planes = np.full((1, 64, 64, 1), 3.0)
    index = pd.DataFrame([{"psf": 0.3, "stamp_side": 64}])
    examples = Examples(np.concatenate([x, planes], -1), np.zeros((1, 1)), index, CHANNELS)
    fitted = dict(zip(COLUMNS, fit_example(examples._replace(flux_unit=UNIT), 0)))
    profile = np.array([0.4]), np.array([0.3])
    radius = 0.8 * half_light_radius(*profile)[0]
    assert fitted["magnitude"] == pytest.approx(19.0, abs=0.02)
    assert fitted["log_radius"] == pytest.approx(np.log10(radius), abs=0.02)
    assert fitted["sersic_index"] == 1.0
    (expected,) = effective_index(*profile, np.array([1.0]))
    assert fitted["effective_index"] == pytest.approx(expected, rel=0.1)


@pytest.mark.data
def test_fit_recovers_magnitude_and_radius_of_a_real_galaxy(data_folder):
    images = fits.getdata(data_folder / "galaxies/example_b.fits").astype(np.float64)
    image = images[:, 49:113, 49:113]
    pixel, psf = 0.262, 1.3  # arcsec
    _, noise = border_noise(image)
    weight = np.broadcast_to(noise[:, None, None] ** -2, image.shape)
    y, x = np.mgrid[:64, :64]
    neighbour = np.hypot(x - 41, y - 45) < 6
    fit = fit_stamp(image, np.where(neighbour, 0, weight), psf / pixel)
    assert 22.5 - 2.5 * np.log10(fit.fluxes[1]) == pytest.approx(17.78, abs=0.03)
    assert fit.total_radius(1) * pixel == pytest.approx(1.16, abs=0.04)
