"""Latents of examples by a trained run, without reconstructions."""

import os
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import nn

from cosmodag.datasets.splits import SPLITS
from cosmodag.errors import InputError
from cosmodag.training.latent_task import ACTIVE
from cosmodag.training.prediction import load_run, predict_with, run_loader
from cosmodag.training.settings import TrainingSettings


class Encoding(nn.Module):
    """The encoder of a network as a network: images (b, c, h, w) to latents (b, L)."""

    def __init__(self, model: nn.Module):
        super().__init__()
        self.model = model

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.model.encode(x)[0]


class Means:
    """A stand-in for a task whose predictions are the means of the latents."""

    def predict(self, output: torch.Tensor) -> dict[str, np.ndarray]:
        """Return ``latent``, (b, L)."""
        return {"latent": output.cpu().numpy()}

    def observed(self, y: torch.Tensor) -> np.ndarray:
        """Return an empty truth of each example, (b, 0)."""
        return np.zeros((len(y), 0), np.float32)


def read_latents(
    run_folder: str | os.PathLike,
    dataset_folder: str | os.PathLike,
    splits: Sequence[str] = SPLITS,
    *,
    device: str = "auto",
    threads: int | None = None,
) -> dict[str, np.ndarray]:
    """Return the means of the latents of splits, in the order of their index.

    Memory is that of the latents and of one batch of images.

    Parameters
    ----------
    run_folder, dataset_folder : path
        A run of task latent, and the dataset that it was trained on.
    splits : sequence of {"train", "valid", "test"}
    device : {"auto", "cpu", "cuda"}
    threads : int, optional

    Returns
    -------
    dict from split to numpy.ndarray, shape (N, L), float32

    Raises
    ------
    InputError
        If the run has no latent.
    """
    model, _, description = load_run(run_folder)
    check_latent(run_folder, description)
    options = {"device": device, "threads": threads}
    return {
        split: encode_with(
            model, run_loader(dataset_folder, split, description), description, **options
        )
        for split in splits
    }


def encode_with(model: nn.Module, loader, description: Mapping, **options) -> np.ndarray:
    """Return the means of the latents of a loader's examples, (N, L) float32.

    Parameters
    ----------
    model, description
        As `cosmodag.training.prediction.load_run` returns them.
    loader
        Loader of the dataset, or of other inputs.
    **options
        `device` and `threads`, see `read_latents`.
    """
    settings = TrainingSettings.from_dict(description["training"])
    return predict_with(Encoding(model), Means(), loader, settings, **options)["latent"]


def check_latent(run_folder: str | os.PathLike, description: Mapping) -> None:
    """Refuse a run that has no latent."""
    if description["task"]["name"] != "latent":
        raise InputError(
            f"{run_folder}: its task is {description['task']['name']}; give a run of task latent"
        )


def active(latents: dict[str, np.ndarray], of: str = "train") -> np.ndarray:
    """Return which latent dimensions are active in one split, (L,) bool."""
    return latents[of].var(0, dtype=np.float64) > ACTIVE
