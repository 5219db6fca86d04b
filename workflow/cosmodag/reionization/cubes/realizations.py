"""Names and seeds of the realizations of a simulation."""

import numpy as np


def realization_name(seed: int, index: int) -> str:
    """Return the name of a realization.

    Parameters
    ----------
    seed : int
        Seed of the simulation.
    index : int
        Index of the realization.

    Returns
    -------
    str
        Name, unique among all simulations.

    Examples
    --------
    >>> realization_name(seed=5, index=3)
    's5-0003'
    """
    return f"s{seed}-{index:04d}"


def realization_seed(seed: int, index: int) -> int:
    """Return the seed from which a realization is drawn.

    Parameters
    ----------
    seed : int
        Seed of the simulation.
    index : int
        Index of the realization.

    Returns
    -------
    int
        Seed, different for each realization of each simulation.
    """
    return int(np.random.default_rng([seed, index]).integers(2**31))
