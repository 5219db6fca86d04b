"""What a trained run of slices needs to know of a cube: cells, side, instrument."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cosmodag.errors import InputError
from cosmodag.evaluation.trained_run import TrainedRun
from cosmodag.reionization.cutouts.instrument import Instrument

TASKS = ("ordinal", "classification", "count", "regression", "posterior", "map")
"""Tasks whose runs predict something of a slice without labels."""
SETTINGS = ("mean_subtraction", "beam", "wedge", "cell_size", "box_size", "hubble", "omega_m")
"""Attributes of examples that tell how slices were cut."""


@dataclass(frozen=True)
class SliceInput:
    """How the input of a run was made from cubes.

    Attributes
    ----------
    field : str
        Its channel: "brightness_temperature", "density" or "neutral_fraction".
    side : int
        Side of a slice or patch in cells.
    cell_size : float
        Side of a cell in comoving Mpc.
    cells : int
        Cells per side of the cubes.
    instrument : Instrument
        Effect on the brightness temperature.
    hubble, omega_m : float
        Cosmology of the cubes.
    redshifts : tuple of float
        Lowest and highest redshift of the cubes; empty if the dataset does not record them.
    """

    field: str
    side: int
    cell_size: float
    cells: int
    instrument: Instrument
    hubble: float
    omega_m: float
    redshifts: tuple[float, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether slices are as large as the cubes, so that each has a mean of its own."""
        return self.side == self.cells


def slice_input(run: TrainedRun) -> SliceInput:
    """Return how the input of a run of slices was made from cubes.

    Parameters
    ----------
    run : TrainedRun
        The run and its dataset.

    Returns
    -------
    SliceInput

    Raises
    ------
    InputError
        If it is no run of slices of one field and of a task in `TASKS`, or its dataset does not
        record how slices were cut, or files of the dataset differ in that.
    """
    task, dataset = run.description["task"]["name"], run.dataset
    if task not in TASKS or dataset["experiment"] != "reionization":
        raise InputError(
            f"{run.folder}: its task is {task} of {dataset['experiment']}; choose a run of "
            f"reionization and of the task {', '.join(TASKS[:-1])} or {TASKS[-1]}"
        )
    channels = dataset["x_channels"]
    if len(channels) > 1:
        raise InputError(
            f"{run.folder}: was trained on {' and '.join(channels)} together; choose a run with "
            "one of channels"
        )
    first, *others = (_settings(run, examples) for examples in dataset["examples"])
    for other in others:
        if other != first:
            raise InputError(
                f"{run.dataset_folder}: its cutouts differ ({first} and {other}); choose a run on "
                "cutouts that agree"
            )
    redshifts = [z for examples in dataset["examples"] for z in examples.get("redshifts", ())]
    return SliceInput(
        field=channels[0],
        side=int(dataset["shapes"]["x"][0]),
        cell_size=float(first["cell_size"]),
        cells=round(first["box_size"] / first["cell_size"]),
        instrument=Instrument(first["mean_subtraction"], first["beam"], first["wedge"]),
        hubble=float(first["hubble"]),
        omega_m=float(first["omega_m"]),
        redshifts=(min(redshifts), max(redshifts)) if redshifts else (),
    )


def _settings(run: TrainedRun, examples: Mapping[str, Any]) -> dict[str, Any]:
    """Return how the examples of one file were cut."""
    missing = [name for name in SETTINGS if name not in examples]
    if missing:
        raise InputError(
            f"{run.dataset_folder}: does not record {missing[0]} of {examples['file']}; cut, split "
            "and train again"
        )
    return {name: examples[name] for name in SETTINGS}
