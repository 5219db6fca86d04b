"""Mass assignment of the galaxies of a batch of boxes, streamed in chunks."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
from numpy.typing import ArrayLike
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from cosmodag.errors import InputError
from cosmodag.gridding.mass_assignment import assign_mass
from cosmodag.gridding.tiles import Workspace
from cosmodag.hdf5 import open_kind
from cosmodag.threads import numba_threads
from cosmodag.voids.grids.cell_shape import unlike_cells
from cosmodag.voids.grids.grid_file import Fields, GridMetadata, write_grids

if TYPE_CHECKING:
    from cosmodag.voids.fields.box_fields import BoxFields
    from cosmodag.voids.grids.observed_boxes import ObservedBoxes

CHUNK = 4_000_000
"""Galaxies per chunk: 48 MB of positions, enough for tiles to be efficient on 512³ cells."""


def grid_galaxies(
    galaxies_file: str | os.PathLike,
    output: str | os.PathLike,
    *,
    cells: int | Sequence[int] | None = None,
    cell_size: float | None = None,
    method: str = "cic",
    threads: int | None = None,
    chunk: int = CHUNK,
    fields: Mapping[str, Any] | None = None,
    pilots: Sequence[str | os.PathLike] = (),
    pilots_matter: Sequence[str | os.PathLike] = (),
) -> None:
    """Assign the galaxies of each box of a galaxies file to a grid and write a grid file.

    Memory is that of one grid and two chunks of positions, for any number of galaxies; with fields,
    that of about ten grids. Boxes of a simulated survey become galaxies in units of their expected
    number, which is 1 in unknown cells, with their selection function as the field `selection`.

    Parameters
    ----------
    galaxies_file : path-like
        Galaxies file, see `cosmodag.voids.catalogues.galaxies_file`.
    output : path-like
        Grid file, written completely or not at all.
    cells, cell_size
        Size of the cells, see `grid_shape`.
    method : {"ngp", "cic", "tsc"}
        Mass assignment: nearest grid point, cloud in cell or triangular-shaped cloud.
    threads : int, optional
        Threads of the mass assignment, see `cosmodag.gridding.mass_assignment.assign_mass`.
    chunk : int
        Galaxies per chunk.
    fields : mapping, optional
        Settings of further fields of each periodic box, see
        `cosmodag.voids.fields.box_fields.BoxFields`.
    pilots, pilots_matter : sequence of path-like
        Grid files of the galaxies and of the matter of other boxes, which the matter of the fields
        is reconstructed by.

    Raises
    ------
    InputError
        The file cannot be read, its boxes differ in size, a box is empty, or positions are NaN,
        infinite or outside their box; or fields do not suit the boxes.
    """
    with open_kind(galaxies_file, "galaxies") as file:
        names = sorted(name for name, item in file.items() if isinstance(item, h5py.Group))
        if not names:
            raise InputError(f"{galaxies_file}: has no box; it needs one group per box")
        box_size, periodic = _common_box(file, names, galaxies_file)
        shape = grid_shape(box_size, cells=cells, cell_size=cell_size)
        metadata = GridMetadata(
            box_size=box_size,
            method=method,
            periodic=periodic,
            source=str(file.attrs.get("source", galaxies_file)),
            boxes=names,
            groups=[str(file[name].attrs["group"]) for name in names],
            omega_m=_cosmological_parameter(file, names, "omega_m"),
            sigma8=_cosmological_parameter(file, names, "sigma8"),
            seeds=_seeds(file, names),
            relative="selection" in file[names[0]],
        )
        made: Fields | None
        made = None if fields is None else _fields(metadata, shape, fields, pilots, pilots_matter)
        grids: Iterable[tuple[np.ndarray, int]]
        if metadata.relative:
            grids = made = _observed(file, names, shape, method)
        else:
            grids = _grids(file, names, shape, method, threads, chunk)
        inputs = [galaxies_file, *pilots, *pilots_matter]
        with numba_threads(threads), threadpool_limits(threads):
            write_grids(output, grids, metadata, shape=shape, inputs=inputs, fields=made)


def _observed(
    file: h5py.File, names: Sequence[str], shape: tuple[int, int, int], method: str
) -> "ObservedBoxes":
    """Return the boxes of a simulated survey."""
    from cosmodag.voids.grids.observed_boxes import ObservedBoxes

    if method != "cic":
        raise InputError(
            f"method {method}: the galaxies of a survey are compared with a selection that is "
            "assigned by cic; remove this key"
        )
    return ObservedBoxes(file, names, shape[0])


def _fields(
    metadata: GridMetadata,
    shape: Sequence[int],
    settings: Mapping[str, Any],
    pilots: Sequence[str | os.PathLike],
    pilots_matter: Sequence[str | os.PathLike],
) -> "BoxFields":
    """Return what makes the fields of the boxes."""
    from cosmodag.voids.fields.box_fields import BoxFields
    from cosmodag.voids.fields.pilot_boxes import fit_pilots

    if not metadata.periodic:
        raise InputError(
            f"{metadata.source}: its box is not periodic, so fields are not defined near its "
            "faces; remove the key fields"
        )
    trees = None
    if pilots or pilots_matter:
        cell_size = float(np.asarray(metadata.box_size)[0]) / shape[0]
        trees = fit_pilots(pilots, pilots_matter, cell_size=cell_size, boxes=metadata)
    return BoxFields(**settings, trees=trees)


def grid_shape(
    box_size: ArrayLike,
    *,
    cells: int | Sequence[int] | None = None,
    cell_size: float | None = None,
) -> tuple[int, int, int]:
    """Return the number of cells along each axis of a box.

    Parameters
    ----------
    box_size : array-like, shape (3,)
        Sides of the box in Mpc/h.
    cells : int or sequence of int, shape (3,), optional
        Cells along each axis.
    cell_size : float, optional
        Side of a cell in Mpc/h, instead of `cells`. It is adjusted by at most 1 % to a whole number
        of cells.

    Returns
    -------
    tuple of int, shape (3,)
        Cells along each axis.

    Raises
    ------
    InputError
        Not exactly one of `cells` and `cell_size` is given, they are not positive, `cells` are no
        cubes to within 2 %, or `cell_size` does not divide the box to within 1 %.

    Examples
    --------
    >>> grid_shape((40.0, 30.0, 20.0), cell_size=2.0)
    (20, 15, 10)
    """
    if cells is not None and cell_size is None:
        shape = np.broadcast_to(np.asarray(cells), (3,))
        if not np.issubdtype(shape.dtype, np.integer) or shape.min() < 1:
            raise InputError(f"cells {cells}: one or three positive whole numbers")
        if fault := unlike_cells(shape.tolist(), np.asarray(box_size, float).tolist()):
            raise InputError(f"cells: {fault}")
    elif cell_size is not None and cells is None:
        sides = np.asarray(box_size, float)
        if not 0 < cell_size <= sides.min():
            raise InputError(f"cell_size {cell_size}: above 0 and at most {sides.min():g} Mpc/h")
        shape = np.rint(sides / cell_size).astype(int)
        if np.any(np.abs(sides / shape / cell_size - 1) > 0.01):
            raise InputError(
                f"cell_size {cell_size} does not divide the box of {sides.tolist()} Mpc/h:"
                f" {np.round(sides / shape, 4).tolist()} would"
            )
    else:
        raise InputError(f"cells {cells} and cell_size {cell_size}: give exactly one of the two")
    nx, ny, nz = shape.tolist()
    return nx, ny, nz


def _grids(
    file: h5py.File,
    names: Sequence[str],
    shape: tuple[int, int, int],
    method: str,
    threads: int | None,
    chunk: int,
) -> Iterator[tuple[np.ndarray, int]]:
    """Yield the grid of each box, in the same array, and its number of galaxies."""
    path = file.filename
    grid, workspace = np.empty(shape, np.float32), Workspace()
    for name in tqdm(names, desc="boxes", unit="box", disable=None):
        grid[:] = 0
        group = file[name]
        n_galaxies = len(group["position"])
        if n_galaxies == 0:
            raise InputError(f"{path}: box {name!r} has no galaxies; loosen the cut or remove it")
        for start in range(0, n_galaxies, chunk):
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
        yield grid, n_galaxies


def _common_box(
    file: h5py.File, names: Sequence[str], path: str | os.PathLike
) -> tuple[np.ndarray, bool]:
    """Return the box size and the periodicity, which all boxes of a file must share."""
    for name in names:
        missing = {"box_size", "periodic", "group"} - set(file[name].attrs)
        if missing or "position" not in file[name]:
            keys = ", ".join(sorted(missing) or ["position"])
            raise InputError(f"{path}: box {name!r} lacks {keys}")
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


def _cosmological_parameter(file: h5py.File, names: Sequence[str], key: str) -> list[float] | None:
    """Return a parameter of each box, NaN where it is unknown, or None if it is for all."""
    values = [file[name].attrs.get(key, np.nan) for name in names]
    return None if np.all(np.isnan(values)) else values


def _seeds(file: h5py.File, names: Sequence[str]) -> list[int] | None:
    """Return the seeds of the boxes, or None where one was not simulated here."""
    if any("seed" not in file[name].attrs for name in names):
        return None
    return [int(file[name].attrs["seed"]) for name in names]
