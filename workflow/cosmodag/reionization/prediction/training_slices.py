"""Comparison of slices with those that a run was trained on.

Temperatures in another unit, other noise, resolution or astrophysics change the scale of a slice or
its power spectrum, for which a network predicts something all the same.
"""

from typing import NamedTuple

import numpy as np

from cosmodag.datasets.folder import open_maps, read_index
from cosmodag.datasets.thermal_noise import ThermalNoise, redshifts
from cosmodag.evaluation.baselines.features import spectrum
from cosmodag.evaluation.feature_distribution import FeatureDistribution
from cosmodag.evaluation.trained_run import TrainedRun
from cosmodag.reionization.baselines.slice_features import features_of_slices
from cosmodag.reionization.prediction.slice_run import SliceInput

MAX_EXAMPLES = 2000
"""Largest number of slices of a split that are measured; they are in random order."""
MARGIN = 0.05
"""Fraction of a training range by which values may exceed it without a warning."""
BINS = 12
"""Bins of the power spectrum, equally wide up to the Nyquist wavenumber."""
SIGNAL = 1e-5
"""Power relative to the largest below which spectra are not compared, as that beyond a beam."""
ROUNDING = 1e-3
"""Difference of means, in units of the largest standard deviation, that is rounding."""


class SliceMeasures(NamedTuple):
    """Measured properties of N slices.

    Attributes
    ----------
    mean, std : numpy.ndarray, shape (N,), float64
        Mean and standard deviation of the pixels, in mK for a brightness temperature.
    power : numpy.ndarray, shape (N, BINS), float64
        Mean squared modulus of the Fourier modes divided by the number of pixels.
    """

    mean: np.ndarray
    std: np.ndarray
    power: np.ndarray


def measure(x: np.ndarray) -> SliceMeasures:
    """Measure slices.

    Parameters
    ----------
    x : numpy.ndarray, shape (N, side, side, 1)
        Slices as a network sees them, in their unit.

    Returns
    -------
    SliceMeasures
    """
    values = x[..., 0].astype(np.float64)
    power = np.exp([spectrum(each, BINS) for each in values])
    return SliceMeasures(values.mean(axis=(1, 2)), values.std(axis=(1, 2)), power)


class TrainingSlices:
    """The slices of the training split of a run, with the noise that the run adds.

    Parameters
    ----------
    run : TrainedRun
        The run and its dataset. The first 2000 examples of each split are measured.
    made : SliceInput
        How its input was made.
    """

    def __init__(self, run: TrainedRun, made: SliceInput):
        self.made = made
        train, valid = (_noisy_slices(run, split) for split in ("train", "valid"))
        self._distribution = FeatureDistribution(_features(train), _features(valid))
        measured = measure(train)
        self._floor = SIGNAL * measured.power.max()
        self.ranges = {
            "mean": _range(measured.mean),
            "standard deviation": _range(measured.std),
        }
        power = np.log(np.maximum(measured.power, self._floor))
        self._power_range = power.min(axis=0), power.max(axis=0)

    def distances(self, x: np.ndarray) -> np.ndarray:
        """Return the distances of slices (N, side, side, 1) from the training split, (N,).

        Above 1 for slices outside the training distribution, see `FeatureDistribution`.
        """
        return self._distribution.distances(_features(x))

    def warnings(self, measured: SliceMeasures) -> list[dict[str, str]]:
        """Compare measured properties with their ranges in the training split.

        Parameters
        ----------
        measured : SliceMeasures
            Properties of N slices.

        Returns
        -------
        list of dict from str to str
            For each slice, a warning for each property outside its range: "mean",
            "standard deviation", and "power", that of the wavenumber farthest outside.
        """
        warnings: list[dict[str, str]] = [{} for _ in measured.mean]
        unit = " mK" if self.made.field == "brightness_temperature" else ""
        compared = {"mean": measured.mean, "standard deviation": measured.std}
        for name, values in compared.items():
            low, high = self.ranges[name]
            margin = MARGIN * (high - low) + ROUNDING * self.ranges["standard deviation"][1]
            for each, value in zip(warnings, values):
                if not low - margin <= value <= high + margin:
                    each[name] = (
                        f"{name} of {value:.3g}{unit}, training range {low:.3g} to {high:.3g}{unit}"
                    )
        low, high = self._power_range
        margin = MARGIN * (high - low)
        power = np.log(np.maximum(measured.power, self._floor))
        excess = np.maximum(power - high - margin, low - margin - power)
        edges = np.pi / self.made.cell_size * np.arange(BINS + 1) / BINS
        for each, row, beyond in zip(warnings, power, excess):
            worst = int(beyond.argmax())
            if beyond[worst] > 0:
                end = high if row[worst] > high[worst] else low
                word = "above" if row[worst] > high[worst] else "below"
                each["power"] = (
                    f"power at {edges[worst]:.2g} to {edges[worst + 1]:.2g} per Mpc "
                    f"{np.exp(abs(row[worst] - end[worst])):.2g} times {word} the training range"
                )
        return warnings


def _noisy_slices(run: TrainedRun, split: str) -> np.ndarray:
    """Return the first slices of a split with noise, as the network saw them, before scaling."""
    index = read_index(run.dataset_folder, split)[:MAX_EXAMPLES]
    rows = np.arange(len(index))
    x = open_maps(run.dataset_folder, split, run.dataset, index).x(rows)
    if noise := run.description.get("noise"):
        model = ThermalNoise(run.dataset["x_channels"], split, **noise)
        model.add(x, 0, rows, redshifts(index, rows))
    return x


def _features(x: np.ndarray) -> np.ndarray:
    """Return the features (N, F) of slices, float64."""
    return features_of_slices(x).astype(np.float64)


def _range(values: np.ndarray) -> tuple[float, float]:
    return float(values.min()), float(values.max())
