"""The order of examples, which depends on seed and epoch and not on the number of ranks."""

import numpy as np

from cosmodag.datasets.counter_random import random_bits
from cosmodag.errors import InputError


def epoch_order(count: int, *, seed: int, epoch: int, shuffle: bool) -> np.ndarray:
    """Return the rows of a split in the order of an epoch.

    Parameters
    ----------
    count : int
        Number of examples of the split.
    seed : int
        Seed of the order.
    epoch : int
        Number of the epoch.
    shuffle : bool
        Whether to shuffle the rows; False keeps their order.

    Returns
    -------
    numpy.ndarray, shape (count,), int64
        Rows of the split.
    """
    rows = np.arange(count)
    if not shuffle:
        return rows
    return np.argsort(random_bits(rows, seed, epoch), kind="stable")


def batch_count(count: int, batch_size: int) -> int:
    """Return the number of batches of an epoch, the last of which may be smaller.

    Examples
    --------
    >>> batch_count(10, 4)
    3
    """
    return -(-count // batch_size)


def check_ranks(batch_size: int, rank: int, world_size: int) -> None:
    """Check that ranks can share batches equally.

    Parameters
    ----------
    batch_size : int
        Examples in a batch, over all ranks together.
    rank, world_size : int
        This process among the processes that share each batch.

    Raises
    ------
    InputError
        If the batch size is not a multiple of the number of ranks, or the rank is not among them.
    """
    if batch_size < 1 or batch_size % world_size:
        raise InputError(
            f"batch_size {batch_size} does not divide among {world_size} ranks: choose a multiple"
        )
    if not 0 <= rank < world_size:
        raise InputError(f"rank {rank} is not among 0 … {world_size - 1}")


def rank_rows(
    order: np.ndarray, batch: int, batch_size: int, rank: int, world_size: int
) -> np.ndarray:
    """Return the rows of one rank in one batch: every `world_size`-th of the batch.

    The last batch of an epoch may be smaller, with one row less on some ranks, or none.

    Parameters
    ----------
    order : numpy.ndarray, shape (count,), int64
        Rows in the order of the epoch.
    batch : int
        Number of the batch.
    batch_size : int
        Examples in a batch, over all ranks together.
    rank, world_size : int
        This process among the processes that share each batch.
    """
    return order[batch * batch_size : (batch + 1) * batch_size][rank::world_size]
