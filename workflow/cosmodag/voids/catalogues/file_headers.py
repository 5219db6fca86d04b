"""What files state about their catalogue: box, h, unit, number of files and number of rows."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from cosmodag.hdf5_inputs import find_object, open_hdf5
from cosmodag.input_files import check_file
from cosmodag.voids.catalogues.fastfood import fastfood_box_size
from cosmodag.voids.catalogues.table_columns import CURE, Column, Table, split_component
from cosmodag.voids.catalogues.tables import format_of
from cosmodag.voids.catalogues.text_blocks import leading_comments
from cosmodag.voids.catalogues.votables import votable_header

_BOX = re.compile(r"box[ _]?size\s*[:=]\s*([-+.\de]+)\s*([mk]pc */ *h)", re.I)
_HUBBLE = re.compile(r"(?:^|[;,\s])h(?:0|ubble)?\s*[:=]\s*([.\d]+)", re.I)
_UNIT = re.compile(r"\{name: *'?\"?([^,'\"]+)'?\"?, unit: ([^,}]+)")
_N_FILES = ("NumFilesPerSnapshot", "NumFiles")
_N_ROWS = {
    "Group": ("Ngroups_Total",),
    "Subhalo": ("Nsubgroups_Total", "Nsubhalos_Total"),
}
"""Attributes of the number of rows in all files of a catalogue of groups."""


@dataclass(frozen=True)
class FileHeader:
    """What a file states about its catalogue; None where it states nothing.

    Attributes
    ----------
    box_size : tuple of float, shape (1,) or (3,)
        Sides of the box.
    box_unit : str
        Their unit; by default that of the positions.
    hubble : float
        H0 / (100 km/s/Mpc).
    n_files : int
        Number of files of the catalogue.
    n_rows : int
        Number of rows in all files of the catalogue.
    n_rows_here : int
        Number of rows in this file.
    epoch : float
        Scale factor or redshift.
    units : tuple of str
        Units of the columns of x, y and z, empty where there is none.
    """

    box_size: tuple[float, ...] | None = None
    box_unit: str | None = None
    hubble: float | None = None
    n_files: int | None = None
    n_rows: int | None = None
    n_rows_here: int | None = None
    epoch: float | None = None
    units: tuple[str, ...] = ("", "", "")


def read_header(
    path: Path, columns: Sequence[Column], *, format: str | None = None, table: Table = None
) -> FileHeader:
    """Read what a file states about its catalogue.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    columns : sequence of str or int, shape (3,)
        Columns of x, y and z.
    format, table
        See `cosmodag.voids.catalogues.tables.read_columns`.

    Returns
    -------
    FileHeader

    Raises
    ------
    InputError
        The file cannot be read.
    """
    check_file(path, "give the path of a table")
    reader = _READERS.get(format or format_of(path) or "")
    return FileHeader() if reader is None else reader(path, columns, table)


def _fastfood(path: Path, columns: Sequence[Column], table: Table) -> FileHeader:
    """Return the box of a fast-food file."""
    return FileHeader(box_size=(fastfood_box_size(path),))


def _hdf5(path: Path, columns: Sequence[Column], table: Table) -> FileHeader:
    """Return the header of a snapshot, or of a catalogue of groups, of Gadget, AREPO or SWIFT."""
    with open_hdf5(path) as file:
        units = tuple(_attribute_unit(file, table, column) for column in columns)
        header = file.get("Header")
        if not isinstance(header, h5py.Group):
            return FileHeader(units=units)
        attributes = header.attrs
        box = _numbers(attributes, "BoxSize")
        places = [file.get(name) for name in ("Header", "Parameters", "Cosmology")]
        hubbles = [
            _number(place.attrs, key)
            for place in places
            if isinstance(place, h5py.Group)
            for key in ("HubbleParam", "h")
        ]
        n_files = next(filter(None, (_number(attributes, key) for key in _N_FILES)), None)
        n_rows, n_rows_here = _row_counts(attributes, table, columns)
        epochs = (_number(attributes, key) for key in ("Time", "Redshift", "Scale-factor"))
        return FileHeader(
            box_size=tuple(box) if len(box) in (1, 3) else None,
            hubble=next(filter(None, hubbles), None),
            n_files=None if n_files is None else int(n_files),
            n_rows=n_rows,
            n_rows_here=n_rows_here,
            epoch=next((epoch for epoch in epochs if epoch is not None), None),
            units=units,
        )


def _row_counts(
    attributes: h5py.AttributeManager, table: Table, columns: Sequence[Column]
) -> tuple[int | None, int | None]:
    """Return the numbers of rows of a table in all files and in this one."""
    group = str(columns[0] if table is None else table).strip("/").partition("/")[0]
    if kind := re.fullmatch(r"PartType(\d+)", group):
        counts = []
        for key in ("NumPart_Total", "NumPart_Total_HighWord", "NumPart_ThisFile"):
            values = _numbers(attributes, key)
            counts.append(int(values[int(kind[1])]) if len(values) > int(kind[1]) else None)
        total, high, here = counts
        return (total + ((high or 0) << 32) if total else None), here
    totals = (_number(attributes, key) for key in _N_ROWS.get(group, ()))
    n_rows = next((total for total in totals if total is not None), None)
    return None if n_rows is None else int(n_rows), None


def _attribute_unit(file: h5py.File, table: Table, column: Column) -> str:
    """Return the unit that an attribute of a dataset names."""
    name, _ = split_component(column)
    place = str(name) if table is None else f"{table}/{name}"
    dataset = find_object(file, place, cure=CURE)
    if not isinstance(dataset, h5py.Dataset):
        return ""
    unit = dataset.attrs.get("unit", dataset.attrs.get("units", ""))
    return unit.decode("utf-8", "replace") if isinstance(unit, bytes) else str(unit)


def _numbers(attributes: h5py.AttributeManager, key: str) -> list[float]:
    """Return an attribute as a list of finite numbers, empty if it is none."""
    values = np.atleast_1d(attributes.get(key, []))
    if values.dtype.kind not in "iuf" or not np.isfinite(values).all():
        return []
    return values.ravel().tolist()


def _number(attributes: h5py.AttributeManager, key: str) -> float | None:
    """Return an attribute that is one number."""
    values = _numbers(attributes, key)
    return values[0] if len(values) == 1 else None


def _fits(path: Path, columns: Sequence[Column], table: Table) -> FileHeader:
    """Return the units of the columns of a FITS table."""
    from astropy.io import fits

    from cosmodag.imaging.fits_files import open_fits

    with open_fits(path, what="table", cure=CURE, memmap=True) as hdus:
        tables = [hdu for hdu in hdus if isinstance(hdu, fits.BinTableHDU | fits.TableHDU)]
        if table is not None:
            tables = [hdu for hdu in tables if table in (hdu.name, hdus.index(hdu))]
        if not tables:
            return FileHeader()
        by_name = {column.name: column.unit or "" for column in tables[0].columns}
        return FileHeader(units=_units_of(by_name, columns))


def _votable(path: Path, columns: Sequence[Column], table: Table) -> FileHeader:
    """Return the units of the columns of a VOTable."""
    header = votable_header(path, table)
    return FileHeader(units=_units_of(dict(zip(header.columns, header.units)), columns))


def _text(path: Path, columns: Sequence[Column], table: Table) -> FileHeader:
    """Parse box size, h and units from the leading comments, as Rockstar writes them."""
    comments = leading_comments(path)
    box, hubble = _BOX.search(comments), _HUBBLE.search(comments)
    by_name = {name.strip(): unit.strip() for name, unit in _UNIT.findall(comments)}
    return FileHeader(
        box_size=(_float(box[1]),) if box else None,
        box_unit=box[2].lower().replace(" ", "").replace("mpc", "Mpc") if box else None,
        hubble=_little_h(_float(hubble[1])) if hubble else None,
        units=_units_of(by_name, columns),
    )


def _units_of(by_name: dict[str, str], columns: Sequence[Column]) -> tuple[str, ...]:
    """Return the units of columns that are given by name or by index."""
    names = list(by_name)
    found = (split_component(column)[0] for column in columns)
    keys = (names[key] if isinstance(key, int) and 0 <= key < len(names) else key for key in found)
    return tuple(by_name.get(str(key), "") for key in keys)


def _little_h(hubble: float) -> float:
    """Return H0 / (100 km/s/Mpc), from itself or from H0."""
    return hubble / 100 if hubble > 10 else hubble


def _float(text: str) -> float:
    """Return a number, 0 if a text is none."""
    try:
        return float(text)
    except ValueError:
        return 0.0


_READERS: dict[str, Callable[[Path, Sequence[Column], Table], FileHeader]] = {
    "fastfood": _fastfood,
    "hdf5": _hdf5,
    "fits": _fits,
    "text": _text,
    "ecsv": _text,
    "csv": _text,
    "votable": _votable,
}
"""Readers of headers by the format of the file."""
