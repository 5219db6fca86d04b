"""Settings of a search for voids."""

from dataclasses import dataclass

import numpy as np

from cosmodag.errors import InputError
from cosmodag.voids.finders.void_catalogue import sphere_volume

FINDERS = ("underdensity", "spheres")
CELLS_PER_RADIUS = 5
"""Cells per minimum radius, if the size of the cells is not given."""
FEWEST_GALAXIES = 5
"""Expected number of galaxies in the smallest void, below which a cell is outside the survey: of
chance alone spheres would then be empty."""


@dataclass(frozen=True, kw_only=True)
class VoidSearch:
    """How voids are found and which are kept.

    Parameters
    ----------
    finder : {"underdensity", "spheres"}
        Spheres of a low mean density, see `find_underdense_spheres`, or unions of empty spheres,
        see `find_empty_spheres`.
    threshold : float
        Mean overdensity of a void of the first kind, between -1 and 0.
    minimum_radius, maximum_radius : float
        Smallest radius of a void, and the largest one of the first kind, in Mpc/h.
    cell : float, optional
        Side of the cells of the grid in Mpc/h; a fifth of the minimum radius by default.
    minimum_fraction_inside : float
        Smallest fraction of the volume of a void that is inside the survey.

    Raises
    ------
    InputError
        The finder is unknown, or a number is not in its range.
    """

    finder: str = "underdensity"
    threshold: float = -0.7
    minimum_radius: float = 10.0
    maximum_radius: float | None = None
    cell: float | None = None
    minimum_fraction_inside: float = 0.98

    def __post_init__(self):
        if self.finder not in FINDERS:
            raise InputError(f"finder '{self.finder}' is unknown; choose {' or '.join(FINDERS)}")
        for key in ("minimum_radius", "maximum_radius", "cell"):
            value = getattr(self, key)
            if value is not None and not 0 < value < np.inf:
                raise InputError(f"{key}: {value} is no length; give one above 0 Mpc/h")

    @property
    def cell_size(self) -> float:
        """Side of the cells in Mpc/h."""
        return self.cell or self.minimum_radius / CELLS_PER_RADIUS

    @property
    def minimum_density(self) -> float:
        """Number density in (Mpc/h)⁻³ below which a cell is outside the survey."""
        return FEWEST_GALAXIES / float(sphere_volume(self.minimum_radius))
