"""How many threads numba's parallel kernels run on."""

import contextlib
from collections.abc import Iterator

import numba


@contextlib.contextmanager
def numba_threads(threads: int | None) -> Iterator[None]:
    """Run kernels on `threads` threads inside the block; None keeps the present number."""
    before = numba.get_num_threads()
    numba.set_num_threads(min(threads or before, numba.config.NUMBA_NUM_THREADS))  # type: ignore[attr-defined]
    try:
        yield
    finally:
        numba.set_num_threads(before)
