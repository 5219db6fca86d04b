"""Why real and injected objects differ: the quantities that do, and the cause to which they belong.

Quantities of the catalogue (magnitudes, colours, size, ellipticity) are compared as they are. They
describe the population of the galaxies, which an injection may draw from another distribution
without a fault of the pipeline. All other quantities are compared after injected objects are given
the catalogue distribution of the real ones by weights, and as residuals from their expectation for
real objects of the same catalogue entries: a quantity that still differs shows a fault of the
pipeline. A fault can change what is measured downstream of it: an error of the sky changes the
light of the objects, and a fault in the light the catalogue. So causes are named in this order, see
`cosmodag.injections.diagnosis.quantities.Cause`; within one order, the cause of the most
significant quantity is first.

P-values are adjusted by Bonferroni's method with equal shares for all causes, which the quantities
of a cause divide equally, so that any cause is named with a probability of at most 5 % if the
classes follow one distribution.
"""

from typing import Any

import numpy as np
import pandas as pd

from cosmodag.evaluation.bootstrap import REPLICAS
from cosmodag.evaluation.verdict import MIN_GROUPS
from cosmodag.injections.diagnosis.group_tests import compare_classes
from cosmodag.injections.diagnosis.importance import cross_fitted_auc
from cosmodag.injections.diagnosis.quantities import CAUSES, POPULATION, cause_of
from cosmodag.injections.diagnosis.reweighting import density_ratio, residuals

LEVEL = 0.05
"""Probability of naming any cause where there is no difference."""
MIN_OBJECTS = 100
"""Objects of each class below which no cause is sought."""


def find_causes(
    table: pd.DataFrame,
    label: np.ndarray,
    groups: np.ndarray,
    *,
    replicas: int = REPLICAS,
    seed: int = 0,
) -> dict[str, Any]:
    """Find the causes of a difference between real and injected objects.

    Parameters
    ----------
    table : pandas.DataFrame, N rows
        Quantities, see `cosmodag.injections.diagnosis.quantities.measure`.
    label : numpy.ndarray, shape (N,)
        0 for real, 1 for injected objects.
    groups : numpy.ndarray, shape (N,)
        Group of each object, such as its brick.
    replicas, seed : int
        Bootstrap replicas over groups, and the seed of all draws.

    Returns
    -------
    dict
        `causes` (keys of `CAUSES`, first the most important one), `kind` (that of the first cause,
        or None), `quantities` (one row for each, see below), `auc` (cross-fitted classifier of all
        quantities, `before` and `after` the reweighting), `distinguishable_after` (whether a
        quantity still differs after the reweighting), `effective_sample` (fraction of the
        injected objects that the weights leave), `n`, `n_groups` and `level`.

        A row has the `quantity`, its `cause`, the medians `real`, `injected` and `reweighted`, the
        `auc` that an injected object exceeds a real one, raw and as tested (`auc_adjusted`), the
        adjusted `p_value`, whether it is `significant`, and its cross-fitted `importance`, the
        decrease of the classifier's AUC without the quantities of its cause.
    """
    label = np.asarray(label).astype(np.int64)
    table = table.loc[:, table.notna().any()]
    names = list(table)
    values = table.to_numpy(np.float64)
    of_population = np.array([CAUSES[cause_of(name)].kind == POPULATION for name in names])
    weight = np.ones(len(label))
    tested = values.copy()
    if of_population.any():
        used = [name for name in table.columns[of_population] if cause_of(name) != "colour"]
        population = _imputed(table[used].to_numpy(np.float64))
        weight = density_ratio(population, label, groups, seed=seed)
        others = values[:, ~of_population]
        tested[:, ~of_population] = residuals(others, population, label, groups, seed)
    options: dict[str, Any] = {"replicas": replicas, "seed": seed}
    raw = compare_classes(values, label, groups, **options)
    reweighted = compare_classes(values, label, groups, weight, **options)
    adjusted = compare_classes(tested, label, groups, weight, **options)
    z = np.where(of_population, raw.z, adjusted.z)
    p_values = _adjusted(names, np.where(of_population, raw.p_value, adjusted.p_value))
    significant = p_values < LEVEL
    remaining = _adjusted(names, adjusted.p_value) < LEVEL
    classifier = cross_fitted_auc(table, label, groups, weight, **options)
    causes = _ranked(names, z, significant)
    counts = np.bincount(label, minlength=2)
    if len(np.unique(groups)) < MIN_GROUPS or counts.min() < MIN_OBJECTS:
        causes = []
    injected = weight[label == 1]
    return {
        "causes": causes,
        "kind": CAUSES[causes[0]].kind if causes else None,
        "quantities": [
            {
                "quantity": name,
                "cause": cause_of(name),
                **_medians(values[:, number], label, weight),
                "auc": raw.auc[number],
                "auc_reweighted": reweighted.auc[number],
                "auc_adjusted": (raw if of_population[number] else adjusted).auc[number],
                "z": float(z[number]),
                "p_value": float(p_values[number]),
                "significant": bool(significant[number]),
                "importance": classifier["importance"][cause_of(name)],
            }
            for number, name in enumerate(names)
        ],
        "auc": {name: classifier[name] for name in ("before", "after")},
        "distinguishable_after": bool(remaining.any()),
        "effective_sample": float(injected.sum() ** 2 / (injected**2).sum() / len(injected)),
        "n": counts.tolist(),
        "n_groups": len(np.unique(groups)),
        "level": LEVEL,
    }


def _adjusted(names: list[str], p_values: np.ndarray) -> np.ndarray:
    """Return p-values times the number of causes and of the quantities of the cause."""
    counts = pd.Series(map(cause_of, names)).value_counts()
    factors = np.array([counts[cause_of(name)] for name in names]) * len(counts)
    return np.minimum(p_values * factors, 1)


def _ranked(names: list[str], z: np.ndarray, significant: np.ndarray) -> list[str]:
    """Return the causes of significant quantities by their order, then by significance."""
    largest: dict[str, float] = {}
    for name, score, named in zip(names, np.abs(z), significant):
        if named:
            largest[cause_of(name)] = max(largest.get(cause_of(name), 0.0), float(score))
    return sorted(largest, key=lambda key: (CAUSES[key].order, -largest[key]))


def _medians(values: np.ndarray, label: np.ndarray, weight: np.ndarray) -> dict[str, float | None]:
    """Return the medians of the real, the injected and the reweighted injected objects."""
    real, injected = (values[(label == each) & np.isfinite(values)] for each in (0, 1))
    of_injected = weight[(label == 1) & np.isfinite(values)]
    if not len(real) or not len(injected):
        return dict.fromkeys(("real", "injected", "reweighted"))
    order = np.argsort(injected)
    total = np.cumsum(of_injected[order])
    middle = injected[order][np.searchsorted(total, total[-1] / 2)]
    return {
        "real": float(np.median(real)),
        "injected": float(np.median(injected)),
        "reweighted": float(middle),
    }


def _imputed(values: np.ndarray) -> np.ndarray:
    """Replace NaN by the median of the column."""
    return np.where(np.isfinite(values), values, np.nanmedian(values, axis=0))
