"""The kernels agree with slices and sums of NumPy."""

import numpy as np
import pytest

from cosmodag.reionization.cutouts.patches import cut_patches, plane_sums, planes_nonzero


@pytest.fixture
def cube() -> np.ndarray:
    values = np.random.default_rng(1).normal(size=(12, 12, 12)).astype(np.float32)
    values[values < 0.5] = 0
    values[3] = 0
    return values


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("order", ["C", "F"])
def test_patches_are_slices_of_the_cube(cube, axis, order):
    corners = np.random.default_rng(2).integers(0, 8, (20, 3))
    maps = np.full((20, 5, 5, 2), np.nan, np.float32)
    cut_patches(np.asarray(cube, order=order), axis, corners, 5, maps[..., 1])
    for patch, corner in zip(maps, corners):
        selection = tuple(
            edge if along == axis else slice(edge, edge + 5) for along, edge in enumerate(corner)
        )
        np.testing.assert_array_equal(patch[..., 1], cube[selection])
    assert np.isnan(maps[..., 0]).all()


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_planes_are_summed_and_zero_planes_recognized(cube, axis):
    planes = np.array([7, 3, 0])
    across = tuple(other for other in range(3) if other != axis)
    expected = cube.sum(axis=across, dtype=float)
    np.testing.assert_allclose(plane_sums(cube)[axis], expected, rtol=1e-6, atol=1e-9)
    nonzero = planes_nonzero(cube, axis, planes)
    np.testing.assert_array_equal(nonzero, (cube != 0).any(axis=across)[planes])
    assert axis or nonzero.tolist() == [True, False, True]
