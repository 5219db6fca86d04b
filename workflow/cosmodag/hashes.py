"""SHA-256 of files, computed once per process, and by threads for files of any size."""

import errno
import hashlib
import os
import stat
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from cosmodag.provenance import file_hash

BLOCK = 1 << 24
"""Bytes that one thread hashes."""
CHUNK = 1 << 20
"""Bytes that a thread reads at a time."""
HOLE = "0" * 64
"""Zeros in the place of the digits of a hash."""
SETTLED = 0.1
"""Seconds after which another change of a file gives it another time of modification."""

Result = TypeVar("Result")

_hashed: dict[tuple, str] = {}


def once(known: dict[tuple, Result], path: Path, find: Callable[[], Result]) -> Result:
    """Return what is known of a file, or find it, as often as the file changes.

    Raises
    ------
    OSError
        If there is no such file, or it is a pipe or a device, which reading might never end.
    """
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "not a regular file", os.fspath(path))
    key = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
    if key not in known or time.time() - status.st_mtime < SETTLED:
        known[key] = find()
    return known[key]


def cached_hash(path: str | os.PathLike) -> str:
    """Return the SHA-256 of a file's bytes, computed once per process while it is unchanged."""
    return once(_hashed, Path(path), lambda: file_hash(path))


def block_hash(path: str | os.PathLike, hole: int) -> str:
    """Return the SHA-256 of the SHA-256 of blocks, one per line, with zeros in the hole."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        size = os.fstat(descriptor).st_size
        with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
            hashes = pool.map(
                lambda start: _hash_block(descriptor, start, hole), range(0, max(size, 1), BLOCK)
            )
            return hashlib.sha256("".join(f"{each}\n" for each in hashes).encode()).hexdigest()
    finally:
        os.close(descriptor)


def _hash_block(descriptor: int, start: int, hole: int) -> str:
    """Return the SHA-256 of one block, read with zeros in the hole."""
    digest = hashlib.sha256()
    buffer = bytearray(CHUNK)
    for first in range(start, start + BLOCK, CHUNK):
        chunk = memoryview(buffer)[: os.preadv(descriptor, [buffer], first)]
        low, high = max(hole - first, 0), min(hole + len(HOLE) - first, len(chunk))
        if low < high:
            chunk[low:high] = HOLE[: high - low].encode()
        digest.update(chunk)
        if len(chunk) < CHUNK:
            break
    return digest.hexdigest()
