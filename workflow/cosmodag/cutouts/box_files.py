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
    """Grids and label masks of the same boxes, in two open files.

    Attributes
    ----------
    grid, labels_file : h5py.File
        File of kind "grid" and file of kind "labels".
    labels : list of str
        Labels in use.
    boxes, groups : list of str
        Name and group of each box; boxes of one group are not independent of each other.
    box_size : numpy.ndarray, shape (3,), float64
        Sides of a box in Mpc/h.
    cells : tuple of int, shape (3,)
        Shape of the grid.
    periodic : bool
        Whether the boxes are periodic.
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
        """Sides of a cell in Mpc/h, shape (3,)."""
        return self.box_size / self.cells

    def grid_mesh(self, box: int) -> BoxMesh:
        """Return the grid of one box.

        Parameters
        ----------
        box : int
            Index of the box in the grid file.

        Returns
        -------
        BoxMesh, shape (nx, ny, nz)
            Mass per cell.
        """
        return BoxMesh(self.grid["grid"], box)

    @property
    def fields(self) -> list[str]:
        """Names of the fields beside the mass."""
        return _texts(self.grid.attrs.get("fields", ()))

    def field_mesh(self, box: int, field: str) -> BoxMesh:
        """Return a field of one box.

        Parameters
        ----------
        box : int
            Index of the box in the grid file.
        field : str
            Name of the field.

        Returns
        -------
        BoxMesh, shape (nx, ny, nz)
        """
        return BoxMesh(self.grid[f"fields/{field}"], box)

    def mean_mass(self, box: int) -> float:
        """Return the mean mass per cell of one box.

        Parameters
        ----------
        box : int
            Index of the box in the grid file.

        Returns
        -------
        float
            Mass, in the unit of the grid; above 0.

        Raises
        ------
        InputError
            The box is empty, so its overdensity is undefined.
        """
        mean = float(self.grid.attrs["mean_density"][box])
        if not mean > 0:
            raise InputError(
                f"{self.grid.filename}: box {self.boxes[box]} has mean_density {mean}: an empty "
                "box has no overdensity, leave it out of the grid file"
            )
        return mean

    def mask_mesh(self, box: int, label: str) -> BoxMesh:
        """Return the mask of one label in one box.

        Parameters
        ----------
        box : int
            Index of the box in the grid file.
        label : str
            The label.

        Returns
        -------
        BoxMesh, shape (mx, my, mz)
            1 in the cells of the label, 0 elsewhere.
        """
        place = _texts(self.labels_file.attrs["boxes"]).index(self.boxes[box])
        return BoxMesh(self.labels_file[label]["mask"], place)

    def mask_ratio(self, label: str) -> tuple[int, int, int]:
        """Return the number of grid cells per mask cell along each axis.

        Parameters
        ----------
        label : str
            The label.

        Returns
        -------
        tuple of int, shape (3,)
            Ratios along x, y and z.
        """
        ratio_x, ratio_y, ratio_z = (
            cells // coarse
            for cells, coarse in zip(self.cells, self.labels_file[label]["mask"].shape[1:])
        )
        return ratio_x, ratio_y, ratio_z

    def cosmology(self, box: int) -> dict[str, float]:
        """Return the cosmological parameters of one box that the grid file contains.

        Parameters
        ----------
        box : int
            Index of the box in the grid file.

        Returns
        -------
        dict from str to float
            `omega_m` and `sigma8`, where known.
        """
        names = [name for name in ("omega_m", "sigma8") if name in self.grid.attrs]
        return {name: float(self.grid.attrs[name][box]) for name in names}


@contextlib.contextmanager
def open_boxes(
    grid_file: str | os.PathLike,
    labels_file: str | os.PathLike,
    labels: Sequence[str] | None = None,
) -> Iterator[BoxFiles]:
    """Open a grid file and the labels file of the same boxes.

    Parameters
    ----------
    grid_file, labels_file : path-like
        File of kind "grid" and file of kind "labels".
    labels : sequence of str, optional
        Labels to use; all labels of the file by default.

    Yields
    ------
    BoxFiles
        The open files.

    Raises
    ------
    InputError
        A file is missing or of another kind, a label is absent, the files disagree on boxes or box
        size, or the mesh of a mask does not divide the grid.
    """
    with open_kind(grid_file, "grid") as grid, open_kind(labels_file, "labels") as labels_input:
        available = _texts(labels_input.attrs["labels"])
        selected = list(available if labels is None else labels)
        for label in selected:
            if label not in available:
                raise InputError(
                    f"{labels_file}: label {label!r} is not among {', '.join(available)}: choose "
                    "from these or add it to the labels"
                )
        nx, ny, nz = grid["grid"].shape[1:]
        files = BoxFiles(
            grid=grid,
            labels_file=labels_input,
            labels=selected,
            boxes=_texts(grid.attrs["boxes"]),
            groups=_texts(grid.attrs["groups"]),
            box_size=np.asarray(grid.attrs["box_size"], dtype=np.float64),
            cells=(nx, ny, nz),
            periodic=bool(grid.attrs["periodic"]),
        )
        _check_agreement(files)
        yield files


def _check_agreement(files: BoxFiles) -> None:
    """Refuse files of different boxes and masks whose mesh does not divide the grid."""
    grid_name, labels_name = files.grid.filename, files.labels_file.filename
    missing = sorted(set(files.boxes) - set(_texts(files.labels_file.attrs["boxes"])))
    if missing:
        raise InputError(
            f"{labels_name}: box {missing[0]} of {grid_name} has no labels: make both files from "
            "the same boxes"
        )
    size = np.asarray(files.labels_file.attrs["box_size"], dtype=np.float64)
    if not np.allclose(size, files.box_size, rtol=1e-6):
        raise InputError(
            f"{labels_name}: box_size {size.tolist()} Mpc/h differs from {files.box_size.tolist()} "
            f"of {grid_name}: make both files from the same boxes"
        )
    for label in files.labels:
        mesh = files.labels_file[label]["mask"].shape[1:]
        if any(cells % coarse for cells, coarse in zip(files.cells, mesh)):
            raise InputError(
                f"{labels_name}: the {label} mesh {tuple(mesh)} does not divide the grid "
                f"{files.cells} of {grid_name}: choose meshes of an integer ratio"
            )


def _texts(values: Sequence) -> list[str]:
    """Return the values of an HDF5 attribute as text."""
    return [value.decode() if isinstance(value, bytes) else str(value) for value in values]
