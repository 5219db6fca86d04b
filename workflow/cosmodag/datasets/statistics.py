"""Mean, standard deviation and range of each channel, accumulated shard by shard."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from cosmodag.datasets.transforms import stretches

BATCH_SIZE = 32
"""Examples whose deviations are in memory in float64 at the same time."""


class ChannelStatistics:
    """Running mean, standard deviation and range of each channel.

    Batches are combined by their means and squared deviations, which keeps the digits that a sum of
    squares would lose.

    Attributes
    ----------
    count : int
        Number of values per channel so far.
    mean, deviations : numpy.ndarray, shape (channels,), float64
        Mean, and sum of the squared deviations from it.
    low, high : numpy.ndarray, shape (channels,)
        Smallest and largest value.

    References
    ----------
    Chan, Golub & LeVeque 1983, Am. Stat. 37, 242.
    """

    mean: np.ndarray
    deviations: np.ndarray
    low: np.ndarray
    high: np.ndarray

    def __init__(self):
        self.count = 0

    def add(self, values: np.ndarray) -> None:
        """Add values of shape (…, channels)."""
        channels = values.reshape(-1, values.shape[-1])
        count = len(channels)
        mean = channels.mean(axis=0, dtype=np.float64)
        deviations = np.square(channels - mean).sum(axis=0)
        low, high = channels.min(axis=0), channels.max(axis=0)
        if self.count == 0:
            self.count, self.mean, self.deviations = count, mean, deviations
            self.low, self.high = low, high
            return
        total = self.count + count
        difference = mean - self.mean
        self.mean = self.mean + difference * count / total
        self.deviations = self.deviations + deviations + difference**2 * self.count * count / total
        self.low, self.high = np.minimum(self.low, low), np.maximum(self.high, high)
        self.count = total

    @property
    def std(self) -> np.ndarray:
        """Standard deviation of each channel."""
        return np.sqrt(self.deviations / self.count)


class TrainingStatistics:
    """Statistics of the training split: of x under each named transform, and of y.

    Parameters
    ----------
    channels : sequence of str
        Names of the channels of x, which determine the transforms they allow.
    """

    def __init__(self, channels: Sequence[str]):
        self.stretches = stretches(channels)
        self.stretched = {name: ChannelStatistics() for name in self.stretches}
        self.y = ChannelStatistics()

    def add(self, x: np.ndarray, y: np.ndarray | None = None) -> None:
        """Add examples.

        Parameters
        ----------
        x : numpy.ndarray, shape (n, …, C)
            Inputs.
        y : numpy.ndarray, shape (n, …, K), optional
            Target maps; K may be 0.
        """
        for start in range(0, len(x), BATCH_SIZE):
            batch = slice(start, start + BATCH_SIZE)
            for name, stretch in self.stretches.items():
                self.stretched[name].add(stretch(x[batch]))
            if y is not None and y.size:
                self.y.add(y[batch])

    def summary(self) -> dict:
        """Return the statistics as dataset.json records them."""
        summary: dict = {}
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
    """Return mean, standard deviation and range of each numeric column with finite values.

    Parameters
    ----------
    index : pandas.DataFrame
        Index of the training split.

    Returns
    -------
    dict
        ``{column: {"mean", "std", "min", "max"}}``.
    """
    numbers = index.select_dtypes("number").astype(np.float64)
    return {
        str(name): {
            "mean": float(values.mean()),
            "std": float(values.std(ddof=0)),
            "min": float(values.min()),
            "max": float(values.max()),
        }
        for name, values in numbers.items()
        if np.isfinite(values).all()
    }
