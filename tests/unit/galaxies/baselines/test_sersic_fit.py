"""A Sérsic profile fitted to stamps."""

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits

from cosmodag import settings
from cosmodag.evaluation.baselines.examples import Examples
from cosmodag.evaluation.baselines.fitting import fit_all
from cosmodag.galaxies.baselines.sersic_fit import (
    COLUMNS,
    OBJECTS,
    answers,
    fit_stamp,
    sersic_fits,
)
from cosmodag.galaxies.baselines.sersic_model import SersicModel
from cosmodag.galaxies.simulation.stamp_rendering import draw_stamp

PIXEL, UNIT = 0.1, 0.003
CHANNELS = ("g_image", "r_image", "z_image", "psf")


def galaxy(**more) -> dict:
    """A galaxy of one profile as the simulator draws it."""
    plain = {"side": 64, "psf": 0.3, "bulge_fraction": 0.0, "sersic_index": 1.5, "body_radius": 0.5}
    plain |= {"axis_ratio": 0.6, "position_angle": 35.0, "dx": 0.3, "dy": -0.2, "magnitude": 20.0}
    return plain | {"g_minus_r": 0.5, "r_minus_z": 0.3} | more


CASES = [
    {},
    {"body_radius": 0.12, "sersic_index": 1.0},
    {"body_radius": 1.5, "sersic_index": 1.0, "axis_ratio": 0.3},
    {"sersic_index": 4.0, "psf": 0.2},
    {"sersic_index": 0.5, "position_angle": 160.0, "axis_ratio": 0.2},
]


@pytest.mark.parametrize("case", CASES)
def test_models_are_those_that_galsim_draws(case):
    known = galaxy(**case)
    expected = draw_stamp(known, pixel=PIXEL)[1] / 10 ** (-0.4 * (20 - 22.5))
    length = (1 - known["axis_ratio"]) / (1 + known["axis_ratio"])
    angle = 2 * np.deg2rad(known["position_angle"])
    model = SersicModel(64, known["psf"] / PIXEL, known["body_radius"] / PIXEL)
    drawn = model.draw(
        known["body_radius"] / PIXEL,
        known["sersic_index"],
        length * np.cos(angle),
        length * np.sin(angle),
        known["dx"],
        known["dy"],
    )
    error = np.sqrt(((drawn - expected) ** 2).sum() / (expected**2).sum())
    assert error < 0.005


@pytest.mark.parametrize("case", CASES)
def test_a_galaxy_without_noise_is_recovered(case):
    known = galaxy(**case)
    image = draw_stamp(known, pixel=PIXEL)[1].astype(np.float64)
    flux, radius, index, ratio = fit_stamp(image, known["psf"] / PIXEL, 64)
    assert flux == pytest.approx(10, rel=0.01)
    assert radius * PIXEL == pytest.approx(known["body_radius"], rel=0.01)
    assert index == pytest.approx(known["sersic_index"], rel=0.03)
    assert ratio == pytest.approx(known["axis_ratio"], abs=0.01)


def test_padding_around_a_smaller_stamp_is_not_taken_for_sky():
    known = galaxy(body_radius=1.5, sersic_index=1.0)
    image = np.zeros((64, 64))
    image[8:56, 8:56] = draw_stamp(known | {"side": 48}, pixel=PIXEL)[1]
    right, _, _, _ = fit_stamp(image, 3.0, 48)
    fooled, _, _, _ = fit_stamp(image, 3.0, 64)
    assert right == pytest.approx(10, rel=0.01)
    assert fooled < 9.5


def stamps(count: int, seed: int) -> Examples:
    """Noisy galaxies of one profile with what is known of them, magnitude and radius to be told."""
    random = np.random.default_rng(seed)
    rows, images = [], []
    for _ in range(count):
        known = galaxy(
            magnitude=random.uniform(19, 21),
            body_radius=random.uniform(0.2, 0.8),
            axis_ratio=random.uniform(0.3, 1.0),
        )
        image = draw_stamp(known, pixel=PIXEL) / UNIT
        images.append(image + random.normal(size=image.shape))
        rows.append(known | {"log_radius": np.log10(known["body_radius"]), "stamp_side": 64})
    index = pd.DataFrame(rows).assign(group=[f"{seed}/{number}" for number in range(count)])
    x = np.moveaxis(np.array(images, np.float32), 1, -1)
    planes = np.full((*x.shape[:3], 1), 0.3 / PIXEL, np.float32)
    y = index[["log_radius", "bulge_fraction", "magnitude"]].to_numpy(np.float32)
    return Examples(np.concatenate([x, planes], -1), y, index, CHANNELS, flux_unit=UNIT)


