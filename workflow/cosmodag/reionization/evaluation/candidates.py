"""How often the right one is found among candidates of the same class."""

import numpy as np


def top_1(vectors: np.ndarray, y: np.ndarray, candidates: int, seed: int) -> np.ndarray:
    """Whether each example's second slice is the likest to its first among candidates.

    Parameters
    ----------
    vectors : numpy.ndarray, shape (N, 2 D)
        Both slices of each example; their scalar product is their likeness.
    y : numpy.ndarray, shape (N, K)
        What candidates have in common, such as the classes of redshift and escape fraction.
    candidates : int
        Examples among which one is to be found, itself among them; all of the class where it has no
        more. The others are drawn from the seed and the number of the example alone, so that all
        methods are asked the same.
    seed : int

    Returns
    -------
    numpy.ndarray, shape (N,)
        1 where it is found; a tie between m candidates counts 1/m. NaN where there is no other.
    """
    first, second = np.split(np.asarray(vectors, np.float32), 2, axis=1)
    _, code = np.unique(y, axis=0, return_inverse=True)
    code = code.ravel()
    found = np.full(len(y), np.nan)
    for which in range(code.max() + 1):
        rows = np.flatnonzero(code == which)
        if len(rows) < 2:
            continue
        likeness = first[rows] @ second[rows].T
        for place, row in enumerate(rows):
            others = np.delete(np.arange(len(rows)), place)
            random = np.random.default_rng([seed, row])
            drawn = random.permutation(others)[: candidates - 1]
            mine, rivals = likeness[place, place], likeness[place, drawn]
            found[row] = (mine >= rivals.max()) / (1 + np.sum(rivals == mine))
    return found
