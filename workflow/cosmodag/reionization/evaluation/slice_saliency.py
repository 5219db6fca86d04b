"""Saliency of slices: which pixels change the prediction of a network.

The saliency is the gradient of the expected value of a target with respect to each pixel (Simonyan,
Vedaldi & Zisserman 2013, arXiv:1312.6034). It is averaged over noise that is added to the slice,
which suppresses fluctuations of the gradient (SmoothGrad: Smilkov et al. 2017, arXiv:1706.03825).
"""

import os
from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol, cast

import numpy as np
import torch
from torch import nn

from cosmodag.datasets.folder import read_description
from cosmodag.evaluation.baselines.examples import Examples
from cosmodag.evaluation.ordered_evaluation import class_values
from cosmodag.training.prediction import choose_device, load_run, run_loader
from cosmodag.training.reproducible import reproducible

N_SLICES = 4
"""Number of slices, at evenly spaced redshifts."""
_N_DRAWS = 16
"""Number of noise realizations."""
_NOISE = 0.1
"""Standard deviation of the added noise in units of that of the slice."""


class SalientSlice(NamedTuple):
    """A slice with its saliency.

    Attributes
    ----------
    image : numpy.ndarray, shape (H, W), float32
        Slice.
    gradient : numpy.ndarray, shape (H, W), float32
        Gradient of the expected value of the first target column with respect to each pixel.
    title : str
        Redshift of the slice.
    """

    image: np.ndarray
    gradient: np.ndarray
    title: str


class ClassTask(Protocol):
    """A task whose networks predict a distribution over classes."""

    def distribution(self, output: torch.Tensor) -> torch.Tensor:
        """Return the probability of each class, shape (b, classes)."""


def salient_slices(
    run_folder: str | os.PathLike,
    dataset_folder: str | os.PathLike,
    test: Examples,
    *,
    device: str = "auto",
    threads: int | None = None,
) -> list[SalientSlice]:
    """Return slices of the test split with their saliency.

    Parameters
    ----------
    run_folder : path
        Folder of the trained run.
    dataset_folder : path
        Folder of the dataset on which the run was trained.
    test : Examples
        Test split in the order of the dataset.
    device : str
        Device of PyTorch; "auto" for a GPU if there is one.
    threads : int, optional
        Number of threads; all by default.

    Returns
    -------
    list of SalientSlice
        Slices with a signal at evenly spaced redshifts.
    """
    model, task, description = load_run(run_folder)
    loader = run_loader(dataset_folder, "test", description)
    rows = _select_rows(test)
    torch_device = torch.device(choose_device(device))
    model.to(torch_device).eval()
    with reproducible(True, threads):
        x = loader.read(rows).x.to(torch_device)
        gradients = expected_gradient(model, cast(ClassTask, task), description["task"], x)
    channels = read_description(dataset_folder)["x_channels"]
    name = "brightness_temperature"
    channel = channels.index(name) if name in channels else 0
    redshift = test.index["redshift"].to_numpy()
    return [
        SalientSlice(test.x[row, ..., channel], gradient[channel], f"z = {redshift[row]:g}")
        for row, gradient in zip(rows, gradients.cpu().numpy())
    ]


def expected_gradient(
    model: nn.Module, task: ClassTask, settings: Mapping[str, Any], x: torch.Tensor
) -> torch.Tensor:
    """Return the gradient of the expected value of the first target column.

    Parameters
    ----------
    model : torch.nn.Module
        Trained network.
    task : ClassTask
        Task of the network.
    settings : mapping
        Completed settings of the task, with the values of its classes.
    x : torch.Tensor, shape (b, C, H, W), float32
        Slices.

    Returns
    -------
    torch.Tensor, shape (b, C, H, W), float32
        Gradient with respect to each pixel, averaged over noise.
    """
    values = torch.tensor(next(iter(class_values(settings).values())), device=x.device)
    generator = torch.Generator(x.device).manual_seed(0)
    sigma = _NOISE * x.std((2, 3), keepdim=True)
    mean = torch.zeros_like(x)
    for _ in range(_N_DRAWS):
        noisy = x + sigma * torch.randn(x.shape, generator=generator, device=x.device)
        noisy.requires_grad_(True)
        distribution = task.distribution(model(noisy))[:, : len(values)]
        (gradient,) = torch.autograd.grad((distribution @ values).sum(), noisy)
        mean += gradient / _N_DRAWS
    return mean


def _select_rows(test: Examples) -> np.ndarray:
    """Return the row of one slice that is not empty at each of a few redshifts."""
    index = test.index
    nonzero = np.full(len(index), True)
    if "all_zero" in index:
        nonzero = index["all_zero"].to_numpy() == 0
    redshift = index["redshift"].to_numpy()
    redshifts = np.unique(redshift[nonzero])
    chosen = np.unique(np.linspace(0, len(redshifts) - 1, N_SLICES).round().astype(int))
    rows = [np.flatnonzero(nonzero & (redshift == z)) for z in redshifts[chosen]]
    return np.array([candidates[len(candidates) // 2] for candidates in rows])
