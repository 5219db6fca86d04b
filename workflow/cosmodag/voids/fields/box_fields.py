"""Fields of whole periodic boxes, which examples hold beside their galaxies.

A sub-box does not show what surrounds it, and a network that reaches over a few cells does not see
how deep a void is. These fields do: galaxies smoothed on several scales, and the voids that a
finder finds among them. With pilot boxes, whose matter is known, the matter is reconstructed, and
so are its means in spheres and its voids.
"""

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

import h5py
import numpy as np
from numpy.typing import ArrayLike

from cosmodag.errors import InputError
from cosmodag.hdf5 import open_kind
from cosmodag.voids.fields.field_names import field_names
from cosmodag.voids.fields.matter_trees import MatterTrees, Sample
from cosmodag.voids.fields.sphere_averages import sphere_averages
from cosmodag.voids.finders.smoothing import smooth_each
from cosmodag.voids.finders.underdense_spheres import find_underdense_spheres
from cosmodag.voids.finders.voxelize import voxelize_spheres

SETTINGS = "fields_settings"
"""Attribute of grid files: how their fields were made, as JSON."""
PILOTS = "pilots"
"""Group of grid files: the cells of pilot boxes that trees are fitted to."""


@dataclass(frozen=True, kw_only=True)
class BoxFields:
    """The fields of each box of a grid file.

    Parameters
    ----------
    smoothing : sequence of float
        Standard deviations in Mpc/h of the Gaussians that smooth the galaxies.
    thresholds : sequence of float
        Mean overdensities of spherical voids among the galaxies.
    matter_radii : sequence of float
        Radii in Mpc/h of spheres in which the reconstructed matter is averaged.
    matter_thresholds : sequence of float
        Mean overdensities of spherical voids in the reconstructed matter.
    minimum_radius : float
        Smallest radius of a void in Mpc/h.
    trees : MatterTrees, optional
        Reconstruct the matter; without them there are no fields of it.

    Raises
    ------
    InputError
        Two fields would be the same.
    """

    smoothing: Sequence[float]
    thresholds: Sequence[float]
    matter_radii: Sequence[float]
    matter_thresholds: Sequence[float]
    minimum_radius: float
    trees: MatterTrees | None = None

    def __post_init__(self):
        if len(set(self.names)) < len(self.names):
            raise InputError("fields: a scale, a radius or a threshold is given twice; remove one")

    @property
    def names(self) -> list[str]:
        """Name of each field."""
        return field_names(
            self.smoothing,
            self.thresholds,
            self.matter_radii if self.trees else (),
            self.matter_thresholds if self.trees else (),
        )

    def of(self, galaxies: np.ndarray, box_size: ArrayLike) -> Iterator[np.ndarray]:
        """Yield the fields of a periodic box.

        Parameters
        ----------
        galaxies : numpy.ndarray, shape (nx, ny, nz), float32
            Galaxy overdensity.
        box_size : array-like, shape (3,)
            Sides of the box in Mpc/h.

        Yields
        ------
        numpy.ndarray, shape (nx, ny, nz), float32 or uint8
            In the order of `names`: overdensities, and masks of voids.

        Raises
        ------
        InputError
            The smallest radius does not suit the cells of the box.
        """
        yield from smooth_each(galaxies, box_size, self.smoothing)
        yield from self._voids(galaxies, box_size, self.thresholds)
        if self.trees is None:
            return
        matter = self.trees.reconstruct(galaxies, box_size)
        yield from sphere_averages(matter, box_size, self.matter_radii)
        yield from self._voids(matter, box_size, self.matter_thresholds)

    def write(self, file: h5py.File) -> None:
        """Write to a grid file what `read` makes the same fields of other boxes from."""
        names = [field.name for field in fields(self) if field.name != "trees"]
        file.attrs[SETTINGS] = json.dumps({name: getattr(self, name) for name in names})
        if self.trees is not None:
            for name, values in self.trees.sample._asdict().items():
                file[f"{PILOTS}/{name}"] = values

    @classmethod
    def read(cls, path: str | os.PathLike) -> "BoxFields":
        """Return what made the fields of a grid file.

        Parameters
        ----------
        path : path-like
            Grid file.

        Raises
        ------
        InputError
            The file cannot be read or has no fields.
        """
        with open_kind(path, "grid") as file:
            if SETTINGS not in file.attrs:
                raise InputError(f"{path}: has no fields; give a grid file that was made with some")
            settings = json.loads(file.attrs[SETTINGS])
            trees = None
            if PILOTS in file:
                sample = Sample(*(file[f"{PILOTS}/{name}"][:] for name in Sample._fields))
                trees = MatterTrees([sample])
        return cls(**settings, trees=trees)

    def _voids(
        self, overdensity: np.ndarray, box_size: ArrayLike, thresholds: Sequence[float]
    ) -> Iterator[np.ndarray]:
        """Yield the mask of the voids by each threshold."""
        for threshold in thresholds:
            voids = find_underdense_spheres(
                overdensity, box_size, threshold=threshold, minimum_radius=self.minimum_radius
            )
            yield voxelize_spheres(voids.position, voids.radius, overdensity.shape, box_size)
