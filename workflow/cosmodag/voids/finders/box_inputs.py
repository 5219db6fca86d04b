"""Galaxies, matter and external void catalogue of the boxes in which voids are found."""

import os
from collections.abc import Mapping
from types import TracebackType

import h5py
import numpy as np

from cosmodag.errors import InputError
from cosmodag.hdf5 import open_kind

CatalogueArrays = tuple[np.ndarray, np.ndarray]
"""Centres (M, 3) and radii (M,) of an external void catalogue in Mpc/h."""


class BoxInputs:
    """Inputs of void finders for the boxes of a galaxies file, a matter grid file, or both.

    Parameters
    ----------
    galaxies_file : path-like, optional
        HDF5 file of kind "galaxies", with one group per box.
    matter_file : path-like, optional
        HDF5 file of kind "grid", with one dataset of all boxes.
    catalogues : mapping from str to (positions, radii), optional
        External void catalogue of each box, by the name of the box.

    Attributes
    ----------
    boxes, groups : list of str
        Name and group of each box; boxes of one group are not independent of each other.
    box_size : numpy.ndarray, shape (3,), float64
        Sides of every box in Mpc/h.
    periodic : bool
        Whether the boxes are periodic.

    Raises
    ------
    InputError
        No file is given, a file is unreadable or of another kind, or boxes or box sizes differ.
    """

    def __init__(
        self,
        galaxies_file: str | os.PathLike | None = None,
        matter_file: str | os.PathLike | None = None,
        catalogues: Mapping[str, CatalogueArrays] | None = None,
    ):
        if galaxies_file is None and matter_file is None:
            raise InputError("labels need a galaxies file, a grid file of matter, or both")
        self._catalogues = catalogues or {}
        self._galaxies: h5py.File | None = None
        self._matter: h5py.File | None = None
        try:
            if matter_file is not None:
                self._matter = open_kind(matter_file, "grid")
                attributes = self._matter.attrs
                self.boxes = [str(name) for name in attributes["boxes"]]
                self.groups = [str(name) for name in attributes["groups"]]
                self.box_size = np.asarray(attributes["box_size"], dtype=np.float64)
                self.periodic = bool(attributes["periodic"])
            if galaxies_file is not None:
                self._galaxies = open_kind(galaxies_file, "galaxies")
                self._describe_galaxies(self._galaxies)
        except BaseException:
            self.close()
            raise

    def _describe_galaxies(self, file: h5py.File) -> None:
        """Read the attributes of the boxes of the galaxies, and compare them with the matter's."""
        path, boxes = file.filename, list(file)
        if not boxes:
            raise InputError(f"{path}: has no box")
        if self._matter is None:
            first = file[boxes[0]].attrs
            self.boxes = boxes
            self.groups = [str(file[box].attrs["group"]) for box in boxes]
            self.box_size = np.asarray(first["box_size"], dtype=np.float64)
            self.periodic = bool(first["periodic"])
        elif set(boxes) != set(self.boxes):
            different = sorted(set(boxes) ^ set(self.boxes))
            raise InputError(
                f"{path} and {self._matter.filename} contain different boxes ({different[0]} …): "
                "make both from the same realizations"
            )
        for box in boxes:
            attributes = file[box].attrs
            if not (
                np.allclose(attributes["box_size"], self.box_size)
                and bool(attributes["periodic"]) == self.periodic
            ):
                raise InputError(
                    f"{path}: box {box} of {list(attributes['box_size'])} Mpc/h differs from the "
                    f"others of {self.box_size.tolist()}: label boxes of one size in one file"
                )

    @property
    def has_matter(self) -> bool:
        """Whether there is a grid file of the matter."""
        return self._matter is not None

    def galaxies(self, box: str) -> tuple[np.ndarray, np.ndarray | None]:
        """Read the galaxies of a box.

        Parameters
        ----------
        box : str
            Name of the box.

        Returns
        -------
        position : numpy.ndarray, shape (N, 3), float32
            Positions in Mpc/h.
        weight : numpy.ndarray, shape (N,), float32, or None
            Weights, if the galaxies have them.

        Raises
        ------
        InputError
            There is no galaxies file.
        """
        if self._galaxies is None:
            raise InputError("labels from spheres or underdensities need a galaxies file")
        group = self._galaxies[box]
        return group["position"][:], group["weight"][:] if "weight" in group else None

    def matter_overdensity(self, box: str) -> np.ndarray:
        """Read the matter overdensity of a box.

        Parameters
        ----------
        box : str
            Name of the box.

        Returns
        -------
        numpy.ndarray, shape (nx, ny, nz), float32
            Density over its mean, minus 1.

        Raises
        ------
        InputError
            There is no grid file of the matter.
        """
        if self._matter is None:
            raise InputError("labels from matter need a grid file of the matter")
        row = self.boxes.index(box)
        overdensity = self._matter["grid"][row]
        overdensity /= np.float32(self._matter.attrs["mean_density"][row])
        overdensity -= 1
        return overdensity

    def void_catalogue(self, box: str) -> CatalogueArrays:
        """Return the external void catalogue of a box.

        Parameters
        ----------
        box : str
            Name of the box.

        Returns
        -------
        position : numpy.ndarray, shape (M, 3)
            Centres in Mpc/h.
        radius : numpy.ndarray, shape (M,)
            Radii in Mpc/h.

        Raises
        ------
        InputError
            The box has no external void catalogue.
        """
        if box not in self._catalogues:
            raise InputError(f"label 'catalogue': there is no void catalogue for box {box}")
        return self._catalogues[box]

    def close(self) -> None:
        """Close the files."""
        for file in (self._galaxies, self._matter):
            if file is not None:
                file.close()

    def __enter__(self) -> "BoxInputs":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
