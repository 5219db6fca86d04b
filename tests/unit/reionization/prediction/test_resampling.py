"""Fields in larger cells are means over the cells that they cover."""

import numpy as np
import pytest

from cosmodag.reionization.prediction.resampling import coarsen, overlaps


@pytest.mark.parametrize(("n_cells", "ratio", "n_new"), [(6, 2.0, 3), (7, 2.0, 3), (9, 1.5, 6)])
def test_new_cells_are_covered_once(n_cells, ratio, n_new):
    weights = overlaps(n_cells, ratio)
    assert weights.shape == (n_new, n_cells)
    np.testing.assert_allclose(weights.sum(1), 1)
    np.testing.assert_allclose(ratio * weights.sum(0)[: int(n_new * ratio)], 1)


def test_the_mean_is_preserved_and_blocks_are_averaged():
    values = np.random.default_rng(1).normal(size=(6, 4, 8)).astype("f4")
    coarse = coarsen(values, 2.0, (0, 1, 2))
    expected = values.reshape(3, 2, 2, 2, 4, 2).mean((1, 3, 5))
    np.testing.assert_allclose(coarse, expected, atol=1e-6)
    assert coarsen(values, 1.5, (0,)).mean() == pytest.approx(values.mean(), abs=1e-6)


def test_other_axes_remain():
    values = np.random.default_rng(1).normal(size=(3, 4, 4)).astype("f4")
    assert coarsen(values, 2.0, (1, 2)).shape == (3, 2, 2)
