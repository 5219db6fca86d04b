"""What becomes of memory that is freed."""

import ctypes

_TRIM_THRESHOLD, _MMAP_MAX = -1, -4  # of mallopt(3)


def keep_freed_memory() -> bool:
    """Let this process keep the memory that it frees, for arrays to come.

    By default the allocator of glibc gives large arrays back at once, and the kernel zeroes each
    page of the next one anew, which takes a plane of 50 MB as long as a tenth of its decompression,
    and a network on the CPU about 8 % of the time of its training.

    Returns
    -------
    bool
        Whether the C library has this setting; others are left as they are.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return mallopt is not None and bool(
        mallopt(_MMAP_MAX, 0) and mallopt(_TRIM_THRESHOLD, 2**31 - 1)
    )
