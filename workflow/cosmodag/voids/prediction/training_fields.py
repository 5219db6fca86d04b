"""The fields that the input of a trained run has beside the galaxies, for another box."""

import os
from pathlib import Path

from cosmodag.checksums import require
from cosmodag.errors import InputError
from cosmodag.evaluation.trained_run import TrainedRun
from cosmodag.voids.fields.box_fields import BoxFields
from cosmodag.voids.grids.box_grid import BoxGrid
from cosmodag.voids.prediction.box_prediction import BoxInput


def check_periodic(run: TrainedRun, made: BoxInput, *, periodic: bool, name: str) -> None:
    """Refuse an open box for a run whose input reaches beyond what is predicted.

    Raises
    ------
    InputError
    """
    if not periodic and (made.fields or made.shape.margin_depth):
        raise InputError(
            f"{name}: the box is not periodic, but {run.folder} was trained with fields or margins "
            "that continue through its faces; choose a run without them"
        )


def box_fields(
    run: TrainedRun, made: BoxInput, grid: BoxGrid, grid_file: str | os.PathLike | None
) -> BoxGrid:
    """Return the grid of a box with the fields that a run was trained on.

    Parameters
    ----------
    run : TrainedRun
        The run and its dataset.
    made : BoxInput
        How its input was made.
    grid : BoxGrid
        Galaxies of the box.
    grid_file : path-like, optional
        A grid file of training; by default the one that the examples of the dataset were cut out
        of, where it was then.

    Raises
    ------
    InputError
        No such file is found, or it has other fields.
    """
    if not made.fields:
        return grid
    path = _find(run) if grid_file is None else grid_file
    maker = BoxFields.read(path)
    if tuple(maker.names) != made.fields:
        raise InputError(
            f"{path}: its fields {', '.join(maker.names)} differ from those that {run.folder} was "
            f"trained on, {', '.join(made.fields)}; give a grid file of its dataset"
        )
    overdensity = grid.mass / grid.mass.mean() - 1
    return BoxGrid(
        **{name: value for name, value in vars(grid).items() if name != "fields"},
        fields=[*maker.of(overdensity, grid.box_size)],
    )


def _find(run: TrainedRun) -> Path:
    """Return the grid file that the first examples of a dataset were cut out of."""
    path = Path(run.dataset_folder) / "dataset.json"
    for _ in ("examples", "grid"):
        inputs = require(path, "give a grid file of training with --grid").record["inputs"]
        path = path.parent / next(iter(inputs))
    return path
