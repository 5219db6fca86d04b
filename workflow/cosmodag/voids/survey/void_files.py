"""Files of a void catalogue for use elsewhere: CSV, FITS, a figure and a record."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from astropy.io import fits
from matplotlib.lines import Line2D
from matplotlib.patches import Circle

from cosmodag.evaluation.drawing import NETWORK, QUIET, drawing, figure_files
from cosmodag.files import whole_folder
from cosmodag.imaging.fits_files import write_fits
from cosmodag.json_files import write_json
from cosmodag.voids.outputs import VOIDS
from cosmodag.voids.survey.find_voids import FoundVoids
from cosmodag.voids.survey.tracers import TracerSample

UNITS = {
    **dict.fromkeys(("x", "y", "z", "radius", "effective_radius"), "Mpc/h"),
    **dict.fromkeys(("ra", "dec"), "deg"),
    "volume": "Mpc3/h3",
}
"""Units of the columns; the others are dimensionless."""
MOST_GALAXIES = 20_000
"""Galaxies in a figure."""


def write_voids(
    output: str | os.PathLike,
    found: FoundVoids,
    settings: Mapping[str, object],
    *,
    inputs: Sequence[str | os.PathLike],
) -> None:
    """Write a void catalogue into a folder, completely or not at all.

    The folder contains `voids.csv` and `voids.fits` with the columns of `FoundVoids`; `slice.png`
    with galaxies, survey and voids of the slice with the most voids, also as SVG and PDF, with its
    numbers; `voids.rejected.csv`, the rows that were left out; and `voids.json`, which records
    numbers, settings, inputs and checksums.

    Parameters
    ----------
    output : path-like
        Folder to write.
    found : FoundVoids
        The voids.
    settings : mapping
        Settings with which they were found, for the record.
    inputs : sequence of path-like
        Files that they were found in.
    """
    with whole_folder(output, VOIDS) as folder:
        table = folder / "voids.csv"
        found.table.to_csv(table, index=False, float_format="%.6g")
        _write_table(folder / "voids.fits", found.table, settings)
        _draw_slice(folder / "slice.svg", found)
        rejected = found.sample.rejections.write(table)
        content = {
            "sentence": f"{found.summarize()}.",
            "n_voids": len(found.table),
            "n_dropped": found.n_dropped,
            "n_chance": found.n_chance,
            "n_galaxies": len(found.sample.position),
            "n_outside": found.sample.n_outside,
            "n_rejected": found.sample.rejections.n_rejected,
            "footprint_source": found.footprint_source,
            **_extent(found.sample),
            "settings": dict(settings),
            "warnings": list(found.warnings),
        }
        files = [table, folder / "voids.fits", rejected, folder / "slice.png"]
        files += figure_files(folder / "slice.svg")
        write_json(folder / "voids.json", content, inputs=inputs, files=files)


def _extent(sample: TracerSample) -> dict[str, float | list[float]]:
    """Return density and volume, and the area on the sky and the distances of a survey."""
    extent: dict[str, float | list[float]] = {
        "mean_density": sample.grid.mean_density,
        "number_density": sample.grid.number_density,
        "volume": sample.grid.volume,
        "effective_volume": sample.grid.effective_volume,
    }
    if sample.selection is not None:
        extent["area"] = sample.selection.footprint.area * np.degrees(1) ** 2
        extent["distances"] = sample.selection.distance[[0, -1]].tolist()
    return extent


def _write_table(path: Path, table: pd.DataFrame, settings: Mapping[str, object]) -> None:
    """Write the table as FITS, with units and the numbers among the settings in the header."""
    columns = [
        fits.Column(name, "K" if values.dtype.kind == "i" else "D", UNITS.get(name), array=values)
        for name, values in ((name, table[name].to_numpy()) for name in table)
    ]
    hdu = fits.BinTableHDU.from_columns(columns, name="VOIDS")
    for key, value in settings.items():
        if isinstance(value, int | float | str):
            hdu.header[f"HIERARCH {key}"] = value
    write_fits(path, fits.HDUList([fits.PrimaryHDU(), hdu]))


def _draw_slice(path: Path, found: FoundVoids) -> None:
    """Draw galaxies, the survey and voids in a slice across the shortest side of the box."""
    grid, position, table = found.sample.grid, found.sample.position, found.table
    axis = int(np.argmin(grid.box_size))
    across, up = (other for other in range(3) if other != axis)
    centre = table[["x", "y", "z"]].to_numpy()
    radius = table["radius"].to_numpy()
    height = _densest(centre[:, axis], radius, grid.origin[axis], grid.box_size[axis])
    half = grid.box_size[axis] * 0.5 if not len(radius) else float(np.median(radius)) * 0.5
    shown = np.flatnonzero(np.abs(position[:, axis] - height) < half)
    shown = shown[:: max(1, -(-len(shown) // MOST_GALAXIES))]
    low, high = grid.origin, grid.origin + grid.box_size
    plane = int(np.clip((height - low[axis]) / grid.cell[axis], 0, grid.weight.shape[axis] - 1))
    inside = np.take(grid.weight, plane, axis) > 0
    ratio = grid.box_size[up] / grid.box_size[across]
    with drawing(path, 6.0, float(np.clip(6 * ratio, 2, 9)) + 0.8, dpi=200) as figure:
        axes = figure.subplots()
        if not inside.all():
            axes.contour(
                low[across] + grid.cell[across] * (np.arange(inside.shape[0]) + 0.5),
                low[up] + grid.cell[up] * (np.arange(inside.shape[1]) + 0.5),
                inside.T.astype(float),
                levels=[0.5],
                colors=QUIET,
                linewidths=0.8,
            )
        axes.scatter(
            position[shown, across],
            position[shown, up],
            s=0.5,
            color=QUIET,
            linewidths=0,
            rasterized=True,
        )
        marks = [
            Line2D([], [], color=NETWORK, lw=0.9, label=f"voids, cut at {height:.4g} Mpc/h"),
            Line2D([], [], color=QUIET, lw=0, marker=".", label="galaxies"),
            Line2D([], [], color=QUIET, lw=0.8, label="edge of the survey"),
        ]
        axes.legend(handles=marks[: 2 if inside.all() else 3], loc="upper right", fontsize=7)
        for middle, size in zip(centre, radius):
            squared = size**2 - (middle[axis] - height) ** 2
            if squared > 0:
                axes.add_patch(
                    Circle(
                        middle[[across, up]], np.sqrt(squared), fill=False, color=NETWORK, lw=0.9
                    )
                )
        names = "xyz"
        axes.set(
            xlim=(low[across], high[across]),
            ylim=(low[up], high[up]),
            aspect="equal",
            xlabel=f"{names[across]} in Mpc/h",
            ylabel=f"{names[up]} in Mpc/h",
            title=f"{names[axis]} from {height - half:.4g} to {height + half:.4g} Mpc/h",
        )


def _densest(along: np.ndarray, radius: np.ndarray, low: float, side: float) -> float:
    """Return the coordinate at which a plane cuts the largest area of spheres."""
    planes = low + side * (np.arange(100) + 0.5) / 100
    areas = np.clip(radius**2 - (along - planes[:, None]) ** 2, 0, None).sum(axis=1)
    return float(planes[np.argmax(areas)]) if areas.any() else low + side / 2
