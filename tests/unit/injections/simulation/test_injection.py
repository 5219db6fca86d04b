"""Injecting galaxies: rightly, and with each known flaw."""

import numpy as np
import pandas as pd
import pytest

from cosmodag.errors import InputError
from cosmodag.imaging.galaxy_population import draw_population, single_profiles
from cosmodag.injections.simulation.brick_simulation import (
    DENSITY,
    Purpose,
    expected,
    random,
    simulate_brick,
)
from cosmodag.injections.simulation.elg_population import shipped_prior
from cosmodag.injections.simulation.injection import FLAWS, estimated_gain, inject
from cosmodag.injections.simulation.placement import place_injected

SIZE = 256


@pytest.fixture(scope="module")
def brick():
    """A small brick."""
    return simulate_brick(3, size=SIZE, seed=1, prior=shipped_prior())


@pytest.fixture(scope="module")
def galaxies(brick):
    """What is injected into it."""
    rng = random(1, 3, Purpose.INJECTED_PLACES)
    places = place_injected(expected(SIZE, DENSITY), SIZE, rng, brick.places, brick.neighbours).kept
    return draw_population("real", shipped_prior(), len(places), rng).at_positions(places)


@pytest.fixture
def run(brick, galaxies):
    """Injects with a flaw, always with the same noise."""

    def injected(flaw=None):
        known = brick.conditions
        return inject(
            brick.images,
            galaxies,
            known.psf,
            rng=random(1, 3, Purpose.INJECTED_NOISE),
            flaw=flaw,
            gain=known.gain,
            transmission=known.transmission,
        )

    return injected


def test_the_sky_before_is_not_changed(brick, run):
    before = brick.images.image.copy(), brick.images.ivar.copy()
    run()
    np.testing.assert_array_equal(brick.images.image, before[0])
    np.testing.assert_array_equal(brick.images.ivar, before[1])


def test_bad_pixels_stay_bad(brick, run):
    images, _ = run()
    bad = brick.images.ivar == 0
    assert bad.any()
    assert (images.image[bad] == 0).all()
    np.testing.assert_array_equal(images.ivar == 0, bad)


def test_light_and_variance_are_added_where_galaxies_are(brick, galaxies, run):
    images, _ = run()
    added = (images.image - brick.images.image).sum((1, 2))
    flux = galaxies.fluxes(brick.conditions.transmission).sum(0)
    # Some light falls off the edges and on bad pixels; the noise of the light is small.
    np.testing.assert_allclose(added, flux, rtol=0.12)
    assert (images.ivar < 0.97 * brick.images.ivar).mean() > 0.001


def test_inverse_variances_are_told_from_the_counts_of_the_image(brick, run):
    # The same of the sky and of what is injected: neither shows more than the image does.
    known = brick.conditions
    for images in (brick.images, run()[0]):
        variance = known.noise[:, None, None] ** 2 + images.image / known.gain[:, None, None]
        good = images.ivar > 0
        np.testing.assert_allclose(images.ivar[good], 1 / variance[good], rtol=1e-4)


def test_noise_of_injected_light_is_that_of_light_in_the_sky():
    # A galaxy so bright that its own noise rules: the scatter of many injections is sqrt(f / gain).
    row = {"g": 16.0, "r": 16.0, "z": 16.0, "rhalf": 1.0, "redshift": 0.1, "n": 1.0}
    galaxy = single_profiles(pd.DataFrame([row]), np.zeros(1), np.zeros(1))
    galaxy = galaxy.at_positions(np.array([[32.0, 32.0]]))
    brick = simulate_brick(1, size=64, seed=1, prior=shipped_prior(), density=0.0)
    gain, psf = brick.conditions.gain, brick.conditions.psf
    quiet = brick.images._replace(
        image=np.zeros_like(brick.images.image), ivar=np.full_like(brick.images.ivar, 1e30)
    )
    drawn = [
        inject(quiet, galaxy, psf, rng=np.random.default_rng(seed), gain=gain)[0]
        for seed in range(60)
    ]
    values = np.array([images.image for images in drawn])[:, :, 30:35, 30:35]
    variance = np.mean([1 / images.ivar[:, 30:35, 30:35] for images in drawn], axis=0)
    assert (values.var(0, ddof=1) / variance).mean() == pytest.approx(1.0, abs=0.05)


def test_the_catalogue_says_what_was_injected(brick, galaxies, run):
    _, simcat = run()
    wanted = ["id", "ra", "dec", "x", "y", "gflux", "rflux", "zflux", "n", "rhalf", "e1", "e2"]
    wanted += [f"mw_transmission_{band}" for band in "grz"]
    assert set(wanted) <= set(simcat)
    np.testing.assert_array_equal(simcat["x"], galaxies.catalogue["x"])
    magnitude = 22.5 - 2.5 * np.log10(simcat["gflux"] / simcat["mw_transmission_g"])
    np.testing.assert_allclose(magnitude, galaxies.catalogue["g"], rtol=1e-6)
    x, y = brick.images.wcs.all_world2pix(simcat["ra"], simcat["dec"], 0)
    np.testing.assert_allclose(np.column_stack([x, y]), simcat[["x", "y"]], atol=1e-3)


def test_a_wide_psf_keeps_the_light_but_not_its_peaks(brick, run):
    right, wide = run()[0], run("psf")[0]
    np.testing.assert_array_equal(right.psf_size, wide.psf_size)
    ratio = (wide.image - brick.images.image).sum() / (right.image - brick.images.image).sum()
    assert ratio == pytest.approx(1, rel=0.01)
    assert np.abs(right.image - wide.image).max() > 0


def test_wrong_positions_leave_the_images_right(run):
    (right, simcat), (images, shifted) = run(), run("position")
    np.testing.assert_array_equal(right.image, images.image)
    np.testing.assert_array_equal(shifted["x"], simcat["x"] + 1)
    np.testing.assert_array_equal(shifted["y"], simcat["y"])


def test_a_forgotten_inverse_variance_is_the_one_before(brick, run):
    (right, _), (images, _) = run(), run("ivar")
    np.testing.assert_array_equal(right.image, images.image)
    np.testing.assert_array_equal(images.ivar, brick.images.ivar)


def test_duplicated_noise_doubles_the_variance_beneath_galaxies(galaxies, run):
    (right, _), (noisy, _) = run(), run("noise")
    np.testing.assert_array_equal(right.ivar, noisy.ivar)
    inside = galaxies.catalogue[(galaxies.catalogue[["x", "y"]] - SIZE / 2).abs().max(axis=1) < 90]
    x, y = np.floor(inside[["x", "y"]].to_numpy()[0] + 0.5).astype(int)
    window = (slice(None), slice(y - 10, y + 10), slice(x - 10, x + 10))
    patch = (noisy.image - right.image)[window] * np.sqrt(right.ivar[window])
    assert patch.std() == pytest.approx(1, abs=0.15)


def test_gain_can_be_estimated_from_the_depth(brick):
    np.testing.assert_allclose(estimated_gain(brick.images), brick.conditions.gain, rtol=0.02)


def test_an_unknown_flaw_names_the_nearest(run):
    assert FLAWS == ("psf", "position", "ivar", "noise")
    with pytest.raises(InputError, match="did you mean 'position'"):
        run("positon")
