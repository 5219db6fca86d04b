"""Augmentation by transformations under which the target is invariant.

These are symmetries of the square or cube, and shifts of periodic maps.
"""

import itertools
from collections.abc import Callable, Collection

import numpy as np

from cosmodag.datasets.counter_random import random_bits
from cosmodag.errors import InputError

AUGMENTATIONS = ("symmetries", "centred_symmetries", "axial_symmetries", "shifts")

COMBINED = {
    "periodic": ("symmetries", "shifts"),
    "periodic_axial": ("axial_symmetries", "shifts"),
}
"""Names of several augmentations together: all transformations of slices of a periodic box, and
those that keep a line of sight along the last axis of a periodic cube."""

Maps = tuple[np.ndarray, np.ndarray | None]


def build_augmentation(
    names: Collection[str] | str | None, seed: int
) -> Callable[[np.ndarray, np.ndarray | None, int, np.ndarray], Maps] | None:
    """Build a function that augments batches, with equal transformations of input and target maps.

    The transformation of an example depends on seed, epoch and the example alone.

    Parameters
    ----------
    names : collection of str, str or None
        ``"symmetries"``: one of the 8 of the square or the 48 of the cube.
        ``"centred_symmetries"``: the same about the central pixel, for stamps of an object there.
        ``"axial_symmetries"``: one of the 16 of the cube that keep its last axis, a line of sight.
        ``"shifts"``: a periodic shift, for maps of a whole periodic box only. ``"periodic"``:
        symmetries and shifts. ``"periodic_axial"``: axial symmetries and shifts.
    seed : int
        Seed of the transformations.

    Returns
    -------
    callable or None
        Function from x (b, …, C), y (b, …, K) or None, the epoch and the rows (b,) to augmented x
        and y; None without augmentation.

    Raises
    ------
    InputError
        If a name is unknown.
    """
    names = augmentation_names(names)
    unknown = [name for name in names if name not in AUGMENTATIONS]
    if unknown:
        raise InputError(
            f"augment {unknown[0]!r} is not known: choose from none, "
            f"{', '.join([*AUGMENTATIONS, *COMBINED])}"
        )
    if not names:
        return None
    centred, shifted = "centred_symmetries" in names, "shifts" in names
    axial = "axial_symmetries" in names
    symmetric = centred or axial or "symmetries" in names

    def augment(x: np.ndarray, y: np.ndarray | None, epoch: int, rows: np.ndarray) -> Maps:
        bits = random_bits(rows, seed, epoch)
        if shifted:
            x, y = shift_maps(x, y, random_bits(rows, seed, epoch, 1))
        if symmetric:
            elements = symmetry_numbers(x.ndim - 2, axial=axial)
            element = elements[bits % np.uint64(len(elements))]
            x = apply_symmetries(x, element, centred=centred)
            y = y if y is None else apply_symmetries(y, element, centred=centred)
        return x, y

    return augment


def augmentation_names(names: Collection[str] | str | None) -> list[str]:
    """Return the single augmentations of a setting; empty for none.

    Parameters
    ----------
    names : collection of str, str or None
        Names of single or combined augmentations.

    Examples
    --------
    >>> augmentation_names("periodic")
    ['symmetries', 'shifts']
    """
    names = [names] if isinstance(names, str) else list(names or ())
    single = itertools.chain.from_iterable(COMBINED.get(name, (name,)) for name in names)
    return [name for name in single if name != "none"]


def apply_symmetries(maps: np.ndarray, element: np.ndarray, *, centred: bool = False) -> np.ndarray:
    """Apply to each map one of the 8 symmetries of the square, or the 48 of the cube.

    Parameters
    ----------
    maps : numpy.ndarray, shape (b, H, W, C) or (b, D, H, W, C)
        Square maps or cubes.
    element : numpy.ndarray, shape (b,), int
        Number of a symmetry: its lowest bits flip one axis each, the other bits permute the axes.
    centred : bool
        Whether to flip about pixel ``length // 2``, which then stays in place. An axis of even
        length has no central pixel: a flip about its middle moves an object to the neighbouring
        pixel. A flip about pixel ``length // 2`` moves pixel i to length - i, and keeps pixel 0.

    Returns
    -------
    numpy.ndarray, shape of `maps`
        Transformed maps.

    Raises
    ------
    InputError
        If the maps are not square.
    """
    lengths = maps.shape[1:-1]
    if len(set(lengths)) > 1:
        raise InputError(
            f"maps of {'×'.join(map(str, lengths))} pixels have not the symmetries of the square: "
            "set augment to none"
        )
    axes = range(1, len(lengths) + 1)
    permutations = list(itertools.permutations(axes))
    transformed = np.empty_like(maps)
    for number in np.unique(element):
        permutation, flips = divmod(int(number), 2 ** len(lengths))
        rows = np.flatnonzero(element == number)
        flipped = [axis for axis in axes if flips >> (axis - 1) & 1]
        members = np.flip(maps[rows], tuple(flipped))
        even = [axis for axis in flipped if maps.shape[axis] % 2 == 0] if centred else []
        members = np.roll(members, [1] * len(even), even) if even else members
        transformed[rows] = members.transpose(0, *permutations[permutation], maps.ndim - 1)
    return transformed


def symmetry_numbers(dimensions: int, *, axial: bool = False) -> np.ndarray:
    """Return the numbers of symmetries of the square (2) or the cube (3), for `apply_symmetries`.

    Parameters
    ----------
    dimensions : {2, 3}
    axial : bool
        Whether to return those that keep the last axis in its place alone; they may flip it.

    Returns
    -------
    numpy.ndarray, int64

    Examples
    --------
    >>> len(symmetry_numbers(3)), len(symmetry_numbers(3, axial=True))
    (48, 16)
    """
    last = dimensions - 1
    permutations = [
        number
        for number, axes in enumerate(itertools.permutations(range(dimensions)))
        if not axial or axes[last] == last
    ]
    flips = np.arange(2**dimensions)
    return np.add.outer(np.array(permutations) * len(flips), flips).ravel()


def shift_maps(x: np.ndarray, y: np.ndarray | None, bits: np.ndarray) -> Maps:
    """Shift each periodic map by whole target pixels, and its input by as many cells.

    Parameters
    ----------
    x : numpy.ndarray, shape (b, …, C)
        Input maps.
    y : numpy.ndarray, shape (b, …, K), or None
        Target maps; each length of `x` is a multiple of that of `y`.
    bits : numpy.ndarray, shape (b,), uint64
        Random bits that determine the shifts.

    Returns
    -------
    x, y : numpy.ndarray
        Shifted maps; `y` is None where it was.
    """
    pixels = x.shape[1:-1] if y is None else y.shape[1:-1]
    for axis, length in enumerate(pixels, start=1):
        shift = (bits >> np.uint64(20 * (axis - 1))) % np.uint64(length)
        x = _roll(x, axis, shift.astype(np.int64) * (x.shape[axis] // length))
        y = y if y is None else _roll(y, axis, shift.astype(np.int64))
    return x, y


def _roll(maps: np.ndarray, axis: int, shift: np.ndarray) -> np.ndarray:
    """Shift each map of a batch along one axis by its own number of pixels."""
    pixels = (np.arange(maps.shape[axis]) + shift[:, np.newaxis]) % maps.shape[axis]
    others = [other for other in range(1, maps.ndim) if other != axis]
    return np.take_along_axis(maps, np.expand_dims(pixels, tuple(others)), axis)
