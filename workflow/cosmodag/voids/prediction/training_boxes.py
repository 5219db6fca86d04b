"""Density and clustering of the boxes that a network was trained on, beside those of a catalogue.

A network predicts something for any catalogue. Voids look different where galaxies are denser or
sparser, or cluster more or less, and its probabilities are not calibrated there.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from cosmodag.cutouts.known_pixels import known_pixels
from cosmodag.cutouts.survey_channels import KNOWN
from cosmodag.datasets.folder import open_maps, read_index
from cosmodag.datasets.maps import Maps
from cosmodag.errors import InputError
from cosmodag.evaluation.trained_run import TrainedRun
from cosmodag.voids.grids.box_grid import BoxGrid
from cosmodag.voids.prediction.box_prediction import BoxInput
from cosmodag.voids.prediction.void_maps import VoidMaps

MAX_EXAMPLES = 4000
"""Largest number of training examples that are measured, the same of each box, in random order."""
MAX_BATCHES = 16
"""Largest number of batches of them, but at least one example of each box."""
MARGIN = 1.25
"""Factor by which a value may be outside the training range without a warning."""


class Range(NamedTuple):
    """Smallest and largest value of the training boxes."""

    low: float
    high: float


class Comparison(NamedTuple):
    """A quantity of a catalogue and its range over the training boxes.

    Attributes
    ----------
    title, unit : str
        What it is, for messages.
    value : float
        Value of the catalogue.
    training : Range or None
        None if the dataset does not record it.
    """

    title: str
    unit: str
    value: float
    training: Range | None

    @property
    def warning(self) -> str | None:
        """What to know if the value lies outside the training range, by a factor of 1.25."""
        if self.training is None:
            return None
        low, high = self.training
        if low / MARGIN <= self.value <= high * MARGIN:
            return None
        return (
            f"{self.title} of {self.value:.3g}{self.unit}, training range {low:.3g} to {high:.3g}: "
            "the probabilities are not reliable"
        )


def compare(
    run: TrainedRun, grid: BoxGrid, maps: Sequence[VoidMaps], made: BoxInput
) -> dict[str, Comparison]:
    """Compare density and clustering of a catalogue with the boxes that a run was trained on.

    Parameters
    ----------
    run : TrainedRun
        The run and its dataset.
    grid : BoxGrid
        Galaxies of the catalogue.
    maps : sequence of VoidMaps
        Maps of the catalogue.
    made : BoxInput
        How the input of the run was made.

    Returns
    -------
    dict from str to Comparison
        `number_density`, and `variance` of the galaxy counts in cells as large as a voxel, or a
        pixel and as deep as a slab, in units of their mean squared. The variance includes shot
        noise.

    Raises
    ------
    InputError
        No voxel is inside the survey.
    """
    index = read_index(run.dataset_folder, "train")
    values = np.concatenate([each.overdensity.ravel() for each in maps])
    values = values[known_pixels(values)]
    if not len(values):
        raise InputError(
            f"no voxel of {made.shape.factor * made.cell_size:g} Mpc/h, as large as those of "
            "training, is at least half inside the survey; choose a run with smaller cells"
        )
    return {
        "number_density": Comparison(
            "number density", " (Mpc/h)⁻³", grid.number_density, number_densities(run)
        ),
        "variance": Comparison(
            "variance of counts in cells",
            "",
            float(values.var(dtype=np.float64)),
            _variances(run, index, made),
        ),
    }


def number_densities(run: TrainedRun) -> Range | None:
    """Return the range of the number density of the training boxes, if the dataset records it."""
    index = read_index(run.dataset_folder, "train")
    files = run.dataset["examples"]
    if any("number_density" not in file for file in files):
        return None
    known = [dict(zip(file["boxes"], file["number_density"])) for file in files]
    pairs = index[["source", "box"]].drop_duplicates()
    densities = [known[source][box] for source, box in pairs.itertuples(index=False)]
    return Range(min(densities), max(densities))


def _variances(run: TrainedRun, index: pd.DataFrame, made: BoxInput) -> Range:
    """Return the range of the variance of counts in cells, box by box."""
    maps = open_maps(run.dataset_folder, "train", run.dataset, index)
    most = min(MAX_EXAMPLES, MAX_BATCHES * run.batch_length)
    boxes = index.groupby(["source", "box"], sort=False).indices.values()
    variances = []
    for rows in boxes:
        chosen = rows[: max(most // len(boxes), 1)]
        batches = np.array_split(chosen, -(-len(chosen) // run.batch_length))
        means = [_known_means(run, maps, made, batch) for batch in batches]
        variances.append(float(np.concatenate(means).var(dtype=np.float64)))
    return Range(min(variances), max(variances))


def _known_means(run: TrainedRun, maps: Maps, made: BoxInput, rows: np.ndarray) -> np.ndarray:
    """Return the overdensity of the known pixels of examples, (n,)."""
    means = made.overdensity(maps.x(rows))
    channels = run.dataset["y_channels"]
    if KNOWN not in channels:
        return means.ravel()
    return means[maps.y(rows)[..., channels.index(KNOWN)] > 0]
