"""Control of algorithms, threads and random numbers, so that results are reproducible."""

import contextlib
import os
from collections.abc import Iterator

import numpy as np
import torch
from torch.utils import deterministic as determinism

_FILL = "fill_uninitialized_memory"
"""Attribute of `torch.utils.deterministic` that type checkers do not know."""


@contextlib.contextmanager
def reproducible(deterministic: bool = True, threads: int | None = None) -> Iterator[int]:
    """Use deterministic algorithms and a fixed number of threads inside the block.

    The order in which threads sum numbers affects the last bits, so results are bit-identical only
    between runs with the same number of threads.

    Parameters
    ----------
    deterministic : bool
        Whether to refuse algorithms whose result varies between runs.
    threads : int, optional
        CPU threads of torch; None uses all that are available to the process.

    Yields
    ------
    int
        The number of threads.
    """
    threads = threads or len(os.sched_getaffinity(0))
    # cuBLAS reads this when it is first used.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    mode, threads_before = torch.get_deterministic_debug_mode(), torch.get_num_threads()
    benchmark = torch.backends.cudnn.benchmark
    fill = getattr(determinism, _FILL)
    # As `torch.use_deterministic_algorithms`, which takes a second to import torch's compiler.
    torch.set_deterministic_debug_mode("error" if deterministic else "default")
    torch.set_num_threads(threads)
    torch.backends.cudnn.benchmark = not deterministic
    # Filling new memory detects reads of uninitialized values; it takes time and changes nothing.
    setattr(determinism, _FILL, False)
    try:
        yield threads
    finally:
        torch.set_deterministic_debug_mode(mode)
        torch.set_num_threads(threads_before)
        torch.backends.cudnn.benchmark = benchmark
        setattr(determinism, _FILL, fill)


def seed_step(seed: int, step: int, rank: int = 0) -> None:
    """Seed torch for one step of one rank.

    The random numbers of a step then depend on (seed, step, rank) alone. Training that continues in
    the middle of an epoch draws the same numbers as without the interruption, and checkpoints need
    no generator state.

    Parameters
    ----------
    seed : int
        Seed of the training.
    step : int
        Step of the optimizer, from 0.
    rank : int
        Number of this process among those that train together.
    """
    low, high = np.random.SeedSequence([seed, step, rank]).generate_state(2)
    torch.manual_seed(int(high) << 32 | int(low))
