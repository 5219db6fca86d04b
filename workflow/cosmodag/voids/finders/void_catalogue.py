"""A catalogue of voids, each one sphere or the union of several."""

from dataclasses import dataclass, field

import numpy as np


def _no_positions() -> np.ndarray:
    return np.empty((0, 3))


def _no_numbers() -> np.ndarray:
    return np.empty(0)


def _no_indices() -> np.ndarray:
    return np.empty(0, dtype=np.int64)


@dataclass(frozen=True)
class VoidCatalogue:
    """The voids of one box, and the spheres whose unions they are.

    Attributes
    ----------
    position : (M, 3) float64 array
        Centre of each void in Mpc/h: of its largest sphere, or its centre of mass.
    radius : (M,) float64 array
        Radius in Mpc/h: of the largest sphere, or of the sphere of equal volume.
    volume : (M,) float64 array
        Volume of each void in (Mpc/h)^3.
    sphere_position, sphere_radius : (S, 3) and (S,) float64 arrays
        All spheres in Mpc/h; empty where a void is a sphere or has no spheres.
    sphere_void : (S,) int64 array
        The row of the void that each sphere belongs to.
    """

    position: np.ndarray
    radius: np.ndarray
    volume: np.ndarray
    sphere_position: np.ndarray = field(default_factory=_no_positions)
    sphere_radius: np.ndarray = field(default_factory=_no_numbers)
    sphere_void: np.ndarray = field(default_factory=_no_indices)

    def __len__(self) -> int:
        return len(self.radius)


def sphere_volume(radius: np.ndarray) -> np.ndarray:
    """Volume of spheres of the given radius, in the cube of its unit."""
    return 4 / 3 * np.pi * np.asarray(radius, dtype=np.float64) ** 3


def spheres_as_voids(position: np.ndarray, radius: np.ndarray) -> VoidCatalogue:
    """Take each sphere as a void of its own, with the volume of the sphere.

    Parameters
    ----------
    position : (M, 3) array
        Centres in Mpc/h.
    radius : (M,) array
        Radii in Mpc/h.
    """
    return VoidCatalogue(
        position=np.asarray(position, dtype=np.float64).reshape(-1, 3),
        radius=np.asarray(radius, dtype=np.float64),
        volume=sphere_volume(radius),
    )
