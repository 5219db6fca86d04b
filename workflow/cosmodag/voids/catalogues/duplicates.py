"""Objects that are listed twice."""

from collections.abc import Sequence

import numpy as np


def count_duplicates(columns: Sequence[np.ndarray]) -> int:
    """Return how many rows have exactly the values of another one, all but the first of each.

    Parameters
    ----------
    columns : sequence of numpy.ndarray, shape (N,)
        Columns of finite values.

    Returns
    -------
    int

    Examples
    --------
    >>> count_duplicates([np.array([1, 2, 1, 1]), np.array([5, 5, 5, 5])])
    2
    """
    order = np.lexsort(columns)
    same = np.ones(max(len(order) - 1, 0), bool)
    for values in columns:
        same &= np.diff(values[order]) == 0
    return int(np.count_nonzero(same))
