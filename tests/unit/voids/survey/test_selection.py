"""Footprint, completeness and radial selection that are measured are those of the survey."""

import numpy as np
import pytest

from cosmodag.errors import InputError
from cosmodag.imaging.sky_positions import unit_vectors
from cosmodag.voids.survey.footprint import footprint_of_randoms
from cosmodag.voids.survey.selection import SurveySelection, measure_selection
from cosmodag.voids.survey.survey_grid import grid_survey
from tests.unit.voids.survey.footprints import AREA, DISTANCE, VOLUME, inside, uniform

DENSITY = 0.01


@pytest.fixture(scope="module")
def galaxies():
    return uniform(np.random.default_rng(1), DENSITY, "galaxies")


@pytest.fixture(scope="module")
def randoms():
    return uniform(np.random.default_rng(2), 10 * DENSITY, "randoms")


def select(galaxies, randoms) -> SurveySelection:
    """The selection function of galaxies by their randoms."""
    return measure_selection(galaxies, footprint_of_randoms(randoms), randoms)


@pytest.fixture(scope="module")
def grid(galaxies, randoms):
    return grid_survey(galaxies, select(galaxies, randoms), cell=4.0)


def centres(grid) -> np.ndarray:
    """Centres of the cells, shape (N, 3), with the observer at 0."""
    indices = np.indices(grid.weight.shape).reshape(3, -1).T
    return grid.origin + grid.cell * (indices + 0.5)


def test_footprint_has_the_area_and_distances_of_the_survey(galaxies, randoms):
    selection = select(galaxies, randoms)
    assert selection.footprint.area == pytest.approx(AREA, rel=0.01)
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
    selection = select(kept[0], given)
    distance = np.array([100.0, 150.0, 200.0, 240.0])
    position = unit_vectors(np.full(4, 45.0), np.full(4, 25.0)) * distance[:, None]
    completeness = selection.completeness_at(position)[0]
    expected = completeness * DENSITY * (80 / distance) ** 2
    np.testing.assert_allclose(selection.density_at(position), expected, rtol=accuracy)


def test_faint_parts_are_outside_if_a_density_is_demanded(galaxies, randoms):
    selection = select(galaxies, randoms)
    with pytest.raises(InputError, match=r"give a minimum_radius at least 1.36 times as large"):
        grid_survey(galaxies, selection, cell=4.0, minimum_density=3 * DENSITY)


def test_cells_larger_than_the_survey_are_refused(galaxies, randoms):
    with pytest.raises(InputError, match="its centre outside; give a smaller cell"):
        grid_survey(galaxies, select(galaxies, randoms), cell=2000.0)


def test_grids_that_are_too_large_are_refused_with_a_cell_that_fits(galaxies, randoms):
    with pytest.raises(InputError, match="give a cell of at least"):
        grid_survey(galaxies, select(galaxies, randoms), cell=0.05)


def test_randoms_of_another_survey_are_refused(galaxies, randoms):
    with pytest.raises(InputError, match="no galaxy is inside"):
        select(galaxies, randoms._replace(ra=randoms.ra + 180))
