"""Agreement of clusters, which were found without labels, with labels."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from sklearn.metrics import adjusted_mutual_info_score

from cosmodag.evaluation import bootstrap
from cosmodag.evaluation.bootstrap import Interval


def assign_labels(clusters: np.ndarray, labels: np.ndarray) -> dict[int, object]:
    """Assign each cluster the label of which it has the largest fraction.

    Fractions are of the examples of a label, so that rare labels count as much as common ones.

    Parameters
    ----------
    clusters : numpy.ndarray, shape (N,), int
        Cluster of each training example.
    labels : numpy.ndarray, shape (N,)
        Label of each training example.

    Returns
    -------
    dict from int to object
        Label of each cluster.

    Examples
    --------
    >>> labels = assign_labels(np.array([0, 0, 1]), np.array(["disc", "disc", "bulge"]))
    >>> {cluster: str(label) for cluster, label in labels.items()}
    {0: 'disc', 1: 'bulge'}
    """
    names = np.unique(labels)
    fractions = {
        cluster: [np.mean(clusters[labels == name] == cluster) for name in names]
        for cluster in np.unique(clusters)
    }
    return {int(cluster): names[int(np.argmax(values))] for cluster, values in fractions.items()}


def label_agreement(
    clusters: Mapping[str, np.ndarray],
    labels: Mapping[str, np.ndarray],
    groups: np.ndarray,
    *,
    replicas: int = bootstrap.REPLICAS,
    seed: int = 0,
) -> dict[str, Interval] | None:
    """Measure the agreement of clusters with labels on the test split.

    Parameters
    ----------
    clusters : mapping from "train" and "test" to numpy.ndarray, shape (N,), int
        Cluster of each example.
    labels : mapping from "train" and "test" to numpy.ndarray, shape (N,)
        Label of each example. Examples whose label is None or NaN are left out.
    groups : numpy.ndarray, shape (N,)
        Independent group of each test example, such as the object, that is resampled as a whole.
    replicas : int
        Number of bootstrap replicas.
    seed : int
        Seed of the bootstrap.

    Returns
    -------
    dict or None
        `mutual_information`, adjusted for chance, and `balanced_accuracy` after clusters were
        assigned to labels on training examples, whose chance level is 1 over the number of labels.
        Clusters without training examples count as wrong. None if the training split has fewer than
        two labels or the test split none.

    References
    ----------
    Vinh, Epps & Bailey (2010), JMLR 11, 2837.
    """
    labelled = {split: pd.notna(values) for split, values in labels.items()}
    labels = {split: values[labelled[split]] for split, values in labels.items()}
    clusters = {split: clusters[split][labelled[split]] for split in labels}
    groups = groups[labelled["test"]]
    if len(np.unique(labels["train"])) < 2 or not len(groups):
        return None
    names, truth = np.unique(labels["test"], return_inverse=True)
    assigned = assign_labels(clusters["train"], labels["train"])
    pairs = zip(clusters["test"], labels["test"])
    correct = np.array([assigned.get(int(cluster)) == label for cluster, label in pairs])
    one_hot = np.eye(len(names))[truth]
    draws = bootstrap.draw(
        _balanced_accuracy,
        (
            bootstrap.group_sums(groups, one_hot),
            bootstrap.group_sums(groups, one_hot * correct[:, None]),
        ),
        replicas=replicas,
        seed=seed,
    )
    information = bootstrap.interval(
        adjusted_mutual_info_score,
        groups,
        labels["test"],
        clusters["test"],
        replicas=replicas,
        seed=seed,
    )
    limits = {"balanced_accuracy": (0, 1)}
    return {"mutual_information": information, **draws.intervals(limits)}


def _balanced_accuracy(count: np.ndarray, correct: np.ndarray) -> dict[str, np.ndarray]:
    """Return the mean accuracy over labels, of R sets of counts (R, labels)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        accuracy = correct / count
    return {"balanced_accuracy": accuracy.mean(1)}
