"""What a trained run of void maps needs to know of a box: cells, windows, threshold."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from cosmodag.errors import InputError
from cosmodag.evaluation.map_scores import choose_threshold
from cosmodag.evaluation.trained_run import TrainedRun
from cosmodag.json_files import read_json
from cosmodag.voids.cutouts.map_shape import MapShape

METHOD = "cic"
"""Mass assignment of datasets that do not record it, the default of `cosmodag voids grid`."""
TOLERANCE = 0.01
"""Largest relative difference between the cells of a box and those of training."""
SHAPE = ("side", "depth", "layers", "factor")
OPTIONAL = ("margin_depth", "input_factor")
"""Lengths that datasets of earlier versions do not record."""


@dataclass(frozen=True)
class MapInput:
    """How the input of a run was made from galaxies.

    Attributes
    ----------
    shape : MapShape
        Lengths of its windows in cells.
    cell_size : float
        Side of a cell in Mpc/h.
    method : {"ngp", "cic", "tsc"}
        Mass assignment.
    fields : tuple of str
        Fields beside the galaxies.
    """

    shape: MapShape
    cell_size: float
    method: str
    fields: tuple[str, ...] = ()

    def cells(self, box_size: ArrayLike, name: str) -> tuple[int, int, int]:
        """Return the numbers of cells of a box, which are whole pixels of the map along each axis.

        Parameters
        ----------
        box_size : array-like, shape (3,)
            Sides of the box in Mpc/h.
        name : str
            The catalogue, for the message.

        Returns
        -------
        tuple of int, shape (3,)

        Raises
        ------
        InputError
            The side of a cell would differ by more than 1 % from that of training, or a window does
            not fit into the box.
        """
        sides = np.asarray(box_size, np.float64)
        pixel = self.shape.factor * self.cell_size
        cells = self.shape.factor * np.maximum(np.rint(sides / pixel).astype(int), 1)
        if np.any(np.abs(sides / cells / self.cell_size - 1) > TOLERANCE):
            part = pixel * np.maximum(np.floor(sides / pixel), 1)
            raise InputError(
                f"{name}: sides of {sides.tolist()} Mpc/h are not whole numbers of pixels of "
                f"{pixel:g} Mpc/h to within {100 * TOLERANCE:g} %, which the run was trained on; "
                f"choose a part of the catalogue with box_size: {part.tolist()} and "
                "periodic: false"
            )
        least = max(self.shape.side, self.shape.input_depth)
        if cells.min() < least:
            raise InputError(
                f"{name}: the box of {sides.tolist()} Mpc/h is smaller than the windows of "
                f"{least * self.cell_size:g} Mpc/h that the run was trained on; choose a larger "
                "box, or a run with a smaller side and depth"
            )
        nx, ny, nz = cells.tolist()
        return nx, ny, nz


def map_input(run: TrainedRun) -> MapInput:
    """Return how the input of a run of void maps was made from galaxies.

    Parameters
    ----------
    run : TrainedRun
        The run and its dataset.

    Returns
    -------
    MapInput

    Raises
    ------
    InputError
        It is no run of void maps of slabs, or its dataset does not record the cells.
    """
    task = run.description["task"]["name"]
    if task != "map" or run.dataset["experiment"] != "voids":
        raise InputError(f"{run.folder}: its task is {task}; choose a run of void maps")
    if run.dataset.get("cubes"):
        raise InputError(
            f"{run.folder}: was trained on cubes; choose a run on slabs, with cubes: false"
        )
    first, *others = (_settings(run, each) for each in run.dataset["examples"])
    for other in others:
        if other != first:
            raise InputError(
                f"{run.dataset_folder}: its cutouts differ in cells, windows or mass assignment "
                f"({first} and {other}); choose a run on cutouts that agree"
            )
    return first


def map_threshold(run: TrainedRun) -> float:
    """Return the probability above which a run counts a pixel, chosen on the validation split.

    Parameters
    ----------
    run : TrainedRun
        The run; it is predicted for the validation split where it was not evaluated.

    Returns
    -------
    float
    """
    metrics = run.folder / "metrics.json"
    if metrics.is_file():
        return float(read_json(metrics, "evaluate the run")["thresholds"]["network"])
    valid = run.validation
    return choose_threshold(valid["probability"][:, 0], valid["y"][:, 0] >= 0.5)


def _settings(run: TrainedRun, examples: Mapping[str, Any]) -> MapInput:
    """Return how the examples of one file were made."""
    missing = [name for name in (*SHAPE, "cell_size") if name not in examples]
    if missing:
        raise InputError(
            f"{run.dataset_folder}: does not record {missing[0]} of {examples['file']}; cut, split "
            "and train again"
        )
    lengths = [name for name in (*SHAPE, *OPTIONAL) if name in examples]
    return MapInput(
        shape=MapShape(**{name: examples[name] for name in lengths}),
        cell_size=float(np.mean(examples["cell_size"])),
        method=examples.get("method", METHOD),
        fields=tuple(examples.get("fields", ())),
    )
