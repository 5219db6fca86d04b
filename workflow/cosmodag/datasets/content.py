"""Hashes of the content of examples, by which copies under other names are found."""

import hashlib
import itertools

import numpy as np
import pandas as pd

CONTENT = "content"
"""Index column with the hash of the input of each example; empty where it has one value only."""
HASH_DIGITS = 32
"""Hexadecimal digits of a hash: 128 bits, so that no two of a trillion examples agree by chance."""


def content_hashes(x: np.ndarray) -> list[str]:
    """Hash inputs so that copies agree, also where they were rotated, mirrored or transposed.

    Parameters
    ----------
    x : numpy.ndarray, shape (n, *space, C), float32
        Inputs of one to three dimensions, channels last.

    Returns
    -------
    list of str
        One hash per example. Examples that are constant in space have none (an empty text): they
        contain no structure, so that equal ones are no copies.

    Examples
    --------
    >>> image = np.arange(12, dtype=np.float32).reshape(1, 2, 3, 2)
    >>> content_hashes(image) == content_hashes(image[:, ::-1])
    True
    >>> content_hashes(np.ones_like(image))
    ['']
    """
    return [_content_hash(each) for each in x]


def _content_hash(image: np.ndarray) -> str:
    space = image.ndim - 1
    if (image == image[(0,) * space]).all():
        return ""
    canonical = np.ascontiguousarray(_canonical(image) + np.float32(0))  # -0 becomes 0
    content = hashlib.sha256(f"{canonical.dtype} {canonical.shape}".encode())
    content.update(canonical.data)
    return content.hexdigest()[:HASH_DIGITS]


def _canonical(image: np.ndarray) -> np.ndarray:
    """Return the orientation of an image whose values come first in the order of their bytes.

    Orientations are compared by their first line; only where lines tie, whole images are.
    """
    views = _orientations(image)
    lines = [_bytes(view[(0,) * (view.ndim - 2)]) for view in views]
    least = min(lines)
    tied = [view for view, line in zip(views, lines) if line == least]
    return tied[0] if len(tied) == 1 else min(tied, key=_bytes)


def _bytes(values: np.ndarray) -> bytes:
    return (values + np.float32(0)).tobytes()


def _orientations(image: np.ndarray) -> list[np.ndarray]:
    """Return all views of an image under rotations, mirrors and transpositions of its axes."""
    space = range(image.ndim - 1)
    shape = sorted(image.shape[:-1])
    return [
        image.transpose(*axes, image.ndim - 1)[tuple(flips)]
        for axes in itertools.permutations(space)
        if [image.shape[axis] for axis in axes] == shape
        for flips in itertools.product((slice(None), slice(None, None, -1)), repeat=len(space))
    ]


def shared_content(index: pd.DataFrame) -> list[str]:
    """List the examples of different splits that show the same content.

    Parameters
    ----------
    index : pandas.DataFrame
        Index with the columns `id`, `split` and `content`. An index without hashes shares nothing.

    Returns
    -------
    list of str
        One sentence, or none.
    """
    copies = _copies(index)
    if not len(copies):
        return []
    across = copies[copies.groupby(CONTENT)["split"].transform("nunique") > 1]
    if not len(across):
        return []
    first = across.groupby(CONTENT, sort=True).get_group(min(across[CONTENT]))
    pair = first.drop_duplicates("split").iloc[:2]
    named = " and ".join(f"{row.id} ({row.split})" for row in pair.itertuples())
    return [
        f"content shared between splits: {len(across)} examples are copies of one in another "
        f"split, such as {named}"
    ]


def count_copies(index: pd.DataFrame) -> int:
    """Return the number of examples that repeat the content of another one of their split."""
    copies = _copies(index)
    return int(copies.duplicated([CONTENT, "split"]).sum()) if len(copies) else 0


def _copies(index: pd.DataFrame) -> pd.DataFrame:
    """Return the rows whose content occurs more than once."""
    if CONTENT not in index:
        return index.iloc[:0]
    hashed = index[index[CONTENT] != ""]
    return hashed[hashed.duplicated(CONTENT, keep=False)]
