"""Settings of a search for voids."""

from dataclasses import dataclass

import numpy as np

from cosmodag.errors import InputError
from cosmodag.voids.finders.void_catalogue import sphere_volume
from cosmodag.voids.finders.watershed import Watershed

FINDERS = ("underdensity", "spheres", "watershed")
THRESHOLDS = {"underdensity": -0.7, "spheres": -0.7, "watershed": -0.3}
"""Overdensities of voids if they are not given; empty spheres need none."""
CELLS_PER_RADIUS = 5
"""Cells per minimum radius, if the size of the cells is not given."""
FEWEST_GALAXIES = 5
"""Expected number of galaxies in the smallest void, below which a cell is outside the survey: of
chance alone spheres would then be empty."""

FEW_GALAXIES = 20
"""Galaxies in the smallest void, below which chance makes many: of galaxies without any clustering
nearly all voids found at 5 of them are not real, and an eighth at 15."""


@dataclass(frozen=True, kw_only=True)
class VoidSearch:
    """How voids are found and which are kept.

    Parameters
    ----------
    finder : {"underdensity", "spheres", "watershed"}
        Spheres of a low mean density, see `find_underdense_spheres`, unions of empty spheres, see
        `find_empty_spheres`, or basins of the smoothed density, see `find_watershed_voids`.
    threshold : float, optional
        Mean overdensity of a void of the first kind, between -1 and 0, or overdensity from which on
        cells belong to no basin; by default -0.7 and -0.3.
    minimum_radius, maximum_radius : float
        Smallest radius of a void, and the largest one of the first kind, in Mpc/h.
    cell : float, optional
        Side of the cells of the grid in Mpc/h; a fifth of the minimum radius by default.
    minimum_fraction_inside : float
        Smallest fraction of the volume of a void that is inside the survey; of a basin, that of the
        sphere of equal volume.
    smoothing : float, optional
        Standard deviation in Mpc/h of the Gaussian before basins are found; half the minimum radius
        by default.
    ridge, minimum_significance : float
        Of basins, see `Watershed`.
    chance_samples : int
        Samples of galaxies without clustering in which voids are found for comparison.

    Raises
    ------
    InputError
        The finder is unknown, or a number is not in its range.
    """

    finder: str = "underdensity"
    threshold: float | None = None
    minimum_radius: float = 10.0
    maximum_radius: float | None = None
    cell: float | None = None
    minimum_fraction_inside: float = 0.98
    smoothing: float | None = None
    ridge: float = 0.2
    minimum_significance: float = 2.5
    chance_samples: int = 1

    def __post_init__(self):
        if self.finder not in FINDERS:
            raise InputError(f"finder '{self.finder}' is unknown; choose {' or '.join(FINDERS)}")
        for key in ("minimum_radius", "maximum_radius", "cell", "smoothing"):
            value = getattr(self, key)
            if value is not None and not 0 < value < np.inf:
                raise InputError(f"{key}: {value} is no length; give one above 0 Mpc/h")
        if self.finder == "watershed":
            _ = self.watershed  # refuses settings that do not fit together

    @property
    def cell_size(self) -> float:
        """Side of the cells in Mpc/h."""
        return self.cell or self.minimum_radius / CELLS_PER_RADIUS

    @property
    def highest_overdensity(self) -> float:
        """The threshold, or that of the finder where it is not given."""
        return THRESHOLDS[self.finder] if self.threshold is None else self.threshold

    @property
    def minimum_density(self) -> float:
        """Number density in (Mpc/h)⁻³ below which a cell is outside the survey."""
        return FEWEST_GALAXIES / float(sphere_volume(self.minimum_radius))

    def galaxies_in_smallest(self, density: float) -> float:
        """Return how many galaxies of a number density in (Mpc/h)⁻³ the smallest void contains."""
        return density * float(sphere_volume(self.minimum_radius))

    @property
    def smoothing_length(self) -> float:
        """Standard deviation in Mpc/h of the Gaussian before basins are found."""
        return self.smoothing or self.minimum_radius / 2

    @property
    def watershed(self) -> Watershed:
        """How the density field is divided into basins."""
        return Watershed(
            smoothing=self.smoothing_length,
            ridge=self.ridge,
            threshold=self.highest_overdensity,
            minimum_significance=self.minimum_significance,
            minimum_radius=self.minimum_radius,
        )
