"""Assignment of examples to training, validation and test splits."""

import hashlib
from collections.abc import Sequence

import numpy as np

from cosmodag.errors import InputError

SPLITS = ("train", "valid", "test")

FRACTIONS = (0.64, 0.16, 0.2)
"""Fractions of training, validation and test: 80/20, with validation taken from training."""

PROTOCOLS = ("group", "random")


def assign_splits(
    ids: Sequence[str],
    groups: Sequence[str],
    *,
    protocol: str = "group",
    fractions: Sequence[float] = FRACTIONS,
    seed: int = 0,
) -> np.ndarray:
    """Assign each example to the training, validation or test split.

    Groups are ranked by a hash of seed and name, and the first of them become test and validation.
    The assignment depends on seed and names alone, and meets the fractions as nearly as whole
    groups can.

    Parameters
    ----------
    ids : sequence of str, shape (N,)
        Unique names of the examples.
    groups : sequence of str, shape (N,)
        Independent group of each example.
    protocol : {"group", "random"}
        ``"group"`` assigns whole groups. ``"random"`` assigns single examples, whatever they share,
        to measure how much of a score that leak earns.
    fractions : sequence of float, shape (3,)
        Fractions of training, validation and test, which sum to 1.
    seed : int
        Seed of the assignment.

    Returns
    -------
    numpy.ndarray, shape (N,), str
        ``"train"``, ``"valid"`` or ``"test"``.

    Raises
    ------
    InputError
        If the protocol is unknown, the fractions do not sum to 1, there are fewer than three
        groups, or names are not unique.

    Examples
    --------
    >>> assign_splits(["a", "b", "c", "d"], ["g", "g", "h", "i"], seed=3).tolist()
    ['train', 'train', 'valid', 'test']
    """
    if protocol not in PROTOCOLS:
        raise InputError(f"protocol {protocol!r} is not known: choose from {', '.join(PROTOCOLS)}")
    if len(fractions) != 3 or min(fractions) <= 0 or abs(sum(fractions) - 1) > 1e-6:
        raise InputError(
            f"fractions {list(fractions)}: give the fractions of training, validation and test, "
            "each above 0, that sum to 1"
        )
    names, counts = np.unique(np.asarray(ids, dtype=str), return_counts=True)
    if len(names) < len(ids):
        raise InputError(
            f"id {str(names[counts > 1][0])!r} names more than one example: make ids unique"
        )
    unit_names = np.asarray(groups if protocol == "group" else ids, dtype=str)
    units, unit_numbers = np.unique(unit_names, return_inverse=True)
    return _assign_units(units, fractions, seed, protocol)[unit_numbers]


def _assign_units(
    units: np.ndarray, fractions: Sequence[float], seed: int, protocol: str
) -> np.ndarray:
    """Assign independent units to splits by the rank of their hash."""
    if len(units) < 3:
        kind = "groups" if protocol == "group" else "examples"
        raise InputError(
            f"{len(units)} {kind} where a split needs three or more ({', '.join(units)}): simulate "
            "more realizations or cut the box into regions"
        )
    n_valid, n_test = (max(round(fraction * len(units)), 1) for fraction in fractions[1:])
    n_test = min(n_test, len(units) - 2)
    n_valid = min(n_valid, len(units) - 1 - n_test)
    splits = np.full(len(units), "train", dtype="<U5")
    ranked = sorted(range(len(units)), key=lambda unit: stable_hash(str(units[unit]), seed))
    splits[ranked[:n_test]] = "test"
    splits[ranked[n_test : n_test + n_valid]] = "valid"
    return splits


def stable_hash(name: str, seed: int) -> str:
    """Return the SHA-256 of seed and name in hexadecimal, equal on all machines."""
    return hashlib.sha256(f"{seed}:{name}".encode()).hexdigest()
