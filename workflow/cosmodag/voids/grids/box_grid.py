"""The galaxies of one box on a grid in memory."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from cosmodag.gridding.mass_assignment import assign_mass
from cosmodag.gridding.tiles import Workspace
from cosmodag.voids.catalogues.box_coordinates import BoxCoordinates
from cosmodag.voids.catalogues.galaxy_catalogue import GalaxyChunk


@dataclass(frozen=True)
class BoxGrid:
    """Galaxies of one box on a grid.

    Attributes
    ----------
    mass : numpy.ndarray, shape (nx, ny, nz), float32
        Mass per cell.
    n_galaxies : int
        Number of galaxies.
    box_size, origin : numpy.ndarray, shape (3,), float64
        Sides and lower corner of the box in the coordinates of the catalogue, in Mpc/h.
    periodic : bool
        Whether the box is periodic.
    fields : sequence of numpy.ndarray, shape (nx, ny, nz), float32 or uint8
        Fields beside the mass.
    effective_number : float, optional
        Number of equal galaxies with the same Poisson noise, (Σw)² / Σw² for weights w; by default
        `n_galaxies`.
    """

    mass: np.ndarray
    n_galaxies: int
    box_size: np.ndarray
    origin: np.ndarray
    periodic: bool
    fields: Sequence[np.ndarray] = ()
    effective_number: float | None = None

    @property
    def known(self) -> np.ndarray | None:
        """Which cells are known, bool, shape (nx, ny, nz); None for all."""
        return None

    @property
    def cells(self) -> tuple[int, ...]:
        """Cells along each axis."""
        return self.mass.shape

    @property
    def cell_size(self) -> np.ndarray:
        """Sides of a cell in Mpc/h, shape (3,)."""
        return self.box_size / self.cells

    @property
    def mean_mass(self) -> float:
        """Mean mass per cell."""
        return float(self.mass.mean(dtype=np.float64))

    @property
    def number_density(self) -> float:
        """Number density of as many equal galaxies as have the same Poisson noise, (Mpc/h)⁻³."""
        number = self.n_galaxies if self.effective_number is None else self.effective_number
        return float(number / self.box_size.prod())


def grid_box(
    chunks: Iterable[GalaxyChunk],
    box: BoxCoordinates,
    cells: tuple[int, int, int],
    *,
    method: str = "cic",
) -> BoxGrid:
    """Assign the galaxies of a box to a grid chunk by chunk.

    Memory is that of the grid and of one chunk, if `chunks` is an iterator.

    Parameters
    ----------
    chunks : iterable of GalaxyChunk
        The galaxies, see `read_galaxies`.
    box : BoxCoordinates
        Box of their catalogue.
    cells : tuple of int, shape (3,)
        Cells along each axis.
    method : {"ngp", "cic", "tsc"}
        Mass assignment.

    Returns
    -------
    BoxGrid
    """
    mass, workspace = np.zeros(cells, np.float32), Workspace()
    n_galaxies, total, squares = 0, 0.0, 0.0
    for chunk in chunks:
        assign_mass(
            chunk.position,
            mass,
            box.sides,
            weights=chunk.weight,
            method=method,
            periodic=box.periodic,
            workspace=workspace,
        )
        n_galaxies += len(chunk.position)
        weight = np.ones(len(chunk.position)) if chunk.weight is None else chunk.weight
        total += float(weight.sum(dtype=np.float64))
        squares += float(np.square(weight, dtype=np.float64).sum())
    effective = total**2 / squares if squares else float(n_galaxies)
    return BoxGrid(
        mass, n_galaxies, box.sides, box.corner, box.periodic, effective_number=effective
    )
