"""Checks of galaxies in a box while their catalogue is read chunk by chunk."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from cosmodag.errors import InputError
from cosmodag.voids.catalogues.box_coordinates import BoxCoordinates
from cosmodag.voids.catalogues.box_filling import (
    LARGEST_GAPS,
    LEAST_FILLED,
    PositionSample,
    ends_before_faces,
    equal_columns,
    filled_fraction,
    inner_gaps,
    largest_gap,
)
from cosmodag.voids.catalogues.box_misfit import (
    ROUNDING,
    ends_before_faces_error,
    misfit_error,
    partly_filled_error,
)
from cosmodag.voids.catalogues.row_check import RowCheck
from cosmodag.voids.catalogues.table_columns import Column

_ENOUGH_TO_FILL = 1000
"""Number of galaxies from which a catalogue is expected to have another extent than a point."""
_MOST_DUPLICATES = 0.1
"""Largest fraction of galaxies at exactly the place of another one: a few coincide where positions
are rounded, or are those of their haloes."""
_EQUALLY_OFTEN = 0.95
"""Fraction of places with several galaxies that have as many as the others where files are given
twice, and not where galaxies are at the places of haloes or of cells."""
_ENOUGH_TO_REFUSE = 500
"""Number of galaxies from which a box that is filled in part is refused rather than warned of."""

logger = logging.getLogger(__name__)


@dataclass(kw_only=True)
class BoxCheck(RowCheck):
    """Rows that cannot be used and positions outside the box, counted over all chunks.

    Parameters
    ----------
    name, names, rejections
        See `RowCheck`; the first three names are those of x, y and z.
    coordinates : BoxCoordinates
        The box.

    Attributes
    ----------
    n_outside : int
        Number of galaxies outside the box.
    """

    coordinates: BoxCoordinates
    n_outside: int = 0
    first_outside: str = ""
    sample: PositionSample = field(default_factory=PositionSample)
    low: np.ndarray = field(default_factory=lambda: np.full(3, np.inf))
    high: np.ndarray = field(default_factory=lambda: np.full(3, -np.inf))

    def add(self, position: np.ndarray, weight: np.ndarray | None, row: np.ndarray) -> bool:
        """Count the galaxies of a chunk; return whether all galaxies so far are in the box."""
        if len(position):
            sides = self.coordinates.sides
            slack = ROUNDING * sides
            outside = ~((position >= -slack) & (position <= sides + slack)).all(axis=1)
            self.n_outside += int(np.count_nonzero(outside))
            if self.n_outside and not self.first_outside:
                first = int(row[np.argmax(outside)])
                where = f"{self.file}, " if self.file != Path(self.name) else ""
                self.first_outside = f"{where}row {first}"
            self.low = np.minimum(self.low, position.min(axis=0))
            self.high = np.maximum(self.high, position.max(axis=0))
            self.add_weights(weight, row)
            self.sample.add(position)
        return self.n_outside == 0

    def conclude(self, bounds: Mapping[Column, tuple[float, float]]) -> None:
        """Raise an error if the catalogue has no galaxies, invalid ones, or those of no box."""
        super().conclude(bounds)
        n_usable = self.n_usable
        same = equal_columns(self.sample.positions + self.coordinates.corner, self.names)
        if same is not None and n_usable > 3:
            raise InputError(
                f"{self.name}: columns '{same[0]}' and '{same[1]}' contain the same values; give "
                "those of x, y and z"
            )
        extent = (self.high - self.low) / self.coordinates.sides
        low, high = self.low + self.coordinates.corner, self.high + self.coordinates.corner
        if self.n_outside or (extent.max() < 0.01 and n_usable >= _ENOUGH_TO_FILL):
            raise misfit_error(
                f"{self.name}: galaxies",
                self.coordinates,
                fraction_outside=self.n_outside / n_usable,
                low=low,
                high=high,
                names=self.names[:3],
                first=self.first_outside,
            )
        self._refuse_empty_parts(n_usable, low, high)
        self._refuse_duplicates(n_usable)

    def _refuse_duplicates(self, n_usable: int) -> None:
        """Raise an error if many galaxies are listed twice, most of them equally often."""
        if n_usable < _ENOUGH_TO_FILL:
            return
        _, times = np.unique(self.sample.positions, axis=0, return_counts=True)
        repeated = times[times > 1]
        share = (repeated - 1).sum() / times.sum()
        if share > _MOST_DUPLICATES and np.mean(repeated == np.median(repeated)) > _EQUALLY_OFTEN:
            raise InputError(
                f"{self.name}: {share:.0%} of the galaxies are at exactly the place of another; "
                "remove the duplicates, or files that are given twice; of galaxies at the place of "
                "their halo, give one with the sum of their weights"
            )

    def _refuse_empty_parts(self, n_usable: int, low: np.ndarray, high: np.ndarray) -> None:
        """Raise an error if part of the box has no galaxies; warn of it if there are few."""
        sample, sides = self.sample.positions, self.coordinates.sides
        limit = next((limit for least, limit in LARGEST_GAPS if n_usable >= least), 1.0)
        axis, lower, upper = gap = largest_gap(sample, self.coordinates)
        filled = filled_fraction(sample, sides)
        if upper - lower > limit * sides[axis] or filled < LEAST_FILLED:
            extent = np.maximum(self.high - self.low, 1e-6 * sides)
            error = partly_filled_error(
                f"{self.name}: galaxies",
                self.coordinates,
                low=low,
                high=high,
                gap=gap,
                filled=filled,
                smaller=filled_fraction(sample - self.low, extent) >= LEAST_FILLED,
            )
            if n_usable >= _ENOUGH_TO_REFUSE:
                raise error
            logger.warning("%s", error)
        if n_usable >= _ENOUGH_TO_REFUSE and ends_before_faces(
            n_usable, high - low, sides, inner_gaps(sample)
        ):
            raise ends_before_faces_error(
                f"{self.name}: galaxies", self.coordinates, low=low, high=high
            )
