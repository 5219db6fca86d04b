"""A catalogue beside the stamps: labels, targets, conditions and groups of the galaxies shown."""

import os
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from cosmodag.errors import InputError
from cosmodag.galaxies.stamps.catalogue_format import CatalogueFormat
from cosmodag.galaxies.stamps.stamp_objects import file_stem
from cosmodag.imaging.object_tables import as_names, column_of, read_object_table
from cosmodag.imaging.sky_positions import chord_length, impossible, unit_vectors

CURE = "change catalogue"
MEASUREMENTS = {"psf", "noise"}
"""Columns of measurements, in which text stands for a missing value."""
MAX_CLASSES = 20
"""Largest number of values of a column that gets a column of classes."""
CLASS = "_class"
"""Ending of the columns of classes, numbered from 0 in the order of the values."""


class Matched(NamedTuple):
    """Rows of a catalogue that belong to stamps.

    Attributes
    ----------
    values : pandas.DataFrame, N rows
        Columns of the catalogue, missing for stamps without a row.
    found : numpy.ndarray, shape (N,), bool
        Whether a stamp has a row with all values.
    positions : numpy.ndarray, shape (N, 2), optional
        Positions in degrees by the catalogue, NaN for stamps without a row.
    groups : list of str, optional
        Group of each stamp, empty where it is unknown.
    """

    values: pd.DataFrame
    found: np.ndarray
    positions: np.ndarray | None
    groups: list[str] | None


