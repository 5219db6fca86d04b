"""Cells of unlike sides are refused, and the numbers proposed give cubes."""

import numpy as np
import pytest

from cosmodag.voids.grids.cell_shape import cubic_cells, unlike_cells


@pytest.mark.parametrize("sides", [(1000, 1000, 640), (10, 1000, 1000), (103.7, 55.1, 71.3)])
def test_proposed_numbers_of_cells_give_cubes(sides):
    assert "such as" in unlike_cells((100, 100, 100), sides)
    cells = cubic_cells(100, sides)
    lengths = np.divide(sides, cells)
    assert lengths.max() <= 1.02 * lengths.min()
    assert unlike_cells(cells, sides) is None


def test_a_box_without_fitting_numbers_gets_no_proposal():
    assert cubic_cells(2, (1, 1000, 1000)) is None
    assert unlike_cells((2, 2, 2), (1, 1000, 1000)).endswith("in proportion to the sides")
