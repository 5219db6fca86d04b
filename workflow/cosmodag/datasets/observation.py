"""Settings in which a test set of another source may differ from the training set."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

SETTINGS = (
    "cell_size",
    "beam",
    "mean_subtraction",
    "wedge",
    "hubble",
    "omega_m",
    "pixel",
)
"""Attributes of examples files that state how examples were observed, and the cosmology."""


def differences(training: Sequence[Mapping[str, Any]], test: Sequence[Mapping[str, Any]]) -> str:
    """Return in which settings the files of a test set differ from those of training.

    Parameters
    ----------
    training, test : sequence of mapping
        Root attributes of the examples files.

    Returns
    -------
    str
        A sentence that names each setting with both values; empty if all are equal. A setting that
        one of the files does not record is not compared.

    Examples
    --------
    >>> differences([{"beam": 3.0, "wedge": 0.0}], [{"beam": 0.0, "wedge": 0.0}])
    'The test set differs from the training set: beam 0 instead of 3.'
    """
    found = []
    for name in SETTINGS:
        ours, theirs = (
            sorted({each[name] for each in files if isinstance(each.get(name), int | float)})
            for files in (training, test)
        )
        if ours and theirs and not _equal(ours, theirs):
            found.append(f"{name} {_words(theirs)} instead of {_words(ours)}")
    return f"The test set differs from the training set: {', '.join(found)}." if found else ""


def _equal(ours: Sequence[float], theirs: Sequence[float]) -> bool:
    return all(any(math.isclose(value, other, rel_tol=1e-6) for other in ours) for value in theirs)


def _words(values: Sequence[float]) -> str:
    return " or ".join(
        ("yes" if value else "no") if isinstance(value, bool) else f"{value:g}" for value in values
    )
