"""Joint distributions of galaxy properties: marginal quantiles joined by a Gaussian copula.

A table contains one copula for each type of galaxy. The fitted tables ship as JSON in `resources`.
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
"""Cumulative probabilities at which a fit tabulates quantiles."""


class GaussianCopula(NamedTuple):
    """The joint distribution of P properties of one type of galaxy.

    Attributes
    ----------
    weight : float
        Fraction of all galaxies that are of this type.
    levels : numpy.ndarray, shape (L,)
        Cumulative probabilities of the tabulated quantiles.
    quantiles : numpy.ndarray, shape (P, L)
        Quantiles of each property.
    correlation : numpy.ndarray, shape (P, P)
        Correlation matrix of the normal scores.

    References
    ----------
    Nelsen (2006), An Introduction to Copulas, Springer.
    """

    weight: float
    levels: np.ndarray
    quantiles: np.ndarray
    correlation: np.ndarray

    def properties(self, scores: np.ndarray) -> np.ndarray:
        """Transform independent normal scores to galaxy properties.

        Parameters
        ----------
        scores : numpy.ndarray, shape (N, P)
            Independent draws from a standard normal distribution.

        Returns
        -------
        numpy.ndarray, shape (N, P)
        """
        levels = ndtr(scores @ np.linalg.cholesky(self.correlation).T)
        columns = [
            PchipInterpolator(self.levels, quantiles)(levels[:, column])
            for column, quantiles in enumerate(self.quantiles)
        ]
        return np.column_stack(columns)


def fit_copula(properties: Mapping[str, np.ndarray], weight: float) -> dict:
    """Fit a Gaussian copula to galaxies of one type.

    Parameters
    ----------
    properties : mapping from str to numpy.ndarray, shape (N,)
        Values of each property.
    weight : float
        Fraction of all galaxies that are of this type.

    Returns
    -------
    dict
        `weight`, `quantiles` and `correlation`, ready to be written as JSON.
    """
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


def read_copulas(
    path: str | os.PathLike, properties: Mapping[str, Sequence[str]]
) -> dict[str, GaussianCopula]:
    """Read the copulas of a fitted table.

    Parameters
    ----------
    path : path-like
        JSON file of `levels` and `kinds`.
    properties : mapping from str to sequence of str
        Types of galaxies to read, each with its properties in order.

    Returns
    -------
    dict from str to GaussianCopula

    Raises
    ------
    InputError
        If the file is missing or is not such a table.
    """
    try:
        table = json.loads(Path(path).read_text())
        return {
            name: GaussianCopula(
                kind["weight"],
                np.array(table["levels"]),
                np.array([kind["quantiles"][key] for key in properties[name]]),
                np.array(kind["correlation"]),
            )
            for name, kind in ((name, table["kinds"][name]) for name in properties)
        }
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{path}: not a table of fitted copulas ({error}); restore the file that ships with "
            "cosmodag"
        ) from None
