"""The grid file and the labels file of a batch of boxes, opened together and checked."""

import contextlib
import dataclasses
import os
from collections.abc import Iterator, Sequence

import h5py
import numpy as np

from cosmodag.cutouts.box_mesh import BoxMesh
from cosmodag.errors import InputError
from cosmodag.hdf5 import open_kind


@dataclasses.dataclass(frozen=True)
class BoxFiles:
    """Galaxy grids and void labels of the same boxes.

    Attributes
    ----------
    grid, labels_file : h5py.File
    labels : list of str
        Labels to be used.
    boxes, groups : list of str
        Name of each box, and what it is independent as.
    box_size : numpy.ndarray, shape (3,)
        In Mpc/h.
    cells : tuple of int
        Shape of the galaxy grid.
    periodic : bool
    """

    grid: h5py.File
    labels_file: h5py.File
    labels: list[str]
    boxes: list[str]
    groups: list[str]
    box_size: np.ndarray
    cells: tuple[int, int, int]
    periodic: bool

    @property
    def name(self) -> str:
        """Path of the grid file."""
        return self.grid.filename

    @property
    def cell_size(self) -> np.ndarray:
        """Sides of a cell in Mpc/h."""
        return self.box_size / self.cells

    def grid_mesh(self, box: int) -> BoxMesh:
        """Galaxy mass per cell of one box."""
        return BoxMesh(self.grid["grid"], box)

    def mean_mass(self, box: int) -> float:
        """Mean galaxy mass per cell of one box."""
        mean = float(self.grid.attrs["mean_density"][box])
        if not mean > 0:
            raise InputError(
                f"{self.grid.filename}: box {self.boxes[box]} has mean_density {mean}: an empty "
                "box has no overdensity, leave it out of the grid file"
            )
        return mean

    def mask_mesh(self, box: int, label: str) -> BoxMesh:
        """Void mask of one box (1 inside a void)."""
        place = _texts(self.labels_file.attrs["boxes"]).index(self.boxes[box])
        return BoxMesh(self.labels_file[label]["mask"], place)

    def mask_ratio(self, label: str) -> tuple[int, int, int]:
        """Galaxy cells to a mask cell along each axis."""
        mesh = self.labels_file[label]["mask"].shape[1:]
        return tuple(cells // coarse for cells, coarse in zip(self.cells, mesh))

    def voids(self, box: int, label: str) -> tuple[np.ndarray, np.ndarray]:
        """Void centres (M, 3) in Mpc/h and volumes (M,) in (Mpc/h)^3 of one box."""
        catalogue = self.labels_file[label]["voids"][self.boxes[box]]
        position = np.asarray(catalogue["position"], dtype=np.float64).reshape(-1, 3)
        return position, np.asarray(catalogue["volume"], dtype=np.float64)

    def cosmology(self, box: int) -> dict[str, float]:
        """Cosmological parameters of one box, where the grid file tells them."""
        names = [name for name in ("omega_m", "sigma8") if name in self.grid.attrs]
        return {name: float(self.grid.attrs[name][box]) for name in names}


@contextlib.contextmanager
def open_boxes(
    grid_file: str | os.PathLike,
    labels_file: str | os.PathLike,
    labels: Sequence[str] | None = None,
) -> Iterator[BoxFiles]:
    """Open a grid file and the labels file made of the same boxes.

    Parameters
    ----------
    grid_file, labels_file : path
    labels : sequence of str, optional
        Labels to use; all of the file by default.

    Yields
    ------
    BoxFiles

    Raises
    ------
    InputError
        A file is missing or of another kind, a label is absent, the files disagree on boxes or box
        size, or a label mesh does not divide the galaxy grid.
    """
    with open_kind(grid_file, "grid") as grid, open_kind(labels_file, "labels") as labelled:
        known = _texts(labelled.attrs["labels"])
        chosen = list(known if labels is None else labels)
        for label in chosen:
            if label not in known:
                raise InputError(
                    f"{labels_file}: label {label!r} is not among {', '.join(known)}: choose from "
                    "these or have it made"
                )
        files = BoxFiles(
            grid=grid,
            labels_file=labelled,
            labels=chosen,
            boxes=_texts(grid.attrs["boxes"]),
            groups=_texts(grid.attrs["groups"]),
            box_size=np.asarray(grid.attrs["box_size"], dtype=np.float64),
            cells=tuple(grid["grid"].shape[1:]),
            periodic=bool(grid.attrs["periodic"]),
        )
        _check_agreement(files)
        yield files


def _check_agreement(files: BoxFiles) -> None:
    grid_name, labels_name = files.grid.filename, files.labels_file.filename
    missing = sorted(set(files.boxes) - set(_texts(files.labels_file.attrs["boxes"])))
    if missing:
        raise InputError(
            f"{labels_name}: box {missing[0]} of {grid_name} has no labels: make both of the same "
            "boxes"
        )
    size = np.asarray(files.labels_file.attrs["box_size"], dtype=np.float64)
    if not np.allclose(size, files.box_size, rtol=1e-6):
        raise InputError(
            f"{labels_name}: box_size {size.tolist()} Mpc/h differs from {files.box_size.tolist()} "
            f"of {grid_name}: make both of the same boxes"
        )
    for label in files.labels:
        mesh = files.labels_file[label]["mask"].shape[1:]
        if any(cells % coarse for cells, coarse in zip(files.cells, mesh)):
            raise InputError(
                f"{labels_name}: the {label} mesh {tuple(mesh)} does not divide the galaxy grid "
                f"{files.cells} of {grid_name}: choose meshes of an integer ratio"
            )


def _texts(values: Sequence) -> list[str]:
    return [value.decode() if isinstance(value, bytes) else str(value) for value in values]
