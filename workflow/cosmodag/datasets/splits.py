"""Assignment of examples to training, validation and test."""

import hashlib
from collections.abc import Sequence

import numpy as np

from cosmodag.errors import InputError

SPLITS = ("train", "valid", "test")

FRACTIONS = (0.64, 0.16, 0.2)
"""Shares of training, validation and test: 80/20, with validation taken from the training part."""

PROTOCOLS = ("group", "random")


def assign_splits(
    ids: Sequence[str],
    groups: Sequence[str],
    *,
    protocol: str = "group",
    fractions: Sequence[float] = FRACTIONS,
    seed: int = 0,
) -> np.ndarray:
    """Assign each example to train, valid or test.

    Groups are ranked by a hash of the seed and their name, and the first of them become test and
    validation: the assignment depends on nothing but seed and names, and meets the fractions as
    nearly as whole groups can.

    Parameters
    ----------
    ids : sequence of str, shape (N,)
        Unique names of the examples.
    groups : sequence of str, shape (N,)
        What each example is independent as.
    protocol : {"group", "random"}
        "random" shuffles single examples, whatever they share: the original's protocol, kept to
        show how much of a score it earns.
    fractions : sequence of float, shape (3,)
        Shares of training, validation and test, which sum to 1.
    seed : int

    Returns
    -------
    numpy.ndarray, shape (N,), str

    Raises
    ------
    InputError
        Unknown protocol, fractions that are no shares, fewer than three groups, or names that are
        not unique.
    """
    if protocol not in PROTOCOLS:
        raise InputError(f"protocol {protocol!r} is not known: choose from {', '.join(PROTOCOLS)}")
    if len(fractions) != 3 or min(fractions) <= 0 or abs(sum(fractions) - 1) > 1e-6:
        raise InputError(
            f"fractions {list(fractions)}: give the shares of training, validation and test, each "
            "above 0, that sum to 1"
        )
    names, counts = np.unique(np.asarray(ids, dtype=str), return_counts=True)
    if len(names) < len(ids):
        raise InputError(
            f"id {str(names[counts > 1][0])!r} names more than one example: give each its own"
        )
    owners = np.asarray(groups if protocol == "group" else ids, dtype=str)
    units, unit_of = np.unique(owners, return_inverse=True)
    return _assign_units(units, fractions, seed, protocol)[unit_of]


def _assign_units(
    units: np.ndarray, fractions: Sequence[float], seed: int, protocol: str
) -> np.ndarray:
    if len(units) < 3:
        what = "groups" if protocol == "group" else "examples"
        raise InputError(
            f"{len(units)} {what} where a split needs three or more ({', '.join(units)}): simulate "
            "more realizations or cut the box into regions"
        )
    valid, test = (max(round(fraction * len(units)), 1) for fraction in fractions[1:])
    test = min(test, len(units) - 2)
    valid = min(valid, len(units) - 1 - test)
    splits = np.full(len(units), "train", dtype="<U5")
    ranked = sorted(range(len(units)), key=lambda unit: stable_hash(units[unit], seed))
    splits[ranked[:test]] = "test"
    splits[ranked[test : test + valid]] = "valid"
    return splits


def stable_hash(name: str, seed: int) -> str:
    """SHA-256 of a seed and a name, as text; the same on every machine."""
    return hashlib.sha256(f"{seed}:{name}".encode()).hexdigest()
