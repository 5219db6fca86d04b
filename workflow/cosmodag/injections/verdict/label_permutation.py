"""Label permutations: whether a two-sample test rejects at its nominal rate without a difference.

Labels are permuted among the objects of each brick, so that only chance relates them to the
features of a frozen network. For each permutation a linear classifier is fitted to the features on
some bricks and tested on others by the same test. At the 5 % level the test must reject 5 % of the
permutations.
"""

import os
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from scipy import stats

from cosmodag.errors import InputError
from cosmodag.injections.verdict.rank_tests import rank_p_values
from cosmodag.injections.verdict.two_sample import LEVEL
from cosmodag.training.prediction import choose_device, load_run, run_loader
from cosmodag.training.reproducible import reproducible

N_PERMUTATIONS = 4000
ACCEPTED_RATES = (0.03, 0.07)
"""Range of rejection rates at the 5 % level that is accepted."""
RIDGE_PENALTY = 1.0
"""Penalty of the linear classifier on features of unit variance, per 100 objects."""


class LabelledFeatures(NamedTuple):
    """Features and labels of N objects.

    Attributes
    ----------
    features : numpy.ndarray, shape (N, F), float32
        Features of a network.
    label : numpy.ndarray, shape (N,)
        Class, 0 or 1.
    groups : numpy.ndarray, shape (N,)
        Brick of each object.
    """

    features: np.ndarray
    label: np.ndarray
    groups: np.ndarray


def frozen_features(
    run_folder: str | os.PathLike,
    dataset_folder: str | os.PathLike,
    split: str,
    *,
    device: str = "auto",
    threads: int | None = None,
) -> np.ndarray:
    """Return the features from which a trained network predicts the classes of a split.

    Parameters
    ----------
    run_folder : path
        Folder of the trained run.
    dataset_folder : path
        Folder of the dataset on which it was trained.
    split : {"train", "valid", "test"}
        Split of the dataset.
    device : {"auto", "cpu", "cuda"}
        Device of the network.
    threads : int, optional
        Number of threads; all by default.

    Returns
    -------
    numpy.ndarray, shape (N, F), float32

    Raises
    ------
    InputError
        If the network has no layer of features.
    """
    model, _, description = load_run(run_folder)
    if not hasattr(model, "features"):
        raise InputError(
            f"{run_folder}: model {description['model']['name']} has no layer of features"
        )
    target = torch.device(choose_device(device))
    model.to(target).eval()
    batches = []
    with reproducible(True, threads), torch.inference_mode():
        for batch in run_loader(dataset_folder, split, description).batches(0):
            batches.append(model.features(batch.x.to(target)).cpu().numpy())
    return np.concatenate(batches)


def permutation_test(
    fitted: LabelledFeatures,
    tested: LabelledFeatures,
    *,
    n_permutations: int = N_PERMUTATIONS,
    seed: int = 0,
) -> dict[str, Any]:
    """Apply the two-sample test to permuted labels.

    Parameters
    ----------
    fitted, tested : LabelledFeatures
        Objects to fit the classifier to, and objects to test it on; they share no group.
    n_permutations : int
        Number of permutations; at least 200 for a meaningful rate.
    seed : int
        Seed of the permutations.

    Returns
    -------
    dict
        `relabellings` (number of permutations); `rejected` (fraction rejected at the 5 % level)
        with its exact binomial 95 % interval `low`, `high`; `holds` (whether the fraction is
        within `ACCEPTED_RATES`).

    Raises
    ------
    InputError
        If a group occurs in both sets.
    """
    if set(fitted.groups) & set(tested.groups):
        raise InputError("label permutation: fitted and tested objects share groups")
    rng = np.random.default_rng(seed)
    mean, spread = fitted.features.mean(0), fitted.features.std(0) + 1e-6
    train, test = ((objects.features - mean) / spread for objects in (fitted, tested))
    normal = train.T @ train + RIDGE_PENALTY * len(train) / 100 * np.eye(train.shape[1])
    project = test @ np.linalg.solve(normal, train.T)
    labels = permute_within_groups(fitted.label, fitted.groups, n_permutations, rng)
    scores = project @ (labels - labels.mean(0))
    ones = permute_within_groups(tested.label, tested.groups, n_permutations, rng) > 0
    return rejection_rate(rank_p_values(scores, ones, tested.groups))


def rejection_rate(p_values: np.ndarray) -> dict[str, Any]:
    """Return the fraction of p-values below the significance level, with its interval.

    Parameters
    ----------
    p_values : numpy.ndarray, shape (R,)
        P-value of each permutation.

    Returns
    -------
    dict
        As of `permutation_test`.
    """
    result = stats.binomtest(int((p_values < LEVEL).sum()), len(p_values))
    interval = result.proportion_ci(0.95)
    return {
        "relabellings": len(p_values),
        "rejected": float(result.statistic),
        "low": float(interval.low),
        "high": float(interval.high),
        "holds": bool(ACCEPTED_RATES[0] <= result.statistic <= ACCEPTED_RATES[1]),
    }


def permute_within_groups(
    label: np.ndarray, groups: np.ndarray, n_permutations: int, rng: np.random.Generator
) -> np.ndarray:
    """Return permutations of labels within groups.

    Parameters
    ----------
    label, groups : numpy.ndarray, shape (N,)
        Class and group of each object.
    n_permutations : int
        Number of permutations.
    rng : numpy.random.Generator
        Random generator.

    Returns
    -------
    numpy.ndarray, shape (N, n_permutations), float64
    """
    permuted = np.repeat(np.asarray(label, np.float64)[:, None], n_permutations, axis=1)
    for group in np.unique(groups):
        rows = np.flatnonzero(groups == group)
        permuted[rows] = rng.permuted(permuted[rows], axis=0)
    return permuted


def permutation_control(
    run_folder: str | os.PathLike,
    dataset_folder: str | os.PathLike,
    index: Mapping[str, pd.DataFrame],
    column: str,
    *,
    threads: int | None = None,
) -> dict[str, Any]:
    """Apply the permutation test to a run, fitted on the validation and tested on the test split.

    Parameters
    ----------
    run_folder : path
        Folder of the trained run.
    dataset_folder : path
        Folder of the dataset on which it was trained.
    index : mapping of str to pandas.DataFrame
        Index of the splits "valid" and "test".
    column : str
        Column of the labels.
    threads : int, optional
        Number of threads; all by default.

    Returns
    -------
    dict
        As of `permutation_test`.
    """
    fitted, tested = (
        LabelledFeatures(
            frozen_features(run_folder, dataset_folder, split, threads=threads),
            index[split][column].to_numpy(),
            index[split]["group"].to_numpy(str),
        )
        for split in ("valid", "test")
    )
    return permutation_test(fitted, tested)
