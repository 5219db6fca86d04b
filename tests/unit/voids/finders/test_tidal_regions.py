"""Voids by the tidal tensor: a planted hole in sheets that only one axis collapses along."""

import numpy as np

from cosmodag.voids.finders.tidal_regions import find_tidal_regions

SIDE, CELLS = 64.0, 32


def test_a_void_is_where_matter_leaves_along_all_axes():
    x, y, z = np.indices((CELLS,) * 3) * SIDE / CELLS
    hole = sum(np.cos(2 * np.pi * (axis - 20) / SIDE) for axis in (x, y, z))
    # The tensor of a sum of plane waves along the axes is diagonal, with the waves as eigenvalues.
    mask, voids = find_tidal_regions(-hole, [SIDE] * 3, smoothing=0.01, eigenvalue=0.2)
    expected = np.maximum.reduce([-np.cos(2 * np.pi * (a - 20) / SIDE) for a in (x, y, z)]) <= 0.2
    np.testing.assert_array_equal(mask, expected)
    np.testing.assert_allclose(voids.position, [[20, 20, 20]], atol=1.01)
    assert voids.volume[0] == expected.sum() * (SIDE / CELLS) ** 3


def test_a_sheet_and_small_regions_are_no_voids():
    x, _, _ = np.indices((CELLS,) * 3) * SIDE / CELLS
    sheet = -np.cos(2 * np.pi * x / SIDE)  # collapses along x where it is dense
    mask, voids = find_tidal_regions(sheet, [SIDE] * 3, smoothing=0.01, eigenvalue=0.05)
    assert len(voids) == 1
    assert 0.4 < mask.mean() < 0.6
    mask, voids = find_tidal_regions(
        sheet, [SIDE] * 3, smoothing=0.01, eigenvalue=0.05, minimum_volume=SIDE**3
    )
    assert len(voids) == 0
    assert not mask.any()
