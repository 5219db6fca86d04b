"""Pixels of similar area on the sky, in rings of equal height in declination."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

FEWEST_RINGS, MOST_RINGS = 12, 3600
"""Rings of 15 degrees and of 0.05 degrees."""


@dataclass(frozen=True)
class SkyPixels:
    """A division of the sky into pixels that are about as wide as high.

    Parameters
    ----------
    n_rings : int
        Number of rings from pole to pole.
    """

    n_rings: int

    @property
    def side(self) -> float:
        """Height of the pixels in degrees."""
        return 180 / self.n_rings

    @cached_property
    def ring_sizes(self) -> np.ndarray:
        """Number of pixels of each ring, shape (n_rings,), int64."""
        middle = np.radians(-90 + self.side * (np.arange(self.n_rings) + 0.5))
        return np.maximum(np.rint(2 * self.n_rings * np.cos(middle)), 1).astype(np.int64)

    @cached_property
    def area(self) -> np.ndarray:
        """Area of each pixel in steradians, shape (n_pixels,), float64."""
        edges = np.sin(np.radians(np.linspace(-90, 90, self.n_rings + 1)))
        return np.repeat(2 * np.pi * np.diff(edges) / self.ring_sizes, self.ring_sizes)

    def index(self, ra: np.ndarray, dec: np.ndarray) -> np.ndarray:
        """Return the pixels of positions on the sky.

        Parameters
        ----------
        ra, dec : numpy.ndarray, shape (N,)
            Right ascension, any turn, and declination, -90 to 90, in degrees.

        Returns
        -------
        numpy.ndarray, shape (N,), int64
        """
        ring = np.clip(((dec + 90) / self.side).astype(np.int64), 0, self.n_rings - 1)
        size = self.ring_sizes[ring]
        place = np.minimum((ra % 360 / 360 * size).astype(np.int64), size - 1)
        return self._ring_starts[ring] + place

    @property
    def centres(self) -> tuple[np.ndarray, np.ndarray]:
        """Right ascension and declination of the centre of each pixel in degrees, (n_pixels,)."""
        ring = np.repeat(np.arange(self.n_rings), self.ring_sizes)
        place = np.arange(len(ring)) - self._ring_starts[ring]
        return 360 / self.ring_sizes[ring] * (place + 0.5), -90 + self.side * (ring + 0.5)

    def has_all_neighbours(self, occupied: np.ndarray) -> np.ndarray:
        """Return which pixels and the eight places around them are occupied.

        Parameters
        ----------
        occupied : numpy.ndarray, shape (n_pixels,), bool
            Whether each pixel is occupied.

        Returns
        -------
        numpy.ndarray, shape (n_pixels,), bool
        """
        width = 360 / np.repeat(self.ring_sizes, self.ring_sizes)
        ra, dec = self.centres
        complete = occupied.copy()
        for step in (-self.side, 0, self.side):
            for turn in (-width, 0, width):
                complete &= occupied[self.index(ra + turn, np.clip(dec + step, -90, 90))]
        return complete

    @cached_property
    def _ring_starts(self) -> np.ndarray:
        return np.concatenate([[0], np.cumsum(self.ring_sizes)[:-1]])


def fit_pixels(ra: np.ndarray, dec: np.ndarray, per_pixel: float) -> SkyPixels:
    """Return pixels of which those with objects have a given number on average.

    Parameters
    ----------
    ra, dec : numpy.ndarray, shape (N,)
        Right ascension and declination of the objects in degrees.
    per_pixel : float
        Mean number of objects in pixels that are not empty.

    Returns
    -------
    SkyPixels
        With 12 to 3600 rings.
    """
    pixels = SkyPixels(FEWEST_RINGS)
    for _ in range(8):  # the occupied area shrinks towards that of the survey
        occupied = np.unique(pixels.index(ra, dec))
        area = pixels.area[occupied].sum() * per_pixel / len(ra)
        n_rings = int(np.clip(np.pi / np.sqrt(area), FEWEST_RINGS, MOST_RINGS))
        if n_rings == pixels.n_rings:
            break
        pixels = SkyPixels(n_rings)
    return pixels
