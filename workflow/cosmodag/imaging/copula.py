"""Properties of galaxies as a smooth law: quantiles of each, and how each goes with the others.

A Gaussian copula (Nelsen 2006, An Introduction to Copulas) joins the properties of galaxies of one
kind; a law is a table of several kinds, which ships as JSON in `resources`.
"""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.interpolate import PchipInterpolator
from scipy.special import ndtr
from scipy.stats import norm, rankdata

from cosmodag.errors import InputError

LEVELS = (0.0, 0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98, 1.0)
"""Parts of the galaxies below the quantiles of a fit."""


class Kind(NamedTuple):
    """Galaxies of one kind: quantiles of each of P properties, joined by a Gaussian copula.

    `weight` is the kind's share of all galaxies, `quantiles` (P, L) stand at the `levels` (L,),
    `correlation` (P, P) is that of the normal scores.
    """

    weight: float
    levels: np.ndarray
    quantiles: np.ndarray
    correlation: np.ndarray

    def values(self, scores: np.ndarray) -> np.ndarray:
        """Return properties (N, P) for independent normal scores (N, P)."""
        levels = ndtr(scores @ np.linalg.cholesky(self.correlation).T)
        columns = [
            PchipInterpolator(self.levels, quantiles)(levels[:, column])
            for column, quantiles in enumerate(self.quantiles)
        ]
        return np.column_stack(columns)


def fit_kind(properties: Mapping[str, np.ndarray], weight: float) -> dict:
    """Fit quantiles and a Gaussian copula to properties of galaxies of one kind, (N,) each."""
    values = np.column_stack(list(properties.values()))
    scores = norm.ppf((rankdata(values, axis=0) - 0.5) / len(values))
    return {
        "weight": round(weight, 4),
        "quantiles": {
            key: np.quantile(column, LEVELS).round(4).tolist()
            for key, column in zip(properties, values.T)
        },
        "correlation": np.corrcoef(scores.T).round(4).tolist(),
    }


def read_kinds(path: str | os.PathLike, properties: Mapping[str, Sequence[str]]) -> dict[str, Kind]:
    """Read a fitted law that ships: the kinds of galaxies named, with their properties in order.

    Raises
    ------
    InputError
        The file is missing or is not such a table.
    """
    try:
        table = json.loads(Path(path).read_text())
        return {
            name: Kind(
                kind["weight"],
                np.array(table["levels"]),
                np.array([kind["quantiles"][key] for key in properties[name]]),
                np.array(kind["correlation"]),
            )
            for name, kind in ((name, table["kinds"][name]) for name in properties)
        }
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{path}: not a table of galaxies ({error}); restore the file that ships with cosmodag"
        ) from None
