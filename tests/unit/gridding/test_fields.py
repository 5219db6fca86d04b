"""Overdensities and projections are sums that can be checked by hand."""

import numpy as np
import pytest

from cosmodag.errors import InputError
from cosmodag.gridding.fields import overdensity, project


def test_overdensity_has_mean_zero_and_is_minus_one_where_empty():
    grid = np.random.default_rng(0).poisson(0.7, (20, 20, 20)).astype(np.float32)
    delta = overdensity(grid)
    assert delta.dtype == np.float32
    assert abs(delta.mean(dtype=np.float64)) < 1e-6
    assert np.all(delta[grid == 0] == -1)


def test_overdensity_of_a_part_takes_the_mean_of_the_whole():
    grid = np.arange(1.0, 9.0).reshape(2, 2, 2)
    np.testing.assert_allclose(overdensity(grid[0], mean=grid.mean()), overdensity(grid)[0])


def test_overdensity_can_work_in_place():
    grid = np.array([1.0, 3.0])
    assert overdensity(grid, out=grid) is grid
    np.testing.assert_allclose(grid, [-0.5, 0.5])


@pytest.mark.parametrize("grid", [np.zeros(4), np.array([1, np.nan])])
def test_a_box_without_mass_has_no_overdensity(grid):
    with pytest.raises(InputError, match="mean density"):
        overdensity(grid)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_layers_sum_to_the_whole_projection(axis):
    grid = np.random.default_rng(1).random((6, 12, 18))
    layers = project(grid, axis, layers=3)
    assert layers.shape == (3, *np.delete(grid.shape, axis))
    np.testing.assert_allclose(layers.sum(0), grid.sum(axis))


def test_projection_takes_the_depth_asked_for():
    grid = np.random.default_rng(2).random((6, 5, 4))
    np.testing.assert_allclose(project(grid, 0, start=1, depth=3)[0], grid[1:4].sum(0))


@pytest.mark.parametrize(
    ("arguments", "culprit"),
    [
        ({"axis": 3}, "axis 3"),
        ({"axis": 0, "start": 4, "depth": 3}, "depth 3"),
        ({"axis": 0, "layers": 4}, "layers 4"),
    ],
)
def test_a_projection_that_leaves_the_grid_is_refused(arguments, culprit):
    with pytest.raises(InputError, match=culprit):
        project(np.zeros((6, 6, 6)), **arguments)
