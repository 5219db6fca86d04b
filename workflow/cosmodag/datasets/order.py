"""The order of examples: by seed and epoch alone, however many ranks or workers take part."""

import numpy as np

from cosmodag.datasets.counter_random import random_bits
from cosmodag.errors import InputError


def epoch_order(count: int, *, seed: int, epoch: int, shuffle: bool) -> np.ndarray:
    """Rows of a split in the order in which an epoch visits them.

    Parameters
    ----------
    count : int
        Examples of the split.
    seed, epoch : int
    shuffle : bool
        False keeps the rows in order.

    Returns
    -------
    numpy.ndarray, shape (count,), int64
    """
    rows = np.arange(count)
    if not shuffle:
        return rows
    return np.argsort(random_bits(rows, seed, epoch), kind="stable")


def batch_count(count: int, batch_size: int) -> int:
    """Batches of an epoch, the last of which may be smaller."""
    return -(-count // batch_size)


def check_ranks(batch_size: int, rank: int, world_size: int) -> None:
    """Refuse a batch that ranks cannot share equally.

    Raises
    ------
    InputError
    """
    if batch_size < 1 or batch_size % world_size:
        raise InputError(
            f"batch_size {batch_size} does not divide among {world_size} ranks: choose a multiple"
        )
    if not 0 <= rank < world_size:
        raise InputError(f"rank {rank} is not among 0 … {world_size - 1}")


def rank_part(
    order: np.ndarray, batch: int, batch_size: int, rank: int, world_size: int
) -> np.ndarray:
    """Rows of one rank in one batch: every `world_size`-th of the batch that all ranks share.

    The last batch of an epoch may hold fewer rows than others, on some ranks one fewer or none.
    """
    return order[batch * batch_size : (batch + 1) * batch_size][rank::world_size]
