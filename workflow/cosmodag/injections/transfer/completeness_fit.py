"""Fits of models of completeness, chosen by cross-validation over groups of injections.

scikit-learn is imported by what fits, since it takes seconds and the evaluation of a model needs
none of it.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.special import logit

from cosmodag.evaluation.bootstrap import draw, group_sums
from cosmodag.injections.transfer.completeness_model import (
    CONSTANT,
    FORMS,
    MAGNITUDE_ONLY,
    CompletenessModel,
    Feature,
    design,
)
from cosmodag.injections.transfer.variables import Variable

FOLDS = 5
"""Most folds of the cross-validation."""
MAGNITUDE_KNOTS, OTHER_KNOTS = 11, 3
"""Interior knots of the splines of the magnitude, and of another feature, at equal numbers of
injections."""
PENALTIES = {MAGNITUDE_ONLY: 1e4}
"""Inverse strength of the penalty of squared coefficients of a form; otherwise `PENALTY`."""
PENALTY = 10.0
CALIBRATION_BINS = 10
SMALLEST = 1e-6
"""Distance of predictions from 0 and 1 in a log loss."""


class Fit(NamedTuple):
    """A fitted model and how well it predicts injections that it has not seen.

    Attributes
    ----------
    model : CompletenessModel
        Model of the form with the smallest log loss, fitted to all injections.
    validation : dict
        `unit` of the folds, `n_folds`, `n` injections, `n_unknown` (left out, since a feature is
        unknown), `log_loss` by form, `improvement` of the chosen form over each other one with
        its interval over groups, and `calibration`: rows of `predicted`, `observed` and `n`.
    """

    model: CompletenessModel
    validation: dict[str, Any]


def fit_completeness(
    sample: Mapping[str, np.ndarray],
    variables: Sequence[Variable],
    detected: np.ndarray,
    group: np.ndarray,
    *,
    unit: str,
) -> Fit:
    """Fit models of completeness and choose one by its cross-validated log loss.

    Parameters
    ----------
    sample : mapping from str to numpy.ndarray, shape (N,)
        Values of the variables of N injections, which may be NaN.
    variables : sequence of Variable
        Candidates for features, the magnitude first. Those that are unknown for most injections,
        or equal for all, are left out.
    detected : numpy.ndarray, shape (N,), bool
        Whether each injection is detected.
    group : numpy.ndarray, shape (N,), int64
        Groups from 0, which are not split between folds. One group is split by injections.
    unit : str
        What the groups are, for the record.

    Returns
    -------
    Fit
    """
    features, values = _features(sample, variables)
    known = np.isfinite(values).all(axis=1)
    values, detected = values[known], np.asarray(detected, bool)[known]
    names, group = np.unique(group[known], return_inverse=True)
    units = group if len(names) > 1 else np.arange(len(group))
    fold = _folds(units)
    n_folds = int(fold.max()) + 1
    predicted = {
        form: _cross_validated(form, features, values, detected, fold)
        for form in (FORMS if features else [CONSTANT])
    }
    losses = {form: _losses(each, detected) for form, each in predicted.items()}
    means = {form: float(each.mean()) for form, each in losses.items()}
    chosen = min(means, key=lambda form: means[form])
    model = fit_form(chosen, features, values, detected)
    validation = {
        "unit": unit if len(names) > 1 else "injections",
        "n_folds": n_folds,
        "n": len(detected),
        "n_unknown": int((~known).sum()),
        "log_loss": means,
        "improvement": {
            form: _improvement(losses[form] - losses[chosen], group)
            for form in losses
            if form != chosen
        },
        "calibration": _calibration(predicted[chosen], detected),
    }
    return Fit(model, validation)


def fit_form(
    form: str, features: Sequence[Feature], values: np.ndarray, detected: np.ndarray
) -> CompletenessModel:
    """Fit a model of one form.

    Parameters
    ----------
    form : str
        One of `cosmodag.injections.transfer.completeness_model.FORMS`.
    features : sequence of Feature
        Features.
    values : numpy.ndarray, shape (N, F), float64
        Their values, which are known.
    detected : numpy.ndarray, shape (N,), bool
        Whether each injection is detected.

    Returns
    -------
    CompletenessModel
        A constant one if all injections are detected, or none.
    """
    if form == CONSTANT or detected.all() or not detected.any():
        share = (detected.sum() + 0.5) / (len(detected) + 1)
        n_columns = design(form, features, values[:1]).shape[1]
        return CompletenessModel(form, tuple(features), float(logit(share)), np.zeros(n_columns))
    from sklearn.linear_model import LogisticRegression

    strength = PENALTIES.get(form, PENALTY)
    fit = LogisticRegression(C=strength, solver="newton-cholesky", max_iter=200, tol=1e-6)
    fit.fit(design(form, features, values), detected)
    return CompletenessModel(form, tuple(features), float(fit.intercept_[0]), fit.coef_[0])


def _features(
    sample: Mapping[str, np.ndarray], variables: Sequence[Variable]
) -> tuple[tuple[Feature, ...], np.ndarray]:
    """Return the features that vary, and their values (N, F)."""
    features: list[Feature] = []
    columns: list[np.ndarray] = []
    n_rows = 0
    for variable in variables:
        values = np.asarray(sample[variable.name], np.float64)
        n_rows = len(values)
        known = values[np.isfinite(values)]
        if 2 * len(known) <= len(values) or known.std() < 1e-6:
            continue
        low, high = float(known.min()), float(known.max())
        n_knots = OTHER_KNOTS if features else MAGNITUDE_KNOTS
        knots = np.unique(np.quantile(known, np.linspace(0, 1, n_knots + 2)[1:-1]))
        features.append(
            Feature(
                variable.name,
                variable.title,
                variable.unit,
                low,
                high,
                float(np.median(known)),
                float(known.std()),
                [float(each) for each in knots if low < each < high],
            )
        )
        columns.append(values)
    return tuple(features), np.column_stack(columns) if columns else np.empty((n_rows, 0))


def _folds(units: np.ndarray) -> np.ndarray:
    """Return the fold of each injection, (N,) int64, from its group."""
    n_units = int(units.max()) + 1
    order = np.random.default_rng(0).permutation(n_units)
    return order[units] % min(FOLDS, n_units)


def _cross_validated(
    form: str,
    features: Sequence[Feature],
    values: np.ndarray,
    detected: np.ndarray,
    fold: np.ndarray,
) -> np.ndarray:
    """Return the completeness of each injection by models that were fitted without its fold."""
    predicted = np.empty(len(values))
    for number in np.unique(fold):
        held_out = fold == number
        rest = ~held_out if not held_out.all() else held_out
        model = fit_form(form, features, values[rest], detected[rest])
        predicted[held_out] = model.predict(values[held_out])
    return predicted


def _losses(predicted: np.ndarray, detected: np.ndarray) -> np.ndarray:
    """Return the log loss of each prediction, (N,)."""
    clipped = np.clip(predicted, SMALLEST, 1 - SMALLEST)
    return -np.log(np.where(detected, clipped, 1 - clipped))


def _improvement(difference: np.ndarray, group: np.ndarray) -> dict[str, float | None]:
    """Return the mean of differences of losses (N,) with its interval over groups."""
    sums = group_sums(group, np.column_stack([np.ones(len(difference)), difference]))
    return draw(lambda totals: {"mean": totals[:, 1] / totals[:, 0]}, (sums,)).intervals()["mean"]


def _calibration(predicted: np.ndarray, detected: np.ndarray) -> list[dict[str, float]]:
    """Return observed fractions in bins of equal numbers of predictions."""
    table = pd.DataFrame({"predicted": predicted, "observed": detected.astype(float)})
    rank = table["predicted"].rank(method="first") - 1
    table["bin"] = (rank * CALIBRATION_BINS // len(table)).astype(int)
    rows = table.groupby("bin").agg(
        predicted=("predicted", "mean"), observed=("observed", "mean"), n=("observed", "size")
    )
    return [
        {"predicted": float(row.predicted), "observed": float(row.observed), "n": int(row.n)}
        for row in rows.itertuples()
    ]
