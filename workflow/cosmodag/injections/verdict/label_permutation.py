"""Does a two-sample test reject as often as it says where there is nothing to find?

Labels are dealt anew at random among the objects of each brick, so that nothing but chance connects
them with what a frozen network sees. A linear classifier is fitted to the network's features on one
part of the bricks and tested on the others, each time by the same test. At the 5 % level it must
reject in 5 % of the relabellings.
"""

from collections.abc import Mapping

import numpy as np
import torch
from scipy import stats

from cosmodag.errors import InputError
from cosmodag.injections.verdict.two_sample import LEVEL, rank_p_values
from cosmodag.training.prediction import choose_device, load_run, run_loader
from cosmodag.training.reproducible import reproducible

RELABELLINGS = 4000
TOLERATED = (0.03, 0.07)
"""Shares of rejections at the 5 % level that are taken for 5 %."""
PENALTY = 1.0
"""Of the linear classifier, on features of unit variance, times the number of objects / 100."""


def frozen_features(
    run_folder, dataset_folder, split: str, *, device: str = "auto", threads: int | None = None
) -> np.ndarray:
    """Return what a trained network reads the classes of a split from, (N, F) float32.

    Raises
    ------
    InputError
        If the network has no such layer.
    """
    model, _, description = load_run(run_folder)
    if not hasattr(model, "features"):
        raise InputError(f"{run_folder}: model {description['model']['name']} shows no features")
    device = torch.device(choose_device(device))
    model.to(device).eval()
    found = []
    with reproducible(True, threads), torch.inference_mode():
        for batch in run_loader(dataset_folder, split, description).batches(0):
            found.append(model.features(batch.x.to(device)).cpu().numpy())
    return np.concatenate(found)


def null_rejections(
    fitted: tuple[np.ndarray, np.ndarray, np.ndarray],
    tested: tuple[np.ndarray, np.ndarray, np.ndarray],
    *,
    relabellings: int = RELABELLINGS,
    seed: int = 0,
) -> dict:
    """Test relabelled objects again and again.

    Parameters
    ----------
    fitted, tested : tuple of numpy.ndarray
        Features (N, F), labels (N,) and groups (N,) of the objects that the classifier is fitted to
        and of those that it is tested on; no group may be in both.
    relabellings : int
        At least 200 say something.
    seed : int

    Returns
    -------
    dict
        `relabellings`; `rejected`, their share rejected at the 5 % level, with its exact binomial
        95 % interval `low`, `high`; `holds`, whether the share is within `TOLERATED`.
    """
    if set(fitted[2]) & set(tested[2]):
        raise InputError("null relabelling: groups are shared between what is fitted and tested")
    rng = np.random.default_rng(seed)
    mean, spread = fitted[0].mean(0), fitted[0].std(0) + 1e-6
    train, test = ((part[0] - mean) / spread for part in (fitted, tested))
    normal = train.T @ train + PENALTY * len(train) / 100 * np.eye(train.shape[1])
    project = test @ np.linalg.solve(normal, train.T)
    labels = relabelled(*fitted[1:], relabellings, rng)
    scores = project @ (labels - labels.mean(0))
    p_values = rank_p_values(scores, relabelled(*tested[1:], relabellings, rng) > 0, tested[2])
    return judged_rejections(p_values)


def judged_rejections(p_values: np.ndarray) -> dict:
    """Count the p-values below the level; see `null_rejections`."""
    found = stats.binomtest(int((p_values < LEVEL).sum()), len(p_values))
    between = found.proportion_ci(0.95)
    return {
        "relabellings": len(p_values),
        "rejected": float(found.statistic),
        "low": float(between.low),
        "high": float(between.high),
        "holds": bool(TOLERATED[0] <= found.statistic <= TOLERATED[1]),
    }


def relabelled(
    label: np.ndarray, groups: np.ndarray, relabellings: int, rng: np.random.Generator
) -> np.ndarray:
    """Shuffle labels within groups, (N, relabellings) float64."""
    found = np.repeat(np.asarray(label, np.float64)[:, None], relabellings, axis=1)
    for group in np.unique(groups):
        rows = np.flatnonzero(groups == group)
        found[rows] = rng.permuted(found[rows], axis=0)
    return found


def null_control(
    run_folder, dataset_folder, index: Mapping, column: str, *, threads: int | None = None
) -> dict:
    """Relabel the validation and test splits of a run: fitted on the first, tested on the second.

    Parameters
    ----------
    run_folder, dataset_folder
        The run, and the dataset that it was trained on.
    index : mapping
        The index of each of the two splits.
    column : str
        The label.
    """
    parts = [
        (
            frozen_features(run_folder, dataset_folder, split, threads=threads),
            index[split][column].to_numpy(),
            index[split]["group"].to_numpy(str),
        )
        for split in ("valid", "test")
    ]
    return null_rejections(*parts)
