"""Slices of a cube, light-cone or stack of slices, cut as those that a run was trained on."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from cosmodag.errors import InputError
from cosmodag.reionization.cubes.input_cubes import InputCube
from cosmodag.reionization.cutouts.instrument import Instrument, observe
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

    What is observed is treated as periodic. Runs on whole slices of periodic cubes have seen no
    edges, so for them a larger cube is cut into parts of the side of training before these are
    observed, and the beam smooths their edges. A light-cone is observed in parts as deep as the
    cubes of training, each at its mean redshift.

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
        sight (Mpc), `input_redshift` (NaN if unknown), and `all_zero`, 1 for slices that are 0
        everywhere before they are observed.

    Raises
    ------
    InputError
        If slices are smaller than those of training, the beam needs a redshift that is unknown,
        or the wedge a third axis.
    """
    axes = selection.lines_of_sight(cube)
    instrument = _instrument(cube, made, selection)
    images, tables = [], []
    for axis in axes:
        values = np.moveaxis(cube.values, axis, 0)
        n_slices, *across = values.shape
        if min(across) < made.side or not n_slices:
            raise InputError(
                f"{cube.path}: {min(across)} cells of {made.cell_size:g} Mpc across are fewer than "
                f"the {made.side} of the slices that the run was trained on; give a larger cube, "
                "or choose a run with a smaller side"
            )
        depth = np.arange(0, n_slices, selection.stride_depth)
        corners = list(itertools.product(*(_patch_starts(n, made.side) for n in across)))
        patches = np.empty((len(depth), len(corners), made.side, made.side, 1), np.float32)
        all_zero = np.empty(patches.shape[:2], np.int64)
        seen = None if made.is_whole else _observe(values, cube, made, instrument, threads)
        for number, (row, column) in enumerate(corners):
            part = np.s_[:, row : row + made.side, column : column + made.side]
            all_zero[:, number] = ~values[part][depth].any(axis=(1, 2))
            if seen is None:
                observed = _observe(values[part], cube, made, instrument, threads)
            else:
                observed = seen[part]
            patches[:, number, ..., 0] = observed[depth]
        images.append(patches.reshape(-1, *patches.shape[2:]))
        tables.append(_table(cube, made, axis, depth, np.array(corners), all_zero.ravel()))
    return np.concatenate(images), pd.concat(tables, ignore_index=True)


def _instrument(cube: InputCube, made: SliceInput, selection: SliceSelection) -> Instrument:
    """Return the instrument that observes the input; refuse one that cannot."""
    instrument = made.instrument
    if made.field != "brightness_temperature":
        return Instrument()
    if selection.observed:
        return Instrument(mean_subtraction=instrument.mean_subtraction)
    if instrument.beam and not len(cube.redshifts):
        raise InputError(
            f"{cube.path}: does not record its redshift, at which the run's beam of "
            f"{instrument.beam:g} arcmin is applied; set --redshift, or --observed if the beam is "
            "in the data"
        )
    if instrument.wedge and cube.kind == "slices":
        raise InputError(
            f"{cube.path}: the run's wedge is filtered along the line of sight, which slices do "
            "not have; give a cube, or set --observed if the wedge is removed in the data"
        )
    return instrument


def _observe(
    values: np.ndarray, cube: InputCube, made: SliceInput, instrument: Instrument, threads: int
) -> np.ndarray:
    """Return values, with the line of sight as first axis, as an instrument observes them."""
    options: dict[str, Any] = {"axis": 0, "omega_m": made.omega_m, "threads": threads}
    options["cell_size"] = made.cell_size * made.hubble
    if cube.kind != "lightcone":
        redshift = float(cube.redshifts[0]) if len(cube.redshifts) else 0.0
        return observe(values, instrument, redshift=redshift, **options)
    seen, n_slices = np.empty(values.shape, np.float32), len(values)
    for start in range(0, n_slices, made.cells):
        first = max(min(start, n_slices - made.cells), 0)
        part = slice(first, first + made.cells)
        mean = float(cube.redshifts[part].mean())
        seen[part] = observe(values[part], instrument, redshift=mean, **options)
    return seen


def _patch_starts(n_cells: int, side: int) -> np.ndarray:
    """Return the first cells of the fewest patches that cover an axis, (patches,) int64.

    The last one ends at the end of the axis and may overlap the one before.
    """
    return np.minimum(side * np.arange(-(-n_cells // side)), n_cells - side)


def _table(
    cube: InputCube,
    made: SliceInput,
    axis: int,
    depth: np.ndarray,
    corners: np.ndarray,
    all_zero: np.ndarray,
) -> pd.DataFrame:
    """Return names and places of the patches, those of one slice after another."""
    slices = depth.repeat(len(corners))
    rows, columns = np.tile(corners, (len(depth), 1)).T
    names = [f"a{axis}/i{cell:04d}" for cell in slices]
    if len(corners) > 1:
        names = [f"{name}/p{r:03d}-{c:03d}" for name, r, c in zip(names, rows, columns)]
    redshifts = np.full(len(slices), np.nan)
    if len(cube.redshifts):
        redshifts = cube.redshifts[slices if cube.kind == "lightcone" else np.zeros_like(slices)]
    return pd.DataFrame(
        {
            "id": names,
            "axis": axis,
            "slice": slices,
            "row": rows,
            "column": columns,
            "position": (slices + 0.5) * made.cell_size,
            "input_redshift": redshifts,
            "all_zero": all_zero,
        }
    )
