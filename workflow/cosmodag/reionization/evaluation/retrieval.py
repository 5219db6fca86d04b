"""Retrieval of the matching slice among candidates of the same class."""

import numpy as np


def top_1_hits(
    embeddings: np.ndarray, classes: np.ndarray, n_candidates: int, seed: int
) -> np.ndarray:
    """Return for each example whether its second slice is the most similar one to its first slice.

    The candidates are second slices of examples of the same class, the matching one among them. The
    others are drawn with the seed and the index of the example only, so all predictors are compared
    on the same candidates.

    Parameters
    ----------
    embeddings : numpy.ndarray, shape (N, 2 D), float
        Embeddings of both slices of each example, side by side. The similarity of two slices is the
        scalar product of their embeddings.
    classes : numpy.ndarray, shape (N, K)
        Values that candidates have in common, such as the classes of redshift and escape fraction.
    n_candidates : int
        Number of candidates; all examples of the class if it has fewer.
    seed : int
        Seed of the draws.

    Returns
    -------
    numpy.ndarray, shape (N,), float64
        1 for a hit, 1/m for a tie of m candidates, 0 for a miss, and NaN for an example that is the
        only one of its class.

    Examples
    --------
    >>> identical = np.concatenate([np.eye(3), np.eye(3)], axis=1)
    >>> top_1_hits(identical, np.zeros((3, 1)), n_candidates=3, seed=0).tolist()
    [1.0, 1.0, 1.0]
    """
    first, second = np.split(np.asarray(embeddings, np.float32), 2, axis=1)
    _, codes = np.unique(classes, axis=0, return_inverse=True)
    codes = codes.ravel()
    hits = np.full(len(classes), np.nan)
    for code in range(codes.max() + 1):
        rows = np.flatnonzero(codes == code)
        if len(rows) < 2:
            continue
        similarity = first[rows] @ second[rows].T
        for i, row in enumerate(rows):
            others = np.delete(np.arange(len(rows)), i)
            random = np.random.default_rng([seed, int(row)])
            drawn = random.permutation(others)[: n_candidates - 1]
            match, rivals = similarity[i, i], similarity[i, drawn]
            hits[row] = (match >= rivals.max()) / (1 + np.sum(rivals == match))
    return hits
