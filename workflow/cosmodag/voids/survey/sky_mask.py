"""Footprint of a survey from a HEALPix map of its completeness.

Maps follow the conventions of Górski et al. 2005 (arXiv:astro-ph/0409513) in FITS: the primary
keys PIXTYPE, NSIDE, ORDERING, INDXSCHM and COORDSYS of a binary table.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from astropy import units
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy_healpix import HEALPix

from cosmodag.errors import InputError
from cosmodag.imaging.fits_files import open_fits
from cosmodag.imaging.sky_positions import unit_vectors
from cosmodag.voids.survey.footprint import Footprint

LARGEST_NSIDE = 1024
"""Maps of smaller pixels than 0.06 degrees are averaged to it."""
OUTLINE_NSIDE = 128
"""Largest resolution of the pixels whose corners are the outline of a footprint."""
FRAMES = {"C": None, "Q": None, "G": "galactic", "E": "barycentricmeanecliptic"}
"""Coordinate systems by COORDSYS, as astropy calls them; equatorial ones need no conversion."""
ORDERS = {"RING": "ring", "NESTED": "nested", "NEST": "nested"}
CONVERT = (
    "convert it by `healpy.write_map('mask.fits', "
    "healsparse.HealSparseMap.read(FILE).generate_healpix_map(nside=1024), nest=True)`"
)
CURE = "give a HEALPix map in FITS, as healpy writes it"


@dataclass(frozen=True)
class HealpixPixels:
    """The pixels of a HEALPix map in equatorial coordinates and ring order.

    Parameters
    ----------
    nside : int
        Resolution, a power of two.
    """

    nside: int

    @property
    def side(self) -> float:
        """Side of a square of the same area in degrees."""
        return float(np.degrees(np.sqrt(self._grid.pixel_area.value)))

    @cached_property
    def area(self) -> np.ndarray:
        """Area of each pixel in steradians, shape (12 nside²,), float64."""
        return np.full(self._grid.npix, self._grid.pixel_area.to_value("sr"))

    def index(self, ra: np.ndarray, dec: np.ndarray) -> np.ndarray:
        """Return the pixels of positions on the sky.

        Parameters
        ----------
        ra, dec : numpy.ndarray, shape (N,)
            Right ascension and declination in degrees.

        Returns
        -------
        numpy.ndarray, shape (N,), int64
        """
        return self._grid.lonlat_to_healpix(ra * units.deg, dec * units.deg)

    def corners(self, occupied: np.ndarray) -> np.ndarray:
        """Return the corners of pixels as unit vectors, shape (N, 3).

        Parameters
        ----------
        occupied : numpy.ndarray, shape (12 nside²,), bool
            Which pixels; of fine ones the corners of coarser pixels around them are returned.
        """
        coarse = HEALPix(nside=min(self.nside, OUTLINE_NSIDE))
        ra, dec = self._grid.healpix_to_lonlat(np.flatnonzero(occupied))
        ra, dec = coarse.boundaries_lonlat(np.unique(coarse.lonlat_to_healpix(ra, dec)), step=1)
        return unit_vectors(ra.to_value("deg").ravel(), dec.to_value("deg").ravel())

    @cached_property
    def _grid(self) -> HEALPix:
        return HEALPix(nside=self.nside, order="ring")


def read_mask(
    path: str | os.PathLike,
    *,
    column: str | int | None = None,
    minimum_completeness: float = 0.5,
) -> Footprint:
    """Read the footprint of a survey from a HEALPix map of its completeness.

    Parameters
    ----------
    path : path-like
        FITS file.
    column : str or int, optional
        Column of the completeness, by name or by number from 0 among the columns of values, where
        there is more than one.
    minimum_completeness : float
        Completeness, in units of the mean inside the footprint, below which a pixel is outside.

    Returns
    -------
    Footprint

    Raises
    ------
    InputError
        The file is damaged or no HEALPix map, its column is unknown, or no pixel is above 0.
    """
    with _open_map(path) as table:
        values, order = _values(path, table, column)
        frame = table.header.get("COORDSYS", "C").strip().upper()[:1]
    if frame not in FRAMES:
        raise InputError(
            f"{path}: COORDSYS is '{frame}'; convert the map to equatorial ('C'), galactic ('G') "
            "or ecliptic ('E') coordinates"
        )
    values = _in_equatorial_rings(values, order, FRAMES[frame])
    if not values.any():
        raise InputError(f"{path}: no pixel is above 0, so nothing was observed; {CURE}")
    completeness = values / values[values > 0].mean()
    completeness[completeness < minimum_completeness] = 0
    pixels = HealpixPixels(int(np.sqrt(len(values) // 12)))
    return Footprint(str(path), pixels, completeness, pixels.corners(completeness > 0))


def check_mask(path: str | os.PathLike, column: str | int | None = None) -> None:
    """Check that a file is a HEALPix map with a column of the completeness.

    Parameters
    ----------
    path, column
        See `read_mask`.

    Raises
    ------
    InputError
        The file is damaged or no HEALPix map, or its column is unknown.
    """
    with _open_map(path) as table:
        _column_name(path, table, column)


@contextmanager
def _open_map(path: str | os.PathLike) -> Iterator[fits.BinTableHDU]:
    """Open the table of a HEALPix map."""
    with open_fits(path, what="HEALPix map", cure=CURE) as hdus:
        table = next((hdu for hdu in hdus if hdu.header.get("PIXTYPE") == "HEALPIX"), None)
        if any(hdu.header.get("PIXTYPE", "").rstrip() == "HEALSPARSE" for hdu in hdus):
            raise InputError(f"{path}: is a HealSparse map; {CONVERT}")
        if table is None:
            raise InputError(f"{path}: no table has PIXTYPE = 'HEALPIX'; {CURE}")
        yield table


def _is_explicit(table: fits.BinTableHDU) -> bool:
    """Return whether the first column contains the numbers of the pixels."""
    return table.header.get("INDXSCHM", "IMPLICIT").strip().upper() == "EXPLICIT"


def _column_name(path: str | os.PathLike, table: fits.BinTableHDU, column: str | int | None) -> str:
    """Return the name of the column of the completeness."""
    choices = list(table.columns.names)[int(_is_explicit(table)) :]
    if column is None and len(choices) > 1:
        raise InputError(
            f"{path}: which column is the completeness? Name one of {', '.join(choices)}"
        )
    name = choices[column] if isinstance(column, int) and column < len(choices) else column
    name = choices[0] if name is None else name
    if name not in choices:
        raise InputError(f"{path}: no column {column!r}; name one of {', '.join(choices)}")
    return str(name)


def _values(
    path: str | os.PathLike, table: fits.BinTableHDU, column: str | int | None
) -> tuple[np.ndarray, str]:
    """Return the values of all pixels, 0 where the map has none, and their order.

    Pixels of partial maps that are too small are averaged.
    """
    header = table.header
    order = ORDERS.get(header.get("ORDERING", "RING").strip().upper())
    if order is None:
        raise InputError(
            f"{path}: ORDERING is {header['ORDERING']!r}; convert the map to 'RING' or 'NESTED'"
        )
    explicit, name = _is_explicit(table), _column_name(path, table, column)
    found = np.asarray(table.data[name], np.float64).ravel()
    found = np.where(np.isfinite(found) & (found > 0), found, 0)  # UNSEEN is negative
    nside = int(header.get("NSIDE", 0)) or int(np.sqrt(len(found) // 12))
    n_pixels = 12 * nside**2
    if nside & (nside - 1) or not nside or (not explicit and len(found) != n_pixels):
        raise InputError(
            f"{path}: {len(found)} values of column {name} are no map with NSIDE {nside}, which "
            f"has {n_pixels} pixels; {CURE}"
        )
    if not explicit:
        return found, order
    place = np.asarray(table.data[table.columns.names[0]]).ravel().astype(np.int64)
    if len(place) and not (place.min() >= 0 and place.max() < n_pixels):
        raise InputError(
            f"{path}: column {table.columns.names[0]} has pixels from {place.min()} to "
            f"{place.max()}, beyond the {n_pixels} of NSIDE {nside}; {CURE}"
        )
    if nside > LARGEST_NSIDE:  # averaged at once: a map of the whole sky may not fit into memory
        if order == "ring":
            place = HEALPix(nside=nside, order=order).ring_to_nested(place)
        per_pixel = (nside // LARGEST_NSIDE) ** 2
        sums = np.bincount(place // per_pixel, found, 12 * LARGEST_NSIDE**2)
        return sums / per_pixel, "nested"
    values = np.zeros(n_pixels)
    values[place] = found
    return values, order


def _in_equatorial_rings(values: np.ndarray, order: str, frame: str | None) -> np.ndarray:
    """Return a map in ring order and equatorial coordinates, of at most the largest NSIDE."""
    nside = int(np.sqrt(len(values) // 12))
    given = HEALPix(nside=nside, order=order)
    if nside > LARGEST_NSIDE:
        if order == "ring":
            values = values[given.nested_to_ring(np.arange(len(values)))]
        values = values.reshape(12 * LARGEST_NSIDE**2, -1).mean(1)
        given = HEALPix(nside=LARGEST_NSIDE, order="nested")
    if frame is None and given.order == "ring":
        return values
    wanted = HEALPix(nside=given.nside, order="ring")
    lon, lat = wanted.healpix_to_lonlat(np.arange(wanted.npix))
    if frame is not None:
        sky = SkyCoord(lon, lat).transform_to(frame)
        lon, lat = sky.spherical.lon, sky.spherical.lat
    return values[given.lonlat_to_healpix(lon, lat)]
