"""What in a slice moves the value that a network reads off it.

The gradient of the expected value with respect to each pixel (Simonyan, Vedaldi & Zisserman 2013,
arXiv:1312.6034), averaged over noise that is added to the slice, which leaves what is common to
like slices (SmoothGrad: Smilkov et al. 2017, arXiv:1706.03825).
"""

import os
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import nn

from cosmodag.datasets.folder import read_description
from cosmodag.evaluation.baselines.examples import Examples
from cosmodag.evaluation.ordered_evaluation import class_values
from cosmodag.training.prediction import choose_device, load_run, run_loader
from cosmodag.training.reproducible import reproducible
from cosmodag.training.task import Task

CASES = 4
_DRAWS = 16
_NOISE = 0.1
"""Of the added noise, in units of a slice's spread."""


def slice_cases(
    run_folder: str | os.PathLike,
    dataset_folder: str | os.PathLike,
    test: Examples,
    *,
    device: str = "auto",
    threads: int | None = None,
) -> list[tuple[np.ndarray, np.ndarray, str]]:
    """Slices of the test split with what moves the first column's expected value.

    Parameters
    ----------
    run_folder, dataset_folder
        The run, and the dataset that it was trained on.
    test
        The test split in the order of the dataset.
    device, threads
        As `cosmodag.training.prediction.predict` takes them.

    Returns
    -------
    list of tuple
        Slice (H, W), gradient (H, W), and what is known of it; at evenly spaced redshifts, of
        slices that hold a signal.
    """
    model, task, description = load_run(run_folder)
    loader = run_loader(dataset_folder, "test", description)
    rows = _rows(test)
    device = torch.device(choose_device(device))
    model.to(device).eval()
    with reproducible(True, threads):
        x = loader.read(rows).x.to(device)
        moves = expected_gradient(model, task, description["task"], x)
    channels = read_description(dataset_folder)["x_channels"]
    at = channels.index("brightness_temperature") if "brightness_temperature" in channels else 0
    return [
        (test.x[row, ..., at], gradient[at], f"z = {test.index['redshift'].iloc[row]:g}")
        for row, gradient in zip(rows, moves.cpu().numpy())
    ]


def expected_gradient(
    model: nn.Module, task: Task, description: Mapping, x: torch.Tensor
) -> torch.Tensor:
    """Gradient (b, C, H, W) of the first column's expected value with each pixel of `x`."""
    values = torch.tensor(next(iter(class_values(description).values())), device=x.device)
    generator = torch.Generator(x.device).manual_seed(0)
    spread = _NOISE * x.std((2, 3), keepdim=True)
    total = torch.zeros_like(x)
    for _ in range(_DRAWS):
        noisy = x + spread * torch.randn(x.shape, generator=generator, device=x.device)
        noisy.requires_grad_(True)
        distribution = task.distribution(model(noisy))[:, : len(values)]
        (gradient,) = torch.autograd.grad((distribution @ values).sum(), noisy)
        total += gradient / _DRAWS
    return total


def _rows(test: Examples) -> np.ndarray:
    """One slice at each of a few redshifts, from among those that are not zero all over."""
    index = test.index
    holds = index["all_zero"].to_numpy() == 0 if "all_zero" in index else np.full(len(index), True)
    redshift = index["redshift"].to_numpy()
    known: Sequence[float] = np.unique(redshift[holds])
    chosen = np.unique(np.linspace(0, len(known) - 1, CASES).round().astype(int))
    rows = [np.flatnonzero(holds & (redshift == known[place])) for place in chosen]
    return np.array([each[len(each) // 2] for each in rows])
