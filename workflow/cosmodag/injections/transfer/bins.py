"""Edges of the bins of transfer functions, and the bins that injections fall into."""

from collections.abc import Mapping, Sequence

import numpy as np

from cosmodag.injections.transfer.variables import Variable

MAGNITUDE_RANGE = (0.001, 0.999)
"""Quantiles of the magnitudes that bins of magnitude reach to."""
MOST_BINS = 60
"""Most bins of magnitude; wider ones are made where there would be more."""


def choose_edges(
    samples: Mapping[str, np.ndarray],
    variables: Sequence[Variable],
    bands: Sequence[str],
    *,
    magnitude_width: float,
    n_bins: int,
    given: Mapping[str, Sequence[float]],
) -> dict[str, np.ndarray]:
    """Return the edges of the bins of each variable.

    Parameters
    ----------
    samples : mapping from str to numpy.ndarray, shape (N,)
        Values of the variables of injections.
    variables : sequence of Variable
        The variables.
    bands : sequence of str
        Photometric bands, whose magnitudes have bins of equal width; other variables have bins of
        equal numbers of injections.
    magnitude_width : float
        Width of bins of magnitude.
    n_bins : int
        Number of bins of other variables.
    given : mapping from str to sequence of float
        Edges by variable that replace these.

    Returns
    -------
    dict from str to numpy.ndarray, shape (B + 1,), float64
        Variables that have no finite value, or one value alone, are left out.
    """
    edges = {}
    for variable in variables:
        if variable.name in given:
            edges[variable.name] = np.asarray(given[variable.name], np.float64)
            continue
        values = np.asarray(samples[variable.name], np.float64)
        values = values[np.isfinite(values)]
        if not len(values) or values.min() == values.max():
            continue
        if variable.name in bands:
            own = _equal_widths(values, magnitude_width)
        else:
            own = np.unique(np.quantile(values, np.linspace(0, 1, n_bins + 1)))
        edges[variable.name] = own
    return edges


def bin_numbers(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Return the bins that values fall into; the last one contains its upper edge.

    Parameters
    ----------
    values : numpy.ndarray, shape (N,)
        Values; NaN for unknown ones.
    edges : numpy.ndarray, shape (B + 1,), float64
        Increasing edges.

    Returns
    -------
    numpy.ndarray, shape (N,), int64
        Numbers of bins from 0; -1 outside.

    Examples
    --------
    >>> bin_numbers(np.array([0.0, 1.0, 2.0, 2.1, np.nan]), np.array([0.0, 1.0, 2.0])).tolist()
    [0, 1, 1, -1, -1]
    """
    values = np.asarray(values, np.float64)
    number = np.searchsorted(edges, values, side="right") - 1
    number = np.where(values == edges[-1], len(edges) - 2, number)
    return np.where((values >= edges[0]) & (values <= edges[-1]), number, -1)


def _equal_widths(values: np.ndarray, width: float) -> np.ndarray:
    """Return multiples of a width that enclose nearly all values."""
    low, high = np.quantile(values, MAGNITUDE_RANGE)
    width *= max(1, int(np.ceil((high - low) / width / MOST_BINS)))
    first, last = int(np.floor(low / width)), int(np.floor(high / width)) + 1
    return np.arange(first, last + 1) * width
