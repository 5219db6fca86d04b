"""Void catalogues from other finders."""

import numpy as np
import pytest

from cosmodag.errors import InputError
from cosmodag.voids.finders.external_catalogue import voids_from_catalogue

BOX = np.full(3, 420.0)


@pytest.fixture
def catalogue():
    """Return centres and radii of 500 spheres that fill the box."""
    rng = np.random.default_rng(0)
    return rng.uniform(0, 420, (500, 3)), rng.uniform(10, 20, 500)


def test_spheres_become_voids_with_their_volume(catalogue):
    voids = voids_from_catalogue(*catalogue, BOX)
    np.testing.assert_array_equal(voids.position, catalogue[0])
    np.testing.assert_allclose(voids.volume, 4 / 3 * np.pi * catalogue[1] ** 3)


def test_centres_beyond_a_face_are_wrapped_or_dropped(catalogue):
    position, radius = catalogue
    position[0, 0] = -5.0
    voids = voids_from_catalogue(position, radius, BOX)
    assert voids.position[0, 0] == pytest.approx(415)
    assert len(voids_from_catalogue(position, radius, BOX, periodic=False)) == 499


@pytest.mark.parametrize(
    ("scale_position", "scale_radius"),
    [
        (1 / 0.7, 1 / 0.7),  # Mpc in a box of Mpc/h
        (0.7, 0.7),  # a box of Mpc/h, lengths divided by h once too often
        (1000, 1000),  # kpc/h
        (1, 1000),
        (1, 1e-3),  # Gpc/h
        (1, 5),  # of one void alone possible, of all of them not
    ],
)
def test_other_units_are_refused_in_one_line(catalogue, scale_position, scale_radius):
    position, radius = catalogue
    with pytest.raises(InputError, match="Mpc/h") as caught:
        voids_from_catalogue(position * scale_position, radius * scale_radius, BOX, source="v.txt")
    assert str(caught.value).startswith("v.txt")
    assert "\n" not in str(caught.value)


def test_invalid_values_are_refused(catalogue):
    position, radius = catalogue
    radius[3] = np.nan
    with pytest.raises(InputError, match="finite"):
        voids_from_catalogue(position, radius, BOX)
    with pytest.raises(InputError, match="500 centres but 499 radii"):
        voids_from_catalogue(position, radius[1:], BOX)


def test_a_catalogue_may_be_empty():
    assert len(voids_from_catalogue(np.empty((0, 3)), np.empty(0), BOX)) == 0
