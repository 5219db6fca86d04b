"""The files of a catalogue, and their rows read chunk by chunk."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from cosmodag.errors import InputError
from cosmodag.file_patterns import find_files
from cosmodag.rejections import MAX_REJECTED
from cosmodag.voids.catalogues.catalogue_parts import check_rows
from cosmodag.voids.catalogues.file_headers import FileHeader, read_header
from cosmodag.voids.catalogues.row_check import RowCheck
from cosmodag.voids.catalogues.table_columns import Column
from cosmodag.voids.catalogues.tables import read_columns


@dataclass(frozen=True, kw_only=True)
class CatalogueFiles:
    """Files of a catalogue, and the columns and rows to read from them.

    Parameters
    ----------
    path : path-like or sequence of path-like
        The file, or the files of a catalogue in several: patterns such as ``snapshot.*.hdf5`` are
        allowed. For the formats see `cosmodag.voids.catalogues.tables.read_columns`.
    columns : sequence of str or int
        Names or indices of the columns of the coordinates.
    weight : str or int, optional
        Column of weights; by default each object counts once. Objects of weight 0 are left out.
    format, table : str, optional
        Format of the file and table in it, see `read_columns`.
    cut : mapping from str or int to mapping, optional
        Objects to keep, as ``{column: {"min": lower, "max": upper}}`` with inclusive bounds, of
        which one may be absent.
    max_rejected : float
        Largest fraction of the rows that may be left out because they cannot be used.

    Raises
    ------
    InputError
        A column is named twice, or a cut has other bounds than `min` and `max`.
    """

    path: str | os.PathLike | Sequence[str | os.PathLike]
    columns: Sequence[Column]
    weight: Column | None = None
    format: str | None = None
    table: str | int | None = None
    cut: Mapping[Column, Mapping[str, float]] | None = None
    max_rejected: float = MAX_REJECTED

    def __post_init__(self):
        if len(set(self.columns)) < len(self.columns):
            raise InputError(
                f"{self.name}: columns {list(self.columns)} name one twice; give one for each "
                "coordinate"
            )
        for column, limits in (self.cut or {}).items():
            if not limits or set(limits) - {"min", "max"}:
                raise InputError(
                    f"{self.name}: cut on '{column}' takes 'min' and 'max', not {dict(limits)}"
                )
            if not all(np.isfinite(limit) for limit in limits.values()):
                raise InputError(
                    f"{self.name}: cut on '{column}': {dict(limits)} are not finite numbers; leave "
                    "the bound out"
                )

    @cached_property
    def files(self) -> list[Path]:
        """The files, in the order in which they are read."""
        return find_files(self.path, "give the path of a table")

    @property
    def name(self) -> str:
        """What messages about the whole catalogue call it."""
        more = f" and {len(self.files) - 1} more" if len(self.files) > 1 else ""
        return f"{self.files[0]}{more}"

    @property
    def bounds(self) -> dict[Column, tuple[float, float]]:
        """Lower and upper bound of each column of the cut."""
        return {
            column: (limits.get("min", -np.inf), limits.get("max", np.inf))
            for column, limits in (self.cut or {}).items()
        }

    @property
    def names(self) -> list[Column]:
        """All columns that are read: those of the coordinates, the weight and the cut."""
        return [*self.columns, *([] if self.weight is None else [self.weight]), *self.bounds]

    def read_headers(self) -> list[FileHeader]:
        """Read what each file states about the catalogue.

        Raises
        ------
        InputError
            A file cannot be read.
        """
        return [
            read_header(file, self.columns, format=self.format, table=self.table)
            for file in self.files
        ]


def read_rows(
    catalogue: CatalogueFiles, headers: Sequence[FileHeader], check: RowCheck, chunk_rows: int
) -> Iterator[tuple[list[np.ndarray], np.ndarray]]:
    """Read the rows of a catalogue within its cut chunk by chunk, without those of no use.

    Objects of weight 0 are left out, too: finders that count objects would take them for galaxies.

    Parameters
    ----------
    catalogue : CatalogueFiles
        The files and what to read from them.
    headers : sequence of FileHeader
        What the files state.
    check : RowCheck
        Counts the rows and rejects those with text, NaN or infinite values, or weights below 0.
    chunk_rows : int
        Largest number of rows in memory.

    Yields
    ------
    columns : list of numpy.ndarray, shape (rows,)
        The coordinates and the weight.
    row : numpy.ndarray, shape (rows,), int64
        Numbers of the rows in their file.

    Raises
    ------
    InputError
        The table cannot be read, a column consists of truth values, or files have other numbers of
        rows than they state.
    """
    bounds = catalogue.bounds.values()
    for columns in _read_parts(catalogue, headers, check, chunk_rows):
        n_kept = len(columns) - len(bounds)
        check.refuse_truth_values(columns[:n_kept])
        keep = np.ones(len(columns[0]), bool)
        for values, (lower, upper) in zip(columns[n_kept:], bounds):
            keep &= ~((values < lower) | (values > upper))  # NaN stays, to be rejected
        if catalogue.weight is not None:
            keep &= check.counting(columns[n_kept - 1])
        row = check.count_rows(keep)
        columns = [values[keep] for values in columns]
        usable = check.finite(columns, row)
        if catalogue.weight is not None:
            usable = check.positive(columns[n_kept - 1], row, usable)
        yield [values[usable] for values in columns[:n_kept]], row[usable]
    check_rows(catalogue.name, headers, check.n_rows)


def _read_parts(
    catalogue: CatalogueFiles, headers: Sequence[FileHeader], check: RowCheck, chunk_rows: int
) -> Iterator[list[np.ndarray]]:
    """Read columns of all files of a catalogue chunk by chunk."""
    for path, header in zip(catalogue.files, headers):
        if header.n_rows_here == 0 and header.n_rows:  # a part without particles of this type
            continue
        check.start_file(path)
        yield from read_columns(
            path,
            catalogue.names,
            format=catalogue.format,
            table=catalogue.table,
            chunk_rows=chunk_rows,
            problems=check.problems,
        )
