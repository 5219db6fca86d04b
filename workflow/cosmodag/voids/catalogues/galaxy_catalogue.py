"""Galaxy catalogues in any supported format, converted to positions in a box in Mpc/h."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cosmodag.errors import InputError
from cosmodag.hdf5 import create_file
from cosmodag.rejections import Rejections, rejections_path
from cosmodag.voids.catalogues.box_check import BoxCheck
from cosmodag.voids.catalogues.box_coordinates import BoxCoordinates
from cosmodag.voids.catalogues.catalogue_files import CatalogueFiles, read_rows
from cosmodag.voids.catalogues.catalogue_parts import check_parts
from cosmodag.voids.catalogues.file_headers import FileHeader
from cosmodag.voids.catalogues.galaxies_file import append, start_box, start_galaxies
from cosmodag.voids.catalogues.sky_columns import SURVEY
from cosmodag.voids.catalogues.table_columns import Column

ANGLES = {"ra", "dec", "raj2000", "dej2000", "decj2000", "glon", "glat", "lon", "lat", "z_redshift"}
"""Names of columns that are not lengths."""


@dataclass(frozen=True, kw_only=True)
class GalaxyCatalogue(CatalogueFiles):
    """Files of galaxies in a box and the meaning of their columns.

    Parameters
    ----------
    coordinates : BoxCoordinates
        Box, unit and origin of the positions.
    columns : sequence of str or int, shape (3,)
        Names or indices of the columns of x, y and z.
    path, weight, format, table, cut, max_rejected
        See `CatalogueFiles`.

    Raises
    ------
    InputError
        `columns` does not name three columns, or a cut has other bounds than `min` and `max`.
    """

    coordinates: BoxCoordinates
    columns: Sequence[Column] = ("x", "y", "z")

    def __post_init__(self):
        if len(self.columns) != 3:
            raise InputError(f"{self.name}: columns must name x, y and z, not {list(self.columns)}")
        super().__post_init__()
        if angles := [name for name in self.columns if str(name).lower() in ANGLES]:
            raise InputError(
                f"{self.name}: columns {', '.join(map(str, angles))} are angles; give comoving "
                f"Cartesian positions x, y and z; {SURVEY}"
            )


@dataclass(frozen=True)
class GalaxyChunk:
    """Consecutive galaxies of a catalogue.

    Attributes
    ----------
    position : numpy.ndarray, shape (N, 3)
        Positions in Mpc/h from the lower corner of the box.
    weight : numpy.ndarray, shape (N,), or None
        Weights, if the catalogue has them.
    """

    position: np.ndarray
    weight: np.ndarray | None


def read_galaxies(
    catalogue: GalaxyCatalogue,
    *,
    dtype: np.typing.DTypeLike = np.float32,
    chunk_rows: int = 1 << 20,
    rejections: Rejections | None = None,
) -> Iterator[GalaxyChunk]:
    """Read the galaxies of one box chunk by chunk, from one file or several.

    Positions are wrapped into 0 ≤ x < box_size in a periodic box. Rows that cannot be used are left
    out. They and positions outside the box are counted over the whole file and may raise an error
    at its end, so results must not be used before the iterator is exhausted.

    Parameters
    ----------
    catalogue : GalaxyCatalogue
        The file and the meaning of its columns.
    dtype : dtype-like
        float32 or float64, of the positions and weights.
    chunk_rows : int
        Largest number of rows in memory.
    rejections : Rejections, optional
        Gets the rows that are left out: those of another number of fields, and those whose
        position, weight or value to cut on is text, NaN or infinite, and weights below 0.

    Yields
    ------
    GalaxyChunk
        Galaxies within the cut, in the order of the file.

    Raises
    ------
    InputError
        The table cannot be read, files of the catalogue are missing, their headers contradict the
        box, unit or h, no galaxy is left after the cut, more than the fraction `max_rejected` of
        the rows cannot be used, one galaxy has more than a tenth of all weight, positions lie
        outside the box, or part of the box has none.

    Examples
    --------
    >>> catalogue = GalaxyCatalogue(
    ...     path="galaxies.fits", coordinates=BoxCoordinates(box_size=420, unit="Mpc", hubble=0.7)
    ... )
    >>> chunks = list(read_galaxies(catalogue))  # doctest: +SKIP
    """
    coordinates = catalogue.coordinates
    scale = coordinates.scale(catalogue.name)
    headers = check_headers(catalogue)
    rejections = Rejections("rows", catalogue.max_rejected) if rejections is None else rejections
    check = BoxCheck(catalogue.name, catalogue.names, rejections, coordinates=coordinates)
    for columns, row in read_rows(catalogue, headers, check, chunk_rows):
        position = np.stack(columns[:3], axis=1).astype(np.float64) * scale - coordinates.corner
        weight = None if catalogue.weight is None else columns[3].astype(dtype)
        if check.add(position, weight, row):
            inside = _into_box(position, coordinates.sides, coordinates.periodic, np.dtype(dtype))
            yield GalaxyChunk(inside, weight)
    check.conclude(catalogue.bounds)


def join_chunks(chunks: Iterable[GalaxyChunk]) -> GalaxyChunk:
    """Return all galaxies of a catalogue as one chunk.

    Parameters
    ----------
    chunks : iterable of GalaxyChunk
        At least one, all with weights or all without.
    """
    positions, weights = zip(*((chunk.position, chunk.weight) for chunk in chunks))
    weight = None if weights[0] is None else np.concatenate(weights)
    return GalaxyChunk(np.concatenate(positions), weight)


def check_headers(catalogue: GalaxyCatalogue) -> list[FileHeader]:
    """Compare what the files of a catalogue state about it with each other and the configuration.

    Parameters
    ----------
    catalogue : GalaxyCatalogue
        The files and the meaning of their columns.

    Returns
    -------
    list of FileHeader
        What each file states.

    Raises
    ------
    InputError
        A file cannot be read, parts are missing, or a header states another box, unit or h.
    """
    headers = catalogue.read_headers()
    check_parts(catalogue.files, headers, catalogue.coordinates, catalogue.columns)
    return headers


def write_galaxies_file(
    output: str | os.PathLike,
    catalogues: Mapping[str, GalaxyCatalogue],
    *,
    source: str,
    groups: Mapping[str, str] | None = None,
    attributes: Mapping[str, Mapping[str, float]] | None = None,
) -> None:
    """Read galaxy catalogues into a galaxies file.

    Memory does not grow with the size of the catalogues. The file is written completely or not at
    all. Rows that cannot be used are listed in a table beside it, see `cosmodag.rejections`.

    Parameters
    ----------
    output : path-like
        The galaxies file, see `cosmodag.voids.catalogues.galaxies_file`.
    catalogues : mapping from str to GalaxyCatalogue
        The catalogue of each box, by the name of the box.
    source : str
        Name of the source.
    groups : mapping from str to str, optional
        Group of each box; boxes of one group are never split. By default each box is a group.
    attributes : mapping from str to mapping, optional
        Further attributes of each box, such as `omega_m` and `sigma8`.

    Raises
    ------
    InputError
        As `read_galaxies`.
    """
    total = Rejections("rows")
    inputs = [file for each in catalogues.values() for file in each.files]
    files = [rejections_path(output)]
    with create_file(output, "galaxies", inputs=inputs, files=files) as file:
        start_galaxies(file, source)
        for name, catalogue in catalogues.items():
            box = start_box(
                file,
                name,
                box_size=catalogue.coordinates.sides,
                origin=catalogue.coordinates.corner,
                periodic=catalogue.coordinates.periodic,
                group=(groups or {}).get(name, f"{source}/{name}"),
                weighted=catalogue.weight is not None,
                attributes=(attributes or {}).get(name),
            )
            rejections = Rejections("rows", catalogue.max_rejected)
            for chunk in read_galaxies(catalogue, rejections=rejections):
                append(box, chunk.position, chunk.weight)
            rejections.record(box.attrs)
            total.extend(rejections)
        total.write(output)


def _into_box(
    position: np.ndarray, sides: np.ndarray, periodic: bool, dtype: np.dtype
) -> np.ndarray:
    """Return positions wrapped into a periodic box or clipped to an open one."""
    if not periodic:
        return np.clip(position, 0.0, sides).astype(dtype)
    position = np.mod(position, sides).astype(dtype)
    # Rounding to float32 may lift a position onto the upper face, which is the lower face.
    position[position >= sides.astype(dtype)] = 0.0
    return position
