"""Random numbers that depend on a key and a counter alone, equal on all machines."""

import numpy as np


def random_bits(counter: np.ndarray, *key: int) -> np.ndarray:
    """Hash each counter with a key by SplitMix64, one round per word.

    Parameters
    ----------
    counter : numpy.ndarray, any shape, int
        For instance numbers of examples.
    *key : int
        Words that are not negative, for instance seed and epoch.

    Returns
    -------
    numpy.ndarray, shape of `counter`, uint64
        Uniform random bits.

    References
    ----------
    Steele, Lea & Flood 2014, OOPSLA, 453.

    Examples
    --------
    >>> bool((random_bits(np.arange(3), 1) == random_bits(np.arange(3), 1)).all())
    True
    """
    state = _mix(np.zeros(1, dtype=np.uint64))
    for word in key:
        state = _mix(state ^ np.uint64(word))
    return _mix(np.asarray(counter).astype(np.uint64) ^ state)


def _mix(state: np.ndarray) -> np.ndarray:
    """Return the next SplitMix64 output of each state."""
    mixed = state + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