WANTED = ["log_radius", "bulge_fraction", "magnitude"]


def test_noisy_galaxies_are_told_in_their_units_and_only_those_of_the_sample():
    valid, test = stamps(8, 1), stamps(12, 2)
    found = sersic_fits(valid, test, WANTED, objects=10, seed=3)
    assert found.keys() == {"log_radius", "magnitude"}
    magnitude, radius = found["magnitude"], found["log_radius"]
    asked = np.isfinite(magnitude.test)
    assert asked.sum() == 10
    assert np.isfinite(magnitude.valid).all()  # fewer than are asked for
    assert (asked == np.isfinite(radius.test)).all()
    truth = test.index["magnitude"].to_numpy()
    assert np.abs(magnitude.test - truth)[asked] == pytest.approx(0, abs=0.05)
    truth = test.index["log_radius"].to_numpy()
    assert np.abs(radius.test - truth)[asked] == pytest.approx(0, abs=0.05)
    assert 0 < magnitude.spread < 0.05
    again = sersic_fits(valid, test, WANTED, objects=10, seed=3)
    assert np.array_equal(again["magnitude"].test, magnitude.test, equal_nan=True)
    assert sersic_fits(valid, test, WANTED, objects=0) == {}


def test_a_fit_tells_nothing_where_the_psf_or_the_unit_is_not_known():
    test = stamps(2, 1)
    assert answers(test, WANTED) == ["log_radius", "magnitude"]
    assert answers(test._replace(flux_unit=None), WANTED) == []
    assert answers(test._replace(channels=CHANNELS[:3]), WANTED) == []
    assert set(COLUMNS) > set(answers(test, WANTED))


def test_the_configuration_says_how_many_are_fitted_by_default():
    found = settings.with_defaults({"sersic_fit": {}}, "galaxies/runs/*/baselines")
    assert found == {"sersic_fit": {"objects": OBJECTS}}


def test_fits_stand_beside_the_other_baselines_of_galaxies():
    splits = {
        name: stamps(n, s) for name, n, s in (("train", 30, 1), ("valid", 6, 2), ("test", 6, 3))
    }
    task = {"name": "count", "columns": WANTED}
    found = fit_all(task, splits, threads=1, settings={"sersic_fit": {"objects": 4}})
    assert {"magnitude:sersic_fit", "log_radius:sersic_fit", "magnitude:stamp_trees"} <= set(found)
    assert "bulge_fraction:sersic_fit" not in found
    assert np.isfinite(found["magnitude:sersic_fit"].test).sum() == 4


@pytest.mark.data
def test_a_real_galaxy_has_the_size_and_brightness_that_are_told_of_it(data_folder):
    r = fits.getdata(data_folder / "galaxies/example_b.fits")[1, 49:113, 49:113].astype(np.float64)
    pixel, psf = 0.262, 1.3  # arcsec
    flux, radius, _, _ = fit_stamp(r / UNIT, psf / pixel, 64)
    assert 22.5 - 2.5 * np.log10(flux * UNIT) == pytest.approx(17.66, abs=0.02)
    assert radius * pixel == pytest.approx(1.31, abs=0.02)
    y, x = np.mgrid[:64, :64]
    r[np.hypot(x - 41, y - 45) < 6] = 0  # what lies beside it
    flux, radius, _, _ = fit_stamp(r / UNIT, psf / pixel, 64)
    assert 22.5 - 2.5 * np.log10(flux * UNIT) == pytest.approx(17.86, abs=0.02)
    assert radius * pixel == pytest.approx(1.04, abs=0.02)
