"""Galaxy catalogues in any supported format, into boxes of positions in Mpc/h."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import h5py
import numpy as np

from cosmodag.errors import InputError
from cosmodag.files import whole_file
from cosmodag.voids.catalogues.galaxies_file import append, start_box, start_galaxies
from cosmodag.voids.catalogues.tables import Column, read_columns
from cosmodag.voids.catalogues.units import complain_outside, mpc_over_h, three

# Positions that leave the box by no more than this fraction of its side do so by rounding.
_ROUNDING = 1e-5
# Enough galaxies to be sure that they reach all faces of a periodic box.
_MANY = 1000


@dataclass
class Chunk:
    """Some galaxies of a catalogue: positions (N, 3) in Mpc/h, weights (N,) or None."""

    position: np.ndarray
    weight: np.ndarray | None


def read_catalogue(
    path: str | os.PathLike,
    *,
    box_size: float | Sequence[float],
    columns: Sequence[Column] = ("x", "y", "z"),
    weight: Column | None = None,
    format: str | None = None,
    table: str | int | None = None,
    unit: str = "Mpc/h",
    hubble: float | None = None,
    origin: float | Sequence[float] = 0.0,
    periodic: bool = True,
    cut: Mapping[Column, Mapping[str, float]] | None = None,
    dtype: np.typing.DTypeLike = np.float32,
    chunk_rows: int = 1 << 20,
) -> Iterator[Chunk]:
    """Read the galaxies of one box chunk by chunk.

    Parameters
    ----------
    path
        The catalogue; see `cosmodag.voids.catalogues.tables.read_columns` for formats.
    box_size
        Side length, or one per axis, in Mpc/h.
    columns
        Names or numbers of x, y, z.
    weight
        Column of weights.
    format, table
        As in `read_columns`.
    unit
        Unit of the positions: "Mpc/h", "Mpc" or "kpc/h"; all comoving.
    hubble
        h = H0 / (100 km/s/Mpc), needed to convert from Mpc.
    origin
        Corner of the box in the catalogue's coordinates, after conversion to Mpc/h: -50 for a box
        that runs from -50 to 50.
    periodic
        Whether opposite faces touch; then positions are wrapped into 0 <= x < box_size.
    cut
        Galaxies to keep: {column: {"min": lower, "max": upper}}, bounds included, either optional.
    dtype
        float32 or float64, of the positions and weights.
    chunk_rows
        Largest number of rows in memory at once.

    Yields
    ------
    Chunk
        Positions counted from `origin`.

    Raises
    ------
    InputError
        The table cannot be read, no galaxy is left after the cut, or positions are not finite or
        lie outside the box. Faulty positions are counted over the whole file, and raised at its
        end: results must not be used before the iterator is exhausted.
    """
    path = Path(path)
    scale = mpc_over_h(path, unit, hubble)
    sides, corner = three("box_size", box_size), three("origin", origin)
    cut = _checked_cut(path, cut or {})
    names = [*columns, *([] if weight is None else [weight]), *cut]
    if len(columns) != 3:
        raise InputError(f"{path}: 'columns' must name x, y and z, not {list(columns)}")
    census = _Census(path, sides)
    for chunk in read_columns(path, names, format=format, table=table, chunk_rows=chunk_rows):
        row = census.rows + np.arange(len(chunk[0]))
        census.rows += len(chunk[0])
        keep = np.ones(len(row), bool)
        for values, (lower, upper) in zip(chunk[-len(cut) :] if cut else [], cut.values()):
            keep &= (values >= lower) & (values <= upper)
        position = np.stack([values[keep] for values in chunk[:3]], axis=1).astype(np.float64)
        position = position * scale - corner
        weights = None if weight is None else chunk[3][keep].astype(dtype)
        if census.sound(position, weights, row[keep]):
            yield Chunk(_into_box(position, sides, periodic, np.dtype(dtype)), weights)
    census.conclude(corner, unit, periodic, cut)


def write_galaxies_file(
    output: str | os.PathLike, *, source: str, boxes: Sequence[Mapping[str, object]]
) -> None:
    """Read catalogues into a galaxies file, with memory that does not grow with their size.

    Parameters
    ----------
    output
        The galaxies file (see `cosmodag.voids.catalogues.galaxies_file`).
    source
        Name of the source.
    boxes
        One mapping a box: `name`, optionally `group` (what it is independent as; by default the box
        is independent of all others), optionally `omega_m`, `sigma8`, `seed`, and the arguments of
        `read_catalogue`.

    Raises
    ------
    InputError
        As `read_catalogue`; two boxes of one name; nothing is written then.
    """
    names = [str(box["name"]) for box in boxes]
    if len(set(names)) < len(names):
        raise InputError(f"source '{source}': boxes need names of their own, not {names}")
    with whole_file(output) as partial, h5py.File(partial, "w") as file:
        start_galaxies(file, source)
        for settings in boxes:
            settings = dict(settings)
            name = str(settings.pop("name"))
            group = str(settings.pop("group", f"{source}/{name}"))
            facts = {key: settings.pop(key) for key in _FACTS if settings.get(key) is not None}
            box = start_box(
                file,
                name,
                box_size=three("box_size", settings["box_size"]),
                origin=three("origin", settings.get("origin", 0.0)),
                periodic=settings.get("periodic", True),
                group=group,
                weighted=settings.get("weight") is not None,
                attributes=facts,
            )
            for chunk in read_catalogue(**settings):
                append(box, chunk.position, chunk.weight)


_FACTS = ("omega_m", "sigma8", "seed")


def _checked_cut(path: Path, cut: Mapping[Column, Mapping[str, float]]) -> dict:
    """The bounds of each column of a cut."""
    bounds = {}
    for column, limits in cut.items():
        unknown = set(limits) - {"min", "max"}
        if unknown or not limits:
            raise InputError(f"{path}: cut on '{column}' takes 'min' and 'max', not {dict(limits)}")
        bounds[column] = (limits.get("min", -np.inf), limits.get("max", np.inf))
    return bounds


def _into_box(position: np.ndarray, sides: np.ndarray, periodic: bool, dtype) -> np.ndarray:
    """Positions of the wanted type, wrapped into a periodic box or held inside an open one."""
    if not periodic:
        return np.clip(position, 0.0, sides).astype(dtype)
    position = np.mod(position, sides).astype(dtype)
    # Rounding to float32 may lift a position onto the upper face, which is the lower face.
    position[position >= sides.astype(dtype)] = 0.0
    return position


@dataclass
class _Census:
    """What is wrong with the positions of a catalogue, counted over all its chunks."""

    path: Path
    sides: np.ndarray
    rows: int = 0
    kept: int = 0
    not_finite: int = 0
    first_not_finite: int = -1
    outside: int = 0
    low: np.ndarray = field(default_factory=lambda: np.full(3, np.inf))
    high: np.ndarray = field(default_factory=lambda: np.full(3, -np.inf))

    def sound(self, position: np.ndarray, weight: np.ndarray | None, row: np.ndarray) -> bool:
        """Count the galaxies of a chunk and its faults; whether the catalogue is sound so far."""
        finite = np.isfinite(position).all(axis=1)
        if weight is not None:
            finite &= np.isfinite(weight)
        self.kept += len(position)
        if not finite.all():
            if self.not_finite == 0:
                self.first_not_finite = int(row[~finite][0])
            self.not_finite += int(np.count_nonzero(~finite))
            position = position[finite]
        if len(position):
            slack = _ROUNDING * self.sides
            inside = ((position >= -slack) & (position <= self.sides + slack)).all(axis=1)
            self.outside += int(np.count_nonzero(~inside))
            self.low = np.minimum(self.low, position.min(axis=0))
            self.high = np.maximum(self.high, position.max(axis=0))
        return self.not_finite == 0 and self.outside == 0

    def conclude(self, corner: np.ndarray, unit: str, periodic: bool, cut: dict) -> None:
        """Raise the fault of the catalogue, if it has one."""
        if self.kept == 0:
            after = f" after the cut on {', '.join(map(str, cut))}" if cut and self.rows else ""
            raise InputError(f"{self.path}: no galaxies{after} ({self.rows} rows read)")
        if self.not_finite:
            raise InputError(
                f"{self.path}: {self.not_finite} of {self.kept} galaxies have a position or weight "
                f"that is NaN or infinite, the first in row {self.first_not_finite} (from 0); "
                "remove them"
            )
        filled = (self.high - self.low) / self.sides
        sparse = periodic and self.kept >= _MANY and (filled < 0.9).all()
        if self.outside or sparse or (filled.max() < 0.01 and self.kept >= _MANY):
            complain_outside(
                f"{self.path}: galaxies",
                fraction=self.outside / self.kept,
                low=self.low + corner,
                high=self.high + corner,
                sides=self.sides,
                corner=corner,
                unit=unit,
            )
