"""Figures in one style, written as SVG and PDF with their numbers.

In SVG files text is text and images have their own resolution, so they stay small and sharp.
Matplotlib is imported when a figure is drawn, since it takes seconds and baselines draw none.
"""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cosmodag.files import whole_file

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CREATOR = "cosmodag"
"""Mark in the files of figures, by which commands recognize their own."""
STYLE = Path(__file__).with_name("cosmodag.mplstyle")

# Inks of the style that the report exchanges on a dark page.
NETWORK, QUIET, WARM = "#2f6690", "#7c8790", "#c8863c"
DENSITY, PROBABILITY = "magma", "Blues"


@contextlib.contextmanager
def drawing(
    path: str | os.PathLike | io.BytesIO, width: float, height: float, *, dpi: int | None = None
) -> Iterator[Figure]:
    """Yield a figure in the common style and write it on success.

    The figure belongs to no global state of matplotlib, so figures may be drawn in threads.

    Parameters
    ----------
    path : path or io.BytesIO
        File of the figure as SVG. Beside a path are written a PDF of the same name, and the numbers
        that the figure shows as ``<name>.numbers.csv``, see `cosmodag.evaluation.figure_numbers`.
    width, height : float
        Size in inches.
    dpi : int, optional
        Dots per inch of a PNG beside a path; without it there is none.
    """
    from matplotlib import style
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    from cosmodag.evaluation.figure_numbers import figure_numbers

    with style.context(STYLE):
        figure = Figure(figsize=(width, height))
        FigureCanvasSVG(figure)
        yield figure
        # Without a date equal figures are equal files.
        if isinstance(path, io.BytesIO):
            figure.savefig(path, format="svg", metadata={"Date": None})
            return
        with whole_file(path) as partial:
            figure.savefig(partial, format="svg", metadata={"Date": None, "Creator": CREATOR})
        # Other files have the layout of the SVG; finding it again would take as long as drawing.
        figure.set_layout_engine("none")
        with whole_file(Path(path).with_suffix(".pdf")) as partial:
            figure.savefig(
                partial, format="pdf", metadata={"CreationDate": None, "Creator": CREATOR}
            )
        if dpi is not None:
            with whole_file(Path(path).with_suffix(".png")) as partial:
                figure.savefig(partial, format="png", dpi=dpi)
        with whole_file(Path(path).with_suffix(".numbers.csv")) as partial:
            figure_numbers(figure).to_csv(partial, index=False, float_format="%.6g")


def figure_files(path: str | os.PathLike) -> list[Path]:
    """Return the files that `drawing` writes for a figure."""
    return [Path(path), *(Path(path).with_suffix(suffix) for suffix in (".pdf", ".numbers.csv"))]


def plot_curve(axis: Axes, curve: Sequence[Mapping], ink: str, label: str) -> None:
    """Plot the values that are defined, with their intervals as bars."""
    defined = [each for each in curve if each["value"] is not None]
    for each in defined:
        if each["low"] is not None:
            axis.plot([each["at"]] * 2, [each["low"], each["high"]], color=ink, lw=1, alpha=0.6)
    places, values = [each["at"] for each in defined], [each["value"] for each in defined]
    axis.plot(places, values, "o-", color=ink, markersize=4, label=label)


def colour_bar(figure: Figure, image, axes, label: str) -> None:
    """Draw a colour bar with its label."""
    bar = figure.colorbar(image, ax=axes, shrink=0.8, aspect=24, pad=0.02)
    bar.set_label(label, fontsize=7)
    bar.outline.set_visible(False)


def hide_frames(axes: np.ndarray) -> None:
    """Hide ticks and frames of images."""
    for axis in axes.flat:
        axis.set(xticks=[], yticks=[])
        for side in axis.spines.values():
            side.set_visible(False)
