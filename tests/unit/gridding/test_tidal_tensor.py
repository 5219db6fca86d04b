import numpy as np
import pytest
from scipy import ndimage

from cosmodag.gridding.tidal_tensor import (
    symmetric_eigenvalues,
    tidal_classes,
    tidal_eigenvalues,
)


@pytest.mark.parametrize("size", [2, 3])
def test_closed_form_eigenvalues_are_those_of_the_general_solver(size):
    matrices = np.random.default_rng(0).normal(size=(500, size, size))
    matrices += matrices.transpose(0, 2, 1)
    matrices[0] = np.eye(size)
    tensor = {(i, j): matrices[:, i, j] for i in range(size) for j in range(i, size)}
    expected = np.linalg.eigvalsh(matrices)
    np.testing.assert_allclose(symmetric_eigenvalues(tensor), expected, atol=1e-5)


@pytest.mark.parametrize("shape", [(32, 32), (24, 24, 24)])
def test_eigenvalues_sum_to_the_smoothed_overdensity(shape):
    field = np.random.default_rng(1).normal(size=shape)
    field -= field.mean()
    total = tidal_eigenvalues(field, (1.0,) * len(shape), 2.0, periodic=True).sum(-1)
    smooth = ndimage.gaussian_filter(field, 2.0, mode="wrap", truncate=8)
    # Odd derivatives of the Nyquist wave are lost; smoothing leaves next to nothing of it.
    np.testing.assert_allclose(total, smooth, atol=2e-4)


def test_a_knot_collapses_along_three_axes_and_a_void_along_none():
    ball = np.zeros((32, 32, 32))
    ball[16, 16, 16] = 1000
    classes = tidal_classes(ball - ball.mean(), (64.0, 64.0, 64.0), 6.0)
    hole = tidal_classes(ball.mean() - ball, (64.0, 64.0, 64.0), 6.0)
    assert classes[16, 16, 16] == 3
    assert hole[16, 16, 16] == 0


def test_a_wall_collapses_along_one_axis():
    wall = np.zeros((32, 32, 32))
    wall[16] = 10
    classes = tidal_classes(wall - wall.mean(), (64.0, 64.0, 64.0), 4.0, threshold=0.01)
    assert (classes[16] == 1).all()
