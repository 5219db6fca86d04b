"""Predictions averaged over the symmetries that a network was trained under.

A network that was trained with the symmetries of the square as augmentation is only approximately
equivariant. The mean of its predictions over the eight symmetries is equivariant, and errs less.
"""

import os
from collections.abc import Iterator, Mapping
from itertools import chain, combinations
from typing import NamedTuple

import numpy as np
import torch

from cosmodag.datasets.augmentation import augmentation_names
from cosmodag.training.prediction import calibrated, load_run, predict_with, run_loader
from cosmodag.training.settings import TrainingSettings
from cosmodag.training.task import Task


class Symmetry(NamedTuple):
    """A symmetry of maps (b, K, *space).

    Attributes
    ----------
    flipped
        Axes that are flipped, counted from the last, -1.
    swapped
        Whether then the last two are swapped.
    centred
        Whether axes are flipped about their middle pixel, see
        `cosmodag.datasets.augmentation.apply_symmetries`.
    """

    flipped: tuple[int, ...]
    swapped: bool
    centred: bool = False

    def __call__(self, maps: torch.Tensor) -> torch.Tensor:
        """Return the maps turned."""
        turned = self._flip(maps)
        return turned.transpose(-1, -2) if self.swapped else turned

    def undo(self, maps: torch.Tensor) -> torch.Tensor:
        """Return turned maps as they were."""
        return self._flip(maps.transpose(-1, -2) if self.swapped else maps)

    def _flip(self, maps: torch.Tensor) -> torch.Tensor:
        maps = maps.flip(self.flipped)
        even = [axis for axis in self.flipped if self.centred and maps.shape[axis] % 2 == 0]
        return maps.roll([1] * len(even), even) if even else maps


def symmetries(dimensions: int, centred: bool = False) -> list[Symmetry]:
    """Return the eight symmetries of the square (2), or the eight reflections of the cube (3)."""
    axes = range(-dimensions, 0)
    flips = chain.from_iterable(combinations(axes, n) for n in range(dimensions + 1))
    swaps = (False, True) if dimensions == 2 else (False,)
    return [Symmetry(flipped, swapped, centred) for flipped in flips for swapped in swaps]


class Turned:
    """A loader whose inputs are turned."""

    def __init__(self, loader, symmetry: Symmetry):
        self.loader, self.symmetry = loader, symmetry

    def batches(self, epoch: int) -> Iterator:
        """Yield the batches of the loader, turned."""
        for batch in self.loader.batches(epoch):
            yield batch._replace(x=self.symmetry(batch.x))


def predict_splits(
    run_folder: str | os.PathLike,
    dataset_folder: str | os.PathLike,
    *,
    device: str = "auto",
    threads: int | None = None,
) -> dict[str, dict[str, np.ndarray]]:
    """Predict the validation and the test split of a run.

    Predictions of a run that was augmented by symmetries are averaged over them: logits of maps,
    transformed back, and numbers as they are; but not latents, since the mean over eight would have
    eight times the information. A temperature is fitted again on the validation split.

    Parameters
    ----------
    run_folder, dataset_folder : path
        The run, and the dataset that it was trained on.
    device : {"auto", "cpu", "cuda"}
    threads : int, optional

    Returns
    -------
    dict
        ``{"valid": …, "test": …}``, each as `predict` returns it.
    """
    model, task, description = load_run(run_folder)
    options = {"device": device, "threads": threads}
    predictions = {}
    for split in ("valid", "test"):
        loader = run_loader(dataset_folder, split, description)
        predictions[split] = predict_as_scored(model, task, loader, description, **options)
    temperature = scored_temperature(task, description, predictions["valid"])
    return {split: calibrated(each, task, temperature) for split, each in predictions.items()}


def scored_temperature(
    task: Task, description: Mapping, validation: Mapping[str, np.ndarray]
) -> float | None:
    """Return the temperature that calibrates the predictions of a run as they are scored.

    Parameters
    ----------
    task, description
        As `cosmodag.training.prediction.load_run` gives them.
    validation : mapping from str to numpy.ndarray
        Predictions for the validation split, as `predict_as_scored` returns them.

    Returns
    -------
    float or None
        That of the run; fitted again where predictions are averaged over symmetries. None for a
        task without.
    """
    temperature = description.get("temperature")
    if temperature and averaged_over(task, description):
        return task.fit_temperature(validation["logit"], validation["y"])
    return temperature


def averaged_over(task: Task, description: Mapping) -> set[str]:
    """Return the names of the symmetries that the predictions of a run are averaged over."""
    augment = set(augmentation_names(description.get("augment")))
    return augment - {"shifts"} if task.averaged else set()


def predict_as_scored(
    model, task: Task, loader, description: Mapping, **options
) -> dict[str, np.ndarray]:
    """Predict with a run's network as it is scored, averaged over symmetries, not calibrated.

    Parameters
    ----------
    model, task, description
        As `cosmodag.training.prediction.load_run` gives them.
    loader
        Loader of the inputs, which is read once per symmetry.
    **options
        `device` and `threads`, see `predict_splits`.
    """
    options["settings"] = TrainingSettings.from_dict(description["training"])
    names = averaged_over(task, description)
    if not names:
        return predict_with(model, task, loader, **options)
    centred = "centred_symmetries" in names
    return predict_symmetric(model, task, loader, centred=centred, **options)


def predict_symmetric(
    model, task, loader, *, centred: bool = False, **options
) -> dict[str, np.ndarray]:
    """Predict as `cosmodag.training.prediction.predict_with`, averaged over symmetries."""
    dimensions = next(iter(loader.batches(0))).x.ndim - 2
    mean: dict[str, np.ndarray] = {}
    group = symmetries(dimensions, centred)
    for symmetry in group:
        predictions = predict_with(model, task, Turned(loader, symmetry), **options)
        for name in predictions.keys() - {"index", "y"}:
            values = predictions[name]
            if values.ndim > 2:  # A map; numbers are invariant.
                values = symmetry.undo(torch.from_numpy(values)).numpy()
            mean[name] = mean.get(name, 0) + values / np.float32(len(group))
    return {"index": predictions["index"], "y": predictions["y"], **mean}
