"""Checks of the rows of a galaxy catalogue while it is read chunk by chunk."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from cosmodag.errors import InputError
from cosmodag.rejections import Rejections
from cosmodag.voids.catalogues.table_columns import Column

_MOST_WEIGHT = 0.1
"""Largest fraction of all weight that a single galaxy may have."""
_UNEQUAL = 0.2
"""Number of equal galaxies with the same noise, over the number of galaxies, below which there is a
warning."""
_ENOUGH = 100
"""Galaxies from which their weights are compared with each other."""

logger = logging.getLogger(__name__)


@dataclass
class RowCheck:
    """Rows that cannot be used, counted over all chunks.

    Parameters
    ----------
    name : str
        The catalogue, for messages.
    names : sequence of str or int
        Names of the columns that are read: the coordinates, the weight and those of the cut.
    rejections : Rejections
        Gets the rows that cannot be used.

    Attributes
    ----------
    file : pathlib.Path
        The file that is read.
    problems : dict of int to str
        Reasons that the reader of this file gives, by the number of the row in it.
    n_rows : int
        Number of rows read from all files.
    n_galaxies : int
        Number of galaxies within the cuts, without those of weight 0.
    n_weightless : int
        Number of rows of weight 0.
    """

    name: str
    names: Sequence[Column]
    rejections: Rejections
    file: Path = Path()
    problems: dict[int, str] = field(default_factory=dict)
    n_rows: int = 0
    n_rows_before: int = 0
    n_galaxies: int = 0
    n_weightless: int = 0
    weight_sums: np.ndarray = field(default_factory=lambda: np.zeros(2))
    largest_weight: tuple[float, str] = (0.0, "")

    def start_file(self, path: Path) -> None:
        """Start with the rows of the next file."""
        self.file, self.problems, self.n_rows_before = path, {}, self.n_rows

    def count_rows(self, keep: np.ndarray) -> np.ndarray:
        """Count the rows of a chunk; return the numbers in the file of those to keep."""
        row = self.n_rows - self.n_rows_before + np.flatnonzero(keep)
        self.n_rows += len(keep)
        return row

    def refuse_truth_values(self, columns: Sequence[np.ndarray]) -> None:
        """Refuse positions and weights that are truth values."""
        for name, values in zip(self.names, columns):
            if values.dtype.kind == "b":
                raise InputError(
                    f"{self.file}: column '{name}' consists of truth values, not of numbers; "
                    "choose another"
                )

    def finite(self, columns: Sequence[np.ndarray], row: np.ndarray) -> np.ndarray:
        """Return which rows are finite, and reject the others."""
        usable = np.ones(len(row), bool)
        for values in columns:
            usable &= np.isfinite(values)
        for place in np.flatnonzero(~usable):
            reason = self.problems.get(int(row[place]))
            if reason is None:
                name, values = next(
                    (name, values)
                    for name, values in zip(self.names, columns)
                    if not np.isfinite(values[place])
                )
                reason = f"{name} is {'NaN' if np.isnan(values[place]) else values[place]}"
            self.rejections.add(self.file, f"row {row[place]}", reason)
        self.n_galaxies += len(row)
        return usable

    def counting(self, weight: np.ndarray) -> np.ndarray:
        """Return which rows have another weight than 0, and count the others."""
        counting = weight != 0
        self.n_weightless += len(weight) - int(np.count_nonzero(counting))
        return counting

    def positive(self, weight: np.ndarray, row: np.ndarray, usable: np.ndarray) -> np.ndarray:
        """Return which usable rows have no weight below 0, and reject the others."""
        negative = usable & (weight < 0)
        for place in np.flatnonzero(negative):
            reason = f"the weight is {weight[place]:g}, below 0"
            self.rejections.add(self.file, f"row {row[place]}", reason)
        return usable & ~negative

    def add_weights(self, weight: np.ndarray | None, row: np.ndarray) -> None:
        """Sum the weights of a chunk and their squares, and remember the largest."""
        if weight is None or not len(weight):
            return
        self.weight_sums += weight.sum(dtype=float), np.square(weight, dtype=float).sum()
        place = int(np.argmax(weight))
        if weight[place] > self.largest_weight[0]:
            self.largest_weight = float(weight[place]), f"row {row[place]} of {self.file}"

    def conclude(self, bounds: Mapping[Column, tuple[float, float]]) -> None:
        """Raise an error if the catalogue has no galaxies, or invalid ones."""
        if self.n_galaxies == 0:
            columns = ", ".join(map(str, bounds))
            after_cut = f" after the cut on {columns}" if bounds and self.n_rows else ""
            count, cure = f"{self.n_rows} rows read", "give others"
            if self.n_weightless:
                count += f", {self.n_weightless} of weight 0"
                cure += ", or weights with a mean above 0"
            raise InputError(f"{self.name}: no galaxies{after_cut} ({count}); {cure}")
        self.rejections.check(
            self.name, self.n_galaxies, "correct or remove them, or set max_rejected (a fraction)"
        )
        if self.weight_sums.any() and self.n_usable >= _ENOUGH:
            self._compare_weights(self.names[-1 - len(bounds)])

    def _compare_weights(self, column: Column) -> None:
        """Refuse a weight beside which all others vanish; warn of very unequal ones."""
        total, squares = self.weight_sums
        largest, place = self.largest_weight
        if largest > _MOST_WEIGHT * total:
            raise InputError(
                f"{self.name}: {place} has {largest / total:.0%} of the sum of all weights, "
                f"{column} = {largest:.4g}; correct it, or leave such rows out by cut: "
                f'{{"{column}": {{"max": …}}}}'
            )
        n_equal = total**2 / squares
        if n_equal < _UNEQUAL * self.n_usable:
            logger.warning(
                "%s: weights of column '%s' are so unequal that %d galaxies are as few as %.0f of "
                "equal weight, and make as many voids by chance: if large values, such as %.4g, "
                "mark missing weights, leave them out by cut",
                self.name,
                column,
                self.n_usable,
                n_equal,
                largest,
            )

    @property
    def n_usable(self) -> int:
        """Number of galaxies within the cuts that can be used."""
        return self.n_galaxies - self.rejections.n_rejected
