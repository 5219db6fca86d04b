"""Occlusion maps [1]_ of a classifier of stamps: change of its prediction where a patch is covered.

Patches are covered by patches from the corners of the same stamp, which have its noise, instead of
a constant, which occurs in no stamp. Predictions are averaged over symmetries if those of the run
are.

References
----------
.. [1] Zeiler & Fergus 2014, arXiv:1311.2901.
"""

import os
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch

from cosmodag.datasets.augmentation import augmentation_names
from cosmodag.datasets.folder import read_description
from cosmodag.datasets.transforms import build_transform
from cosmodag.evaluation.baselines.examples import Examples
from cosmodag.evaluation.symmetric_prediction import symmetries
from cosmodag.training.prediction import choose_device, load_run
from cosmodag.training.reproducible import reproducible

N_PATCHES = 8
"""Patches per side; they are placed at steps of half a patch."""
N_EXAMPLES = 3
"""Examples per class."""
_BATCH_SIZE = 256

LogitFunction = Callable[[np.ndarray], np.ndarray]
"""From stamps (N, S, S, C) to the logit of class 1 minus that of class 0, (N,)."""


class OcclusionExample(NamedTuple):
    """A stamp with its occlusion map.

    Attributes
    ----------
    stamp : numpy.ndarray, shape (S, S, C)
        Stamp.
    occlusion : numpy.ndarray, shape (2 N_PATCHES - 1, 2 N_PATCHES - 1)
        Occlusion map.
    probability : float
        Predicted probability of class 1.
    """

    stamp: np.ndarray
    occlusion: np.ndarray
    probability: float


def logit_difference(
    run_folder: str | os.PathLike,
    dataset_folder: str | os.PathLike,
    *,
    device: str = "auto",
    threads: int | None = None,
) -> LogitFunction:
    """Return the prediction of a trained network as a function of stamps.

    Parameters
    ----------
    run_folder : path
        Folder of the trained run.
    dataset_folder : path
        Folder of the dataset on which it was trained.
    device : {"auto", "cpu", "cuda"}
        Device of the network.
    threads : int, optional
        Number of threads; all by default.

    Returns
    -------
    callable
        From stamps (N, S, S, C) in the units of the dataset to the logit of class 1 minus that of
        class 0, (N,) float32.
    """
    model, _, description = load_run(run_folder)
    statistics = read_description(dataset_folder)["statistics"]
    transform = build_transform(description["transform"], statistics)
    target = torch.device(choose_device(device))
    model.to(target).eval()
    views: list[Any] = [lambda x: x]
    augment = augmentation_names(description.get("augment"))
    if {"symmetries", "centred_symmetries"} & set(augment):
        views = symmetries(2, centred="centred_symmetries" in augment)

    def predict(stamps: np.ndarray) -> np.ndarray:
        differences = []
        with reproducible(True, threads), torch.inference_mode():
            for begin in range(0, len(stamps), _BATCH_SIZE):
                x = stamps[begin : begin + _BATCH_SIZE]
                x = np.ascontiguousarray(x if transform is None else transform(x))
                batch = torch.from_numpy(x).movedim(-1, 1).to(target)
                logits = torch.stack([model(view(batch)).float() for view in views]).mean(0)
                differences.append((logits[:, 1] - logits[:, 0]).cpu().numpy())
        return np.concatenate(differences)

    return predict


def occlusion_examples(
    predict: LogitFunction, test: Examples, probability: np.ndarray, *, n_examples: int = N_EXAMPLES
) -> list[list[OcclusionExample]]:
    """Return occlusion maps of the stamps that are classified correctly with most confidence.

    Parameters
    ----------
    predict : callable
        As returned by `logit_difference`.
    test : Examples
        Stamps and their classes, 0 or 1.
    probability : numpy.ndarray, shape (N,)
        Predicted probability of class 1.
    n_examples : int
        Largest number of examples per class.

    Returns
    -------
    list of list of OcclusionExample
        Examples of class 0 and of class 1, most confident first.
    """
    return [
        [
            OcclusionExample(
                test.x[row], occlusion_map(predict, test.x[row]), float(probability[row])
            )
            for row in rows
        ]
        for rows in most_confident(probability, test.y, n_examples)
    ]


def occlusion_map(
    predict: LogitFunction, stamp: np.ndarray, *, n_patches: int = N_PATCHES
) -> np.ndarray:
    """Return the contribution of each patch of a stamp to a prediction.

    Parameters
    ----------
    predict : callable
        From stamps (N, S, S, C) to predictions (N,).
    stamp : numpy.ndarray, shape (S, S, C)
        Stamp.
    n_patches : int
        Patches per side.

    Returns
    -------
    numpy.ndarray, shape (2 n_patches - 1, 2 n_patches - 1)
        Decrease of the prediction when a patch is covered in all channels; mean over covers from
        two opposite corners.
    """
    side = len(stamp)
    patch = max(side // n_patches, 1)
    begins = np.linspace(0, side - patch, 2 * n_patches - 1).round().astype(int)
    covers = [stamp[:patch, :patch], stamp[side - patch :, side - patch :]]
    covered = np.repeat(stamp[None], len(begins) ** 2 * len(covers), axis=0)
    positions = [(y, x, cover) for y in begins for x in begins for cover in covers]
    for copy, (y, x, cover) in zip(covered, positions):
        copy[y : y + patch, x : x + patch] = cover
    decrease = predict(stamp[None])[0] - predict(covered)
    return decrease.reshape(len(begins), len(begins), len(covers)).mean(-1)


def most_confident(probability: np.ndarray, label: np.ndarray, n_examples: int) -> list[np.ndarray]:
    """Return the examples of each class that are classified correctly with most confidence.

    Parameters
    ----------
    probability : numpy.ndarray, shape (N,)
        Predicted probability of class 1.
    label : numpy.ndarray, shape (N,)
        Class, 0 or 1.
    n_examples : int
        Largest number of examples per class.

    Returns
    -------
    list of numpy.ndarray of int
        Rows of class 0 and of class 1, most confident first.
    """
    selected = []
    for class_label, confidence in ((0, 1 - probability), (1, probability)):
        rows = np.flatnonzero((label == class_label) & (confidence >= 0.5))
        selected.append(rows[np.argsort(-confidence[rows], kind="stable")][:n_examples])
    return selected
