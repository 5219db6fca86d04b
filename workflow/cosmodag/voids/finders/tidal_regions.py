"""Voids as regions that matter leaves along all axes, by the tidal tensor."""

import numpy as np
from numpy.typing import ArrayLike

from cosmodag.gridding.tidal_tensor import tidal_classes
from cosmodag.voids.finders.underdense_regions import regions_as_voids
from cosmodag.voids.finders.void_catalogue import VoidCatalogue, sphere_volume


def find_tidal_regions(
    overdensity: ArrayLike,
    box_size: ArrayLike,
    *,
    smoothing: float = 2.0,
    eigenvalue: float = 0.2,
    minimum_volume: float | None = None,
    periodic: bool = True,
) -> tuple[np.ndarray, VoidCatalogue]:
    """Find the connected regions where no eigenvalue of the tidal tensor is above a threshold.

    They are the voids of the T-web [1]_ [2]_; sheets, filaments and knots collapse along one, two
    and three axes. As regions of low density they may span a periodic box, where their centres
    have little meaning.

    Parameters
    ----------
    overdensity : array-like, shape (nx, ny, nz)
        Density of matter over its mean, minus 1.
    box_size : array-like, shape (3,)
        Sides of the box in Mpc/h.
    smoothing : float
        Standard deviation of the Gaussian window in Mpc/h.
    eigenvalue : float
        An axis collapses if its eigenvalue exceeds this one. The eigenvalues of a cell have the
        smoothed overdensity as their sum.
    minimum_volume : float, optional
        Smallest volume of a void in (Mpc/h)³; by default that of a sphere of radius `smoothing`.
    periodic : bool
        Whether the box is periodic; otherwise its matter is mirrored at its faces.

    Returns
    -------
    mask : numpy.ndarray, shape (nx, ny, nz), uint8
        1 inside a void, 0 elsewhere.
    voids : VoidCatalogue
        Voids in descending order of volume; `radius` is that of the sphere of equal volume.

    References
    ----------
    .. [1] Hahn et al. 2007, MNRAS 375, 489.
    .. [2] Forero-Romero et al. 2009, MNRAS 396, 1815.
    """
    field = np.asarray(overdensity, dtype=np.float32)
    sides = np.asarray(box_size, dtype=np.float64)
    axes = tidal_classes(
        field, tuple(sides.tolist()), smoothing, threshold=eigenvalue, periodic=periodic
    )
    if minimum_volume is None:
        minimum_volume = float(sphere_volume(smoothing))
    return regions_as_voids(axes == 0, sides, minimum_volume, periodic=periodic)
