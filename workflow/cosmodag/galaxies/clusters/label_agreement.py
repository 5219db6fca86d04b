"""Whether groups that knew no labels are what people call them."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from sklearn.metrics import adjusted_mutual_info_score

from cosmodag.evaluation import bootstrap
from cosmodag.evaluation.bootstrap import Interval


def assignment(groups: np.ndarray, labels: np.ndarray) -> dict[int, object]:
    """Give each group the label of which it holds the largest share, from training examples.

    Shares are of the label's own examples, so that rare labels count as much as common ones.
    """
    names = np.unique(labels)
    share = {
        group: [np.mean(groups[labels == name] == group) for name in names]
        for group in np.unique(groups)
    }
    return {int(group): names[int(np.argmax(each))] for group, each in share.items()}


def agreement(
    groups: Mapping[str, np.ndarray],
    labels: Mapping[str, np.ndarray],
    independent: np.ndarray,
    *,
    replicas: int = bootstrap.REPLICAS,
    seed: int = 0,
) -> dict[str, Interval] | None:
    """Set groups of test examples against labels that people gave.

    Parameters
    ----------
    groups, labels : mapping from "train" and "test" to arrays (N,)
        The group and the label of each example; None or NaN where there is no label, and such
        examples are left out.
    independent : (N,) array
        The independent group, such as the object, that each test example belongs to.
    replicas, seed : int
        Of the bootstrap.

    Returns
    -------
    dict or None
        `mutual_information`, adjusted for chance (Vinh, Epps & Bailey 2010, JMLR 11, 2837), and
        `balanced_accuracy` after groups were assigned to labels on training examples, of which
        chance has one over the number of labels. Groups that training never saw are wrong. None
        where training knows fewer than two labels, or the test part none.
    """
    known = {part: pd.notna(each) for part, each in labels.items()}
    labels = {part: each[known[part]] for part, each in labels.items()}
    groups = {part: groups[part][known[part]] for part in labels}
    independent = independent[known["test"]]
    if len(np.unique(labels["train"])) < 2 or not len(independent):
        return None
    names, truth = np.unique(labels["test"], return_inverse=True)
    meant = assignment(groups["train"], labels["train"])
    pairs = zip(groups["test"], labels["test"])
    right = np.array([meant.get(int(group)) == name for group, name in pairs])
    hits = np.eye(len(names))[truth]
    draws = bootstrap.draw(
        _balanced,
        (
            bootstrap.group_sums(independent, hits),
            bootstrap.group_sums(independent, hits * right[:, None]),
        ),
        replicas=replicas,
        seed=seed,
    )
    information = bootstrap.interval(
        adjusted_mutual_info_score,
        independent,
        labels["test"],
        groups["test"],
        replicas=replicas,
        seed=seed,
    )
    limits = {"balanced_accuracy": (0, 1)}
    return {"mutual_information": information, **draws.intervals(limits)}


def _balanced(count: np.ndarray, right: np.ndarray) -> dict[str, np.ndarray]:
    """Mean over labels of the part that is right, of R sets of counts (R, labels)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        part = right / count
    return {"balanced_accuracy": part.mean(1)}
