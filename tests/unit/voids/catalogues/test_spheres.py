"""Catalogues of voids: centres and radii in Mpc/h, checked against the box."""

import numpy as np
import pytest
from astropy.table import Table

from cosmodag.errors import InputError
from cosmodag.voids.catalogues.spheres import read_spheres

BOX = 100.0


@pytest.fixture(scope="module")
def spheres():
    rng = np.random.default_rng(3)
    return {**{axis: rng.uniform(0, BOX, 200) for axis in "xyz"}, "radius": rng.uniform(5, 15, 200)}


def save(path, spheres):
    Table(spheres).write(path)
    return path


def test_centres_are_wrapped_and_counted_from_the_origin(tmp_path, spheres):
    moved = spheres | {"x": np.r_[-4.0, spheres["x"][1:]] - 50}
    path = save(tmp_path / "v.fits", moved)
    position, radius = read_spheres(path, box_size=BOX, origin=[-50, 0, 0])
    assert position[0, 0] == pytest.approx(96)
    np.testing.assert_allclose(position[1:, 0], spheres["x"][1:], atol=1e-4)
    np.testing.assert_array_equal(radius, spheres["radius"].astype("f4"))


def test_open_boxes_keep_centres_beyond_a_face(tmp_path, spheres):
    path = save(tmp_path / "v.fits", spheres | {"x": np.r_[-4.0, spheres["x"][1:]]})
    position, _ = read_spheres(path, box_size=BOX, periodic=False)
    assert position[0, 0] == -4


def test_small_spheres_are_left_out(tmp_path, spheres):
    path = save(tmp_path / "v.fits", spheres)
    position, radius = read_spheres(path, box_size=BOX, minimum_radius=10)
    assert len(position) == len(radius) == np.count_nonzero(spheres["radius"] >= 10)
    with pytest.raises(InputError, match=r"no sphere of radius 20 Mpc/h or more; radii run from 5"):
        read_spheres(path, box_size=BOX, minimum_radius=20)


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
        read_spheres(save(tmp_path / "v.fits", scaled), box_size=BOX, **settings)
    assert "\n" not in str(caught.value)


def test_faulty_spheres_are_counted(tmp_path, spheres):
    radius = spheres["radius"].copy()
    radius[[4, 9]] = [-1, np.nan]
    path = save(tmp_path / "v.fits", spheres | {"radius": radius})
    with pytest.raises(InputError, match=r"2 of 200 spheres .* the first in row 4"):
        read_spheres(path, box_size=BOX)


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "box_size", "origin", "voids"),
    [("mr19", 420, 0, 2222), ("gadget", 100, -50, 72)],
)
def test_vast_catalogues_are_read_as_they_are(data_folder, name, box_size, origin, voids):
    path = data_folder / "voids" / f"{name}_VAST-VoidFinder_MAXIMALS.fits"
    position, radius = read_spheres(path, box_size=box_size, origin=origin)
    assert position.shape == (voids, 3)
    assert position.min() >= 0
    assert position.max() < box_size
    assert radius.min() > 10
