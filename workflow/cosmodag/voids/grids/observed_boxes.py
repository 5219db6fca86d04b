"""The boxes of a simulated survey on grids: galaxies relative to what the survey would expect."""

from collections.abc import Iterator, Sequence

import h5py
import numpy as np
from numpy.typing import ArrayLike

from cosmodag.cutouts.survey_channels import SELECTION
from cosmodag.errors import InputError
from cosmodag.voids.survey.expected_counts import expected_counts
from cosmodag.voids.survey.selection_file import GROUP, read_selection
from cosmodag.voids.survey.survey_grid import SurveyGrid, compare_counts


class ObservedBoxes:
    """Observed boxes of a galaxies file, whose selection functions are fields of the grid file.

    Parameters
    ----------
    file : h5py.File
        Open galaxies file.
    names : sequence of str
        Its boxes.
    cells : int
        Cells along each axis.
    """

    def __init__(self, file: h5py.File, names: Sequence[str], cells: int):
        self._file, self._boxes, self._cells = file, names, cells
        self._weight = np.empty(0, np.float32)
        self._number_density: list[float] = []

    @property
    def names(self) -> list[str]:
        """Name of the field."""
        return [SELECTION]

    def __iter__(self) -> Iterator[tuple[np.ndarray, int]]:
        """Yield the galaxies of each box in units of their expected number, and their number.

        Unknown cells have the expected number, 1.
        """
        for name in self._boxes:
            grid = self._grid(name)
            self._weight = grid.weight
            self._number_density.append(grid.mean_density)
            yield grid.overdensity + 1, grid.n_galaxies

    def of(self, galaxies: np.ndarray, box_size: ArrayLike) -> Iterator[np.ndarray]:
        """Yield the expected number in units of its mean of the box that was yielded last."""
        yield self._weight

    def write(self, file: h5py.File) -> None:
        """Write the number densities, and the density below which cells are unknown."""
        file.attrs["number_density"] = self._number_density
        file.attrs["minimum_selection"] = float(
            self._file[self._boxes[0]][GROUP].attrs["minimum_selection"]
        )

    def _grid(self, name: str) -> SurveyGrid:
        """Return the grid of a box."""
        box = self._file[name]
        placed = read_selection(box)
        cell = float(box.attrs["box_size"][0]) / self._cells
        shape = (self._cells,) * 3
        expected = expected_counts(
            placed.selection, placed.corner, shape, cell, placed.minimum_density
        )
        if not expected.inside.any():
            raise InputError(
                f"{self._file.filename}: box {name!r} has no cell inside the survey; place it "
                "elsewhere, or give a smaller minimum_selection"
            )
        return compare_counts(box["position"][:], None, expected)
