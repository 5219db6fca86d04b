"""Galaxy catalogues in any supported format, converted to positions in a box in Mpc/h."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import h5py
import numpy as np

from cosmodag.errors import InputError
from cosmodag.files import whole_file
from cosmodag.voids.catalogues.box_coordinates import BoxCoordinates, misfit_error
from cosmodag.voids.catalogues.galaxies_file import append, start_box, start_galaxies
from cosmodag.voids.catalogues.tables import Column, read_columns

# Largest distance outside the box, as a fraction of its side, that is attributed to rounding.
_ROUNDING = 1e-5
# Number of galaxies from which a catalogue is expected to fill a periodic box.
_ENOUGH_TO_FILL = 1000


@dataclass(frozen=True, kw_only=True)
class GalaxyCatalogue:
    """A file of galaxies and the meaning of its columns.

    Parameters
    ----------
    path : path-like
        The file; for the formats see `cosmodag.voids.catalogues.tables.read_columns`.
    coordinates : BoxCoordinates
        Box, unit and origin of the positions.
    columns : sequence of str or int, shape (3,)
        Names or indices of the columns of x, y and z.
    weight : str or int, optional
        Column of weights; by default each galaxy counts once.
    format, table : str, optional
        Format of the file and table in it, see `read_columns`.
    cut : mapping from str or int to mapping, optional
        Galaxies to keep, as ``{column: {"min": lower, "max": upper}}`` with inclusive bounds, of
        which one may be absent.

    Raises
    ------
    InputError
        `columns` does not name three columns, or a cut has other bounds than `min` and `max`.
    """

    path: str | os.PathLike
    coordinates: BoxCoordinates
    columns: Sequence[Column] = ("x", "y", "z")
    weight: Column | None = None
    format: str | None = None
    table: str | int | None = None
    cut: Mapping[Column, Mapping[str, float]] | None = None

    def __post_init__(self):
        if len(self.columns) != 3:
            raise InputError(f"{self.path}: columns must name x, y and z, not {list(self.columns)}")
        for column, limits in (self.cut or {}).items():
            if not limits or set(limits) - {"min", "max"}:
                raise InputError(
                    f"{self.path}: cut on '{column}' takes 'min' and 'max', not {dict(limits)}"
                )

    @property
    def bounds(self) -> dict[Column, tuple[float, float]]:
        """Lower and upper bound of each column of the cut."""
        return {
            column: (limits.get("min", -np.inf), limits.get("max", np.inf))
            for column, limits in (self.cut or {}).items()
        }


@dataclass(frozen=True)
class GalaxyChunk:
    """Consecutive galaxies of a catalogue.

    Attributes
    ----------
    position : numpy.ndarray, shape (N, 3)
        Positions in Mpc/h from the lower corner of the box.
    weight : numpy.ndarray, shape (N,), or None
        Weights, if the catalogue has them.
    """

    position: np.ndarray
    weight: np.ndarray | None


def read_galaxies(
    catalogue: GalaxyCatalogue,
    *,
    dtype: np.typing.DTypeLike = np.float32,
    chunk_rows: int = 1 << 20,
) -> Iterator[GalaxyChunk]:
    """Read the galaxies of one box chunk by chunk.

    Positions are wrapped into 0 ≤ x < box_size in a periodic box. Invalid positions are counted
    over the whole file and raise an error at its end, so results must not be used before the
    iterator is exhausted.

    Parameters
    ----------
    catalogue : GalaxyCatalogue
        The file and the meaning of its columns.
    dtype : dtype-like
        float32 or float64, of the positions and weights.
    chunk_rows : int
        Largest number of rows in memory.

    Yields
    ------
    GalaxyChunk
        Galaxies within the cut, in the order of the file.

    Raises
    ------
    InputError
        The table cannot be read, no galaxy is left after the cut, or positions are not finite or
        lie outside the box.

    Examples
    --------
    >>> catalogue = GalaxyCatalogue(
    ...     path="galaxies.fits", coordinates=BoxCoordinates(box_size=420, unit="Mpc", hubble=0.7)
    ... )
    >>> chunks = list(read_galaxies(catalogue))  # doctest: +SKIP
    """
    path, coordinates, weight = Path(catalogue.path), catalogue.coordinates, catalogue.weight
    scale = coordinates.scale(path)
    sides, corner, bounds = coordinates.sides, coordinates.corner, catalogue.bounds
    names = [*catalogue.columns, *([] if weight is None else [weight]), *bounds]
    check = _PositionCheck(path, coordinates)
    tables = read_columns(
        path, names, format=catalogue.format, table=catalogue.table, chunk_rows=chunk_rows
    )
    for columns in tables:
        row = check.n_rows + np.arange(len(columns[0]))
        check.n_rows += len(columns[0])
        keep = np.ones(len(row), bool)
        for values, (lower, upper) in zip(columns[len(columns) - len(bounds) :], bounds.values()):
            keep &= (values >= lower) & (values <= upper)
        position = np.stack([values[keep] for values in columns[:3]], axis=1).astype(np.float64)
        position = position * scale - corner
        weights = None if weight is None else columns[3][keep].astype(dtype)
        if check.add(position, weights, row[keep]):
            inside = _into_box(position, sides, coordinates.periodic, np.dtype(dtype))
            yield GalaxyChunk(inside, weights)
    check.conclude(bounds)


def write_galaxies_file(
    output: str | os.PathLike,
    catalogues: Mapping[str, GalaxyCatalogue],
    *,
    source: str,
    groups: Mapping[str, str] | None = None,
    attributes: Mapping[str, Mapping[str, float]] | None = None,
) -> None:
    """Read galaxy catalogues into a galaxies file.

    Memory does not grow with the size of the catalogues. The file is written completely or not at
    all.

    Parameters
    ----------
    output : path-like
        The galaxies file, see `cosmodag.voids.catalogues.galaxies_file`.
    catalogues : mapping from str to GalaxyCatalogue
        The catalogue of each box, by the name of the box.
    source : str
        Name of the source.
    groups : mapping from str to str, optional
        Group of each box; boxes of one group are never split. By default each box is a group.
    attributes : mapping from str to mapping, optional
        Further attributes of each box, such as `omega_m` and `sigma8`.

    Raises
    ------
    InputError
        As `read_galaxies`.
    """
    with whole_file(output) as partial, h5py.File(partial, "w") as file:
        start_galaxies(file, source)
        for name, catalogue in catalogues.items():
            box = start_box(
                file,
                name,
                box_size=catalogue.coordinates.sides,
                origin=catalogue.coordinates.corner,
                periodic=catalogue.coordinates.periodic,
                group=(groups or {}).get(name, f"{source}/{name}"),
                weighted=catalogue.weight is not None,
                attributes=(attributes or {}).get(name),
            )
            for chunk in read_galaxies(catalogue):
                append(box, chunk.position, chunk.weight)


def _into_box(
    position: np.ndarray, sides: np.ndarray, periodic: bool, dtype: np.dtype
) -> np.ndarray:
    """Return positions wrapped into a periodic box or clipped to an open one."""
    if not periodic:
        return np.clip(position, 0.0, sides).astype(dtype)
    position = np.mod(position, sides).astype(dtype)
    # Rounding to float32 may lift a position onto the upper face, which is the lower face.
    position[position >= sides.astype(dtype)] = 0.0
    return position


@dataclass
class _PositionCheck:
    """Invalid positions of a catalogue, counted over all its chunks."""

    path: Path
    coordinates: BoxCoordinates
    n_rows: int = 0
    n_galaxies: int = 0
    n_not_finite: int = 0
    first_not_finite: int = -1
    n_outside: int = 0
    low: np.ndarray = field(default_factory=lambda: np.full(3, np.inf))
    high: np.ndarray = field(default_factory=lambda: np.full(3, -np.inf))

    def add(self, position: np.ndarray, weight: np.ndarray | None, row: np.ndarray) -> bool:
        """Count the galaxies of a chunk; return whether all galaxies so far are valid."""
        finite = np.isfinite(position).all(axis=1)
        if weight is not None:
            finite &= np.isfinite(weight)
        self.n_galaxies += len(position)
        if not finite.all():
            if self.n_not_finite == 0:
                self.first_not_finite = int(row[~finite][0])
            self.n_not_finite += int(np.count_nonzero(~finite))
            position = position[finite]
        if len(position):
            sides = self.coordinates.sides
            slack = _ROUNDING * sides
            inside = ((position >= -slack) & (position <= sides + slack)).all(axis=1)
            self.n_outside += int(np.count_nonzero(~inside))
            self.low = np.minimum(self.low, position.min(axis=0))
            self.high = np.maximum(self.high, position.max(axis=0))
        return self.n_not_finite == 0 and self.n_outside == 0

    def conclude(self, bounds: Mapping[Column, tuple[float, float]]) -> None:
        """Raise an error if the catalogue has no galaxies or invalid positions."""
        if self.n_galaxies == 0:
            columns = ", ".join(map(str, bounds))
            after_cut = f" after the cut on {columns}" if bounds and self.n_rows else ""
            raise InputError(f"{self.path}: no galaxies{after_cut} ({self.n_rows} rows read)")
        if self.n_not_finite:
            raise InputError(
                f"{self.path}: {self.n_not_finite} of {self.n_galaxies} galaxies have a position "
                "or weight that is NaN or infinite, the first in row "
                f"{self.first_not_finite} (from 0); remove them"
            )
        extent = (self.high - self.low) / self.coordinates.sides
        enough = self.n_galaxies >= _ENOUGH_TO_FILL
        sparse = self.coordinates.periodic and enough and (extent < 0.9).all()
        if self.n_outside or sparse or (extent.max() < 0.01 and enough):
            raise misfit_error(
                f"{self.path}: galaxies",
                self.coordinates,
                fraction_outside=self.n_outside / self.n_galaxies,
                low=self.low + self.coordinates.corner,
                high=self.high + self.coordinates.corner,
            )
