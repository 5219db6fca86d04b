"""The grid file: mass on the grids of a batch of boxes, in one HDF5 dataset.

Beside it there may be further fields of each box, one dataset in the group `fields` each.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import h5py
import numpy as np
from numpy.typing import ArrayLike

from cosmodag.errors import InputError
from cosmodag.hdf5 import create_file, open_kind
from cosmodag.voids.box_cells import chunk_side

FIELDS = "fields"
"""Group of the further fields, and attribute with their names in order."""


class Fields(Protocol):
    """What further fields are made by, see `cosmodag.voids.fields.box_fields`."""

    @property
    def names(self) -> list[str]:
        """Name of each field."""

    def of(self, galaxies: np.ndarray, box_size: ArrayLike) -> Iterator[np.ndarray]:
        """Yield the fields of a box from its overdensity."""

    def write(self, file: h5py.File) -> None:
        """Write how fields are made."""


@dataclass(frozen=True, kw_only=True)
class GridMetadata:
    """Boxes of a grid file and how mass was assigned to their grids.

    Attributes
    ----------
    box_size : array-like, shape (3,)
        Sides of every box in comoving Mpc/h.
    method : {"ngp", "cic", "tsc"}
        Mass assignment.
    periodic : bool
        Whether the boxes are periodic.
    source : str
        Source of the particles.
    boxes, groups : sequence of str, shape (B,)
        Name and group of each box; boxes of one group are not independent of each other.
    omega_m, sigma8 : array-like, shape (B,), optional
        Cosmological parameters of each box, where the source contains them.
    seeds : array-like of int, shape (B,), optional
        Seed of the initial conditions of each simulated box.
    relative : bool
        Whether the mass of each cell is in units of the expected mass, so that its mean is 1 by
        definition, whatever the part of the box that is known.
    """

    box_size: ArrayLike
    method: str
    periodic: bool
    source: str
    boxes: Sequence[str]
    groups: Sequence[str]
    omega_m: ArrayLike | None = None
    sigma8: ArrayLike | None = None
    seeds: ArrayLike | None = None
    relative: bool = False


@dataclass(frozen=True, kw_only=True)
class GridHeader(GridMetadata):
    """Metadata of a grid file and statistics of its boxes.

    Attributes
    ----------
    particles : numpy.ndarray, shape (B,), int64
        Number of particles in each box.
    mean_density : numpy.ndarray, shape (B,), float64
        Mean mass per cell of each box.
    """

    particles: np.ndarray
    mean_density: np.ndarray


def write_grids(
    output: str | os.PathLike,
    grids: Iterable[tuple[np.ndarray, int]],
    metadata: GridMetadata,
    *,
    shape: Sequence[int],
    inputs: Sequence[str | os.PathLike] = (),
    fields: Fields | None = None,
) -> None:
    """Write a grid file, completely or not at all.

    Parameters
    ----------
    output : path-like
        Grid file to write.
    grids : iterable of (numpy.ndarray, int)
        Mass per cell and number of particles of each box, in the order of `metadata.boxes`. Grids
        are consumed one by one, so a generator may fill the same array again.
    metadata : GridMetadata
        Boxes of the file.
    shape : sequence of int, shape (3,)
        Cells along each axis.
    inputs : sequence of path-like
        Files that the grids are made from.
    fields : Fields, optional
        Makes further fields of each box from its overdensity.

    Raises
    ------
    InputError
        A box has no mass.
    """
    boxes = metadata.boxes
    with create_file(output, "grid", inputs=inputs) as file:
        chunks = (1, *map(chunk_side, shape))
        layout = {"shape": (len(boxes), *shape), "dtype": np.float32, "chunks": chunks}
        dataset = file.create_dataset("grid", **layout)
        others = [
            file.create_dataset(f"{FIELDS}/{name}", **layout)
            for name in (fields.names if fields else ())
        ]
        particles, mean_density = [], []
        for row, (grid, n_particles) in enumerate(grids):
            particles.append(n_particles)
            mean_density.append(1.0 if metadata.relative else grid.mean(dtype=np.float64))
            if not mean_density[-1] > 0:
                raise InputError(
                    f"box {boxes[row]!r} of {metadata.source}: its particles have no mass"
                )
            dataset[row] = grid
            if fields:
                overdensity = grid / np.float32(mean_density[-1]) - 1
                for other, field in zip(others, fields.of(overdensity, metadata.box_size)):
                    other[row] = field
        attributes = {
            "box_size": np.asarray(metadata.box_size, np.float64),
            "method": metadata.method,
            "periodic": bool(metadata.periodic),
            "source": metadata.source,
            "boxes": list(boxes),
            "groups": list(metadata.groups),
            "particles": np.asarray(particles, np.int64),
            "mean_density": np.asarray(mean_density, np.float64),
        }
        if fields:
            attributes[FIELDS] = fields.names
            fields.write(file)
        for name in ("omega_m", "sigma8"):
            if getattr(metadata, name) is not None:
                attributes[name] = np.asarray(getattr(metadata, name), np.float64)
        if metadata.seeds is not None:
            attributes["seeds"] = np.asarray(metadata.seeds, np.int64)
        file.attrs.update(attributes)


def read_header(path: str | os.PathLike) -> GridHeader:
    """Read the header of a grid file.

    Parameters
    ----------
    path : path-like
        Grid file.

    Returns
    -------
    GridHeader
        Metadata and statistics of the boxes.

    Raises
    ------
    InputError
        The file is missing, truncated or not a grid file.
    """
    with open_kind(path, "grid") as file:
        return _header(file, path)


def read_grid(path: str | os.PathLike, box: str | int) -> tuple[np.ndarray, GridHeader]:
    """Read the grid of one box.

    Parameters
    ----------
    path : path-like
        Grid file.
    box : str or int
        Name of the box, or its index in the file.

    Returns
    -------
    grid : numpy.ndarray, shape (nx, ny, nz), float32
        Mass per cell.
    header : GridHeader
        Metadata and statistics of all boxes.

    Raises
    ------
    InputError
        The file cannot be read or has no such box.

    Examples
    --------
    >>> grid, header = read_grid("grid.h5", 0)  # doctest: +SKIP
    >>> overdensity = grid / header.mean_density[0] - 1  # doctest: +SKIP
    """
    with open_kind(path, "grid") as file:
        header = _header(file, path)
        if isinstance(box, str):
            if box not in header.boxes:
                raise InputError(f"{path}: no box {box!r}; there are {', '.join(header.boxes)}")
            box = header.boxes.index(box)
        if not 0 <= box < len(header.boxes):
            raise InputError(f"{path}: no box {box}; there are {len(header.boxes)}")
        try:
            return file["grid"][box], header
        except OSError as error:
            raise InputError(f"{path}: box {box} cannot be read ({error}): write it anew") from None


def _header(file: h5py.File, path: str | os.PathLike) -> GridHeader:
    """Return the header of an open grid file."""
    if "grid" not in file:
        raise InputError(f"{path}: has no dataset 'grid'; `cosmodag voids grid` writes one")
    attributes = dict(file.attrs)
    for name in ("boxes", "groups"):
        attributes[name] = tuple(attributes[name])
    attributes["periodic"] = bool(attributes["periodic"])
    fields = GridHeader.__dataclass_fields__
    return GridHeader(**{name: value for name, value in attributes.items() if name in fields})
