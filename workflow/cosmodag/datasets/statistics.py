"""Mean, spread and range of each channel, gathered shard by shard."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from cosmodag.datasets.transforms import stretches

TAKEN_AT_ONCE = 32
"""Examples whose deviations are held in float64 at once."""


class ChannelStatistics:
    """Running mean, standard deviation and range of each channel.

    Parts are merged by their means and squared deviations (Chan, Golub and LeVeque 1983), which
    keeps the digits that a sum of squares would lose.
    """

    def __init__(self):
        self.count = 0

    def add(self, values: np.ndarray) -> None:
        """Take in values of shape (…, channels)."""
        channels = values.reshape(-1, values.shape[-1])
        count = len(channels)
        mean = channels.mean(axis=0, dtype=np.float64)
        deviations = np.square(channels - mean).sum(axis=0)
        low, high = channels.min(axis=0), channels.max(axis=0)
        if self.count == 0:
            self.count, self.mean, self.deviations = count, mean, deviations
            self.low, self.high = low, high
            return
        both = self.count + count
        apart = mean - self.mean
        self.mean = self.mean + apart * count / both
        self.deviations = self.deviations + deviations + apart**2 * self.count * count / both
        self.low, self.high = np.minimum(self.low, low), np.maximum(self.high, high)
        self.count = both

    @property
    def std(self) -> np.ndarray:
        """Standard deviation of each channel."""
        return np.sqrt(self.deviations / self.count)


class TrainingStatistics:
    """Statistics of x under each named transform, and of y, over the training split.

    Parameters
    ----------
    channels : sequence of str
        Names of the channels of x, which say what transforms they allow.
    """

    def __init__(self, channels: Sequence[str]):
        self.stretches = stretches(channels)
        self.stretched = {name: ChannelStatistics() for name in self.stretches}
        self.y = ChannelStatistics()

    def add(self, x: np.ndarray, y: np.ndarray | None = None) -> None:
        """Take in examples: x (n, …, C) and, where maps are the target, y (n, …, K > 0)."""
        for start in range(0, len(x), TAKEN_AT_ONCE):
            part = slice(start, start + TAKEN_AT_ONCE)
            for name, stretch in self.stretches.items():
                self.stretched[name].add(stretch(x[part]))
            if y is not None and y.size:
                self.y.add(y[part])

    def summary(self) -> dict:
        """Numbers for `dataset.json`."""
        summary = {}
        for name, channels in (("x", self.stretched["standardise"]), ("y", self.y)):
            if channels.count:
                summary[f"{name}_mean"] = channels.mean.tolist()
                summary[f"{name}_std"] = channels.std.tolist()
                summary[f"{name}_min"] = channels.low.tolist()
                summary[f"{name}_max"] = channels.high.tolist()
        summary["transforms"] = {
            name: {"x_mean": channels.mean.tolist(), "x_std": channels.std.tolist()}
            for name, channels in self.stretched.items()
        }
        return summary


def column_statistics(index: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Mean, standard deviation and range of each numeric column of an index that is finite."""
    numbers = index.select_dtypes("number").astype(np.float64)
    return {
        name: {
            "mean": float(values.mean()),
            "std": float(values.std(ddof=0)),
            "min": float(values.min()),
            "max": float(values.max()),
        }
        for name, values in numbers.items()
        if np.isfinite(values).all()
    }
