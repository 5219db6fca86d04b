"""Columns of VOTables, which VizieR and the services of virtual observatories offer.

The format is that of the IVOA recommendation VOTable 1.5 (2025); data in other files, to which a
table may refer by its address, are not fetched.
"""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from cosmodag.errors import InputError
from cosmodag.voids.catalogues.delimited_text import Problems
from cosmodag.voids.catalogues.table_columns import (
    CURE,
    Column,
    Columns,
    Table,
    column_index,
    column_name,
    first_line,
    missing_error,
    split_component,
)

DATA_INSIDE = ("TABLEDATA", "BINARY", "BINARY2")
"""Elements that contain the values themselves."""

logger = logging.getLogger(__name__)


@dataclass
class VOTableHeader:
    """What a VOTable states about one of its tables.

    Attributes
    ----------
    number : int
        Place of the table in the file.
    names : tuple of str
        Name and identifier of the table.
    columns : list of str
        Names of the columns.
    units : list of str
        Their units, empty where there is none.
    n_rows : int or None
        Number of rows, if it is stated.
    data : str
        Element of the data, empty if there is none.
    address : str
        Address of data in another file.
    """

    number: int
    names: tuple[str, ...]
    n_rows: int | None = None
    columns: list[str] = field(default_factory=list)
    units: list[str] = field(default_factory=list)
    data: str = ""
    address: str = ""


def read_votable(
    path: Path, columns: list[Column], table: Table, chunk_rows: int, problems: Problems
) -> Iterator[Columns]:
    """Read columns of a VOTable.

    The table is parsed as a whole, so that memory grows with its size.

    Parameters
    ----------
    path, columns, table, chunk_rows, problems
        See `cosmodag.voids.catalogues.table_formats`.

    Yields
    ------
    list of numpy.ndarray, shape (rows,)
        One array per column, NaN where there is no value.

    Raises
    ------
    InputError
        The file is damaged, lacks the table or a column, or refers to data in another file.
    """
    from astropy.io import votable

    header = votable_header(path, table)
    if header.data not in DATA_INSIDE or header.address:
        where = f", which are in {header.address}" if header.address else ""
        raise InputError(
            f"{path}: its table does not contain its values{where}; save it with its values, as by "
            "astropy's Table.write('catalogue.fits')"
        )
    with _parsing(path):
        file = votable.parse(path, table_number=header.number, invalid="mask")
        rows = next(table for table in file.iter_tables() if not table.is_empty()).array
    if header.n_rows not in (None, len(rows)):
        raise InputError(f"{path}: states {header.n_rows} rows, but has {len(rows)}; {CURE}")
    infos = [*file.infos, *(info for resource in file.resources for info in resource.infos)]
    if any((info.name, info.value) == ("QUERY_STATUS", "OVERFLOW") for info in infos):
        logger.warning(
            "%s: the service states that it cut the table at its limit of rows; ask for all rows",
            path,
        )
    sources = []
    for column in columns:
        name, component = split_component(column)
        place = header.columns.index(str(column_name(path, name, header.columns)))
        sources.append(_values(path, rows[rows.dtype.names[place]], component))
    for start in range(0, len(rows), chunk_rows):
        yield [source[start : start + chunk_rows] for source in sources]


def votable_header(path: Path, table: Table = None) -> VOTableHeader:
    """Read what a VOTable states about a table, without its values.

    Parameters
    ----------
    path : pathlib.Path
        The file, which may be compressed by gzip or bzip2.
    table : str or int, optional
        Name, identifier or number from 0 of the table; by default the first one.

    Returns
    -------
    VOTableHeader

    Raises
    ------
    InputError
        The file is damaged or has no such table.
    """
    found: list[str] = []
    with _parsing(path):
        for header in _headers(path):
            if table in (None, header.number, *header.names):
                return header
            found += header.names
    if table is None:
        raise InputError(f"{path}: has no table; {CURE}")
    raise missing_error(path, "table", table, found)


def _headers(path: Path) -> Iterator[VOTableHeader]:
    """Yield the headers of the tables that have columns."""
    from astropy.utils.xml.iterparser import get_xml_iterator

    number, header = -1, None
    with get_xml_iterator(path) as elements:
        for begins, tag, attributes, _ in elements:
            if tag == "TABLE" and begins:
                number += 1
                names = (attributes.get("name"), attributes.get("ID"))
                stated = attributes.get("nrows", "")
                n_rows = int(stated) if stated.isdecimal() else None
                header = VOTableHeader(number, tuple(filter(None, names)), n_rows)
            elif header is None:
                continue
            elif tag == "FIELD" and begins:
                header.columns.append(attributes.get("name") or attributes.get("ID", ""))
                header.units.append(attributes.get("unit", ""))
            elif (tag == "TR" and begins) or tag in ("STREAM", "TABLE"):
                if tag == "STREAM":
                    header.address = attributes.get("href", "")
                if header.columns:
                    yield header
                header = None
            elif begins and not header.data and tag in DATA_INSIDE:
                header.data = tag


def _values(path: Path, values: np.ma.MaskedArray, component: int | None) -> np.ndarray:
    """Return the values of a column, NaN where there is none."""
    if component is not None:
        column_index(path, component, values.shape[1] if values.ndim == 2 else 0)
        values = values[:, component]
    if np.ma.is_masked(values) and values.dtype.kind in "iuf":
        return np.ma.filled(values.astype(np.float64), np.nan)
    return np.asarray(values)


@contextmanager
def _parsing(path: Path) -> Iterator[None]:
    """Report errors of the parser as errors of the file, and none of its many warnings."""
    from astropy.io.votable.exceptions import VOTableSpecError

    errors = (VOTableSpecError, OSError, ValueError, KeyError, TypeError, IndexError, MemoryError)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        except InputError:
            raise
        except errors as error:
            raise InputError(f"{path}: not a whole VOTable ({first_line(error)}); {CURE}") from None
