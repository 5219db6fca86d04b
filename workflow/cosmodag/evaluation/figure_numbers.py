"""The numbers that a figure shows, as a table."""

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PathCollection, PolyCollection
from matplotlib.container import BarContainer
from matplotlib.figure import Figure
from matplotlib.ticker import FixedFormatter, FuncFormatter

COLUMNS = ("panel", "x_label", "y_label", "series", "kind", "x", "y", "y_name", "value")


def figure_numbers(figure: Figure) -> pd.DataFrame:
    """Return the numbers that the panels of a figure show.

    Parameters
    ----------
    figure : matplotlib.figure.Figure

    Returns
    -------
    pandas.DataFrame
        One row per point of a line, end of an interval, corner of a band, bar or pixel of an
        image: `panel` (its title, or its number from 0), labels of its axes, `series` (label of
        the line), `kind`, place `x` and `y` in the units of the axes, `y_name` where the axis has
        names in place of numbers, and the `value` of a pixel. Colour images are left out.
    """
    rows: list[tuple] = []
    for number, axes in enumerate(figure.axes):
        title = axes.get_title().replace("\n", " ") or str(number)
        names: dict[float, str] = {}
        if isinstance(axes.yaxis.get_major_formatter(), FixedFormatter | FuncFormatter):
            labels = axes.yaxis.get_major_formatter().format_ticks(list(axes.get_yticks()))
            names = dict(zip(axes.get_yticks(), labels))
        for series, kind, x, y, value in _rows(axes):
            panel = (title, axes.get_xlabel(), axes.get_ylabel())
            rows.append((*panel, series, kind, x, y, names.get(y, ""), value))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _rows(axes: Axes) -> list[tuple]:
    """Return series, kind, x, y and value of everything drawn in one panel."""
    rows: list[tuple] = []
    for line in axes.lines:
        series = _label(line)
        rows += [
            (series, "line", x, y, None)
            for x, y in zip(np.ravel(line.get_xdata()), np.ravel(line.get_ydata()))
        ]
    for container in axes.containers:
        if isinstance(container, BarContainer):
            rows += [
                (
                    _label(container),
                    "bar",
                    bar.get_x() + bar.get_width() / 2,
                    bar.get_height(),
                    None,
                )
                for bar in container
            ]
    for collection in axes.collections:
        series = _label(collection)
        if isinstance(collection, PathCollection):
            points: np.ndarray = np.ma.filled(
                np.ma.asarray(collection.get_offsets(), float), np.nan
            )
            rows += [(series, "point", x, y, None) for x, y in points]
        elif isinstance(collection, LineCollection):
            # A segment without a finite end has no points, and not even two columns.
            segments = [each for each in collection.get_segments() if len(each)]
            ends = np.concatenate([np.empty((0, 2)), *segments])
            rows += [(series, "interval", x, y, None) for x, y in ends]
        elif isinstance(collection, PolyCollection):
            corners = np.concatenate([path.vertices for path in collection.get_paths()])
            rows += [(series, "band", x, y, None) for x, y in corners]
    for image in axes.images:
        values = image.get_array()
        if values is not None and values.ndim == 2 and _is_data(axes):
            left, right, bottom, top = image.get_extent()
            height, width = values.shape
            x = left + (np.arange(width) + 0.5) * (right - left) / width
            y = bottom + (np.arange(height) + 0.5) * (top - bottom) / height
            if image.origin == "upper":
                y = y[::-1]
            flat: np.ndarray = np.ma.filled(np.ma.asarray(values, float), np.nan).ravel()
            places = np.stack(np.meshgrid(x, y), -1).reshape(-1, 2)
            rows += [("", "pixel", *place, value) for place, value in zip(places, flat)]
    return rows


def _is_data(axes: Axes) -> bool:
    """Return whether a panel shows data, not the colours of a colour bar."""
    return not hasattr(axes, "_colorbar")


def _label(artist: Artist | BarContainer) -> str:
    """Return the label of an artist; empty for one that is not in the legend."""
    label = str(artist.get_label())
    return "" if label.startswith("_") else label
