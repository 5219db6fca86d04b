"""Whether galaxies fill the box that is given for them.

Where a box has no galaxies since nothing was observed or simulated there, void finders find voids
all the same. They are not real, and the mean density is wrong.
"""

from collections.abc import Sequence

import numpy as np

from cosmodag.voids.catalogues.box_coordinates import BoxCoordinates

SAMPLE = 1 << 17
"""Largest number of galaxies in a sample."""
MOST_STEPS = 1 << 20
"""Largest ratio of a catalogue to its sample."""
_MULTIPLIERS = np.array([0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D], np.uint32)
"""Odd numbers that mix the bits of coordinates."""
LARGEST_GAPS = ((1000, 0.1), (200, 0.25))
"""Numbers of galaxies, and the fraction of a side that may contain none of so many."""
SHORT, EXPECTED = 0.004, 50
"""Fraction of each side at the faces that contains no galaxy, and the number expected there, which
clustering does not explain."""
LONGER = 3.0
"""Ratio of what is empty at the faces to the largest gap between galaxies."""
LEAST_FILLED = 0.7
"""Fraction of the cells that must contain galaxies. Mock galaxies occupy more than 90 % of them,
and a sphere without clustering 60 to 70 % of those of its cube."""
EMPTY_BY_CHANCE = 0.08
"""Fraction of the cells without galaxies that clustering explains."""
SMALLEST_CELL = 8.0
"""Smallest side of these cells in Mpc/h."""
FEWEST_CELLS = 27
"""Number of cells below which they say nothing about the shape of a survey."""


class PositionSample:
    """Galaxies of a catalogue that is read in chunks, at places that a hash of them chooses.

    Memory does not grow with the catalogue: when the sample is full, half of the places are kept.
    Galaxies at the same place are in the sample together or not at all.
    """

    def __init__(self):
        self._positions = np.empty((0, 3), np.float32)
        self._step = 1

    @property
    def positions(self) -> np.ndarray:
        """The sample in Mpc/h, shape (N, 3), float32."""
        return self._positions

    def add(self, position: np.ndarray) -> None:
        """Add the galaxies of a chunk.

        Parameters
        ----------
        position : numpy.ndarray, shape (N, 3)
            Positions in Mpc/h from the lower corner of the box.
        """
        taken = self._chosen(position.astype(np.float32))
        self._positions = np.concatenate([self._positions, taken])
        while len(self._positions) > SAMPLE and self._step < MOST_STEPS:
            self._step *= 2
            self._positions = self._chosen(self._positions)

    def _chosen(self, position: np.ndarray) -> np.ndarray:
        """Return the positions whose hash is a multiple of the step."""
        if self._step == 1:
            return position
        bits = np.ascontiguousarray(position + np.float32(0)).view(np.uint32)  # -0 becomes 0
        mixed = (bits * _MULTIPLIERS).sum(axis=1, dtype=np.uint32)
        mixed = (mixed ^ (mixed >> np.uint32(15))) * _MULTIPLIERS[0]
        return position[(mixed >> np.uint32(8)) % np.uint32(self._step) == 0]


def largest_gap(position: np.ndarray, coordinates: BoxCoordinates) -> tuple[int, float, float]:
    """Return the widest slab across the box that contains no galaxy.

    Parameters
    ----------
    position : numpy.ndarray, shape (N, 3)
        Positions in Mpc/h from the lower corner of the box.
    coordinates : BoxCoordinates
        The box.

    Returns
    -------
    axis : int
        Axis across the slab.
    lower, upper : float
        Its faces in Mpc/h. In a periodic box `upper` may exceed the side.
    """
    gaps = []
    for axis, side in enumerate(coordinates.sides):
        along = np.sort(position[:, axis].astype(float))
        ends = [along[-1] - side, along[0] + side] if coordinates.periodic else [0.0, side]
        edges = np.concatenate([ends[:1], along, ends[1:]])
        widest = int(np.argmax(np.diff(edges)))
        gaps.append((axis, float(edges[widest]), float(edges[widest + 1])))
    return max(gaps, key=lambda gap: (gap[2] - gap[1]) / coordinates.sides[gap[0]])


