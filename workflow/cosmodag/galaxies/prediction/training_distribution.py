"""Detection of images unlike those that a network was trained on.

A network predicts something for any image. Its predictions and uncertainties are meaningless for
images outside the training distribution.
"""

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from cosmodag.datasets.folder import open_maps, read_description, read_index
from cosmodag.evaluation.feature_distribution import FeatureDistribution
from cosmodag.galaxies.baselines.photometric_features import photometric_features

MAX_EXAMPLES = 4000
"""Largest number of examples of a split that are measured."""
BATCH_SIZE = 256
MARGIN = 0.05
"""Fraction of a training range by which values may exceed it without a warning."""
WARNINGS = {
    "psf": "point-spread function of {:.3g} pixels, training range {:.3g} to {:.3g}",
    "noise": "noise of {:.3g} nanomaggies, training range {:.3g} to {:.3g}",
    "stamp_side": "stamp of {:d} pixels, training range {:d} to {:d}",
}


class TrainingDistribution:
    """The distribution of the images of a training split in a space of photometric features.

    See `photometric_features` and `cosmodag.evaluation.feature_distribution`.

    Parameters
    ----------
    dataset_folder : path-like
        Dataset of galaxies. The first 4000 examples of each split are measured, a random sample
        since examples are shuffled.

    Attributes
    ----------
    dataset : dict
        Content of dataset.json.
    """

    def __init__(self, dataset_folder: str | os.PathLike):
        self.dataset = read_description(dataset_folder)
        self._distribution = FeatureDistribution(
            *(self._features(dataset_folder, split) for split in ("train", "valid"))
        )
        self._ranges = _training_ranges(self.dataset)

    def distances(self, x: np.ndarray) -> np.ndarray:
        """Return the distances of images from the training split.

        Parameters
        ----------
        x : numpy.ndarray, shape (N, S, S, C)
            Images as in the dataset.

        Returns
        -------
        numpy.ndarray, shape (N,), float64
            Above 1 for images outside the training distribution.
        """
        features = photometric_features(x, self.dataset["x_channels"]).astype(np.float64)
        return self._distribution.distances(features)

    def range_warnings(self, row: Mapping[str, Any], pixel: float) -> list[str]:
        """Compare point-spread function, noise and size of a stamp with their training ranges.

        Parameters
        ----------
        row : mapping
            Row of the index: stamp_side, measured_noise and, if it is known, psf.
        pixel : float
            Pixel scale of the stamp in arcsec.

        Returns
        -------
        list of str
            A warning for each value outside its range.
        """
        values = {
            "psf": row["psf"] / pixel if "psf" in row else None,
            "noise": row["measured_noise"],
            "stamp_side": _effective_side(self.dataset, row["stamp_side"]),
        }
        warnings = []
        for name, (low, high) in self._ranges.items():
            value = values[name]
            margin = MARGIN * (high - low)
            if value is not None and not low - margin <= value <= high + margin:
                warnings.append(WARNINGS[name].format(value, low, high))
        return warnings

    def _features(self, folder: str | os.PathLike, split: str) -> np.ndarray:
        """Measure the features (N, F) of the first examples of a split."""
        index = read_index(folder, split)[:MAX_EXAMPLES]
        maps = open_maps(folder, split, self.dataset, index)
        batches = [
            photometric_features(maps.x(rows), self.dataset["x_channels"])
            for rows in np.array_split(np.arange(len(index)), -(-len(index) // BATCH_SIZE))
        ]
        return np.concatenate(batches).astype(np.float64)


def _training_ranges(dataset: Mapping[str, Any]) -> dict[str, tuple[float, float]]:
    """Return the smallest and largest psf in pixels, noise, and side of the training split."""
    columns, (first, *_) = dataset["statistics"]["columns"], dataset["examples"]
    ranges: dict[str, tuple[float, float]] = {}
    if "psf" in columns:
        psf = columns["psf"]
        ranges["psf"] = (psf["min"] / first["pixel"], psf["max"] / first["pixel"])
    noise, side = columns["measured_noise"], columns["stamp_side"]
    ranges["noise"] = (noise["min"], noise["max"])
    ranges["stamp_side"] = (
        _effective_side(dataset, side["min"]),
        _effective_side(dataset, side["max"]),
    )
    return ranges


def _effective_side(dataset: Mapping[str, Any], side: float) -> int:
    """Return the side of a stamp after cropping."""
    largest = dataset["shapes"]["x"][0]
    shrinks = dataset["examples"][0]["larger"] == "shrink"
    return int(side) if shrinks else min(int(side), largest)
