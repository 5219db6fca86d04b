"""Drawing galaxies: the images are GalSim's own, at a fraction of the time."""

import galsim
import numpy as np
import pandas as pd
import pytest

from cosmodag.errors import InputError
from cosmodag.imaging.galaxy_population import draw_population, single_profiles
from cosmodag.injections.simulation.elg_population import shipped_prior
from cosmodag.injections.simulation.galaxy_rendering import (
    PIXEL,
    ImagePsf,
    MoffatPsf,
    add_light,
    draw_stamps,
)

FWHM = np.array([1.5, 1.4, 1.3])


def one_galaxy(x=100.3, y=80.7, radius=0.8, index=1.0, round_=False):
    """A placed galaxy of one profile."""
    row = {"g": 22.0, "r": 21.0, "z": 20.0, "rhalf": radius, "redshift": 0.8, "n": index}
    e1, e2 = ([0.0], [0.0]) if round_ else ([0.2], [0.1])
    galaxies = single_profiles(pd.DataFrame([row]), np.array(e1), np.array(e2))
    return galaxies.at_positions(np.array([[x, y]]))


@pytest.mark.parametrize("index", [1.0, 4.0])
def test_stamps_are_those_that_galsim_draws(index):
    galaxies = one_galaxy(index=index)
    (stamps,) = draw_stamps(galaxies, MoffatPsf(FWHM, beta=3.5))
    side = stamps.light.shape[-1]
    middle = stamps.corner[0] + (side - 1) / 2
    profile = galsim.Sersic(n=index, half_light_radius=0.8).shear(g1=0.2, g2=0.1)
    for band in range(3):
        whole = galsim.Convolve(profile, galsim.Moffat(beta=3.5, fwhm=FWHM[band]))
        whole = whole.withFlux(galaxies.fluxes()[0, band])
        offset = galsim.PositionD(100.3 - middle[0], 80.7 - middle[1])
        drawn = whole.drawImage(nx=side, ny=side, scale=PIXEL, offset=offset).array
        assert np.abs(drawn - stamps.light[0, band]).max() < 2e-3 * drawn.max()


def test_all_of_the_light_is_drawn_in_every_band():
    rng = np.random.default_rng(1)
    galaxies = draw_population("real", shipped_prior(), 80, rng)
    galaxies = galaxies.at_positions(rng.uniform(0, 512, (80, 2)))
    found = np.zeros((80, 3))
    for stamps in draw_stamps(galaxies, MoffatPsf(FWHM), np.array([0.9, 0.95, 0.97])):
        found[stamps.source] = stamps.light.sum((2, 3))
    np.testing.assert_allclose(found, galaxies.fluxes(np.array([0.9, 0.95, 0.97])), rtol=1e-3)


def test_positions_count_from_the_centre_of_the_first_pixel():
    image = np.zeros((3, 200, 240), np.float32)
    for stamps in draw_stamps(one_galaxy(), MoffatPsf(FWHM)):
        add_light(image, stamps)
    y, x = np.indices(image.shape[1:])
    light = image[1] / image[1].sum()
    assert (light * x).sum() == pytest.approx(100.3, abs=0.01)
    assert (light * y).sum() == pytest.approx(80.7, abs=0.01)


def test_a_galaxy_at_the_corner_loses_what_lies_outside():
    image = np.zeros((3, 50, 60), np.float32)
    wanted = one_galaxy(x=-0.5, y=-0.5, round_=True)
    for stamps in draw_stamps(wanted, MoffatPsf(FWHM)):
        add_light(image, stamps)
    np.testing.assert_allclose(image.sum((1, 2)), wanted.fluxes()[0] / 4, rtol=1e-3)


def test_a_measured_psf_draws_what_the_profile_does():
    planes = [
        galsim.Moffat(beta=3.5, fwhm=width).drawImage(nx=63, ny=63, scale=PIXEL).array
        for width in FWHM
    ]
    measured = ImagePsf(np.array(planes))
    np.testing.assert_allclose(measured.fwhm, FWHM, rtol=0.04)
    for profile, image in (
        (MoffatPsf(FWHM), measured),
        (MoffatPsf(FWHM).widened(1.05), measured.widened(1.05)),
    ):
        (wanted,), (found,) = draw_stamps(one_galaxy(), profile), draw_stamps(one_galaxy(), image)
        assert np.abs(wanted.light - found.light).max() < 0.02 * wanted.light.max()


def test_a_wider_psf_lowers_the_peak():
    (sharp,) = draw_stamps(one_galaxy(radius=0.3), MoffatPsf(FWHM))
    (wide,) = draw_stamps(one_galaxy(radius=0.3), MoffatPsf(FWHM).widened(1.05))
    assert wide.light.max() < 0.96 * sharp.light.max()
    assert wide.light.sum() == pytest.approx(sharp.light.sum(), rel=1e-3)


@pytest.mark.parametrize("images", [np.ones((3, 8, 8)), np.full((3, 9, 9), np.nan)])
def test_an_unusable_psf_is_refused(images):
    with pytest.raises(InputError, match="PSF"):
        ImagePsf(images)
