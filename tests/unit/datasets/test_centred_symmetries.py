"""Symmetries about the central pixel of a stamp."""

import numpy as np
import pytest

from cosmodag.datasets.augmentation import apply_symmetries


@pytest.mark.parametrize("side", [6, 7])
def test_centred_symmetries_keep_an_object_in_its_pixel(side):
    maps = np.random.default_rng(0).normal(size=(8, side, side, 1))
    maps[:, side // 2, side // 2] = 99
    turned = apply_symmetries(maps, np.arange(8), centred=True)
    assert (turned[:, side // 2, side // 2] == 99).all()
    beside = maps[:, side // 2, side // 2 + 1, 0]
    near = turned[:, side // 2 - 1 : side // 2 + 2, side // 2 - 1 : side // 2 + 2, 0]
    cross = near[:, [0, 1, 1, 2], [1, 0, 2, 1]]
    assert (cross == beside[:, None]).any(1).all()
    if side % 2:
        np.testing.assert_array_equal(turned, apply_symmetries(maps, np.arange(8)))
