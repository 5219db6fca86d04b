"""Rendering of galaxies, compared with GalSim."""

import galsim
import numpy as np
import pandas as pd
import pytest

from cosmodag.errors import InputError
from cosmodag.imaging.galaxy_population import draw_population, single_profiles
from cosmodag.injections.simulation.elg_prior import read_elg_prior
from cosmodag.injections.simulation.galaxy_rendering import (
    PIXEL_SCALE,
    add_stamps,
    render_stamps,
)
from cosmodag.injections.simulation.psf import ImagePsf, MoffatPsf

FWHM = np.array([1.5, 1.4, 1.3])


def one_galaxy(x=100.3, y=80.7, radius=0.8, index=1.0, round_=False):
    """Return a galaxy of one profile at a position."""
    row = {"g": 22.0, "r": 21.0, "z": 20.0, "rhalf": radius, "redshift": 0.8, "n": index}
    e1, e2 = ([0.0], [0.0]) if round_ else ([0.2], [0.1])
    galaxies = single_profiles(pd.DataFrame([row]), np.array(e1), np.array(e2))
    return galaxies.at_positions(np.array([[x, y]]))


@pytest.mark.parametrize("index", [1.0, 4.0])
def test_stamps_agree_with_galsim(index):
    galaxies = one_galaxy(index=index)
    (stamps,) = render_stamps(galaxies, MoffatPsf(FWHM, beta=3.5))
    side = stamps.flux.shape[-1]
    middle = stamps.corner[0] + (side - 1) / 2
    profile = galsim.Sersic(n=index, half_light_radius=0.8).shear(g1=0.2, g2=0.1)
    for band in range(3):
        convolved = galsim.Convolve(profile, galsim.Moffat(beta=3.5, fwhm=FWHM[band]))
        convolved = convolved.withFlux(galaxies.fluxes()[0, band])
        offset = galsim.PositionD(100.3 - middle[0], 80.7 - middle[1])
        expected = convolved.drawImage(nx=side, ny=side, scale=PIXEL_SCALE, offset=offset).array
        assert np.abs(expected - stamps.flux[0, band]).max() < 2e-3 * expected.max()


def test_rendering_conserves_flux_in_every_band():
    rng = np.random.default_rng(1)
    galaxies = draw_population("real", read_elg_prior(), 80, rng)
    galaxies = galaxies.at_positions(rng.uniform(0, 512, (80, 2)))
    rendered = np.zeros((80, 3))
    for stamps in render_stamps(galaxies, MoffatPsf(FWHM), np.array([0.9, 0.95, 0.97])):
        rendered[stamps.source] = stamps.flux.sum((2, 3))
    np.testing.assert_allclose(rendered, galaxies.fluxes(np.array([0.9, 0.95, 0.97])), rtol=1e-3)


def test_positions_are_relative_to_the_centre_of_the_first_pixel():
    image = np.zeros((3, 200, 240), np.float32)
    for stamps in render_stamps(one_galaxy(), MoffatPsf(FWHM)):
        add_stamps(image, stamps)
    y, x = np.indices(image.shape[1:])
    weight = image[1] / image[1].sum()
    assert (weight * x).sum() == pytest.approx(100.3, abs=0.01)
    assert (weight * y).sum() == pytest.approx(80.7, abs=0.01)


def test_flux_outside_the_image_is_dropped():
    image = np.zeros((3, 50, 60), np.float32)
    galaxy = one_galaxy(x=-0.5, y=-0.5, round_=True)
    for stamps in render_stamps(galaxy, MoffatPsf(FWHM)):
        add_stamps(image, stamps)
    np.testing.assert_allclose(image.sum((1, 2)), galaxy.fluxes()[0] / 4, rtol=1e-3)


def test_measured_psf_agrees_with_the_profile():
    planes = [
        galsim.Moffat(beta=3.5, fwhm=width).drawImage(nx=63, ny=63, scale=PIXEL_SCALE).array
        for width in FWHM
    ]
    measured = ImagePsf(np.array(planes))
    np.testing.assert_allclose(measured.fwhm, FWHM, rtol=0.04)
    for profile, image in (
        (MoffatPsf(FWHM), measured),
        (MoffatPsf(FWHM).widened(1.05), measured.widened(1.05)),
    ):
        (expected,) = render_stamps(one_galaxy(), profile)
        (stamps,) = render_stamps(one_galaxy(), image)
        assert np.abs(expected.flux - stamps.flux).max() < 0.02 * expected.flux.max()


def test_wider_psf_lowers_the_peak():
    (sharp,) = render_stamps(one_galaxy(radius=0.3), MoffatPsf(FWHM))
    (wide,) = render_stamps(one_galaxy(radius=0.3), MoffatPsf(FWHM).widened(1.05))
    assert wide.flux.max() < 0.96 * sharp.flux.max()
    assert wide.flux.sum() == pytest.approx(sharp.flux.sum(), rel=1e-3)


@pytest.mark.parametrize("images", [np.ones((3, 8, 8)), np.full((3, 9, 9), np.nan)])
def test_invalid_psf_is_refused(images):
    with pytest.raises(InputError, match="PSF"):
        ImagePsf(images)
