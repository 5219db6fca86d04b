"""Footprint, completeness and radial selection that are measured are those of the survey."""

import numpy as np
import pytest

from cosmodag.errors import InputError
from cosmodag.imaging.sky_positions import unit_vectors
from cosmodag.voids.survey.selection import measure_selection
from cosmodag.voids.survey.sky_pixels import SkyPixels
from cosmodag.voids.survey.survey_grid import grid_survey
from tests.unit.voids.survey.footprints import AREA, DEC, DISTANCE, VOLUME, inside, uniform

DENSITY = 0.01


@pytest.fixture(scope="module")
def galaxies():
    return uniform(np.random.default_rng(1), DENSITY, "galaxies")


@pytest.fixture(scope="module")
def randoms():
    return uniform(np.random.default_rng(2), 10 * DENSITY, "randoms")


@pytest.fixture(scope="module")
def grid(galaxies, randoms):
    return grid_survey(galaxies, randoms, measure_selection(galaxies, randoms), cell=4.0)


def centres(grid) -> np.ndarray:
    """Centres of the cells, shape (N, 3), with the observer at 0."""
    indices = np.indices(grid.weight.shape).reshape(3, -1).T
    return grid.origin + grid.cell * (indices + 0.5)


@pytest.mark.parametrize("n_rings", [12, 45, 181])
def test_pixels_cover_the_sphere_once_and_contain_their_share(n_rings):
    pixels = SkyPixels(n_rings)
    assert pixels.area.sum() == pytest.approx(4 * np.pi)
    sines = np.random.default_rng(1).uniform(-1, 1, 200_000)
    ra = np.random.default_rng(2).uniform(-360, 360, 200_000)
    index = pixels.index(ra, np.degrees(np.arcsin(sines)))
    assert index.min() >= 0
    assert index.max() < len(pixels.area)
    expected = len(ra) * pixels.area / (4 * np.pi)
    assert np.mean((np.bincount(index, minlength=len(expected)) - expected) ** 2 / expected) < 1.1


def test_footprint_has_the_area_and_distances_of_the_survey(galaxies, randoms):
    selection = measure_selection(galaxies, randoms)
    assert selection.area == pytest.approx(AREA, rel=0.01)
    assert selection.distance[[0, -1]] == pytest.approx(DISTANCE, rel=0.01)


def test_mean_density_is_that_of_the_galaxies(grid, galaxies):
    assert grid.mean_density == pytest.approx(galaxies.n_objects / VOLUME, rel=0.01)
    assert grid.volume == pytest.approx(VOLUME, rel=0.01)


def test_cells_outside_the_survey_are_unknown(grid):
    truth = inside(centres(grid)).reshape(grid.weight.shape)
    assert np.count_nonzero(grid.inside & ~truth) < 0.015 * np.count_nonzero(truth)
    assert np.count_nonzero(truth & ~grid.inside) < 0.015 * np.count_nonzero(truth)
    assert not grid.overdensity[~grid.inside].any()


def test_density_is_not_biased_at_the_edges(grid):
    position = centres(grid)
    near = inside(position) & ~inside(
        position * (1 + 6 / np.linalg.norm(position, axis=1)[:, None])
    )
    near = near.reshape(grid.weight.shape) & grid.inside
    mean = np.average(grid.overdensity[near], weights=grid.weight[near])
    assert abs(mean) < 3 / np.sqrt(DENSITY * np.count_nonzero(near) * grid.cell.prod())


@pytest.mark.parametrize(("with_redshifts", "accuracy"), [(True, 0.06), (False, 0.12)])
def test_radial_selection_is_followed(galaxies, randoms, with_redshifts, accuracy):
    random = np.random.default_rng(3)
    kept = [
        s.select(random.random(s.n_objects) < (80 / s.distance) ** 2) for s in (galaxies, randoms)
    ]
    given = kept[1] if with_redshifts else kept[1]._replace(distance=None)
    selection = measure_selection(kept[0], given)
    distance = np.array([100.0, 150.0, 200.0, 240.0])
    position = unit_vectors(np.full(4, 45.0), np.full(4, 25.0)) * distance[:, None]
    completeness = selection.completeness_at(position)[0]
    expected = completeness * DENSITY * (80 / distance) ** 2
    np.testing.assert_allclose(selection.density_at(position), expected, rtol=accuracy)


def test_completeness_follows_the_randoms(galaxies, randoms):
    random = np.random.default_rng(3)
    thinned = randoms.select((randoms.ra < 45) | (random.random(randoms.n_objects) < 0.7))
    selection = measure_selection(galaxies, thinned)
    seen = selection.completeness > 0
    ra = np.full(4000, 30.0), np.full(4000, 60.0)
    dec = np.linspace(DEC[0] + 3, DEC[1] - 3, 4000)
    full, part = (selection.completeness[selection.pixels.index(each, dec)].mean() for each in ra)
    assert seen.any()
    assert part / full == pytest.approx(0.7, rel=0.05)


def test_faint_parts_are_outside_if_a_density_is_demanded(galaxies, randoms):
    selection = measure_selection(galaxies, randoms)
    with pytest.raises(InputError, match="larger minimum_radius"):
        grid_survey(galaxies, randoms, selection, cell=4.0, minimum_density=3 * DENSITY)


def test_grids_that_are_too_large_are_refused_with_a_cell_that_fits(galaxies, randoms):
    with pytest.raises(InputError, match="give a cell of at least"):
        grid_survey(galaxies, randoms, measure_selection(galaxies, randoms), cell=0.05)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda randoms: randoms.select(slice(0, 900)), "900 randoms"),
        (lambda randoms: randoms._replace(ra=randoms.ra + 180), "no galaxy is inside"),
    ],
)
def test_randoms_of_no_use_are_refused(galaxies, randoms, change, message):
    with pytest.raises(InputError, match=message):
        measure_selection(galaxies, change(randoms))
