"""Figure of the statistics of voids."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cosmodag.evaluation.drawing import NETWORK, QUIET, WARM, drawing
from cosmodag.voids.statistics.sample_statistics import SampleStatistics

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INKS = (NETWORK, WARM, "#5b8c5a", "#8c5b86", QUIET, "#b0534f", "#3f3f3f")
"""Colours of the samples in their order."""
ELLIPTICITY_EDGES = np.linspace(0, 0.6, 25)


def draw_statistics(
    path: str | os.PathLike, statistics: Sequence[SampleStatistics], voids: pd.DataFrame
) -> None:
    """Draw size functions, profiles, cross-correlations and ellipticities of all samples.

    Parameters
    ----------
    path : path-like
        SVG to write; a PDF, a PNG and the numbers are written beside it.
    statistics : sequence of SampleStatistics
        Statistics of the samples.
    voids : pandas.DataFrame
        One row per void, see `sample_statistics.void_table`.
    """
    with drawing(path, 7.2, 6.4, dpi=200) as figure:
        (sizes, matter), (galaxies, shapes) = figure.subplots(2, 2)
        for each, ink in zip(statistics, INKS):
            _draw_sizes(sizes, each, ink)
            _draw_profile(matter, each, "matter", ink)
            _draw_profile(galaxies, each, "cross_correlation", ink)
            own = voids.loc[voids["sample"] == each.sample.name, "ellipticity"].dropna()
            share = np.histogram(own, ELLIPTICITY_EDGES)[0] / max(len(own), 1)
            middles = (ELLIPTICITY_EDGES[:-1] + ELLIPTICITY_EDGES[1:]) / 2
            shapes.plot(middles, share, color=ink, lw=1.2, label=each.sample.title)
        sizes.set(
            title="Size function",
            xscale="log",
            yscale="log",
            xlabel="R in Mpc/h",
            ylabel="dn/dlnR in (Mpc/h)⁻³",
        )
        matter.set(title="Matter around voids", xlabel="r/R", ylabel="overdensity")
        galaxies.set(title="Galaxies around voids", xlabel="r/R", ylabel="cross-correlation ξ")
        shapes.set(title="Ellipticity", xlabel="1 − (J1/J3)^¼", ylabel="fraction of voids")
        for axes in (matter, galaxies):
            axes.axhline(0, color=QUIET, lw=0.6, zorder=0)
        if sizes.get_legend_handles_labels()[1]:
            sizes.legend(fontsize=6)


def _draw_sizes(axes: "Axes", statistics: SampleStatistics, ink: str) -> None:
    """Draw the size function of a sample, and the theory where it applies."""
    table = statistics.sizes[statistics.sizes["n_voids"] > 0]
    if not len(table):
        return
    middle = np.sqrt(table["lower_mpc_h"] * table["upper_mpc_h"])
    axes.errorbar(
        middle,
        table["dn_dlnr_h3_mpc3"],
        table["error_h3_mpc3"],
        fmt="o",
        color=ink,
        markersize=3,
        lw=0.8,
        label=statistics.sample.title,
    )
    if "theory_h3_mpc3" in table:
        label = f"theory, {statistics.sample.title}"
        axes.plot(middle, table["theory_h3_mpc3"], "--", color=ink, lw=1, label=label)


def _draw_profile(axes: "Axes", statistics: SampleStatistics, name: str, ink: str) -> None:
    """Draw a profile of a sample, and the fit to it."""
    table = statistics.profiles
    if name not in table or table[name].isna().all():
        return
    middle = (table["lower_r"] + table["upper_r"]) / 2
    axes.errorbar(
        middle,
        table[name],
        table[f"{name}_error"],
        fmt="o",
        color=ink,
        markersize=2.5,
        lw=0.8,
        label=statistics.sample.title,
    )
    if f"{name}_fit" in table:
        label = f"fit, {statistics.sample.title}"
        axes.plot(middle, table[f"{name}_fit"], color=ink, lw=1, label=label)
