"""Catalogues of galaxies and randoms with right ascension, declination and redshift."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from cosmodag.cosmology.background import comoving_distance
from cosmodag.errors import InputError
from cosmodag.imaging.sky_positions import unit_vectors
from cosmodag.rejections import Rejections
from cosmodag.voids.catalogues.catalogue_files import CatalogueFiles, read_rows
from cosmodag.voids.catalogues.duplicates import count_duplicates
from cosmodag.voids.catalogues.row_check import RowCheck
from cosmodag.voids.catalogues.stated_units import check_sky_units
from cosmodag.voids.catalogues.table_columns import Column

SPEED_OF_LIGHT = 299792.458
"""In km/s."""
LARGEST_REDSHIFT = 20.0
"""Redshifts above it are velocities in km/s."""
MOST_DUPLICATES = 0.01
"""Largest fraction of objects at exactly the place of another one."""
OUTLIER = 5.0
"""Redshifts this many times above those of 95 % of the objects are probably no redshifts."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class SkyCatalogue(CatalogueFiles):
    """Files of galaxies or randoms on the sky and the meaning of their columns.

    Parameters
    ----------
    columns : sequence of str or int, shape (3,) or (2,)
        Names or indices of the columns of right ascension and declination in degrees, and of the
        redshift, which randoms may lack.
    cz : bool
        Whether the third column is c z in km/s rather than the redshift z.
    minimum_redshift, maximum_redshift : float
        Range of the redshifts to keep.
    path, weight, format, table, cut, max_rejected
        See `CatalogueFiles`.

    Raises
    ------
    InputError
        `columns` does not name two or three columns, or the range of redshifts is empty.
    """

    columns: Sequence[Column] = ("ra", "dec", "z")
    cz: bool = False
    minimum_redshift: float = 0.0
    maximum_redshift: float = LARGEST_REDSHIFT

    def __post_init__(self):
        if len(self.columns) not in (2, 3):
            raise InputError(
                f"{self.name}: columns must name right ascension, declination and redshift, not "
                f"{list(self.columns)}"
            )
        super().__post_init__()
        if not 0 <= self.minimum_redshift < self.maximum_redshift <= LARGEST_REDSHIFT:
            raise InputError(
                f"minimum_redshift {self.minimum_redshift:g} and maximum_redshift "
                f"{self.maximum_redshift:g}: give a range between 0 and {LARGEST_REDSHIFT:g}"
            )


class SkySample(NamedTuple):
    """Galaxies or randoms on the sky.

    Attributes
    ----------
    name : str
        Their catalogue, for messages.
    ra, dec : numpy.ndarray, shape (N,), float64
        Right ascension and declination in degrees.
    distance : numpy.ndarray, shape (N,), float64, or None
        Comoving distances in Mpc/h, if the redshifts are known.
    weight : numpy.ndarray, shape (N,), float64, or None
        Weights, if the catalogue has them.
    """

    name: str
    ra: np.ndarray
    dec: np.ndarray
    distance: np.ndarray | None = None
    weight: np.ndarray | None = None

    @property
    def n_objects(self) -> int:
        """Number of objects."""
        return len(self.ra)

    @property
    def total_weight(self) -> float:
        """Sum of the weights; the number of objects if there are none."""
        return float(self.n_objects if self.weight is None else self.weight.sum())

    @property
    def direction(self) -> np.ndarray:
        """Unit vectors towards the objects, shape (N, 3), float64."""
        return unit_vectors(self.ra, self.dec)

    @property
    def position(self) -> np.ndarray:
        """Comoving positions with the observer at 0 in Mpc/h, shape (N, 3), float64."""
        return self.direction * self.distances[:, None]

    @property
    def distances(self) -> np.ndarray:
        """Comoving distances in Mpc/h, shape (N,), float64.

        Raises
        ------
        InputError
            The redshifts are unknown.
        """
        if self.distance is None:
            raise InputError(f"{self.name}: redshifts are needed; name their column, too")
        return self.distance

    def select(self, rows: np.ndarray) -> "SkySample":
        """Return the objects in the given rows.

        Parameters
        ----------
        rows : numpy.ndarray
            Indices, or a mask of shape (N,).
        """
        distance = None if self.distance is None else self.distance[rows]
        weight = None if self.weight is None else self.weight[rows]
        return SkySample(self.name, self.ra[rows], self.dec[rows], distance, weight)


def read_sky(
    catalogue: SkyCatalogue,
    omega_m: float,
    *,
    rejections: Rejections | None = None,
    chunk_rows: int = 1 << 20,
) -> SkySample:
    """Read galaxies or randoms with sky coordinates.

    Memory is that of the columns of the objects in the range of redshifts.

    Parameters
    ----------
    catalogue : SkyCatalogue
        The files and the meaning of their columns.
    omega_m : float
        Density of matter today in units of the critical density, for the distances in flat ΛCDM.
    rejections : Rejections, optional
        Gets the rows that are left out: those of another number of fields, and those with text,
        NaN or infinite values, or weights below 0.
    chunk_rows : int
        Largest number of rows read at a time.

    Returns
    -------
    SkySample

    Raises
    ------
    InputError
        The table cannot be read, no galaxy is left after the cut, more than the fraction
        `max_rejected` of the rows cannot be used, one galaxy has more than a tenth of all weight,
        or values are no angles in degrees and redshifts.
    """
    rejections = Rejections("rows", catalogue.max_rejected) if rejections is None else rejections
    check = RowCheck(catalogue.name, catalogue.names, rejections)
    headers = catalogue.read_headers()
    for path, header in zip(catalogue.files, headers):
        check_sky_units(path, header.units, catalogue.columns, cz=catalogue.cz)
    chunks = list(_read_chunks(catalogue, check, headers, chunk_rows))
    check.conclude(catalogue.bounds)
    arrays = [np.concatenate(values) for values in zip(*chunks)]
    if not len(arrays[0]):
        raise InputError(
            f"{catalogue.name}: no object between the redshifts {catalogue.minimum_redshift:g} and "
            f"{catalogue.maximum_redshift:g}; give another range"
        )
    weight = None if catalogue.weight is None else arrays.pop()
    ra, dec, *rest = arrays
    _check_duplicates(catalogue, arrays)
    _warn_of_units(catalogue, ra, dec)
    _warn_of_outliers(catalogue, *rest)
    distance = comoving_distance(omega_m, rest[0]) if rest else None
    return SkySample(catalogue.name, ra, dec, distance, weight)


