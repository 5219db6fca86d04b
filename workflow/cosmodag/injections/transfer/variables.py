"""Variables that transfer functions depend on, and the quantities that are compared with the truth.

The checks of a configuration import this module, which therefore imports nothing heavy.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from cosmodag.schema_errors import nearest

MAGNITUDE, ARCSEC = "mag", "arcsec"
"""Units, as FITS names them."""


class Variable(NamedTuple):
    """A property of injections.

    Attributes
    ----------
    name : str
        Such as "r", "g_minus_r", "size", "depth_r" or "seeing_r".
    title : str
        Words for figures and tables.
    unit : str
        "mag" or "arcsec".
    """

    name: str
    title: str
    unit: str

    def values(self, table: Mapping[str, Any]) -> Any:
        """Return the variable from the columns of a table.

        Parameters
        ----------
        table : mapping from str to array-like, shape (N,)
            A column of the name, or for a colour the magnitudes of both bands.

        Returns
        -------
        array-like, shape (N,)

        Raises
        ------
        KeyError
            If there is no such column.
        """
        if self.name in table:
            return table[self.name]
        first, separator, second = self.name.partition("_minus_")
        if not separator:
            raise KeyError(self.name)
        return table[first] - table[second]


class Quantity(NamedTuple):
    """A measured quantity that is compared with its true value.

    Attributes
    ----------
    name : str
        Column of the truth; that of the measurement is ``measured_<name>``.
    title : str
        Words for figures and tables.
    unit : str
        "mag" or "arcsec".
    """

    name: str
    title: str
    unit: str


def magnitude(band: str) -> Variable:
    """Return the true magnitude in a band."""
    return Variable(band, f"true {band}", MAGNITUDE)


def variables(bands: Sequence[str], reference: str) -> list[Variable]:
    """Return the variables that completeness and bias are measured against.

    Parameters
    ----------
    bands : sequence of str
        Photometric bands.
    reference : str
        Band of the depth and the seeing.

    Returns
    -------
    list of Variable
        The magnitude in the reference band and in the others, size, colours of neighbouring bands,
        depth and seeing.

    Examples
    --------
    >>> [each.name for each in variables("gr", "r")]
    ['r', 'g', 'size', 'g_minus_r', 'depth_r', 'seeing_r']
    """
    others = [band for band in bands if band != reference]
    colours = [
        Variable(f"{first}_minus_{second}", f"true {first} − {second}", MAGNITUDE)
        for first, second in pairwise(bands)
    ]
    return [
        *map(magnitude, (reference, *others)),
        Variable("size", "true half-light radius", ARCSEC),
        *colours,
        Variable(f"depth_{reference}", f"depth in {reference}", MAGNITUDE),
        Variable(f"seeing_{reference}", f"seeing in {reference}", ARCSEC),
    ]


def quantities(bands: Sequence[str]) -> list[Quantity]:
    """Return the quantities whose bias and scatter are measured.

    Parameters
    ----------
    bands : sequence of str
        Photometric bands.

    Returns
    -------
    list of Quantity
        The magnitude in each band, and the half-light radius.
    """
    magnitudes = [Quantity(band, f"magnitude in {band}", MAGNITUDE) for band in bands]
    return [*magnitudes, Quantity("size", "half-light radius", ARCSEC)]


def columns(bands: Sequence[str], reference: str) -> list[str]:
    """Return the columns of a table of matches that transfer functions are measured from."""
    truth = [*bands, "size"]
    conditions = [f"depth_{reference}", f"seeing_{reference}"]
    return [
        *("id", "brick", "run", "status", "checked", "offset_x", "offset_y"),
        *truth,
        *(f"measured_{name}" for name in truth),
        *conditions,
    ]


def edges_fault(
    edges: Mapping[str, Sequence[float]], known: Sequence[str]
) -> tuple[str, str] | None:
    """Return the first variable whose given edges cannot be used, and why; None if all can.

    Parameters
    ----------
    edges : mapping from str to sequence of float
        Edges of bins by variable.
    known : sequence of str
        Names of variables.

    Examples
    --------
    >>> edges_fault({"r": [21, 20]}, ["r"])
    ('r', '[21, 20] do not increase; give increasing edges')
    """
    for name, own in edges.items():
        if name not in known:
            return name, f"not a known variable{nearest(name, known)}"
        if len(own) < 2 or any(upper <= lower for lower, upper in pairwise(own)):
            return name, f"{list(own)} do not increase; give increasing edges"
    return None