class StampCatalogue:
    """A catalogue of galaxies that are shown on stamps.

    Parameters
    ----------
    catalogue_format : CatalogueFormat

    Attributes
    ----------
    path : str
    keep : bool
        Whether stamps without a row are used.
    classes : dict from str to list
        Values, in order, of the columns that have a column of classes.

    Raises
    ------
    InputError
        If the table cannot be read or lacks a column.
    """

    def __init__(self, catalogue_format: CatalogueFormat):
        self.format = catalogue_format
        self.path = os.path.expandvars(catalogue_format.path)
        self.keep = catalogue_format.unmatched == "keep"
        table = read_object_table(self.path, CURE)

        def column(key: str, name: str) -> pd.Series:
            return column_of(table, name, self.path, f"catalogue.{key}")

        self._values = pd.DataFrame(
            {name: column("columns", name).to_numpy() for name in catalogue_format.columns}
        )
        for name in MEASUREMENTS & set(self._values):
            self._values[name] = self._numbers(self._values[name])
        self._values.index = pd.RangeIndex(len(table))
        self.classes = {
            name: sorted(values)
            for name in self._values
            if (values := _few_values(self._values[name])) is not None
        }
        self._positions = None
        if catalogue_format.ra is not None:
            names = {"ra": catalogue_format.ra, "dec": catalogue_format.dec}
            angles = [self._degrees(column(key, str(name))) for key, name in names.items()]
            positions = np.column_stack(angles)
            self._positions = np.where(impossible(positions)[:, None], np.nan, positions)
        self._names = self._groups = None
        if catalogue_format.key is not None:
            self._names = as_names(column("key", catalogue_format.key))
        if catalogue_format.group is not None:
            groups = column("group", catalogue_format.group)
            self._groups = as_names(groups).where(groups.notna().to_numpy(), "").to_numpy()

    def _numbers(self, values: pd.Series) -> pd.Series:
        """Return a column of measurements; text among its numbers is missing."""
        numbers = pd.to_numeric(values, errors="coerce")
        if numbers.isna().all() and values.notna().any():
            raise InputError(
                f"{self.path}: column {values.name} has no numbers, such as "
                f"{values.dropna().iloc[0]!r}; {CURE}"
            )
        return numbers

    def _degrees(self, values: pd.Series) -> np.ndarray:
        """Return a column of angles."""
        if not pd.api.types.is_numeric_dtype(values):
            raise InputError(f"{self.path}: column {values.name} is not numeric; {CURE}")
        return values.to_numpy(np.float64, na_value=np.nan)

    def match(self, ids: Sequence[str], names: Sequence[str], positions: np.ndarray) -> Matched:
        """Find the rows of stamps.

        Parameters
        ----------
        ids : sequence of str, length N
            Names of the stamps with their folders, as in the index of examples.
        names : sequence of str, length N
            Names of the stamps without folder and extension.
        positions : numpy.ndarray, shape (N, 2)
            Right ascension and declination in degrees, NaN where they are unknown.

        Returns
        -------
        Matched

        Raises
        ------
        InputError
            If no stamp has a row, or the key names a row twice.
        """
        by_name = self._names is not None
        rows = self._by_name(ids, names) if by_name else self._by_position(positions)
        if len(rows) and not (rows >= 0).any():
            how = (
                f"its column {self.format.key} has none of the stamps, such as {names[0]}"
                if by_name
                else f"none of its positions is within {self.format.radius:g} arcsec of a stamp"
            )
            raise InputError(f"{self.path}: {how}; {CURE}")
        values = self._values.reindex(rows)
        values.index = pd.RangeIndex(len(rows))
        found = (rows >= 0) & values.notna().to_numpy().all(axis=1)
        for name in self._values:
            codes = {value: code for code, value in enumerate(self.classes.get(name, ()))}
            if codes:
                values[f"{name}{CLASS}"] = values[name].map(codes).astype(float)
            # One type in all batches, whether or not values are missing.
            numeric = pd.api.types.is_numeric_dtype(self._values[name])
            values[name] = values[name].astype(float) if numeric else values[name].fillna("")
        matched_positions = groups = None
        if self._positions is not None:
            matched_positions = np.where((rows >= 0)[:, None], self._positions[rows], np.nan)
        if self._groups is not None:
            groups = [self._groups[row] if row >= 0 else "" for row in rows]
        return Matched(values, found, matched_positions, groups)

    def _by_name(self, ids: Sequence[str], names: Sequence[str]) -> np.ndarray:
        """Return the row of each stamp by its name, -1 for none."""
        catalogue = self._names
        assert catalogue is not None
        exact = _rows_by_name(catalogue)
        short = _rows_by_name(catalogue.map(file_stem))
        rows = np.full(len(ids), -1)
        for number, (whole, name) in enumerate(zip(ids, names)):
            options = [exact[each] for each in (whole, os.path.basename(whole)) if each in exact]
            options = options or [found for found in (short.get(name),) if found is not None]
            if options and len(options[0]) > 1:
                raise InputError(
                    f"{self.path}: its column {self.format.key} has {name!r} twice; remove one row"
                )
            rows[number] = options[0][0] if options else -1
        return rows

    def _by_position(self, positions: np.ndarray) -> np.ndarray:
        """Return the row of each stamp that is nearest to it, -1 for none within the radius."""
        rows, catalogue = np.full(len(positions), -1), self._positions
        assert catalogue is not None
        of = np.flatnonzero(np.isfinite(catalogue).all(axis=1))
        placed = np.flatnonzero(np.isfinite(positions).all(axis=1))
        if len(of) and len(placed):
            tree = cKDTree(unit_vectors(*catalogue[of].T))
            limit = chord_length(self.format.radius)
            distance, nearest = tree.query(unit_vectors(*positions[placed].T))
            near = distance <= limit
            rows[placed[near]] = of[nearest[near]]
        return rows


def open_catalogue(values: Mapping[str, Any] | None) -> StampCatalogue | None:
    """Open a catalogue as a configuration describes it.

    Parameters
    ----------
    values : mapping or None
        Attributes of `CatalogueFormat` by name; None for no catalogue.

    Returns
    -------
    StampCatalogue or None
    """
    return None if values is None else StampCatalogue(CatalogueFormat.from_mapping(values))


def _rows_by_name(names: pd.Series) -> dict[str, list[int]]:
    """Return the rows of each name."""
    rows: dict[str, list[int]] = {}
    for row, name in enumerate(names):
        rows.setdefault(name, []).append(row)
    return rows


def _few_values(values: pd.Series) -> set | None:
    """Return the values of a column of labels; None if it is a column of measurements."""
    present = values.dropna()
    if pd.api.types.is_float_dtype(present) and not (present == np.floor(present)).all():
        return None
    distinct = set(present.tolist())
    return distinct if 1 < len(distinct) <= MAX_CLASSES else None
