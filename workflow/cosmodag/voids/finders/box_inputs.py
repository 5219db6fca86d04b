"""The boxes that labels are made of: their names, sizes, galaxies and matter."""

import os
from types import TracebackType

import numpy as np

from cosmodag.errors import InputError
from cosmodag.hdf5 import open_kind


class BoxInputs:
    """Open a galaxies file, a grid file of matter or both, which hold the same boxes.

    Parameters
    ----------
    galaxies_file : path, optional
        HDF5 file of kind "galaxies": a group a box.
    matter_file : path, optional
        HDF5 file of kind "grid": one dataset of all boxes.

    Attributes
    ----------
    boxes, groups : list of str
        Name of each box, and what it is independent as.
    box_size : (3,) float64 array
        Sides of every box in Mpc/h.
    periodic : bool
        Whether the boxes repeat.

    Raises
    ------
    InputError
        If no file is given, one is unreadable or of another kind, or boxes or sizes differ.
    """

    def __init__(
        self,
        galaxies_file: str | os.PathLike | None = None,
        matter_file: str | os.PathLike | None = None,
    ):
        if galaxies_file is None and matter_file is None:
            raise InputError("labels need a galaxies file, a grid file of matter, or both")
        self._galaxies = self._matter = None
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
                self._take_galaxies()
        except BaseException:
            self.close()
            raise

    def _take_galaxies(self) -> None:
        path, boxes = self._galaxies.filename, list(self._galaxies)
        if not boxes:
            raise InputError(f"{path}: holds no box")
        if self._matter is None:
            first = self._galaxies[boxes[0]].attrs
            self.boxes = boxes
            self.groups = [str(self._galaxies[box].attrs["group"]) for box in boxes]
            self.box_size = np.asarray(first["box_size"], dtype=np.float64)
            self.periodic = bool(first["periodic"])
        elif set(boxes) != set(self.boxes):
            differing = sorted(set(boxes) ^ set(self.boxes))
            raise InputError(
                f"{path} and {self._matter.filename} hold different boxes ({differing[0]} …): "
                "make both from the same realizations"
            )
        for box in boxes:
            attributes = self._galaxies[box].attrs
            if not (
                np.allclose(attributes["box_size"], self.box_size)
                and bool(attributes["periodic"]) == self.periodic
            ):
                raise InputError(
                    f"{path}: box {box} of {list(attributes['box_size'])} Mpc/h differs from the "
                    f"others of {self.box_size.tolist()}: label boxes of one size in one file"
                )

    def galaxies(self, box: str) -> tuple[np.ndarray, np.ndarray | None]:
        """Read the positions, (N, 3) in Mpc/h, and the weights, (N,) or None, of a box."""
        if self._galaxies is None:
            raise InputError("labels from spheres or underdensities need a galaxies file")
        group = self._galaxies[box]
        return group["position"][:], group["weight"][:] if "weight" in group else None

    def matter_overdensity(self, box: str) -> np.ndarray:
        """Read the matter overdensity of a box, (nx, ny, nz) float32."""
        if self._matter is None:
            raise InputError("labels from matter need a grid file of the matter")
        row = self.boxes.index(box)
        overdensity = self._matter["grid"][row]
        overdensity /= np.float32(self._matter.attrs["mean_density"][row])
        overdensity -= 1
        return overdensity

    def close(self) -> None:
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
