"""Displacements of galaxies in redshift space: the component along the line of sight."""

import numpy as np

CHUNK = 1 << 20
"""Particles at a time, which bounds the memory of the directions."""


def project_on_axis(displacement: np.ndarray, axis: int) -> None:
    """Keep the component along one axis, the line of sight of a distant observer.

    Parameters
    ----------
    displacement : numpy.ndarray, shape (N, 3), float32
        Peculiar velocities divided by a H in Mpc/h; the other components become 0.
    axis : {0, 1, 2}
        The axis.
    """
    displacement[:, [other for other in range(3) if other != axis]] = 0


def project_on_sight(displacement: np.ndarray, position: np.ndarray, observer: np.ndarray) -> None:
    """Keep the component along the line of sight of an observer at a finite distance.

    Parameters
    ----------
    displacement : numpy.ndarray, shape (N, 3), float32
        Peculiar velocities divided by a H in Mpc/h, which are replaced by their components.
    position : numpy.ndarray, shape (N, 3), float32
        Positions in Mpc/h.
    observer : numpy.ndarray, shape (3,)
        Position of the observer in the same coordinates; there the displacement becomes 0.
    """
    for start in range(0, len(position), CHUNK):
        rows = slice(start, start + CHUNK)
        sight = position[rows] - np.asarray(observer, np.float32)
        squared = np.einsum("ni,ni->n", sight, sight)
        along = np.einsum("ni,ni->n", sight, displacement[rows])
        part = np.divide(along, squared, out=np.zeros_like(along), where=squared > 0)
        displacement[rows] = sight * part[:, np.newaxis]
