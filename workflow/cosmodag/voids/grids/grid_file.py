"""Grid files: masses on a grid for a batch of boxes, one HDF5 dataset."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import h5py
import numpy as np

from cosmodag.errors import InputError
from cosmodag.files import whole_file
from cosmodag.hdf5 import open_kind

CHUNK_SIDE = (
    64  # cells: 1 MiB a chunk, so that slabs and sub-boxes read little more than themselves
)


@dataclass(frozen=True)
class GridHeader:
    """What a grid file says about its boxes; arrays and tuples have one entry a box (B).

    Attributes
    ----------
    box_size
        (3,) float64, comoving Mpc/h.
    method
        "ngp", "cic" or "tsc".
    periodic
        Whether the boxes are.
    source
        Where the particles came from.
    boxes, groups
        Names of the boxes, and what each is independent as.
    particles
        (B,) int64, particles assigned.
    mean_density
        (B,) float64, mass per cell.
    omega_m, sigma8
        (B,) float64 or ``None`` where the source does not tell.
    """

    box_size: np.ndarray
    method: str
    periodic: bool
    source: str
    boxes: tuple[str, ...]
    groups: tuple[str, ...]
    particles: np.ndarray
    mean_density: np.ndarray
    omega_m: np.ndarray | None = None
    sigma8: np.ndarray | None = None


def write_grids(
    output: str | os.PathLike,
    volumes: Iterable[tuple[np.ndarray, int]],
    *,
    shape: Sequence[int],
    box_size: Sequence[float],
    boxes: Sequence[str],
    groups: Sequence[str],
    method: str,
    periodic: bool,
    source: str,
    omega_m: Sequence[float] | None = None,
    sigma8: Sequence[float] | None = None,
) -> None:
    """Write a grid file, whole or not at all.

    Parameters
    ----------
    output
        HDF5 file to write.
    volumes
        For each of `boxes`, in that order, the masses of shape `shape` and the number of
        particles in them. Consumed one by one, so a generator keeps one box in memory and may
        fill the same array again.
    shape
        Cells along each axis.
    box_size, boxes, groups, method, periodic, source, omega_m, sigma8
        As in `GridHeader`.

    Raises
    ------
    InputError
        If a box has no mass.
    """
    with whole_file(output) as partial, h5py.File(partial, "w") as file:
        chunks = (1, *(min(n, CHUNK_SIDE) for n in shape))
        dataset = file.create_dataset("grid", (len(boxes), *shape), np.float32, chunks=chunks)
        particles, mean_density = [], []
        for place, (grid, number) in enumerate(volumes):
            particles.append(number)
            mean_density.append(grid.mean(dtype=np.float64))
            if not mean_density[-1] > 0:
                raise InputError(f"box {boxes[place]!r} of {source}: its particles have no mass")
            dataset[place] = grid
        attributes = {
            "kind": "grid",
            "box_size": np.asarray(box_size, np.float64),
            "method": method,
            "periodic": bool(periodic),
            "source": source,
            "boxes": list(boxes),
            "groups": list(groups),
            "particles": np.asarray(particles, np.int64),
            "mean_density": np.asarray(mean_density, np.float64),
        }
        for name, values in (("omega_m", omega_m), ("sigma8", sigma8)):
            if values is not None:
                attributes[name] = np.asarray(values, np.float64)
        file.attrs.update(attributes)


def read_header(path: str | os.PathLike) -> GridHeader:
    """Read what a grid file says about its boxes.

    Raises
    ------
    InputError
        If the file is missing, truncated or not a grid file.
    """
    with open_kind(path, "grid") as file:
        return _header(file, path)


def read_grid(path: str | os.PathLike, box: str | int) -> tuple[np.ndarray, GridHeader]:
    """Read the masses of one box.

    Parameters
    ----------
    path
        Grid file.
    box
        Name of the box, or its place in the file.

    Returns
    -------
    grid : ndarray
        (nx, ny, nz) float32, mass per cell.
    header : GridHeader

    Raises
    ------
    InputError
        If the file cannot be used or has no such box.
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


def _header(file: h5py.File, path) -> GridHeader:
    if "grid" not in file:
        raise InputError(f"{path}: has no dataset 'grid'; `cosmodag voids grid` writes one")
    attributes = dict(file.attrs)
    for name in ("boxes", "groups"):
        attributes[name] = tuple(attributes[name])
    attributes["periodic"] = bool(attributes["periodic"])
    known = GridHeader.__dataclass_fields__
    return GridHeader(**{name: value for name, value in attributes.items() if name in known})
