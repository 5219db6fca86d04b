"""Figures of a transfer function."""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cosmodag.evaluation.drawing import NETWORK, QUIET, WARM, colour_bar, drawing
from cosmodag.injections.transfer.measurement import TransferFunction
from cosmodag.injections.transfer.variables import Variable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INKS = (NETWORK, WARM, "#5b8c5a", "#8c5b86", QUIET, "#b0534f", "#3f3f3f")
"""Colours of bands in their order."""
COLUMNS = 3
"""Panels side by side."""


def draw_completeness(path: str | os.PathLike, measured: TransferFunction) -> bool:
    """Draw completeness against each variable, with the mean of the model, and its calibration.

    Parameters
    ----------
    path : path
        SVG to write; a PDF, a PNG and the numbers are written beside it.
    measured : TransferFunction
        What to draw.

    Returns
    -------
    bool
        Whether there is something to draw.
    """
    n_panels = len(measured.variables) + 1
    n_rows = -(-n_panels // COLUMNS)
    with drawing(path, 7.2, 2.1 * n_rows + 0.3, dpi=200) as figure:
        panels = figure.subplots(n_rows, COLUMNS, squeeze=False).ravel()
        for axes, variable in zip(panels, measured.variables):
            table = measured.tables[variable.name]
            middle = _draw_interval(axes, table, variable, "completeness", NETWORK, "measured")
            axes.plot(middle, table["predicted"], color=WARM, lw=1, label="model")
            axes.set(xlabel=_label(variable), ylabel="completeness", ylim=(-0.03, 1.03))
        calibration = pd.DataFrame(measured.fit.validation["calibration"])
        axes = panels[n_panels - 1]
        axes.plot([0, 1], [0, 1], color=QUIET, lw=0.6)
        axes.plot(calibration["predicted"], calibration["observed"], "o", color=WARM, markersize=3)
        axes.set(xlabel="predicted by the model", ylabel="detected fraction", title="Held out")
        panels[0].legend(fontsize=6)
        for axes in panels[n_panels:]:
            axes.set_visible(False)
    return True


def draw_errors(path: str | os.PathLike, measured: TransferFunction) -> bool:
    """Draw bias and scatter of each quantity against its true value, and the purity.

    Parameters, result
        As of `draw_completeness`.
    """
    known = {each.name: each for each in measured.variables}
    drawn = [(q, known[q.name]) for q in measured.quantities if q.name in known]
    if not drawn:
        return False
    n_rows = -(-(len(drawn) + bool(measured.purity)) // 2)
    with drawing(path, 7.2, 2.3 * n_rows + 0.3, dpi=200) as figure:
        panels = figure.subplots(n_rows, 2, squeeze=False).ravel()
        for axes, (quantity, variable) in zip(panels, drawn):
            table = measured.tables[variable.name]
            middle = _draw_interval(
                axes, table, variable, f"bias_{quantity.name}", NETWORK, "bias (median)"
            )
            scatter = table[f"scatter_{quantity.name}"]
            axes.plot(middle, scatter, color=WARM, lw=1, label="scatter (half of 16 to 84 %)")
            axes.axhline(0, color=QUIET, lw=0.6, zorder=0)
            axes.set(
                title=quantity.title.capitalize(),
                xlabel=_label(variable),
                ylabel=f"measured − true in {quantity.unit}",
            )
        panels[0].legend(fontsize=6)
        rest = panels[len(drawn) :]
        if measured.purity:
            for (band, table), ink in zip(measured.purity.items(), INKS):
                variable = Variable(band, band, "mag")
                _draw_interval(rest[0], table, variable, "purity", ink, band)
            rest[0].set(
                title="Purity", xlabel="measured magnitude", ylabel="fraction of injections"
            )
            rest[0].legend(fontsize=6)
            rest = rest[1:]
        for axes in rest:
            axes.set_visible(False)
    return True


def draw_plane(path: str | os.PathLike, measured: TransferFunction) -> bool:
    """Draw completeness and the biases of magnitude and size against magnitude and size.

    Parameters, result
        As of `draw_completeness`.
    """
    if measured.plane is None:
        return False
    reference = measured.variables[0]
    names = [reference.name, "size"]
    sides = [len(measured.tables[name]) for name in names]
    panels = {
        "completeness": ("Completeness", "Blues", None),
        f"bias_{reference.name}": (f"Bias of {reference.name} in mag", "RdBu_r", 0.3),
        "bias_size": ("Bias of the size in arcsec", "RdBu_r", 0.3),
    }
    with drawing(path, 7.2, 2.9, dpi=200) as figure:
        for axes, (column, (title, colours, reach)) in zip(
            figure.subplots(1, len(panels)), panels.items()
        ):
            values = measured.plane[column].to_numpy().reshape(sides).T
            limits = (0, 1) if reach is None else (-reach, reach)
            image = axes.imshow(
                values,
                origin="lower",
                aspect="auto",
                cmap=colours,
                vmin=limits[0],
                vmax=limits[1],
            )
            _label_edges(axes, measured, names)
            axes.set(title=title, xlabel=_label(reference))
            colour_bar(figure, image, axes, "")
        figure.axes[0].set_ylabel("true half-light radius in arcsec")
    return True


FIGURES: dict[str, Callable[[str | os.PathLike, TransferFunction], bool]] = {
    "completeness": draw_completeness,
    "errors": draw_errors,
    "magnitude_size": draw_plane,
}
"""Functions that draw the figures, by name."""


def _draw_interval(
    axes: "Axes", table: pd.DataFrame, variable: Variable, column: str, ink: str, label: str
) -> np.ndarray:
    """Draw values of bins with their intervals; return the middles of the bins."""
    middle = (table[f"{variable.name}_lower"] + table[f"{variable.name}_upper"]).to_numpy() / 2
    low, high = (table[f"{column}_{end}"].to_numpy() for end in ("low", "high"))
    known = np.isfinite(low)
    if known.any():
        axes.vlines(middle[known], low[known], high[known], color=ink, lw=0.9)
    axes.plot(middle, table[column], "o", color=ink, markersize=3, label=label)
    return middle


def _label(variable: Variable) -> str:
    """Return the label of the axis of a variable."""
    return f"{variable.title} in {variable.unit}"


def _label_edges(axes: "Axes", measured: TransferFunction, names: list[str]) -> None:
    """Label edges of the bins along both axes of an image."""
    for axis, name, most in zip((axes.xaxis, axes.yaxis), names, (3, 8)):
        table = measured.tables[name]
        edges = [*table[f"{name}_lower"], table[f"{name}_upper"].iloc[-1]]
        step = -(-(len(edges) - 1) // most)
        places = np.arange(len(edges))[::step]
        axis.set_ticks(places - 0.5, [f"{edges[place]:.3g}" for place in places])
