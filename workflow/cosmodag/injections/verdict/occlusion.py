"""What a classifier of stamps looks at: how its answer changes where a part of a stamp is covered.

After the occlusion maps of Zeiler & Fergus (2014, arXiv:1311.2901). A patch is covered not by a
constant, which no stamp holds, but by patches of the same stamp's corners, which have its noise. A
network whose predictions are averaged over symmetries is asked the same way.
"""

import os
from collections.abc import Callable

import numpy as np
import torch

from cosmodag.datasets.augmentation import augmentation_names
from cosmodag.datasets.folder import read_description
from cosmodag.datasets.transforms import build_transform
from cosmodag.evaluation.baselines.examples import Examples
from cosmodag.evaluation.symmetric_prediction import symmetries
from cosmodag.training.prediction import choose_device, load_run
from cosmodag.training.reproducible import reproducible

PARTS = 8
"""Patches along a side; they are placed at steps of half a patch."""
CASES = 3
"""Stamps of each class."""
_AT_ONCE = 256

Answer = Callable[[np.ndarray], np.ndarray]


def run_answer(
    run_folder: str | os.PathLike,
    dataset_folder: str | os.PathLike,
    *,
    device: str = "auto",
    threads: int | None = None,
) -> Answer:
    """Return the answer of a trained network.

    Parameters
    ----------
    run_folder, dataset_folder
        The run, and the dataset that it was trained on.
    device, threads
        As `cosmodag.training.prediction.predict` takes them.

    Returns
    -------
    callable
        From stamps (N, S, S, C) as the dataset holds them to the logit of class 1 less that of
        class 0, (N,) float32.
    """
    model, _, description = load_run(run_folder)
    statistics = read_description(dataset_folder)["statistics"]
    transform = build_transform(description["transform"], statistics)
    device = torch.device(choose_device(device))
    model.to(device).eval()
    views = [lambda x: x]
    augment = augmentation_names(description.get("augment"))
    if {"symmetries", "centred_symmetries"} & set(augment):
        views = symmetries(2, centred="centred_symmetries" in augment)

    def answer(stamps: np.ndarray) -> np.ndarray:
        found = []
        with reproducible(True, threads), torch.inference_mode():
            for begin in range(0, len(stamps), _AT_ONCE):
                x = stamps[begin : begin + _AT_ONCE]
                x = np.ascontiguousarray(x if transform is None else transform(x))
                x = torch.from_numpy(x).movedim(-1, 1).to(device)
                logit = torch.stack([model(view(x)).float() for view in views]).mean(0)
                found.append((logit[:, 1] - logit[:, 0]).cpu().numpy())
        return np.concatenate(found)

    return answer


def confident_cases(
    answer: Answer, test: Examples, score: np.ndarray, *, count: int = CASES
) -> list[list[tuple[np.ndarray, np.ndarray, float]]]:
    """Occlusion maps of the stamps that a network is surest of.

    Parameters
    ----------
    answer : callable
        As `run_answer` returns it.
    test : Examples
        Stamps and their class, 0 or 1.
    score : numpy.ndarray, shape (N,)
        Probability of class 1.
    count : int
        How many of each class at most.

    Returns
    -------
    list of list of tuple
        For class 0 and class 1 the cases: stamp, map and score.
    """
    return [
        [(test.x[row], occlusion_map(answer, test.x[row]), float(score[row])) for row in rows]
        for rows in most_confident(score, test.y, count)
    ]


def occlusion_map(answer: Answer, stamp: np.ndarray, *, parts: int = PARTS) -> np.ndarray:
    """How much of an answer each place of a stamp brings.

    Parameters
    ----------
    answer : callable
        From stamps (N, S, S, C) to numbers (N,).
    stamp : numpy.ndarray, shape (S, S, C)
    parts : int
        Patches along a side.

    Returns
    -------
    numpy.ndarray, shape (2 parts - 1, 2 parts - 1)
        By how much the answer drops where the patch there is covered in all channels, the mean over
        covers from two corners across.
    """
    side = len(stamp)
    patch = max(side // parts, 1)
    begins = np.linspace(0, side - patch, 2 * parts - 1).round().astype(int)
    covers = [stamp[:patch, :patch], stamp[side - patch :, side - patch :]]
    covered = np.repeat(stamp[None], len(begins) ** 2 * len(covers), axis=0)
    places = [(y, x, cover) for y in begins for x in begins for cover in covers]
    for one, (y, x, cover) in zip(covered, places):
        one[y : y + patch, x : x + patch] = cover
    drop = answer(stamp[None])[0] - answer(covered)
    return drop.reshape(len(begins), len(begins), len(covers)).mean(-1)


def most_confident(score: np.ndarray, label: np.ndarray, count: int) -> list[np.ndarray]:
    """Rows of class 0 and of class 1 that a network is surest of, rightly, the surest first.

    Parameters
    ----------
    score, label : numpy.ndarray, shape (N,)
        Probability of class 1, and the class.
    count : int
        How many of each class at most.
    """
    found = []
    for each, sure in ((0, 1 - score), (1, score)):
        rows = np.flatnonzero((label == each) & (sure >= 0.5))
        found.append(rows[np.argsort(-sure[rows], kind="stable")][:count])
    return found
