"""Means of a field in spheres, and the lowest of them nearby."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy import ndimage

from cosmodag.voids.finders.smoothing import smooth_each


def sphere_averages(
    field: np.ndarray, box_size: ArrayLike, radii: Sequence[float]
) -> Iterator[np.ndarray]:
    """Average a periodic field in spheres.

    A cell inside a sphere of low mean density has a low minimum of such means nearby, even if its
    own surroundings are dense.

    Parameters
    ----------
    field : numpy.ndarray, shape (nx, ny, nz), float32
        An overdensity.
    box_size : array-like, shape (3,)
        Sides of the box in Mpc/h.
    radii : sequence of float
        Radii in Mpc/h.

    Yields
    ------
    numpy.ndarray, shape (nx, ny, nz), float32
        For each radius, the mean within the sphere about each cell, then the lowest such mean
        within a cube that reaches as far as the radius.
    """
    size = np.asarray(box_size, np.float64)
    cell = size[0] / field.shape[0]
    for radius, mean in zip(radii, smooth_each(field, size, radii, window="tophat")):
        yield mean
        width = 2 * int(np.rint(radius / cell)) + 1
        yield ndimage.minimum_filter(mean, width, mode="wrap")
