"""Galaxies of a batch of boxes onto grids, streamed in chunks."""

import os
from collections.abc import Iterator, Sequence

import h5py
import numpy as np

from cosmodag.errors import InputError
from cosmodag.gridding.mass_assignment import assign_mass
from cosmodag.gridding.workspace import Workspace
from cosmodag.hdf5 import open_kind
from cosmodag.voids.grids.grid_file import write_grids

CHUNK = 4_000_000  # galaxies: 48 MB of positions, many enough that tiles pay on 512³ cells


def grid_galaxies(
    galaxies_file: str | os.PathLike,
    output: str | os.PathLike,
    *,
    cells: int | Sequence[int] | None = None,
    cell_size: float | None = None,
    method: str = "cic",
    threads: int | None = None,
    chunk: int = CHUNK,
) -> None:
    """Assign the galaxies of every box of a galaxies file to a grid and write a grid file.

    Memory is that of one grid and of two chunks of positions, however many galaxies there are.

    Parameters
    ----------
    galaxies_file
        HDF5 with a group per box that holds ``position`` (N, 3), Mpc/h from the box's origin,
        and optionally ``weight`` (N,).
    output
        Grid file to write, whole or not at all.
    cells, cell_size
        One of the two: cells along an axis (one number or three), or their side in Mpc/h, which
        is rounded by at most 1 % to a whole number of cells.
    method
        "ngp", "cic" or "tsc".
    threads
        As in `assign_mass`.
    chunk
        Galaxies read at once.

    Raises
    ------
    InputError
        If the file cannot be used, its boxes differ in size, a box is empty, or positions are
        NaN, infinite or outside their box.
    """
    with open_kind(galaxies_file, "galaxies") as file:
        names = sorted(name for name, item in file.items() if isinstance(item, h5py.Group))
        if not names:
            raise InputError(f"{galaxies_file}: holds no box; it needs a group for each")
        box_size, periodic = _common(file, names, galaxies_file)
        shape = grid_shape(box_size, cells=cells, cell_size=cell_size)
        write_grids(
            output,
            _grids(file, names, galaxies_file, shape, method, threads, chunk),
            shape=shape,
            box_size=box_size,
            boxes=names,
            groups=[str(file[name].attrs["group"]) for name in names],
            method=method,
            periodic=periodic,
            source=str(file.attrs.get("source", galaxies_file)),
            omega_m=_optional(file, names, "omega_m"),
            sigma8=_optional(file, names, "sigma8"),
        )


def grid_shape(
    box_size: Sequence[float],
    *,
    cells: int | Sequence[int] | None = None,
    cell_size: float | None = None,
) -> tuple[int, int, int]:
    """Cells along each axis of a box, from their number or from their side.

    Raises
    ------
    InputError
        If not exactly one of `cells` and `cell_size` is given, or the side leaves a remainder of
        more than 1 % of a cell's side when it is spread over the cells.
    """
    if (cells is None) == (cell_size is None):
        raise InputError(f"cells {cells} and cell_size {cell_size}: give exactly one of the two")
    if cells is not None:
        shape = np.broadcast_to(np.asarray(cells), (3,))
        if not np.issubdtype(shape.dtype, np.integer) or shape.min() < 1:
            raise InputError(f"cells {cells}: one or three positive whole numbers")
        return tuple(shape.tolist())
    sides = np.asarray(box_size, float)
    if not 0 < cell_size <= sides.min():
        raise InputError(f"cell_size {cell_size}: above 0 and at most {sides.min():g} Mpc/h")
    shape = np.rint(sides / cell_size).astype(int)
    if np.any(np.abs(sides / shape / cell_size - 1) > 0.01):
        raise InputError(
            f"cell_size {cell_size} does not divide the box of {sides.tolist()} Mpc/h:"
            f" {np.round(sides / shape, 4).tolist()} would"
        )
    return tuple(shape.tolist())


def _grids(file, names, path, shape, method, threads, chunk) -> Iterator[tuple[np.ndarray, int]]:
    """Grid of each box in turn, in the same array, and its number of galaxies."""
    grid, workspace = np.empty(shape, np.float32), Workspace()
    for name in names:
        grid[:] = 0
        group = file[name]
        number = len(group["position"])
        if number == 0:
            raise InputError(f"{path}: box {name!r} has no galaxies; loosen the cut or drop it")
        for start in range(0, number, chunk):
            rows = slice(start, start + chunk)
            try:
                positions = group["position"][rows]
                weights = group["weight"][rows] if "weight" in group else None
            except OSError as error:
                raise InputError(f"{path}: box {name!r} cannot be read ({error})") from None
            try:
                assign_mass(
                    positions,
                    grid,
                    group.attrs["box_size"],
                    weights=weights,
                    method=method,
                    periodic=bool(group.attrs["periodic"]),
                    threads=threads,
                    workspace=workspace,
                )
            except InputError as error:
                raise InputError(f"{path}: box {name!r}, rows from {start}: {error}") from None
        yield grid, number


def _common(file, names, path) -> tuple[np.ndarray, bool]:
    """Box size and periodicity, which all boxes of a file must share."""
    for name in names:
        missing = {"box_size", "periodic", "group"} - set(file[name].attrs)
        if missing or "position" not in file[name]:
            wanted = ", ".join(sorted(missing) or ["position"])
            raise InputError(f"{path}: box {name!r} lacks {wanted}")
    first = file[names[0]].attrs
    for name in names[1:]:
        other = file[name].attrs
        if not np.array_equal(first["box_size"], other["box_size"]) or (
            bool(first["periodic"]) != bool(other["periodic"])
        ):
            raise InputError(
                f"{path}: boxes {names[0]!r} and {name!r} differ in box_size or periodic;"
                " grid them from separate files"
            )
    return np.asarray(first["box_size"], float), bool(first["periodic"])


def _optional(file, names, key) -> list[float] | None:
    values = [file[name].attrs.get(key, np.nan) for name in names]
    return None if np.all(np.isnan(values)) else values
