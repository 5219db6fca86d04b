"""Positions of examples for predictors that do not see their content.

A `Space` defines the distance between two examples: in their box, at the same position of any box,
on the sky, in the order of their names, or by a common seed or object.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd

from cosmodag.imaging.sky_positions import unit_vectors

ARCSEC_PER_RADIAN = 180 * 3600 / np.pi
IDENTITIES = ("seed", "object", "group", "box")
"""Index columns whose equal values can be related to equal targets."""
_LETTERS = "xyz"


class Units(NamedTuple):
    """What is predicted: examples, or pixels of their maps.

    Attributes
    ----------
    index : pandas.DataFrame, N rows
        Index of the examples.
    rows : numpy.ndarray, shape (U,), int
        Example of each unit.
    centres : numpy.ndarray, shape (U, 3), optional
        Positions of pixels in their box in Mpc/h; those of the examples by default.
    """

    index: pd.DataFrame
    rows: np.ndarray
    centres: np.ndarray | None = None

    @classmethod
    def examples(cls, index: pd.DataFrame) -> "Units":
        """Return examples as units."""
        return cls(index, np.arange(len(index)))

    def taken(self, chosen: np.ndarray) -> "Units":
        """Return some of the units."""
        centres = None if self.centres is None else self.centres[chosen]
        return Units(self.index, self.rows[chosen], centres)


class Places(NamedTuple):
    """Positions of units. Units of different domains, such as boxes, have no distance.

    Attributes
    ----------
    points : numpy.ndarray, shape (U, D), float64
    domains : numpy.ndarray, shape (U,), str
    period : numpy.ndarray, shape (D,), optional
        Lengths after which positions repeat.
    """

    points: np.ndarray
    domains: np.ndarray
    period: np.ndarray | None = None


class Space(NamedTuple):
    """A notion of nearness.

    Attributes
    ----------
    name : str
        What is known of an example, for reports.
    unit : str
        Unit of distances.
    places : callable
        Takes `Units` and returns their `Places`.
    local : bool
        Whether near examples share one box or sky, instead of being like each other by chance.
    trend : bool
        Whether targets are judged against their trend in this space instead of their mean, because
        a wide trend is no leak: names of classes sort by class.
    """

    name: str
    unit: str
    places: Callable[[Units], Places]
    local: bool = False
    trend: bool = False


def geometric_spaces(index: pd.DataFrame) -> list[Space]:
    """Return the spaces of positions that an index describes, and of its order if there are none.

    Parameters
    ----------
    index : pandas.DataFrame
        Index of the training split.
    """
    spaces = []
    if {"lower_x", "upper_x"} <= set(index):
        spaces += [
            Space("the position in the box", "Mpc/h", _in_same_box, local=True),
            Space("the position in any box", "Mpc/h", _in_any_box),
        ]
    elif "slice" in index:
        spaces.append(Space("the number of the slice", "slices", _slices))
    if {"ra", "dec"} <= set(index):
        spaces.append(Space("the position on the sky", "arcsec", _on_sky, local=True))
    return spaces or [_order(index)]


def all_spaces(index: pd.DataFrame) -> list[Space]:
    """Return all spaces that an index describes.

    Parameters
    ----------
    index : pandas.DataFrame
        Index of the training split.
    """
    spaces = geometric_spaces(index)
    if not any(space.trend for space in spaces):
        spaces.append(_order(index))
    for column in IDENTITIES:
        if column in index:
            spaces.append(Space(f"the {column}", "", _Identity(column)))
    return spaces


def pixel_units(index: pd.DataFrame, shape: tuple[int, ...], chosen: np.ndarray) -> Units:
    """Return pixels of maps as units.

    Parameters
    ----------
    index : pandas.DataFrame, N rows
        Index with the corners of sub-boxes and, for maps of two axes, the line of sight `axis`.
    shape : tuple of int
        Shape of a map; its axes are those of the box without the line of sight, in their order.
    chosen : numpy.ndarray, shape (U,), int
        Indices of pixels of all maps, flattened.
    """
    row, *pixel = np.unravel_index(chosen, (len(index), *shape))
    lower, upper = (
        index[[f"{end}_{letter}" for letter in _LETTERS]].to_numpy(np.float64)[row]
        for end in ("lower", "upper")
    )
    centres = (lower + upper) / 2
    if len(shape) == 3:
        along = np.tile([0, 1, 2], (len(row), 1))
    else:
        across = np.array([[1, 2], [0, 2], [0, 1]])
        along = across[_axes(index)[row]]
    units = np.arange(len(row))
    for place, (number, length) in enumerate(zip(pixel, shape)):
        axis = along[:, place]
        side = (upper[units, axis] - lower[units, axis]) / length
        centres[units, axis] = lower[units, axis] + side * (number + 0.5)
    return Units(index, row, centres)


def _axes(index: pd.DataFrame) -> np.ndarray:
    return index["axis"].to_numpy(int) if "axis" in index else np.full(len(index), 2)


def _centres(units: Units) -> np.ndarray:
    if units.centres is not None:
        return units.centres
    ends = (
        units.index[[f"{end}_{letter}" for letter in _LETTERS]].to_numpy(np.float64)
        for end in ("lower", "upper")
    )
    return (sum(ends) / 2)[units.rows]


def _period(index: pd.DataFrame) -> np.ndarray | None:
    sides = [f"box_size_{letter}" for letter in _LETTERS]
    if not {"periodic", *sides} <= set(index) or not index["periodic"].all():
        return None
    return index[sides].to_numpy(np.float64).max(axis=0)


def _domains(units: Units, *columns: str) -> np.ndarray:
    """Return the values of columns as one text; lines of sight see different structure."""
    index = units.index
    names = pd.Series("", index=index.index)
    for column in columns:
        if column in index:
            names = names + "|" + index[column].astype(str)
    return names.to_numpy(str)[units.rows]


def _in_same_box(units: Units) -> Places:
    return Places(_centres(units), _domains(units, "box", "axis"), _period(units.index))


def _in_any_box(units: Units) -> Places:
    return Places(_centres(units), _domains(units, "axis"), _period(units.index))


def _slices(units: Units) -> Places:
    points = units.index[["slice"]].to_numpy(np.float64)[units.rows]
    return Places(points, _domains(units, "axis"))


def _on_sky(units: Units) -> Places:
    ra, dec = (units.index[name].to_numpy(np.float64) for name in ("ra", "dec"))
    placed = np.isfinite(ra) & np.isfinite(dec)
    points = ARCSEC_PER_RADIAN * unit_vectors(np.where(placed, ra, 0), np.where(placed, dec, 0))
    domains = np.where(placed, "", units.index["id"].astype(str))
    return Places(points[units.rows], domains[units.rows])


def _order(index: pd.DataFrame) -> Space:
    return Space("the order of names", "examples", _Order(index), trend=True)


class _Order:
    """Places of examples in the natural order of the names of training examples.

    Names that differ in more than numbers are infinitely far apart: they come from other folders or
    surveys, which may well have other classes.
    """

    def __init__(self, index: pd.DataFrame):
        self.keys = np.sort(_natural(index["id"]))

    def __call__(self, units: Units) -> Places:
        rank = np.searchsorted(self.keys, _natural(units.index["id"])).astype(np.float64)
        stems = np.array([re.sub(r"\d+", "", str(name)) for name in units.index["id"]], dtype=str)
        return Places(rank[units.rows, np.newaxis], stems[units.rows])


def _natural(names: pd.Series) -> np.ndarray:
    """Return names in which numbers sort by value."""
    padded = [re.sub(r"\d+", lambda digits: digits[0].zfill(12), str(name)) for name in names]
    return np.array(padded, dtype=str)


class _Identity:
    """Places of examples that are near only where they share a value."""

    def __init__(self, column: str):
        self.column = column

    def __call__(self, units: Units) -> Places:
        return Places(np.zeros((len(units.rows), 1)), _domains(units, self.column))
