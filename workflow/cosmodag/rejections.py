"""Items of an input that are left out, such as files of a folder or rows of a catalogue.

One bad item must not stop the work on thousands. It is left out and listed with the reason in a
table beside the product, and the log and the attributes of the product contain the count. Too many
bad items are refused, since they indicate a mistake of another kind.
"""

import csv
import logging
import os
from collections.abc import MutableMapping
from pathlib import Path
from typing import NamedTuple

from cosmodag.errors import InputError
from cosmodag.files import final_path, whole_file

MAX_REJECTED = 0.05
"""Default of the setting `max_rejected`."""
ALWAYS_ALLOWED = 3
"""Items that may be left out whatever the share, so that one bad file among ten is no obstacle."""
LOGGED, LOGGED_IF_REFUSED = 5, 100
"""Items that the log names; more if they are too many, so that all can be repaired at once."""
LISTED = 100_000
"""Items that the table lists; more are counted."""

logger = logging.getLogger(__name__)


class Rejection(NamedTuple):
    """An item that is left out.

    Attributes
    ----------
    file : str
        File of the item.
    item : str
        Name of the item in the file, such as ``row 7``; empty for the file as a whole.
    reason : str
    """

    file: str
    item: str
    reason: str


class Rejections:
    """Items of one kind that are left out of a product, with the reasons.

    Parameters
    ----------
    kind : str
        What the items are, in the plural, such as "rows".
    max_rejected : float
        Largest fraction of the items that may be left out.

    Attributes
    ----------
    kind, max_rejected
        As given.
    rejected : list of Rejection
        The first `LISTED` items.
    n_rejected : int
        Number of all items that are left out.

    Examples
    --------
    >>> rejections = Rejections("rows", 0.05)
    >>> rejections.add("galaxies.csv", "row 7", "x is NaN")
    >>> rejections.check("galaxies.csv", 1000)
    >>> rejections.n_rejected
    1
    """

    def __init__(self, kind: str, max_rejected: float = MAX_REJECTED):
        if not 0 <= max_rejected < 1:
            raise InputError(f"max_rejected {max_rejected}: give a fraction from 0 to below 1")
        self.kind, self.max_rejected = kind, max_rejected
        self.rejected: list[Rejection] = []
        self.n_rejected = 0

    @property
    def first(self) -> str:
        """The first item and its reason in brackets with a space before, empty if there is none."""
        if not self.rejected:
            return ""
        file, item, reason = self.rejected[0]
        return f" ({file}{f', {item}' if item else ''}: {reason})"

    def add(self, file: str | os.PathLike, item: str, reason: str, count: int = 1) -> None:
        """Leave out an item.

        Parameters
        ----------
        file, item, reason
            See `Rejection`; the reason is one line.
        count : int
            Number of items of this kind that are left out with it; 0 for a file that is listed but
            is none of the items.
        """
        self.n_rejected += count
        if len(self.rejected) < LISTED:
            reason = " ".join(reason.removeprefix(f"{file}: ").split())
            self.rejected.append(Rejection(os.fspath(file), item, reason))

    def extend(self, other: "Rejections") -> None:
        """Leave out the items of another input of the same product."""
        self.rejected += other.rejected
        self.n_rejected += other.n_rejected

    def another(self) -> "Rejections":
        """Return rejections of the same kind and limit, without an item."""
        return Rejections(self.kind, self.max_rejected)

    def check(self, name: str | os.PathLike, n_items: int, cure: str = "repair them") -> None:
        """Check that few enough items are left out, and name them on the log.

        Parameters
        ----------
        name : path-like
            File or folder of the items, for messages.
        n_items : int
            Number of all items, including those left out.
        cure : str
            What the user can do about bad items.

        Raises
        ------
        InputError
            If no item is left, or more than the fraction `max_rejected` and more than
            `ALWAYS_ALLOWED` are left out; with the default of 0 rejected items, never.
        """
        if not self.rejected:
            return
        allowed = self.max_rejected * n_items
        if self.max_rejected > 0:
            allowed = max(allowed, ALWAYS_ALLOWED)
        if self.n_rejected > allowed or self.n_rejected >= max(n_items, 1):
            first = self.rejected[0]
            where = f"{first.file}, {first.item}" if first.item else first.file
            if first.file == os.fspath(name):
                where = first.item or "the file"
            share = f"{self.n_rejected} of {n_items} {self.kind} cannot be used"
            limit = f"more than max_rejected: {self.max_rejected:g}"
            self._log(LOGGED_IF_REFUSED)
            raise InputError(
                f"{name}: {share}, {'all' if self.n_rejected >= n_items else limit}; the first: "
                f"{where}: {first.reason}; {cure}"
            )
        self._log(LOGGED)

    def _log(self, most: int) -> None:
        """Name the first items on the log."""
        for file, item, reason in self.rejected[:most]:
            logger.warning("%s: left out: %s", f"{file}, {item}" if item else file, reason)
        if len(self.rejected) > most:
            logger.warning("%d more left out", len(self.rejected) - most)

    def record(self, attributes: MutableMapping[str, object]) -> None:
        """Write the number of items left out into the attributes of a product."""
        attributes[f"n_rejected_{self.kind}"] = self.n_rejected

    def write(self, product: str | os.PathLike) -> Path:
        """Write the table of items that were left out beside a product.

        Parameters
        ----------
        product : path-like
            File of the product.

        Returns
        -------
        pathlib.Path
            The table, CSV with the columns file, item and reason; see `rejections_path`.
        """
        path = rejections_path(product)
        with whole_file(path) as partial, open(partial, "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(Rejection._fields)
            writer.writerows(self.rejected)
            if len(self.rejected) == LISTED:
                writer.writerow(["", "", f"not more than {LISTED} are listed"])
        if self.rejected:
            logger.warning(
                "%d %s left out, listed in %s", self.n_rejected, self.kind, final_path(path)
            )
        return path


def rejections_path(product: str | os.PathLike) -> Path:
    """Return the path of the table of items that were left out of a product.

    Parameters
    ----------
    product : path-like
        File of the product.

    Returns
    -------
    pathlib.Path

    Examples
    --------
    >>> rejections_path("results/0.h5").as_posix()
    'results/0.rejected.csv'
    """
    return Path(product).with_suffix(".rejected.csv")
