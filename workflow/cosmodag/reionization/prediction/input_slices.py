"""Slices of a cube, light-cone or stack of slices, cut as those that a run was trained on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from cosmodag.cutouts.window_sums import transverse_axes
from cosmodag.errors import InputError
from cosmodag.reionization.cubes.input_cubes import InputCube
from cosmodag.reionization.cutouts.instrument import observe
from cosmodag.reionization.cutouts.patches import cut_patches
from cosmodag.reionization.prediction.resampling import coarsen, overlaps
from cosmodag.reionization.prediction.slice_run import SliceInput

TOLERANCE = 0.01
"""Largest relative difference between cells that count as equal."""


@dataclass(frozen=True)
class SliceSelection:
    """Which slices of a cube are cut, and what they contain.

    Attributes
    ----------
    axes : sequence of int, optional
        Lines of sight of a cube; by default the axis of its redshift-space distortions if that is
        known, else the last. Light-cones and slices have one of their own.
    stride_depth : int
        Distance between neighbouring slices in cells.
    observed : bool
        Whether temperatures are measured, so that they contain beam, wedge and noise.
    """

    axes: Sequence[int] | None = None
    stride_depth: int = 1
    observed: bool = False

    def lines_of_sight(self, cube: InputCube) -> list[int]:
        """Return the lines of sight of a cube.

        Raises
        ------
        InputError
            If the axes are no different numbers of 0, 1 and 2, or the cube has another one.
        """
        axes = self.axes
        if axes is None:
            return [2 if cube.line_of_sight is None else cube.line_of_sight]
        known = isinstance(axes, list | tuple) and all(each in (0, 1, 2) for each in axes)
        if not known or not 0 < len(axes) == len(set(axes)):
            raise InputError(
                f"axes {axes!r}: give different numbers of 0, 1 and 2, such as [0, 1, 2]"
            )
        if cube.kind != "cube" and list(axes) != [cube.line_of_sight]:
            raise InputError(
                f"axes {list(axes)}: the line of sight of {cube.kind} is axis "
                f"{cube.line_of_sight}; leave out --axes"
            )
        return list(axes)


def as_trained(cube: InputCube, made: SliceInput) -> InputCube:
    """Return a cube in cells of the size that a run was trained on.

    Parameters
    ----------
    cube : InputCube
        Field in cells of any size.
    made : SliceInput
        How the input of the run was made.

    Returns
    -------
    InputCube
        The same, if the sizes differ by at most 1 %; otherwise means over larger cells.

    Raises
    ------
    InputError
        If its cells are larger than those of the run.
    """
    ratio = made.cell_size / cube.cell_size
    if ratio < 1 - TOLERANCE:
        raise InputError(
            f"{cube.path}: cells of {cube.cell_size:g} Mpc are larger than those of "
            f"{made.cell_size:g} Mpc that the run was trained on; give a finer cube, or choose a "
            "run with larger cells"
        )
    if ratio > 1 + TOLERANCE:
        axes = (1, 2) if cube.kind == "slices" else (0, 1, 2)
        redshifts = cube.redshifts
        if cube.kind == "lightcone":
            redshifts = overlaps(len(redshifts), ratio) @ redshifts
        values = coarsen(cube.values, ratio, axes)
        cube = replace(cube, values=values, redshifts=redshifts, cell_size=made.cell_size)
    return cube


def cut_input(
    cube: InputCube, made: SliceInput, selection: SliceSelection, *, threads: int = 1
) -> tuple[np.ndarray, pd.DataFrame]:
    """Cut slices as an instrument observes them; larger slices become several patches.

    The cube is treated as periodic. A light-cone is observed in parts as deep as the cubes of
    training, each at its mean redshift.

    Parameters
    ----------
    cube : InputCube
        Field in cells of the size of training, see `as_trained`.
    made : SliceInput
        How the input of the run was made.
    selection : SliceSelection
        Which slices are cut.
    threads : int
        Threads of the Fourier transforms.

    Returns
    -------
    x : numpy.ndarray, shape (N, side, side, 1), float32
        Slices or patches.
    table : pandas.DataFrame
        Of each: `id`, `axis`, `slice`, `row` and `column` (cells), `position` along the line of
        sight (Mpc), `input_redshift` (NaN if unknown).

    Raises
    ------
    InputError
        If slices are smaller than those of training, the beam needs a redshift that is unknown,
        or the wedge a third axis.
    """
    axes = selection.lines_of_sight(cube)
    if made.field == "brightness_temperature" and not selection.observed:
        _check_instrument(cube, made)
    images, tables = [], []
    for axis in axes:
        n_across = min(cube.values.shape[along] for along in transverse_axes(axis))
        if n_across < made.side or not cube.values.shape[axis]:
            raise InputError(
                f"{cube.path}: {n_across} cells of {made.cell_size:g} Mpc across are fewer than "
                f"the {made.side} of the slices that the run was trained on; give a larger cube, "
                "or choose a run with a smaller side"
            )
        values = np.ascontiguousarray(_observe(cube, made, axis, selection.observed, threads))
        corners = _corners(values.shape, axis, made.side, selection.stride_depth)
        x = np.empty((len(corners), made.side, made.side, 1), np.float32)
        cut_patches(values, axis, corners, made.side, x[..., 0])
        if made.instrument.mean_subtraction and made.is_whole:
            x -= x.mean(axis=(1, 2), dtype=np.float64, keepdims=True).astype(np.float32)
        images.append(x)
        tables.append(_table(cube, made, axis, corners))
    return np.concatenate(images), pd.concat(tables, ignore_index=True)


def _check_instrument(cube: InputCube, made: SliceInput) -> None:
    """Refuse an instrument that cannot observe the input."""
    if made.instrument.beam and not len(cube.redshifts):
        raise InputError(
            f"{cube.path}: does not record its redshift, at which the run's beam of "
            f"{made.instrument.beam:g} arcmin is applied; set --redshift, or --observed if the "
            "beam is in the data"
        )
    if made.instrument.wedge and cube.kind == "slices":
        raise InputError(
            f"{cube.path}: the run's wedge is filtered along the line of sight, which slices do "
            "not have; give a cube, or set --observed if the wedge is removed in the data"
        )


def _observe(
    cube: InputCube, made: SliceInput, axis: int, observed: bool, threads: int
) -> np.ndarray:
    """Return a cube as an instrument observes it along a line of sight."""
    if made.field != "brightness_temperature":
        return cube.values
    # Means of whole slices are those of patches, which are subtracted when they are cut.
    instrument = replace(
        made.instrument,
        mean_subtraction=made.instrument.mean_subtraction and not made.is_whole,
        beam=0.0 if observed else made.instrument.beam,
        wedge=0.0 if observed else made.instrument.wedge,
    )
    cell_size = made.cell_size * made.hubble
    options: dict[str, Any] = {"axis": axis, "cell_size": cell_size, "omega_m": made.omega_m}
    options["threads"] = threads
    redshift = float(cube.redshifts[0]) if len(cube.redshifts) else 0.0
    if cube.kind != "lightcone":
        return observe(cube.values, instrument, redshift=redshift, **options)
    seen, depth = np.empty_like(cube.values), cube.values.shape[2]
    for start in range(0, depth, made.cells):
        first = max(min(start, depth - made.cells), 0)
        part = slice(first, first + made.cells)
        mean = float(cube.redshifts[part].mean())
        seen[..., part] = observe(cube.values[..., part], instrument, redshift=mean, **options)
    return seen


def _corners(shape: Sequence[int], axis: int, side: int, stride_depth: int) -> np.ndarray:
    """Return the lower corners (N, 3) of patches that cover all slices, int64."""
    down, across = transverse_axes(axis)
    edges = [np.arange(0)] * 3
    edges[axis] = np.arange(0, shape[axis], stride_depth)
    for along in (down, across):
        n_patches = -(-shape[along] // side)
        edges[along] = np.minimum(side * np.arange(n_patches), shape[along] - side)
    order = (axis, down, across)
    mesh = np.meshgrid(*(edges[along] for along in order), indexing="ij")
    corners = np.empty((mesh[0].size, 3), np.int64)
    for along, values in zip(order, mesh):
        corners[:, along] = values.ravel()
    return corners


def _table(cube: InputCube, made: SliceInput, axis: int, corners: np.ndarray) -> pd.DataFrame:
    """Return names and places of slices."""
    down, across = transverse_axes(axis)
    depth, rows, columns = corners[:, axis], corners[:, down], corners[:, across]
    redshifts = np.full(len(corners), np.nan)
    if len(cube.redshifts):
        along = depth if cube.kind == "lightcone" else np.zeros_like(depth)
        redshifts = cube.redshifts[along]
    return pd.DataFrame(
        {
            "id": [f"a{axis}/i{i:04d}/p{r:03d}-{c:03d}" for i, r, c in zip(depth, rows, columns)],
            "axis": axis,
            "slice": depth,
            "row": rows,
            "column": columns,
            "position": (depth + 0.5) * made.cell_size,
            "input_redshift": redshifts,
        }
    )
