"""How a catalogue of galaxies belongs to stamps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from cosmodag.errors import InputError
from cosmodag.settings import unknown

RESERVED = {
    *("id", "group", "object", "split", "number", "side", "stamp_side", "half_side", "content"),
    *("measured_noise", "masked_fraction", "ra", "dec"),
}
"""Names of columns that have another meaning for the workflow."""
UNMATCHED = ("leave_out", "keep")


@dataclass(frozen=True)
class CatalogueFormat:
    """How a catalogue belongs to stamps.

    Attributes
    ----------
    path : str
        FITS, CSV or Parquet.
    key : str, optional
        Column with names of stamps: of their files, with or without folder and extension.
    ra, dec : str, optional
        Columns of positions in degrees. Without `key`, stamps are matched by position; with it,
        they are the positions of stamps that have none.
    radius : float
        Largest separation of a match by position in arcsec.
    columns : sequence of str
        Columns that the examples get.
    group : str, optional
        Column of groups that are not divided between splits.
    unmatched : {"leave_out", "keep"}
        What happens to stamps without a row or without a value of one of the columns.
    """

    path: str
    key: str | None = None
    ra: str | None = None
    dec: str | None = None
    radius: float = 1.0
    columns: Sequence[str] = ()
    group: str | None = None
    unmatched: str = "leave_out"

    def __post_init__(self):
        if (self.ra is None) != (self.dec is None):
            raise InputError("catalogue: ra without dec or dec without ra; give both columns")
        if self.key is None and self.ra is None:
            raise InputError("catalogue.key: missing; give a column of names, or ra and dec")
        if self.unmatched not in UNMATCHED:
            raise unknown("catalogue.unmatched:", self.unmatched, UNMATCHED)
        for column in self.columns:
            if column in RESERVED:
                raise InputError(
                    f"catalogue.columns: {column!r} has another meaning in the index of examples; "
                    "rename it in the catalogue"
                )

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> "CatalogueFormat":
        """Return the format with given values by name.

        Raises
        ------
        InputError
            If a name is not an attribute, or the path is missing.
        """
        names = [field.name for field in fields(cls)]
        for name in values:
            if name not in names:
                raise unknown("catalogue:", name, names)
        if "path" not in values:
            raise InputError("catalogue.path: missing; give a table")
        return cls(**values)
