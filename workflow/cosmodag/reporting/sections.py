"""Parts of the report that experiments add to the chapters of their runs."""

import base64
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from cosmodag.checksums import require_named
from cosmodag.evaluation.formatting import bounds, number

# Inks of the figures' style, and those of a dark page.
_INKS = {
    "#1f2a33": "#e4e9ed",
    "#9aa5ae": "#73808b",
    "#d8dee3": "#36414b",
    "#2f6690": "#7fb2dc",
    "#7c8790": "#98a4ae",
    "#c8863c": "#e0aa6a",
}


class Cell(NamedTuple):
    """A cell of a table: its text, a smaller line below it, and whether it is the best of a row."""

    text: str
    small: str = ""
    best: bool = False


@dataclass(frozen=True)
class SectionTable:
    """A table.

    Attributes
    ----------
    caption : str
    columns : sequence of str
    rows : sequence of sequence of str or Cell
        The first cell of each row is its heading.
    """

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str | Cell]]


@dataclass(frozen=True)
class SectionFigure:
    """A figure: its data address, its caption, and whether it takes the full width."""

    address: str
    caption: str
    wide: bool = True


@dataclass(frozen=True)
class Section:
    """A section of an experiment's chapter.

    Attributes
    ----------
    name : str
        Identifier within the chapter.
    title : str
        Heading, which names what the section is of.
    answer : str
        The main statement.
    outcome : str
        Badge beside the heading; none where empty.
    paragraphs : sequence of str
    figures : sequence of SectionFigure
    tables : sequence of SectionTable
    command : str
        Command that makes what is shown.
    provenance : mapping
    """

    name: str
    title: str
    answer: str = ""
    outcome: str = ""
    paragraphs: Sequence[str] = ()
    figures: Sequence[SectionFigure] = ()
    tables: Sequence[SectionTable] = ()
    command: str = ""
    provenance: Mapping[str, Any] = field(default_factory=dict)


def interval_cell(interval: Mapping[str, float | None], best: bool = False) -> Cell:
    """Return a cell with a value and its interval."""
    return Cell(number(interval["value"]), bounds(interval), best)


def data_address(path: str | os.PathLike) -> str:
    """Return an SVG file as a data address, its inks following the page into the dark.

    As an image it is sealed off: nothing inside it can run or fetch.
    """
    return picture_address(Path(path).read_text(encoding="utf-8"))


def figure_address(path: str | os.PathLike, namer: str | os.PathLike) -> str:
    """Return a figure as a data address, verified by the file that names it."""
    require_named(path, namer, "make both again")
    return data_address(path)


def picture_address(text: str) -> str:
    """Return an SVG picture as a data address, see `data_address`."""
    text = re.sub(r"<metadata>.*?</metadata>", "", text[text.index("<svg") :], flags=re.DOTALL)
    for light in _INKS:
        text = text.replace(light, f"var(--{light[1:]},{light})")
    dark = ";".join(f"--{light[1:]}:{ink}" for light, ink in _INKS.items())
    style = f"<style>@media (prefers-color-scheme:dark){{svg{{{dark}}}}}</style>"
    text = re.sub(r"(<svg[^>]*>)", rf"\1{style}", text, count=1)
    return "data:image/svg+xml;base64," + base64.b64encode(text.encode()).decode()
