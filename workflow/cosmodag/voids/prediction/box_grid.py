"""The galaxies of a catalogue on a grid in memory."""

from dataclasses import dataclass

import numpy as np

from cosmodag.gridding.mass_assignment import assign_mass
from cosmodag.gridding.tiles import Workspace
from cosmodag.rejections import Rejections
from cosmodag.voids.catalogues.galaxy_catalogue import GalaxyCatalogue, read_galaxies


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
    """

    mass: np.ndarray
    n_galaxies: int
    box_size: np.ndarray
    origin: np.ndarray
    periodic: bool

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
        """Number density of the galaxies in (Mpc/h)⁻³."""
        return float(self.n_galaxies / self.box_size.prod())


def grid_catalogue(
    catalogue: GalaxyCatalogue,
    cells: tuple[int, int, int],
    *,
    method: str,
    rejections: Rejections,
    threads: int | None = None,
) -> BoxGrid:
    """Read a catalogue chunk by chunk and assign its galaxies to a grid.

    Memory is that of the grid and of one chunk.

    Parameters
    ----------
    catalogue : GalaxyCatalogue
        The catalogue.
    cells : tuple of int, shape (3,)
        Cells along each axis.
    method : {"ngp", "cic", "tsc"}
        Mass assignment.
    rejections : Rejections
        Gets the rows that are left out.
    threads : int, optional
        Threads of the mass assignment; numba's number of threads by default.

    Returns
    -------
    BoxGrid

    Raises
    ------
    InputError
        As `read_galaxies`.
    """
    box = catalogue.coordinates
    mass, workspace = np.zeros(cells, np.float32), Workspace()
    n_galaxies = 0
    for chunk in read_galaxies(catalogue, rejections=rejections):
        assign_mass(
            chunk.position,
            mass,
            box.sides,
            weights=chunk.weight,
            method=method,
            periodic=box.periodic,
            threads=threads,
            workspace=workspace,
        )
        n_galaxies += len(chunk.position)
    return BoxGrid(mass, n_galaxies, box.sides, box.corner, box.periodic)
