"""Injection of galaxies, correct and with each flaw."""

import numpy as np
import pandas as pd
import pytest

from cosmodag.errors import InputError
from cosmodag.imaging.galaxy_population import draw_population, single_profiles
from cosmodag.injections.simulation.brick_simulation import (
    DENSITY,
    RandomStream,
    expected_count,
    random_generator,
    simulate_brick,
)
from cosmodag.injections.simulation.elg_prior import read_elg_prior
from cosmodag.injections.simulation.injection import FLAWS, estimate_gain, inject
from cosmodag.injections.simulation.placement import place_injections

SIZE = 256


@pytest.fixture(scope="module")
def brick():
    """A small brick."""
    return simulate_brick(3, size=SIZE, seed=1, prior=read_elg_prior())


@pytest.fixture(scope="module")
def galaxies(brick):
    """Galaxies to inject into the brick."""
    rng = random_generator(1, 3, RandomStream.INJECTED_POSITIONS)
    expected = expected_count(SIZE, DENSITY)
    positions = place_injections(expected, SIZE, rng, brick.positions, brick.neighbours).accepted
    return draw_population("real", read_elg_prior(), len(positions), rng).at_positions(positions)


@pytest.fixture
def run(brick, galaxies):
    """A function that injects with a flaw, always with the same noise."""

    def injected(flaw=None):
        conditions = brick.conditions
        return inject(
            brick.images,
            galaxies,
            conditions.psf,
            rng=random_generator(1, 3, RandomStream.INJECTED_NOISE),
            flaw=flaw,
            gain=conditions.gain,
            transmission=conditions.transmission,
        )

    return injected


def test_injection_does_not_modify_the_images_of_the_sky(brick, run):
    before = brick.images.image.copy(), brick.images.ivar.copy()
    run()
    np.testing.assert_array_equal(brick.images.image, before[0])
    np.testing.assert_array_equal(brick.images.ivar, before[1])


def test_bad_pixels_are_unchanged(brick, run):
    images, _ = run()
    bad = brick.images.ivar == 0
    assert bad.any()
    assert (images.image[bad] == 0).all()
    np.testing.assert_array_equal(images.ivar == 0, bad)


def test_injection_adds_flux_and_variance(brick, galaxies, run):
    images, _ = run()
    added = (images.image - brick.images.image).sum((1, 2))
    flux = galaxies.fluxes(brick.conditions.transmission).sum(0)
    # Some flux lies beyond the edges and on bad pixels; the photon noise is small.
    np.testing.assert_allclose(added, flux, rtol=0.12)
    assert (images.ivar < 0.97 * brick.images.ivar).mean() > 0.001


def test_inverse_variance_follows_the_noisy_counts(brick, run):
    # For the sky and for injections alike: it contains no more information than the image.
    conditions = brick.conditions
    for images in (brick.images, run()[0]):
        variance = (
            conditions.noise[:, None, None] ** 2 + images.image / conditions.gain[:, None, None]
        )
        good = images.ivar > 0
        np.testing.assert_allclose(images.ivar[good], 1 / variance[good], rtol=1e-4)


def test_photon_noise_of_injections_agrees_with_the_inverse_variance():
    # The photon noise of a bright galaxy dominates: many injections scatter by sqrt(f / gain).
    row = {"g": 16.0, "r": 16.0, "z": 16.0, "rhalf": 1.0, "redshift": 0.1, "n": 1.0}
    galaxy = single_profiles(pd.DataFrame([row]), np.zeros(1), np.zeros(1))
    galaxy = galaxy.at_positions(np.array([[32.0, 32.0]]))
    brick = simulate_brick(1, size=64, seed=1, prior=read_elg_prior(), density=0.0)
    gain, psf = brick.conditions.gain, brick.conditions.psf
    quiet = brick.images._replace(
        image=np.zeros_like(brick.images.image), ivar=np.full_like(brick.images.ivar, 1e30)
    )
    injected = [
        inject(quiet, galaxy, psf, rng=np.random.default_rng(seed), gain=gain)[0]
        for seed in range(60)
    ]
    values = np.array([images.image for images in injected])[:, :, 30:35, 30:35]
    variance = np.mean([1 / images.ivar[:, 30:35, 30:35] for images in injected], axis=0)
    assert (values.var(0, ddof=1) / variance).mean() == pytest.approx(1.0, abs=0.05)


def test_simcat_lists_the_injected_galaxies(brick, galaxies, run):
    _, simcat = run()
    columns = ["id", "ra", "dec", "x", "y", "gflux", "rflux", "zflux", "n", "rhalf", "e1", "e2"]
    columns += [f"mw_transmission_{band}" for band in "grz"]
    assert set(columns) <= set(simcat)
    np.testing.assert_array_equal(simcat["x"], galaxies.catalogue["x"])
    magnitude = 22.5 - 2.5 * np.log10(simcat["gflux"] / simcat["mw_transmission_g"])
    np.testing.assert_allclose(magnitude, galaxies.catalogue["g"], rtol=1e-6)
    x, y = brick.images.wcs.all_world2pix(simcat["ra"], simcat["dec"], 0)
    np.testing.assert_allclose(np.column_stack([x, y]), simcat[["x", "y"]], atol=1e-3)


def test_wide_psf_conserves_flux_but_changes_the_images(brick, run):
    right, wide = run()[0], run("psf")[0]
    np.testing.assert_array_equal(right.psf_size, wide.psf_size)
    ratio = (wide.image - brick.images.image).sum() / (right.image - brick.images.image).sum()
    assert ratio == pytest.approx(1, rel=0.01)
    assert np.abs(right.image - wide.image).max() > 0


def test_wrong_positions_leave_the_images_unchanged(run):
    (right, simcat), (images, shifted) = run(), run("position")
    np.testing.assert_array_equal(right.image, images.image)
    np.testing.assert_array_equal(shifted["x"], simcat["x"] + 1)
    np.testing.assert_array_equal(shifted["y"], simcat["y"])


def test_ivar_flaw_restores_the_inverse_variance_before_injection(brick, run):
    (right, _), (images, _) = run(), run("ivar")
    np.testing.assert_array_equal(right.image, images.image)
    np.testing.assert_array_equal(images.ivar, brick.images.ivar)


def test_noise_flaw_doubles_the_variance_around_galaxies(galaxies, run):
    (right, _), (noisy, _) = run(), run("noise")
    np.testing.assert_array_equal(right.ivar, noisy.ivar)
    inside = galaxies.catalogue[(galaxies.catalogue[["x", "y"]] - SIZE / 2).abs().max(axis=1) < 90]
    x, y = np.floor(inside[["x", "y"]].to_numpy()[0] + 0.5).astype(int)
    window = (slice(None), slice(y - 10, y + 10), slice(x - 10, x + 10))
    patch = (noisy.image - right.image)[window] * np.sqrt(right.ivar[window])
    assert patch.std() == pytest.approx(1, abs=0.15)


def test_gain_is_estimated_from_the_depth(brick):
    np.testing.assert_allclose(estimate_gain(brick.images), brick.conditions.gain, rtol=0.02)


def test_error_for_an_unknown_flaw_names_the_nearest(run):
    assert FLAWS == ("psf", "position", "ivar", "noise")
    with pytest.raises(InputError, match="did you mean 'position'"):
        run("positon")