def ends_before_faces(
    n_galaxies: int, extent: np.ndarray, sides: np.ndarray, gap: np.ndarray
) -> bool:
    """Return whether galaxies end before the faces of the box along each axis.

    Parameters
    ----------
    n_galaxies : int
        Number of galaxies.
    extent : numpy.ndarray, shape (3,)
        Extent of the galaxies in Mpc/h.
    sides : numpy.ndarray, shape (3,)
        Sides of the box in Mpc/h.
    gap : numpy.ndarray, shape (3,)
        Largest gap between galaxies along each axis in Mpc/h, that of a lattice being its spacing.

    Returns
    -------
    bool

    Examples
    --------
    >>> small = np.array([0.1] * 3)
    >>> ends_before_faces(10_000, np.array([100.0] * 3), np.array([103.0] * 3), small)
    True
    >>> ends_before_faces(100, np.array([100.0] * 3), np.array([103.0] * 3), small)
    False
    """
    missing = sides - extent
    empty = (missing > SHORT * sides) & (missing > LONGER * gap)
    return bool(empty.all() and n_galaxies * (missing / sides).min() > EXPECTED)


def inner_gaps(position: np.ndarray) -> np.ndarray:
    """Return the largest gap between galaxies along each axis, shape (3,).

    Parameters
    ----------
    position : numpy.ndarray, shape (N, 3)
        Positions of two galaxies or more.
    """
    return np.diff(np.sort(position, axis=0), axis=0).max(axis=0)


def filled_fraction(position: np.ndarray, sides: np.ndarray) -> float:
    """Return the fraction of the box with galaxies, in cells that clustering leaves filled.

    Parameters
    ----------
    position : numpy.ndarray, shape (N, 3)
        Positions in Mpc/h from the lower corner of the box.
    sides : numpy.ndarray, shape (3,)
        Sides of the box in Mpc/h.

    Returns
    -------
    float
        1 if there are too few galaxies to say so.

    Examples
    --------
    >>> uniform = np.random.default_rng(1).uniform(0, 100, (10_000, 3))
    >>> filled_fraction(uniform, np.array([100.0] * 3))
    1.0
    >>> filled_fraction(uniform, np.array([200.0] * 3)) < 0.2
    True
    """
    shape = np.maximum(np.floor(sides / _cell_side(len(position) / sides.prod())), 1).astype(int)
    if shape.prod() < FEWEST_CELLS:
        return 1.0
    cell = np.clip((position / sides * shape).astype(int), 0, shape - 1)
    occupied = np.zeros(shape, bool)
    occupied[tuple(cell.T)] = True
    return float(occupied.mean())


def _cell_side(density: float) -> float:
    """Return the side of cells of which few are empty, for a number density in (Mpc/h)⁻³.

    In cells with a mean of N galaxies and a mean correlation ξ, the negative binomial distribution
    has a fraction (1 + N ξ)^(-1/ξ) of empty ones [1]_.

    References
    ----------
    .. [1] Croton et al. 2004, MNRAS 352, 828.
    """
    side, empty = SMALLEST_CELL, 1.0
    while empty > EMPTY_BY_CHANCE:
        side *= 1.05
        correlation = 1.5 * (10 / side) ** 1.7
        empty = (1 + density * side**3 * correlation) ** (-1 / correlation)
    return side


def equal_columns(position: np.ndarray, names: Sequence[str | int]) -> tuple | None:
    """Return the names of two columns with the same values, if there are two.

    Parameters
    ----------
    position : numpy.ndarray, shape (N, 3)
        Values of the columns.
    names : sequence of str or int, shape (3,)
        Names of the columns.

    Returns
    -------
    tuple or None
    """
    for one, other in ((0, 1), (0, 2), (1, 2)):
        if np.allclose(position[:, one], position[:, other], rtol=1e-5, atol=0):
            return names[one], names[other]
    return None
