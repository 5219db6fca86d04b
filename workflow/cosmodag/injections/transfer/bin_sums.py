"""Sums over injections by group and bin, which intervals are made from.

Memory depends on the numbers of groups and bins alone. Errors of measurements are counted in
histograms, whose bins are fine near 0, where the errors of bright galaxies are, and wide far away.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from cosmodag.injections.transfer.bins import bin_numbers

SCALE, REACH, N_ERRORS = 0.01, 3.0, 240
"""Error about which bins of errors cease to be of equal width, largest error, number of bins."""
ERROR_EDGES = SCALE * np.sinh(np.linspace(-1, 1, N_ERRORS + 1) * np.arcsinh(REACH / SCALE))
"""Edges of the bins of errors, in magnitudes or arcsec; from 0.0005 wide at 0 to 0.16 at 3."""


class BinSums:
    """Sums in bins of one variable, or of several together.

    Parameters
    ----------
    edges : sequence of numpy.ndarray
        Edges of the bins of each variable.
    n_groups : int
        Number of groups G.
    quantities : sequence of str
        Names of the measured quantities.

    Attributes
    ----------
    shape : tuple of int
        Numbers of bins of the variables, in all B bins.
    n_trials, n_successes : numpy.ndarray, shape (G, B), float64
        Injections, and detected ones.
    predicted, n_predicted : numpy.ndarray, shape (G, B), float64
        Sums of the completeness that a model predicts of injections, and their number: not those
        with an unknown feature.
    errors : dict from str to numpy.ndarray, shape (G, B, N_ERRORS + 2), int32
        Histogram of measured minus true values of each quantity. The first and the last bin are
        those beyond `ERROR_EDGES`.
    n_outside : int
        Injections outside all bins, or with an unknown value.
    """

    def __init__(self, edges: Sequence[np.ndarray], n_groups: int, quantities: Sequence[str] = ()):
        self.edges = list(edges)
        self.shape = tuple(len(each) - 1 for each in edges)
        n_bins = int(np.prod(self.shape))
        self.n_trials = np.zeros((n_groups, n_bins))
        self.n_successes = np.zeros((n_groups, n_bins))
        self.predicted = np.zeros((n_groups, n_bins))
        self.n_predicted = np.zeros((n_groups, n_bins))
        self.errors = {
            name: np.zeros((n_groups, n_bins, N_ERRORS + 2), np.int32) for name in quantities
        }
        self.n_outside = 0

    def add(
        self,
        values: Sequence[np.ndarray],
        group: np.ndarray,
        success: np.ndarray,
        *,
        predicted: np.ndarray | None = None,
        errors: Mapping[str, np.ndarray] | None = None,
    ) -> None:
        """Add N injections.

        Parameters
        ----------
        values : sequence of numpy.ndarray, shape (N,)
            Values of each variable.
        group : numpy.ndarray, shape (N,), int64
            Groups from 0.
        success : numpy.ndarray, shape (N,), bool
            Whether each is detected.
        predicted : numpy.ndarray, shape (N,), float64, optional
            Completeness that a model predicts of each; NaN where it is unknown.
        errors : mapping from str to numpy.ndarray, shape (N,), optional
            Measured minus true value of each quantity; NaN where it is not measured.
        """
        numbers = np.stack([bin_numbers(each, own) for each, own in zip(values, self.edges)])
        inside = (numbers >= 0).all(axis=0)
        self.n_outside += int((~inside).sum())
        place = np.ravel_multi_index(tuple(numbers[:, inside]), self.shape)
        group = group[inside]
        np.add.at(self.n_trials, (group, place), 1)
        np.add.at(self.n_successes, (group, place), success[inside])
        if predicted is not None:
            own = predicted[inside]
            known = np.isfinite(own)
            np.add.at(self.predicted, (group[known], place[known]), own[known])
            np.add.at(self.n_predicted, (group[known], place[known]), 1)
        for name, error in (errors or {}).items():
            own = error[inside]
            known = np.isfinite(own)
            column = np.searchsorted(ERROR_EDGES, own[known], side="right")
            np.add.at(self.errors[name], (group[known], place[known], column), 1)


def quantiles(histogram: np.ndarray, levels: Sequence[float]) -> list[np.ndarray]:
    """Return quantiles of errors from histograms, interpolated within bins.

    Parameters
    ----------
    histogram : numpy.ndarray, shape (..., N_ERRORS + 2)
        Numbers of errors in the bins of `ERROR_EDGES` and beyond them.
    levels : sequence of float
        Levels from 0 to 1.

    Returns
    -------
    list of numpy.ndarray, shape (...), float64
        A quantile for each level; NaN where there is no error.
    """
    cumulative = np.cumsum(histogram, axis=-1, dtype=np.float64)
    total = cumulative[..., -1]
    low = np.concatenate([ERROR_EDGES[:1], ERROR_EDGES])
    high = np.concatenate([ERROR_EDGES, ERROR_EDGES[-1:]])
    found = []
    for level in levels:
        wanted = level * total
        index = (cumulative < wanted[..., None]).sum(axis=-1)
        index = np.minimum(index, cumulative.shape[-1] - 1)
        upper = np.take_along_axis(cumulative, index[..., None], -1)[..., 0]
        own = np.take_along_axis(histogram, index[..., None], -1)[..., 0]
        with np.errstate(divide="ignore", invalid="ignore"):
            part = 1 - (upper - wanted) / own
            value = low[index] + part * (high - low)[index]
        found.append(np.where(total > 0, value, np.nan))
    return found
