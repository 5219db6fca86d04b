"""Damages of files, as disks, interrupted transfers and people cause them.

Each takes the content of a file, the content of another file of the same kind, and a random
generator, and returns what the file holds afterwards; None stands for a file that is gone.
"""

import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

Damage = Callable[[bytes, bytes, np.random.Generator], bytes | None]


def flip_a_bit(content: bytes, other: bytes, random: np.random.Generator) -> bytes:
    """Flip one bit anywhere."""
    damaged = bytearray(content)
    position = int(random.integers(8 * len(content)))
    damaged[position // 8] ^= 1 << position % 8
    return bytes(damaged)


def flip_a_bit_at_the_end(content: bytes, other: bytes, random: np.random.Generator) -> bytes:
    """Flip one bit of the last hundred bytes, where many formats have their directory."""
    cut = max(len(content) - 100, 0)
    return content[:cut] + flip_a_bit(content[cut:], other, random)


def flip_a_bit_at_the_beginning(content: bytes, other: bytes, random: np.random.Generator) -> bytes:
    """Flip one bit of the first hundred bytes."""
    return flip_a_bit(content[:100], other, random) + content[100:]


def zero_a_block(content: bytes, other: bytes, random: np.random.Generator) -> bytes:
    """Overwrite up to 512 bytes with zeros, as a disk does that lost a block."""
    start = int(random.integers(max(len(content) - 512, 1)))
    length = min(512, len(content) - start)
    if not content[start : start + length].strip(b"\0"):
        start, length = 0, min(512, len(content))
    return content[:start] + bytes(length) + content[start + length :]


def swap_blocks(content: bytes, other: bytes, random: np.random.Generator) -> bytes:
    """Exchange the halves of a file."""
    half = len(content) // 2
    return content[half:] + content[:half]


def truncate(content: bytes, other: bytes, random: np.random.Generator) -> bytes:
    """Cut the end off, between one byte and nearly everything."""
    return content[: int(random.integers(1, len(content)))]


def lose_the_last_line(content: bytes, other: bytes, random: np.random.Generator) -> bytes:
    """Cut the last line off, as a text file that was not written to its end."""
    return content.rstrip(b"\n").rpartition(b"\n")[0] + b"\n"


def empty(content: bytes, other: bytes, random: np.random.Generator) -> bytes:
    """Leave nothing, as a full disk does."""
    return b""


def append(content: bytes, other: bytes, random: np.random.Generator) -> bytes:
    """Add a line."""
    return content + b"1\n"


def replace(content: bytes, other: bytes, random: np.random.Generator) -> bytes:
    """Put another valid file of the same kind in the place."""
    return other


def edit(content: bytes, other: bytes, random: np.random.Generator) -> bytes:
    """Change the first digit of the second half, as a person does who improves a result."""
    half = len(content) // 2
    place = next((i for i in range(half, len(content)) if content[i : i + 1].isdigit()), half)
    digit = b"8" if content[place : place + 1] != b"8" else b"9"
    return content[:place] + digit + content[place + 1 :]


def remove(content: bytes, other: bytes, random: np.random.Generator) -> None:
    """Remove the file."""


DAMAGES: dict[str, Damage] = {
    each.__name__: each
    for each in (
        flip_a_bit,
        flip_a_bit_at_the_end,
        flip_a_bit_at_the_beginning,
        zero_a_block,
        swap_blocks,
        truncate,
        lose_the_last_line,
        empty,
        append,
        replace,
        edit,
        remove,
    )
}


def damage(results: Path, name: str, other: str, kind: str) -> Path:
    """Damage a file; its content differs afterwards, or it is gone."""
    path = results / name
    content = path.read_bytes()
    random = np.random.default_rng(zlib.crc32(f"{name} {kind}".encode()))
    damaged = DAMAGES[kind](content, (results / other).read_bytes(), random)
    assert damaged != content
    path.unlink()
    if damaged is not None:
        path.write_bytes(damaged)
    return path
