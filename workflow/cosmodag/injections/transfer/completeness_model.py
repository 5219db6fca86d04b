"""A smooth model of completeness, stored as plain numbers in JSON.

The model is a logistic regression: the log-odds of a detection are linear in columns that are made
from the features of an injection, such as its magnitude and size. Its forms differ in the columns,
see `FORMS`.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.interpolate import BSpline
from scipy.special import expit

from cosmodag.errors import InputError
from cosmodag.injections.transfer.variables import Variable
from cosmodag.json_files import read_json
from cosmodag.settings import unknown

CONSTANT, MAGNITUDE_ONLY, LINEAR = "constant", "magnitude", "linear"
MAGNITUDE_SPLINES, SPLINES = "magnitude_splines", "splines"
FORMS = {
    CONSTANT: "the mean",
    MAGNITUDE_ONLY: "a sigmoid of the magnitude",
    LINEAR: "linear in all features",
    MAGNITUDE_SPLINES: "cubic splines of the magnitude, others linear and times the magnitude",
    SPLINES: "cubic splines of all features, and products with the magnitude",
}
"""Forms of the model, the simplest first."""
DEGREE = 3
KIND = "completeness"
"""Value of the key `kind` of the file of a model."""
CURE = "give completeness.json of `cosmodag injections transfer`"


@dataclass(frozen=True)
class Feature:
    """A feature of injections.

    Attributes
    ----------
    name, title, unit : str
        See `cosmodag.injections.transfer.variables.Variable`.
    low, high : float
        Range among the injections; values beyond it are replaced by its ends.
    median, scale : float
        Median and standard deviation among the injections.
    knots : list of float
        Interior knots of the splines.
    """

    name: str
    title: str
    unit: str
    low: float
    high: float
    median: float
    scale: float
    knots: list[float]

    def standardized(self, values: np.ndarray) -> np.ndarray:
        """Return values (N,) in standard deviations from the median."""
        return (np.clip(values, self.low, self.high) - self.median) / self.scale

    def splines(self, values: np.ndarray) -> np.ndarray:
        """Return the values of the splines, shape (N, len(knots) + 4)."""
        ends = [self.low] * (DEGREE + 1), [self.high] * (DEGREE + 1)
        knots = np.array([*ends[0], *self.knots, *ends[1]])
        inside = np.clip(values, self.low, self.high)
        return BSpline.design_matrix(inside, knots, DEGREE).toarray()


@dataclass(frozen=True)
class CompletenessModel:
    """A model of completeness.

    Attributes
    ----------
    form : str
        One of `FORMS`.
    features : tuple of Feature
        Features; the first one is the magnitude.
    intercept : float
        Log-odds where all columns are 0.
    coefficients : numpy.ndarray, shape (K,), float64
        Coefficients of the columns of `design`.

    Examples
    --------
    >>> model = CompletenessModel("constant", (), 0.0, np.empty(0))
    >>> model.predict(np.empty((2, 0))).tolist()
    [0.5, 0.5]
    """

    form: str
    features: tuple[Feature, ...]
    intercept: float
    coefficients: np.ndarray

    def predict(self, values: np.ndarray) -> np.ndarray:
        """Return the completeness at points.

        Parameters
        ----------
        values : numpy.ndarray, shape (N, F), float64
            Values of the features.

        Returns
        -------
        numpy.ndarray, shape (N,), float64
            NaN where a value is NaN.
        """
        known = np.isfinite(values).all(axis=1)
        result = np.full(len(values), np.nan)
        if not known.any():
            return result
        columns = design(self.form, self.features, values[known])
        result[known] = expit(self.intercept + columns @ self.coefficients)
        return result

    def at(self, table: Mapping[str, Any]) -> pd.DataFrame:
        """Return the completeness of the rows of a table.

        Parameters
        ----------
        table : mapping from str to array-like, shape (N,)
            Features by name. Colours may be given by magnitudes. Features that are left out take
            the median of the injections.

        Returns
        -------
        pandas.DataFrame
            `completeness`, and `outside` (bool): whether a feature lies outside the range of the
            injections, where the model is evaluated at the end of the range.

        Raises
        ------
        InputError
            If no feature is given.
        """
        table = pd.DataFrame(table)
        given = {each.name: _given(each, table) for each in self.features}
        found = {name: values for name, values in given.items() if values is not None}
        if not found and self.features:
            known = (each.name for each in self.features)
            raise unknown("feature", next(iter(table), ""), known)
        values = np.empty((len(table), len(self.features)))
        outside = np.zeros(len(table), bool)
        for column, feature in enumerate(self.features):
            own = found.get(feature.name, np.full(len(table), feature.median))
            values[:, column] = own
            outside |= (own < feature.low) | (own > feature.high)
        return pd.DataFrame({"completeness": self.predict(values), "outside": outside})

    def check_names(self, names: Iterable[str]) -> None:
        """Raise an error for a name that is no feature, nor a magnitude of one that is a colour.

        Parameters
        ----------
        names : iterable of str

        Raises
        ------
        InputError
            With the nearest name.
        """
        features = [each.name for each in self.features]
        bands = [band for name in features for band in name.split("_minus_") if band != name]
        for name in names:
            if self.features and name not in (*features, *bands):
                raise unknown("feature", name, (*features, *dict.fromkeys(bands)))

    def left_out(self, table: Mapping[str, Any]) -> dict[str, float]:
        """Return the features that a table leaves out, with the medians that they take."""
        table = pd.DataFrame(table)
        return {each.name: each.median for each in self.features if _given(each, table) is None}

    def numbers(self) -> dict[str, Any]:
        """Return the model as JSON can represent it, see `read_model`."""
        return {
            "kind": KIND,
            "form": self.form,
            "description": FORMS[self.form],
            "features": [asdict(each) for each in self.features],
            "intercept": float(self.intercept),
            "coefficients": [float(each) for each in self.coefficients],
        }


def design(form: str, features: Sequence[Feature], values: np.ndarray) -> np.ndarray:
    """Return the columns that the log-odds are linear in.

    Parameters
    ----------
    form : str
        One of `FORMS`.
    features : sequence of Feature
        Features; the first one is the magnitude.
    values : numpy.ndarray, shape (N, F), float64
        Their values.

    Returns
    -------
    numpy.ndarray, shape (N, K), float64
    """
    if form == CONSTANT or not features:
        return np.empty((len(values), 0))
    used = list(zip(features, values.T))[: 1 if form == MAGNITUDE_ONLY else None]
    standardized = [feature.standardized(own) for feature, own in used]
    if form in (MAGNITUDE_ONLY, LINEAR):
        return np.column_stack(standardized)
    n_splines = 1 if form == MAGNITUDE_SPLINES else len(used)
    splines = [feature.splines(own) for feature, own in used[:n_splines]]
    products = [standardized[0] * other for other in standardized[1:]]
    return np.column_stack([*splines, *standardized[n_splines:], *products])


def read_model(path: str | os.PathLike) -> CompletenessModel:
    """Read a model that `cosmodag injections transfer` wrote.

    Parameters
    ----------
    path : path
        JSON file.

    Returns
    -------
    CompletenessModel

    Raises
    ------
    InputError
        If the file is missing, altered or none of a model.
    """
    keys = ("kind", "form", "features", "intercept", "coefficients")
    content = read_json(path, CURE, keys=keys)
    if content["kind"] != KIND or content["form"] not in FORMS:
        raise InputError(f"{path}: it is no model of completeness; {CURE}")
    try:
        features = tuple(Feature(**each) for each in content["features"])
        coefficients = np.array(content["coefficients"], np.float64)
        model = CompletenessModel(
            content["form"], features, float(content["intercept"]), coefficients
        )
        model.predict(np.array([[each.median for each in features]]))
    except (TypeError, ValueError) as error:
        raise InputError(f"{path}: it is no model of completeness ({error}); {CURE}") from None
    return model


def _given(feature: Feature, table: pd.DataFrame) -> np.ndarray | None:
    """Return the values (N,) of a feature that a table gives, or None."""
    variable = Variable(feature.name, feature.title, feature.unit)
    try:
        return np.asarray(variable.values(table), np.float64)
    except KeyError:
        return None
    except (TypeError, ValueError):
        raise InputError(
            f"feature {feature.name}: its values are no numbers; give a column of numbers"
        ) from None
