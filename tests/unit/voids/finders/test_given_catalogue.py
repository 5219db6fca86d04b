import numpy as np
import pytest

from cosmodag.errors import InputError
from cosmodag.voids.finders.given_catalogue import take_catalogue

BOX = np.full(3, 420.0)


@pytest.fixture
def catalogue():
    rng = np.random.default_rng(0)
    return rng.uniform(0, 420, (500, 3)), rng.uniform(10, 20, 500)


def test_spheres_become_voids_with_their_volume(catalogue):
    voids = take_catalogue(*catalogue, BOX)
    np.testing.assert_array_equal(voids.position, catalogue[0])
    np.testing.assert_allclose(voids.volume, 4 / 3 * np.pi * catalogue[1] ** 3)


def test_centres_just_beyond_a_face_are_wrapped_or_left_out(catalogue):
    position, radius = catalogue
    position[0, 0] = -5.0
    voids = take_catalogue(position, radius, BOX)
    assert voids.position[0, 0] == pytest.approx(415)
    assert len(take_catalogue(position, radius, BOX, periodic=False)) == 499


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
def test_other_units_are_named(catalogue, scale_position, scale_radius):
    position, radius = catalogue
    with pytest.raises(InputError, match="Mpc/h") as caught:
        take_catalogue(position * scale_position, radius * scale_radius, BOX, source="v.txt")
    assert str(caught.value).startswith("v.txt")
    assert "\n" not in str(caught.value)


def test_values_that_are_no_numbers_are_named(catalogue):
    position, radius = catalogue
    radius[3] = np.nan
    with pytest.raises(InputError, match="finite"):
        take_catalogue(position, radius, BOX)
    with pytest.raises(InputError, match="500 centres but 499 radii"):
        take_catalogue(position, radius[1:], BOX)


def test_a_box_may_hold_no_void():
    assert len(take_catalogue(np.empty((0, 3)), np.empty(0), BOX)) == 0
