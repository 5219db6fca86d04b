"""Whether an image of a galaxy is like those that a network was trained on.

A network answers whatever it is shown. What it says of an image unlike all of its training is worth
nothing, whatever the uncertainty that it gives beside.
"""

import os
from collections.abc import Mapping

import numpy as np
from scipy.spatial import cKDTree

from cosmodag.datasets.folder import open_maps, read_description, read_index
from cosmodag.evaluation.conformal import conformal_rank
from cosmodag.galaxies.baselines.photometric_features import photometric_features

MOST = 4000
"""Examples of a split that are measured."""
AT_ONCE = 256
HELD = 0.99
"""Part of the variance of the measures that distances are taken in."""
NEIGHBOURS = 5
LEVEL = 0.99
"""Part of the validation split that is to count as like the training split."""
MARGIN = 0.05
"""Part of a range beyond which a value is not like those of training: few examples end short."""


class TrainingDistribution:
    """The images of a dataset's training split, by what is measured on them.

    An image is described by fluxes in apertures, radii, moments, colours, level and noise (see
    `photometric_features`), turned into principal components that hold 99 % of the variance of the
    standardised measures of the training split, and how much they leave of it, each of variance 1.
    Its distance is that to the fifth nearest image of the training split, in units of the distance
    that 99 % of the validation split keep: of images like those, one in a hundred has a distance
    above 1.

    Parameters
    ----------
    dataset_folder
        A dataset of galaxies; of either split the first 4000 examples are measured, a fair sample
        since examples are shuffled.
    """

    def __init__(self, dataset_folder: str | os.PathLike):
        self.dataset = read_description(dataset_folder)
        training = self._measured(dataset_folder, "train")
        # What never varies in training is no division by zero: any other value of it is far away.
        floor = 1e-6 * np.maximum(np.abs(training).max(0), 1)
        self._mean, self._spread = training.mean(0), np.maximum(training.std(0), floor)
        standard = (training - self._mean) / self._spread
        _, singular, axes = np.linalg.svd(standard, full_matrices=False)
        held = np.cumsum(singular**2) / np.sum(singular**2)
        self._axes = axes[: int(np.searchsorted(held, HELD)) + 1]
        self._unit = np.ones(len(self._axes) + 1)
        self._unit = self._placed(training).std(0)
        self._tree = cKDTree(self._placed(training))
        valid = np.sort(self._to_neighbours(self._placed(self._measured(dataset_folder, "valid"))))
        # Of fewer than 99 images the farthest.
        self._threshold = valid[min(conformal_rank(len(valid), LEVEL), len(valid)) - 1]
        self._ranges = _ranges(self.dataset)

    def distances(self, x: np.ndarray) -> np.ndarray:
        """Return the distance of images (N, S, S, C), as the dataset holds them, (N,) float64."""
        measures = photometric_features(x, self.dataset["x_channels"]).astype(np.float64)
        return self._to_neighbours(self._placed(measures)) / self._threshold

    def beyond(self, row: Mapping, pixel: float) -> list[str]:
        """Say which of point-spread function, noise and size training had not seen the like of.

        Parameters
        ----------
        row
            What is known of a stamp, as its index tells it: stamp_side, measured_noise, psf.
        pixel
            Arcsec a pixel of the stamp.
        """
        found = {
            "psf": row["psf"] / pixel if "psf" in row else None,
            "noise": row["measured_noise"],
            "stamp_side": _size(self.dataset, row["stamp_side"]),
        }
        said = []
        for name, (low, high) in self._ranges.items():
            value = found[name]
            margin = MARGIN * (high - low)
            if value is not None and not low - margin <= value <= high + margin:
                said.append(WORDS[name].format(value, low, high))
        return said

    def _measured(self, folder: str | os.PathLike, split: str) -> np.ndarray:
        index = read_index(folder, split)[:MOST]
        maps = open_maps(folder, split, self.dataset, index)
        parts = [
            photometric_features(maps.x(rows), self.dataset["x_channels"])
            for rows in np.array_split(np.arange(len(index)), -(-len(index) // AT_ONCE))
        ]
        return np.concatenate(parts).astype(np.float64)

    def _placed(self, measures: np.ndarray) -> np.ndarray:
        """Components of measures (N, F), and how far they are from what components can say."""
        standard = (measures - self._mean) / self._spread
        components = standard @ self._axes.T
        left = np.linalg.norm(standard - components @ self._axes, axis=1)
        return np.column_stack([components, left]) / self._unit

    def _to_neighbours(self, places: np.ndarray) -> np.ndarray:
        number = min(NEIGHBOURS, self._tree.n)
        return self._tree.query(places, [number])[0][:, 0]


WORDS = {
    "psf": "point-spread function of {:.3g} pixels where training had {:.3g} to {:.3g}",
    "noise": "noise of {:.3g} nanomaggies where training had {:.3g} to {:.3g}",
    "stamp_side": "stamp of {:d} pixels where training had {:d} to {:d}",
}


def _ranges(dataset: Mapping) -> dict[str, tuple[float, float]]:
    """Lowest and highest value of what the training split tells of, sizes in pixels."""
    known, (first, *_) = dataset["statistics"]["columns"], dataset["examples"]
    found = {}
    if "psf" in known:
        found["psf"] = tuple(known["psf"][end] / first["pixel"] for end in ("min", "max"))
    found["noise"] = tuple(known["measured_noise"][end] for end in ("min", "max"))
    sides = (int(known["stamp_side"][end]) for end in ("min", "max"))
    found["stamp_side"] = tuple(_size(dataset, side) for side in sides)
    return found


def _size(dataset: Mapping, side: int) -> int:
    """Size of a stamp as far as it matters: what is cut off from larger ones does not."""
    most = dataset["shapes"]["x"][0]
    return int(side) if dataset["examples"][0]["larger"] == "shrink" else min(int(side), most)
