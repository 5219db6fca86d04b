"""Cross-fitted classifier of the measured quantities, and the importance of each cause in it."""

from typing import Any

import numpy as np
import pandas as pd

from cosmodag.evaluation.bootstrap import REPLICAS
from cosmodag.injections.diagnosis.group_tests import compare_classes
from cosmodag.injections.diagnosis.quantities import cause_of
from cosmodag.injections.diagnosis.reweighting import folds

TREES: dict[str, Any] = {"max_iter": 80, "learning_rate": 0.08, "max_leaf_nodes": 8, "max_bins": 32}
"""Boosted trees, which take quantities with missing values as they are. Most of the time of a fit
with weights is that of its bins."""
MIN_LEAF = 40


def cross_fitted_auc(
    table: pd.DataFrame,
    label: np.ndarray,
    groups: np.ndarray,
    weight: np.ndarray,
    *,
    replicas: int = REPLICAS,
    seed: int = 0,
) -> dict[str, Any]:
    """Classify objects by their quantities, before and after injected ones are reweighted.

    Parameters
    ----------
    table : pandas.DataFrame, N rows
        Quantities.
    label : numpy.ndarray, shape (N,)
        0 for real, 1 for injected objects.
    groups : numpy.ndarray, shape (N,)
        Group of each object.
    weight : numpy.ndarray, shape (N,)
        Weights of the objects, see `cosmodag.injections.diagnosis.reweighting.density_ratio`.
    replicas, seed : int
        Bootstrap replicas over groups, and the seed of all draws.

    Returns
    -------
    dict
        `before` and `after`: AUC within groups with its interval, and `p_value`. `importance`: for
        each cause, the decrease of the AUC before the reweighting if its quantities are permuted.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier

    values = table.to_numpy(np.float64)
    columns: dict[str, list[int]] = {}
    for number, name in enumerate(table):
        columns.setdefault(cause_of(name), []).append(number)
    rng = np.random.default_rng(seed)
    score = {name: np.zeros(len(label)) for name in ("before", "after", *columns)}
    for fitted, predicted in folds(label, groups, seed):
        for name, weights in (("after", weight[fitted]), ("before", None)):
            trees = HistGradientBoostingClassifier(
                min_samples_leaf=MIN_LEAF, early_stopping=False, random_state=seed, **TREES
            )
            trees.fit(values[fitted], label[fitted], weights)
            score[name][predicted] = trees.decision_function(values[predicted])
        for cause, of_cause in columns.items():
            permuted = values[predicted]
            rows = rng.permutation(len(predicted))
            permuted[:, of_cause] = permuted[rows][:, of_cause]
            score[cause][predicted] = trees.decision_function(permuted)
    unweighted = [name for name in score if name != "after"]
    scores = np.stack([score[name] for name in unweighted], 1)
    tests = compare_classes(scores, label, groups, replicas=replicas, seed=seed)
    after = compare_classes(
        score["after"][:, None], label, groups, weight, replicas=replicas, seed=seed
    )
    auc = dict(zip(unweighted, tests.auc))
    before = auc["before"]["value"] or 0.5
    return {
        "before": {**auc["before"], "p_value": float(tests.p_value[0])},
        "after": {**after.auc[0], "p_value": float(after.p_value[0])},
        "importance": {cause: before - (auc[cause]["value"] or 0.5) for cause in columns},
    }
