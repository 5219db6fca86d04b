"""Files of one catalogue: whether they are all there, and agree with the configuration."""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from cosmodag.errors import InputError
from cosmodag.voids.catalogues.box_coordinates import UNITS, BoxCoordinates
from cosmodag.voids.catalogues.file_headers import FileHeader
from cosmodag.voids.catalogues.sky_columns import sky_error
from cosmodag.voids.catalogues.stated_units import check_units
from cosmodag.voids.catalogues.table_columns import Column
from cosmodag.voids.catalogues.tables import read_columns

BOX_TOLERANCE = 1e-3
"""Largest relative difference of the box from that in a header."""
_PEEKED = 10_000
"""Rows that show whether columns are angles and redshifts."""
_NAMED = 4
"""Missing files that a message names."""


def check_parts(
    files: Sequence[Path],
    headers: Sequence[FileHeader],
    coordinates: BoxCoordinates,
    columns: Sequence[Column],
) -> None:
    """Check that files are all parts of one catalogue, in the box and unit of the configuration.

    Parameters
    ----------
    files : sequence of pathlib.Path
        The files.
    headers : sequence of FileHeader
        What they state.
    coordinates : BoxCoordinates
        Box and unit of the configuration.
    columns : sequence of str or int, shape (3,)
        Columns of x, y and z.

    Raises
    ------
    InputError
        Parts are missing or belong to different catalogues, or a header states another box, h or
        unit than the configuration.
    """
    _check_completeness(files, headers)
    first = headers[0]
    for path, header in zip(files, headers):
        for what in ("box_size", "hubble", "n_files", "n_rows", "epoch"):
            found, expected = getattr(header, what), getattr(first, what)
            if found != expected:
                raise InputError(
                    f"{path}: not a part of the same catalogue as {files[0]}: its header states "
                    f"{what.replace('_', ' ')} {found}, not {expected}; give the parts of one "
                    "catalogue"
                )
        check_units(path, header.units, columns, coordinates.unit)
    _check_box(files[0], first, coordinates, columns)
    given, stated = coordinates.hubble, first.hubble
    if given is None or not stated or np.isclose(stated, 1):  # 1 where lengths have no factor of h
        return
    if not np.isclose(stated, given, rtol=BOX_TOLERANCE):
        raise InputError(
            f"{files[0]}: its header states h = {stated:g}, but hubble is {given:g}; set hubble: "
            f"{stated:g}"
        )


def check_rows(name: str, headers: Sequence[FileHeader], n_rows: int) -> None:
    """Compare the number of rows of a catalogue with that in the headers of its files.

    Parameters
    ----------
    name : str
        The catalogue, for the message.
    headers : sequence of FileHeader
        What its files state.
    n_rows : int
        Number of rows in all files.

    Raises
    ------
    InputError
        They differ.
    """
    stated = headers[0].n_rows
    if stated is not None and stated != n_rows:
        raise InputError(
            f"{name}: {n_rows} rows, but the header states {stated} (NumPart_Total or "
            "Ngroups_Total); give all files of the catalogue, and copy those that are cut again"
        )


def _check_completeness(files: Sequence[Path], headers: Sequence[FileHeader]) -> None:
    """Refuse some of the files of a catalogue, and those of several."""
    path, header, n_files = files[0], headers[0], headers[0].n_files
    # The virtual file over all parts, as SWIFT writes it, has all rows.
    virtual = len(files) == 1 and header.n_rows and header.n_rows_here == header.n_rows
    if n_files is None or n_files == len(files) or virtual:
        return
    stated = f"one of {n_files} files of a snapshot (NumFilesPerSnapshot or NumFiles)"
    if n_files == 1:
        raise InputError(
            f"{path}: a whole snapshot by its header, but given with {len(files) - 1} others; give "
            "the files of one snapshot"
        )
    if n_files < len(files):
        raise InputError(
            f"{path}: {stated}, but {len(files)} are given; give the files of one snapshot"
        )
    place = _part_number(path, n_files)
    if place is None:
        raise InputError(
            f"{path}: {stated}, but {len(files)} given; give all as path, by a pattern or a list"
        )
    before, number, after = path.name[: place[0]], path.name[slice(*place)], path.name[place[1] :]
    width = len(number) if number.startswith("0") and len(number) > 1 else 1
    present = {file.name for file in files}
    names = (f"{before}{part:0{width}d}{after}" for part in range(n_files))
    missing = [name for name in names if name not in present]
    named = ", ".join(missing[:_NAMED]) + (" …" if len(missing) > _NAMED else "")
    raise InputError(
        f"{path}: {stated}, without {named}; put all into one folder and give them by a pattern, "
        f"path: {path.parent / f'{before}*{after}'}"
    )


def _part_number(path: Path, n_files: int) -> tuple[int, int] | None:
    """Return where in the name of a file its number among all parts is."""
    numbers = [m for m in re.finditer(r"\d+", path.name) if int(m[0]) < n_files]
    return numbers[-1].span() if numbers else None


def _check_box(
    path: Path, header: FileHeader, coordinates: BoxCoordinates, columns: Sequence[Column]
) -> None:
    """Refuse a box of another size than the header states."""
    if header.box_size is None or min(header.box_size) <= 0:
        return
    sides, box = coordinates.sides, np.asarray(header.box_size)
    own = BoxCoordinates(box_size=1, unit=header.box_unit).scale(path) if header.box_unit else None
    scale = coordinates.scale(path) if own is None else own
    whole = coordinates.unit == "box"  # positions may be in fractions of a box that is not
    if np.allclose(box * (1.0 if whole else scale), sides, rtol=BOX_TOLERANCE):
        return
    if error := _sky_error(path, columns):
        raise error
    given = " x ".join(f"{side:g}" for side in dict.fromkeys(sides.tolist()))
    stated = [float(f"{side:.6g}") for side in box * scale]
    stated = stated[:1] if len(set(stated)) == 1 else stated
    cure = f"set box_size: {stated[0]:g}" if len(stated) == 1 else f"set box_size: {stated}"
    if own is None:
        for unit in UNITS:
            other = BoxCoordinates(box_size=sides.tolist(), unit=unit, hubble=header.hubble or 0.7)
            if unit != "box" and np.allclose(box * other.scale(path), sides, rtol=BOX_TOLERANCE):
                cure = f"set unit: {unit}"
                cure += "" if unit.endswith("/h") else f" with hubble: {other.hubble:g}"
    raise InputError(
        f"{path}: its header states a box of {' x '.join(f'{s:g}' for s in stated)} Mpc/h with "
        f"unit {header.box_unit or coordinates.unit}, but box_size is {given}; {cure}"
    )


def _sky_error(path: Path, columns: Sequence[Column]) -> InputError | None:
    """Return the error for a file whose first rows contain angles and redshifts, if they do."""
    try:
        chunk = next(read_columns(path, columns, chunk_rows=_PEEKED), None)
    except InputError:
        return None
    if chunk is None or not len(chunk[0]):
        return None
    return sky_error(path, *(np.array([f(values) for values in chunk]) for f in (np.min, np.max)))
