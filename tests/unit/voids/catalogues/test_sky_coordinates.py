"""Sky coordinates and redshifts agree with astropy and survive the way there and back."""

import numpy as np
import pytest
from astropy import units
from astropy.coordinates import SkyCoord

from cosmodag.cosmology.background import comoving_distance
from cosmodag.voids.catalogues.sky_coordinates import (
    comoving_positions,
    sky_coordinates,
    spherical_coordinates,
)


@pytest.fixture
def sky():
    """Right ascensions, declinations and redshifts all over the sky."""
    random = np.random.default_rng(1)
    ra = np.concatenate([random.uniform(0, 360, 500), [0.0, 359.999999, 180.0]])
    dec = np.concatenate([random.uniform(-89.9, 89.9, 500), [0.0, -45.0, 89.9]])
    return ra, dec, np.concatenate([random.uniform(0.001, 2, 500), [0.1, 1e-4, 5.0]])


@pytest.mark.parametrize("omega_m", [0.2, 0.3111, 1.0])
def test_positions_and_back(sky, omega_m):
    for found, expected in zip(sky_coordinates(comoving_positions(*sky, omega_m), omega_m), sky):
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


def test_positions_agree_with_astropy(sky):
    ra, dec, redshift = sky
    distance = comoving_distance(0.3, redshift)
    expected = SkyCoord(ra * units.deg, dec * units.deg, distance).cartesian.xyz.value.T
    np.testing.assert_allclose(comoving_positions(*sky, 0.3), expected, rtol=1e-10, atol=1e-9)


def test_right_ascension_stays_below_360_degrees():
    ra, dec, distance = spherical_coordinates(np.array([[1.0, -1e-18, 0.0], [0.0, -2.0, 0.0]]))
    np.testing.assert_array_equal(ra, [0, 270])
    np.testing.assert_array_equal(dec, [0, 0])
    np.testing.assert_array_equal(distance, [1, 2])
