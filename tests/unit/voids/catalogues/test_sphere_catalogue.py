"""Void catalogues: centres and radii in Mpc/h, checked against the box."""

import numpy as np
import pytest
from astropy.table import Table

from cosmodag.errors import InputError
from cosmodag.rejections import Rejections
from cosmodag.voids.catalogues.box_coordinates import BoxCoordinates
from cosmodag.voids.catalogues.sphere_catalogue import read_spheres

BOX = 100.0


@pytest.fixture(scope="module")
def spheres():
    """Return the columns of 200 spheres that fill the box."""
    rng = np.random.default_rng(3)
    return {**{axis: rng.uniform(0, BOX, 200) for axis in "xyz"}, "radius": rng.uniform(5, 15, 200)}


def save(path, spheres):
    """Write a FITS table of spheres."""
    Table(spheres).write(path)
    return path


def read(path, *, minimum_radius=0.0, **coordinates):
    """Read spheres in a box of 100 Mpc/h."""
    box = BoxCoordinates(**{"box_size": BOX} | coordinates)
    return read_spheres(path, box, minimum_radius=minimum_radius)


def test_centres_are_wrapped_and_counted_from_the_origin(tmp_path, spheres):
    moved = spheres | {"x": np.r_[-4.0, spheres["x"][1:]] - 50}
    path = save(tmp_path / "v.fits", moved)
    position, radius = read(path, origin=[-50, 0, 0])
    assert position[0, 0] == pytest.approx(96)
    np.testing.assert_allclose(position[1:, 0], spheres["x"][1:], atol=1e-4)
    np.testing.assert_array_equal(radius, spheres["radius"].astype("f4"))


def test_centres_outside_an_open_box_stay(tmp_path, spheres):
    path = save(tmp_path / "v.fits", spheres | {"x": np.r_[-4.0, spheres["x"][1:]]})
    position, _ = read(path, periodic=False)
    assert position[0, 0] == -4


def test_spheres_below_the_minimum_radius_are_left_out(tmp_path, spheres):
    path = save(tmp_path / "v.fits", spheres)
    position, radius = read(path, minimum_radius=10)
    assert len(position) == len(radius) == np.count_nonzero(spheres["radius"] >= 10)
    with pytest.raises(InputError, match=r"no sphere of radius 20 Mpc/h or more; radii extend"):
        read(path, minimum_radius=20)


@pytest.mark.parametrize(
    ("scale", "settings", "message"),
    [
        (1000, {}, "radii reach 1.49"),
        (0.001, {}, "far from filling .* coordinates in Gpc/h"),
        (1 / 0.7, {}, "outside the box .* unit: Mpc with hubble"),
        (1, {"unit": "Mpc", "hubble": 0.7}, "far from filling .* perhaps unit: Mpc/h"),
        (1, {"unit": "kpc/h"}, "far from filling .* perhaps unit: Mpc/h"),
    ],
)
def test_spheres_in_other_units_are_refused(tmp_path, spheres, scale, settings, message):
    scaled = {name: values * scale for name, values in spheres.items()}
    with pytest.raises(InputError, match=message) as caught:
        read(save(tmp_path / "v.fits", scaled), **settings)
    assert "\n" not in str(caught.value)


def test_invalid_spheres_are_left_out_and_listed_up_to_a_share(tmp_path, spheres):
    radius = spheres["radius"].copy()
    radius[[4, 9]] = [-1, np.nan]
    path = save(tmp_path / "v.fits", spheres | {"radius": radius})
    with pytest.raises(InputError, match=r"2 of 200 spheres .* the first: row 4: .*radius above 0"):
        read(path)
    rejections = Rejections("spheres")
    position, _ = read_spheres(path, BoxCoordinates(box_size=BOX), rejections=rejections)
    assert [item for _, item, _ in rejections.rejected] == ["row 4", "row 9"]
    assert len(position) == 198


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "box_size", "origin", "voids"),
    [("mr19", 420, 0, 2222), ("gadget", 100, -50, 72)],
)
def test_catalogues_of_vast_are_read_without_conversion(data_folder, name, box_size, origin, voids):
    path = data_folder / "voids" / f"{name}_VAST-VoidFinder_MAXIMALS.fits"
    position, radius = read(path, box_size=box_size, origin=origin)
    assert position.shape == (voids, 3)
    assert position.min() >= 0
    assert position.max() < box_size
    assert radius.min() > 10
