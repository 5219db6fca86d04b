"""Density and clustering of the boxes that a network was trained on, beside those of a catalogue.

A network predicts something for any catalogue. Voids look different where galaxies are denser or
sparser, or cluster more or less, and its probabilities are not calibrated there.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from cosmodag.datasets.folder import open_maps, read_index
from cosmodag.evaluation.trained_run import BATCH, TrainedRun
from cosmodag.voids.cutouts.map_shape import MapShape
from cosmodag.voids.grids.box_grid import BoxGrid
from cosmodag.voids.prediction.void_maps import VoidMaps, pixel_means

MAX_EXAMPLES = 4000
"""Largest number of training examples that are measured; they are in random order."""
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
    run: TrainedRun, grid: BoxGrid, maps: Sequence[VoidMaps], shape: MapShape
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
    shape : MapShape
        Lengths of the windows of the run in cells.

    Returns
    -------
    dict from str to Comparison
        `number_density`, and `variance` of the galaxy counts in cells as large as a pixel and as
        deep as a slab, in units of their mean squared. The variance includes shot noise.
    """
    index = read_index(run.dataset_folder, "train")
    values = np.concatenate([each.overdensity.ravel() for each in maps])
    return {
        "number_density": Comparison(
            "number density", " (Mpc/h)⁻³", grid.number_density, _densities(run, index)
        ),
        "variance": Comparison(
            "variance of counts in cells",
            "",
            float(values.var(dtype=np.float64)),
            _variances(run, index[:MAX_EXAMPLES], shape),
        ),
    }


def _densities(run: TrainedRun, index) -> Range | None:
    """Return the range of the number density, if the dataset records it."""
    files = run.dataset["examples"]
    if any("number_density" not in file for file in files):
        return None
    known = [dict(zip(file["boxes"], file["number_density"])) for file in files]
    pairs = index[["source", "box"]].drop_duplicates()
    densities = [known[source][box] for source, box in pairs.itertuples(index=False)]
    return Range(min(densities), max(densities))


def _variances(run: TrainedRun, index, shape: MapShape) -> Range:
    """Return the range of the variance of counts in cells."""
    maps = open_maps(run.dataset_folder, "train", run.dataset, index)
    means = np.concatenate(
        [
            pixel_means(
                maps.x(rows)[..., shape.within], shape.factor // shape.input_factor
            ).reshape(len(rows), -1)
            for rows in np.array_split(np.arange(len(index)), -(-len(index) // BATCH))
        ]
    )
    boxes = index.groupby(["source", "box"], sort=False).indices.values()
    variances = [float(means[rows].var(dtype=np.float64)) for rows in boxes]
    return Range(min(variances), max(variances))
