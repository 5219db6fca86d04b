"""Detection of images unlike those that a network was trained on.

A network predicts something for any image. Its predictions and uncertainties are meaningless for
images outside the training distribution. Photometry of the galaxy hardly notices a residual sky,
correlated noise or a neighbour, each of which has a statistic of its own, see `stamp_statistics`.
"""

import os
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from cosmodag.datasets.folder import open_maps, read_description, read_index
from cosmodag.evaluation.conformal import conformal_rank
from cosmodag.evaluation.feature_distribution import LEVEL, FeatureDistribution
from cosmodag.galaxies.baselines.photometric_features import photometric_features
from cosmodag.galaxies.prediction.stamp_statistics import stamp_statistics

MAX_EXAMPLES = 4000
"""Largest number of examples of a split that are measured."""
BATCH_SIZE = 256
MARGIN = 0.05
"""Fraction of a training range by which values may exceed it without a warning."""
TAIL = 0.005
"""Fraction of the training split beyond each end of the range of a statistic."""
REASONS = {
    "sky": "sky level unlike that of training",
    "noise_correlation": "correlation of the noise unlike that of training",
    "asymmetry": "asymmetric light, such as a neighbour, unlike that of training",
}
"""Warnings of the statistics of `stamp_statistics`, in their order."""
WARNINGS = {
    "psf": "point-spread function of {:.3g} pixels, training range {:.3g} to {:.3g}",
    "noise": "noise of {:.3g} nanomaggies, training range {:.3g} to {:.3g}",
    "stamp_side": "stamp of {:d} pixels, training range {:d} to {:d}",
}


class _Measurements(NamedTuple):
    """Features (N, F) and statistics (N, 3) of images."""

    features: np.ndarray
    statistics: np.ndarray


class TrainingDistribution:
    """The distribution of the images of a training split.

    The distance of an image is the largest of those in a space of photometric features, see
    `photometric_features` and `cosmodag.evaluation.feature_distribution`, and of each statistic of
    `stamp_statistics` from its median, in units of the range with 99 % of the training split. Its
    unit is the distance that 99 % of the validation split do not exceed.

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
        training, validation = (
            self._measure_split(dataset_folder, split) for split in ("train", "valid")
        )
        self._features = FeatureDistribution(training.features, validation.features)
        quantiles = np.quantile(training.statistics, [TAIL, 0.5, 1 - TAIL], axis=0)
        self._low, self._median, self._high = quantiles
        self._threshold = 1.0
        known = np.sort(self._components(validation).max(1))
        # With fewer than 99 validation images the threshold is the largest distance.
        self._threshold = known[min(conformal_rank(len(known), LEVEL), len(known)) - 1]
        self._ranges = _training_ranges(self.dataset)

    def distances(self, x: np.ndarray, sides: np.ndarray) -> tuple[np.ndarray, list[list[str]]]:
        """Return the distances of images from the training split, and what they are due to.

        Parameters
        ----------
        x : numpy.ndarray, shape (N, S, S, C)
            Images as in the dataset.
        sides : numpy.ndarray, shape (N,), int
            Sides of the images in pixels before they were cropped or padded.

        Returns
        -------
        distances : numpy.ndarray, shape (N,), float64
            Above 1 for images outside the training distribution.
        reasons : list of list of str
            The statistics of each image that are unlike those of training, in words.
        """
        components = self._components(self._measure(x, sides))
        names = list(REASONS.values())
        reasons = [
            [name for name, value in zip(names, statistics) if value > 1]
            for statistics in components[:, 1:]
        ]
        return components.max(1), reasons

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

    def _measure(self, x: np.ndarray, sides: np.ndarray) -> _Measurements:
        """Measure images."""
        channels = self.dataset["x_channels"]
        features = photometric_features(x, channels).astype(np.float64)
        return _Measurements(features, stamp_statistics(x, channels, sides))

    def _measure_split(self, folder: str | os.PathLike, split: str) -> _Measurements:
        """Measure the first examples of a split."""
        index = read_index(folder, split)[:MAX_EXAMPLES]
        maps = open_maps(folder, split, self.dataset, index)
        sides = index["stamp_side"].to_numpy()
        batches = [
            self._measure(maps.x(rows), sides[rows])
            for rows in np.array_split(np.arange(len(index)), -(-len(index) // BATCH_SIZE))
        ]
        return _Measurements(*(np.concatenate(arrays) for arrays in zip(*batches)))

    def _components(self, measured: _Measurements) -> np.ndarray:
        """Return the distances in the space of features and of each statistic, (N, 4)."""
        deviation = measured.statistics - self._median
        reach = np.where(deviation > 0, self._high - self._median, self._median - self._low)
        distances = [
            self._features.distances(measured.features)[:, None],
            np.abs(deviation) / np.maximum(reach, 1e-6),
        ]
        return np.concatenate(distances, axis=1) / self._threshold


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
