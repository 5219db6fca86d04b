"""The same numbers every time: algorithms, threads and random numbers under control."""

import contextlib
import os
from collections.abc import Iterator

import numpy as np
import torch


@contextlib.contextmanager
def reproducible(deterministic: bool = True, threads: int | None = None) -> Iterator[int]:
    """Use deterministic algorithms and a fixed number of threads inside the block.

    The order in which threads add up numbers shows in the last bits, so results are identical to
    the bit between runs of the same number of threads alone.

    Parameters
    ----------
    deterministic
        Whether to refuse algorithms whose result varies between runs.
    threads
        CPU threads of torch; None takes as many as the process may use.

    Yields
    ------
    int
        The number of threads.
    """
    threads = threads or len(os.sched_getaffinity(0))
    # cuBLAS reads this when it is first used.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    before = (
        torch.get_deterministic_debug_mode(),
        torch.get_num_threads(),
        torch.backends.cudnn.benchmark,
        torch.utils.deterministic.fill_uninitialized_memory,
    )
    # As `torch.use_deterministic_algorithms`, which imports torch's compiler in a second or more.
    torch.set_deterministic_debug_mode("error" if deterministic else "default")
    torch.set_num_threads(threads)
    torch.backends.cudnn.benchmark = not deterministic
    # Filling fresh memory finds reads of uninitialised values; it costs a pass and changes nothing.
    torch.utils.deterministic.fill_uninitialized_memory = False
    try:
        yield threads
    finally:
        torch.set_deterministic_debug_mode(before[0])
        torch.set_num_threads(before[1])
        torch.backends.cudnn.benchmark = before[2]
        torch.utils.deterministic.fill_uninitialized_memory = before[3]


def seed_step(seed: int, step: int, rank: int = 0) -> None:
    """Seed torch for one step of one rank.

    Random numbers of a step then depend on (seed, step, rank) alone: training that continues in the
    middle of an epoch draws what it would have drawn, with no generator's state to save.
    """
    low, high = np.random.SeedSequence([seed, step, rank]).generate_state(2)
    torch.manual_seed(int(high) << 32 | int(low))