def _read_chunks(
    catalogue: SkyCatalogue, check: RowCheck, headers: Sequence, chunk_rows: int
) -> Iterator[list[np.ndarray]]:
    """Read checked columns of angles, redshifts and weights within the range of redshifts."""
    for columns, rows in read_rows(catalogue, headers, check, chunk_rows):
        columns = [values.astype(np.float64) for values in columns]
        _check_angles(catalogue, *columns[:2])
        if len(catalogue.columns) == 3:
            redshift = _redshifts(catalogue, columns[2])
            for place in np.flatnonzero(redshift <= 0):
                reason = f"{catalogue.columns[2]} is {columns[2][place]:g}, not above 0"
                check.rejections.add(check.file, f"row {rows[place]}", reason)
            keep = redshift > max(catalogue.minimum_redshift, 0)
            keep &= redshift <= catalogue.maximum_redshift
            columns[2] = redshift
            columns, rows = [values[keep] for values in columns], rows[keep]
        check.add_weights(None if catalogue.weight is None else columns[-1], rows)
        yield columns


def _check_angles(catalogue: SkyCatalogue, ra: np.ndarray, dec: np.ndarray) -> None:
    """Refuse values that are no right ascensions and declinations in degrees."""
    for column, values, low, high in (
        (catalogue.columns[0], ra, -360, 360),
        (catalogue.columns[1], dec, -90, 90),
    ):
        if len(values) and not (low <= values.min() and values.max() <= high):
            inside = (values >= low) & (values <= high)
            if inside.mean() > 0.5:
                raise InputError(
                    f"{catalogue.name}: column '{column}' has {np.count_nonzero(~inside)} values "
                    f"such as {values[~inside][0]:.6g}, but angles are between {low} and {high} "
                    "degrees; if they mark missing angles, leave them out by cut: "
                    f'{{"{column}": {{"min": {low}, "max": {high}}}}}'
                )
            raise InputError(
                f"{catalogue.name}: column '{column}' extends from {values.min():.6g} to "
                f"{values.max():.6g}, but angles are between {low} and {high} degrees; name the "
                "columns of right ascension and declination, or, for Cartesian positions in a "
                "box, give its size and no randoms"
            )


def _check_duplicates(catalogue: SkyCatalogue, columns: Sequence[np.ndarray]) -> None:
    """Refuse a catalogue of which more than a few objects appear twice."""
    n_objects, n_duplicates = len(columns[0]), count_duplicates(columns)
    if n_duplicates > MOST_DUPLICATES * n_objects:
        raise InputError(
            f"{catalogue.name}: {n_duplicates} of {n_objects} objects have the columns "
            f"{', '.join(map(str, catalogue.columns))} of another; remove the duplicates, or files "
            "that are given twice"
        )


def _warn_of_units(catalogue: SkyCatalogue, ra: np.ndarray, dec: np.ndarray) -> None:
    """Warn of angles that end where a turn in hours or radians does."""
    low, high = ra.min(), ra.max()
    steepest = np.abs(dec).max()
    for unit, turn, quarter in (("hours", 24.0, 90.0), ("radians", 2 * np.pi, np.pi / 2)):
        if low >= 0 and 0.95 * turn < high <= turn and steepest <= quarter:
            logger.warning(
                "%s: right ascensions extend from %.4g to %.4g: if they are in %s, convert them "
                "to degrees",
                catalogue.name,
                low,
                high,
                unit,
            )


def _warn_of_outliers(catalogue: SkyCatalogue, redshift: np.ndarray | None = None) -> None:
    """Warn of a few redshifts far above all others, as values that mark missing ones."""
    if redshift is None:
        return
    usual = float(np.quantile(redshift, 0.95))
    far = redshift > OUTLIER * usual
    if far.any():
        logger.warning(
            "%s: %d of %d objects have redshifts above %.3g, up to %.4g, though 95 %% of them are "
            "below %.3g: if these mark missing redshifts, set maximum_redshift",
            catalogue.name,
            np.count_nonzero(far),
            len(redshift),
            OUTLIER * usual,
            redshift.max(),
            usual,
        )


def _redshifts(catalogue: SkyCatalogue, values: np.ndarray) -> np.ndarray:
    """Return redshifts, from velocities if the catalogue has these."""
    column, largest = catalogue.columns[2], values.max(initial=0)
    if catalogue.cz:
        if 0 < largest < LARGEST_REDSHIFT:
            raise InputError(
                f"{catalogue.name}: column '{column}' reaches {largest:.4g}, so it contains "
                "redshifts and no velocities in km/s; leave cz out"
            )
        return values / SPEED_OF_LIGHT
    if largest > LARGEST_REDSHIFT:
        raise InputError(
            f"{catalogue.name}: column '{column}' reaches {largest:.6g}, so it contains no "
            "redshifts; if they are velocities c z in km/s, set cz; if large values mark missing "
            f'redshifts, leave them out by cut: {{"{column}": {{"max": {LARGEST_REDSHIFT:g}}}}}'
        )
    return values
