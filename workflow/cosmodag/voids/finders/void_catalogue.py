"""Void catalogues: each void is a sphere, a union of spheres or a region of cells."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True)
class VoidCatalogue:
    """The voids of one box, and the spheres whose unions they are.

    Attributes
    ----------
    position : numpy.ndarray, shape (M, 3), float64
        Centre of each void in Mpc/h: that of its maximal sphere, or its centre of mass.
    radius : numpy.ndarray, shape (M,), float64
        Radius in Mpc/h: that of the maximal sphere, or of the sphere of equal volume.
    volume : numpy.ndarray, shape (M,), float64
        Volume of each void in (Mpc/h)³.
    sphere_position : numpy.ndarray, shape (S, 3), float64
        Centres of all spheres of voids that are unions of spheres, in Mpc/h; otherwise empty.
    sphere_radius : numpy.ndarray, shape (S,), float64
        Radii of these spheres in Mpc/h.
    sphere_void : numpy.ndarray, shape (S,), int64
        Row of the void that each of these spheres belongs to.
    """

    position: np.ndarray
    radius: np.ndarray
    volume: np.ndarray
    sphere_position: np.ndarray = field(default_factory=lambda: np.empty((0, 3)))
    sphere_radius: np.ndarray = field(default_factory=lambda: np.empty(0))
    sphere_void: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=np.int64))

    def __len__(self) -> int:
        return len(self.radius)


def sphere_volume(radius: ArrayLike) -> np.ndarray:
    """Return the volume of spheres, in the cube of the unit of their radius.

    Parameters
    ----------
    radius : array-like, shape (M,)
        Radii.

    Returns
    -------
    numpy.ndarray, shape (M,), float64
        Volumes.
    """
    return 4 / 3 * np.pi * np.asarray(radius, dtype=np.float64) ** 3


def spheres_as_voids(position: ArrayLike, radius: ArrayLike) -> VoidCatalogue:
    """Return a catalogue in which each sphere is a void.

    Parameters
    ----------
    position : array-like, shape (M, 3)
        Centres in Mpc/h.
    radius : array-like, shape (M,)
        Radii in Mpc/h.

    Returns
    -------
    VoidCatalogue
        Voids with the volumes of the spheres.
    """
    return VoidCatalogue(
        position=np.asarray(position, dtype=np.float64).reshape(-1, 3),
        radius=np.asarray(radius, dtype=np.float64),
        volume=sphere_volume(radius),
    )
