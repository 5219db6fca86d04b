"""Voids as spheres of low mean density."""

import numba
import numpy as np
import pytest

from cosmodag.errors import InputError
from cosmodag.voids.finders.cross_match import match_spheres
from cosmodag.voids.finders.local_minima import find_minima
from cosmodag.voids.finders.underdense_spheres import find_underdense_spheres

from .planted import remove_spheres, scatter_spheres

SIDE, CELLS = 200.0, 80
BOX = np.full(3, SIDE)


def count_overdensity(tracers, cells=CELLS, side=SIDE):
    """Return the overdensity of the counts of tracers in cells."""
    counts, _ = np.histogramdd(tracers, bins=cells, range=[(0, side)] * 3)
    return counts / counts.mean() - 1


@pytest.fixture(scope="module")
def planted():
    """Return an overdensity with empty spheres, their centres and the radii of mean -0.7."""
    rng = np.random.default_rng(2)
    radii = np.linspace(10, 22, 10)
    centres = scatter_spheres(rng, radii, SIDE, separation=1.25)
    tracers = remove_spheres(rng.uniform(0, SIDE, (150_000, 3)), centres, radii, SIDE)
    outside = 1 / (1 - (4 / 3 * np.pi * radii**3).sum() / SIDE**3)
    return count_overdensity(tracers), centres, radii / np.cbrt(1 - 0.3 / outside)


def test_completeness_and_purity_of_planted_voids_are_one(planted):
    overdensity, centres, radii = planted
    voids = find_underdense_spheres(overdensity, BOX)
    match = match_spheres(
        voids.position, voids.radius, centres, radii, BOX, periodic=True, maximum_offset=0.2
    )
    assert match.completeness == match.purity == 1
    assert np.abs(match.radius_ratio - 1).mean() < 0.02


def test_radii_are_accurate_to_better_than_a_cell(planted):
    overdensity, centres, radii = planted
    voids = find_underdense_spheres(overdensity, BOX)
    match = match_spheres(voids.position, voids.radius, centres, radii, BOX, periodic=True)
    error = np.abs(match.radius_ratio - 1) * radii[match.reference_row]
    assert error.mean() < 0.2 * SIDE / CELLS


def test_voids_do_not_overlap():
    rng = np.random.default_rng(4)
    overdensity = count_overdensity(rng.uniform(0, SIDE, (2500, 3)), cells=40)
    voids = find_underdense_spheres(overdensity, BOX, minimum_radius=10.5)
    assert len(voids) > 10
    offset = voids.position[:, None] - voids.position
    distance = np.linalg.norm(offset - SIDE * np.round(offset / SIDE), axis=2)
    np.fill_diagonal(distance, np.inf)
    assert (distance >= voids.radius[:, None] + voids.radius).all()


def test_voids_do_not_depend_on_the_number_of_threads(planted):
    overdensity = planted[0]
    before = numba.get_num_threads()
    try:
        numba.set_num_threads(1)
        one = find_underdense_spheres(overdensity, BOX, threads=1)
    finally:
        numba.set_num_threads(before)
    two = find_underdense_spheres(overdensity, BOX, threads=2)
    np.testing.assert_allclose(one.position, two.position, rtol=1e-5)
    np.testing.assert_allclose(one.radius, two.radius, rtol=1e-5)


def test_voids_inside_an_open_box_have_their_radii(planted):
    overdensity, centres, radii = planted
    voids = find_underdense_spheres(overdensity, BOX, periodic=False)
    inside = ((centres > radii[:, None]) & (centres < SIDE - radii[:, None])).all(axis=1)
    match = match_spheres(
        voids.position, voids.radius, centres[inside], radii[inside], BOX, periodic=False
    )
    assert inside.sum() >= 3
    assert match.completeness == 1
    assert np.abs(match.radius_ratio - 1).mean() < 0.02


def test_a_minimum_is_located_between_cells():
    x, y, z = np.meshgrid(*[np.arange(12.0)] * 3, indexing="ij")
    bowl = (x - 5.3) ** 2 + (y - 6.2) ** 2 + (z - 4.6) ** 2 - 1
    minima = find_minima(bowl.astype(np.float32), 0.0, periodic=False)
    np.testing.assert_allclose(minima, [[5.3, 6.2, 4.6]], atol=1e-4)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"threshold": 0.2}, "threshold"),
        ({"minimum_radius": 150.0}, "less than half of the shortest side"),
        ({"minimum_radius": 4.0}, "two cells"),
    ],
)
def test_impossible_settings_are_refused(settings, message):
    with pytest.raises(InputError, match=message):
        find_underdense_spheres(np.zeros((CELLS,) * 3), BOX, **settings)


def test_a_box_without_tracers_is_refused():
    with pytest.raises(InputError, match="no tracer"):
        find_underdense_spheres(np.full((CELLS,) * 3, -1.0), BOX)
