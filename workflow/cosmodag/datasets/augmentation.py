"""Augmentation by symmetries that a projected map has: the square's, and periodic shifts."""

from collections.abc import Callable, Collection

import numpy as np

from cosmodag.datasets.counter_random import random_bits
from cosmodag.errors import InputError

AUGMENTATIONS = ("symmetries", "shifts")

Maps = tuple[np.ndarray, np.ndarray | None]


def build_augmentation(
    names: Collection[str] | str | None, seed: int
) -> Callable[[np.ndarray, np.ndarray | None, int, np.ndarray], Maps] | None:
    """Give a function that augments batches, alike for input and target maps.

    What befalls an example depends on seed, epoch and the example alone.

    Parameters
    ----------
    names : collection of {"symmetries", "shifts"}, str or None
        "symmetries": one of the 8 of the square. "shifts": a periodic shift, which only maps of a
        whole periodic box allow.
    seed : int

    Returns
    -------
    callable or None
        From x (b, H, W, C), y (b, h, w, K) or None, the epoch and the rows (b,) to augmented x and
        y.
    """
    names = [names] if isinstance(names, str) else list(names or ())
    names = [name for name in names if name != "none"]
    unknown = [name for name in names if name not in AUGMENTATIONS]
    if unknown:
        raise InputError(
            f"augment {unknown[0]!r} is not known: choose from none, {', '.join(AUGMENTATIONS)}"
        )
    if not names:
        return None

    def augment(x: np.ndarray, y: np.ndarray | None, epoch: int, rows: np.ndarray) -> Maps:
        bits = random_bits(rows, seed, epoch)
        if "shifts" in names:
            x, y = shift_maps(x, y, bits >> np.uint64(3))
        if "symmetries" in names:
            element = (bits & np.uint64(7)).astype(np.int64)
            x = apply_symmetries(x, element)
            y = y if y is None else apply_symmetries(y, element)
        return x, y

    return augment


def apply_symmetries(maps: np.ndarray, element: np.ndarray) -> np.ndarray:
    """Apply to each map one of the 8 symmetries of the square.

    Parameters
    ----------
    maps : numpy.ndarray, shape (b, H, W, C)
        Square maps.
    element : numpy.ndarray of int, shape (b,)
        0 to 7: bit 0 flips rows, bit 1 flips columns, bit 2 then transposes.

    Returns
    -------
    numpy.ndarray, shape of `maps`
    """
    if maps.shape[1] != maps.shape[2]:
        raise InputError(
            f"maps of {maps.shape[1]}×{maps.shape[2]} pixels have not the symmetries of the "
            "square: set augment to none"
        )
    moved = np.empty_like(maps)
    for number in np.unique(element):
        which = np.flatnonzero(element == number)
        some = maps[which]
        some = some[:, ::-1] if number & 1 else some
        some = some[:, :, ::-1] if number & 2 else some
        moved[which] = some.swapaxes(1, 2) if number & 4 else some
    return moved


def shift_maps(x: np.ndarray, y: np.ndarray | None, bits: np.ndarray) -> Maps:
    """Shift each periodic map by whole target pixels, the input by as many cells.

    Parameters
    ----------
    x : numpy.ndarray, shape (b, H, W, C)
    y : numpy.ndarray, shape (b, h, w, K), or None
        H / h must be a whole number.
    bits : numpy.ndarray of uint64, shape (b,)
        Random numbers that the shifts are drawn from.
    """
    height, width = x.shape[1:3] if y is None else y.shape[1:3]
    shifts = np.stack([bits % np.uint64(height), (bits >> np.uint64(30)) % np.uint64(width)])
    down, across = shifts.astype(np.int64)

    def moved(maps: np.ndarray) -> np.ndarray:
        factor = maps.shape[1] // height
        rows = (np.arange(maps.shape[1]) + factor * down[:, np.newaxis]) % maps.shape[1]
        columns = (np.arange(maps.shape[2]) + factor * across[:, np.newaxis]) % maps.shape[2]
        number = np.arange(len(maps))[:, np.newaxis, np.newaxis]
        return maps[number, rows[:, :, np.newaxis], columns[:, np.newaxis, :]]

    return moved(x), y if y is None else moved(y)
