"""What a trained run squeezes examples into, without giving them back."""

import os
from collections.abc import Sequence

import numpy as np
import torch

from cosmodag.datasets.splits import SPLITS
from cosmodag.errors import InputError
from cosmodag.training.latent_task import ACTIVE
from cosmodag.training.loop import lay_out_channels_last, to_device
from cosmodag.training.prediction import choose_device, load_run, run_loader
from cosmodag.training.reproducible import reproducible
from cosmodag.training.settings import TrainingSettings


@torch.no_grad()
def read_latents(
    run_folder: str | os.PathLike,
    dataset_folder: str | os.PathLike,
    splits: Sequence[str] = SPLITS,
    *,
    device: str = "auto",
    threads: int | None = None,
) -> dict[str, np.ndarray]:
    """Return the mean of the latent of each example of some splits, in the order of their index.

    Nothing but the latents is held in memory.

    Returns
    -------
    dict of str to array (N, L), float32

    Raises
    ------
    InputError
        If the run has no latent.
    """
    model, _, description = load_run(run_folder)
    if description["task"]["name"] != "latent":
        raise InputError(
            f"{run_folder}: its task is {description['task']['name']}; give a run of task latent"
        )
    settings = TrainingSettings.from_dict(description["training"])
    device = torch.device(choose_device(device))
    model.to(device).eval()
    if settings.channels_last:
        lay_out_channels_last(model)
    found = {}
    with reproducible(settings.deterministic, threads):
        for split in splits:
            batches = run_loader(dataset_folder, split, description).batches(0)
            means = [model.encode(to_device(each, device, settings)[0])[0] for each in batches]
            found[split] = torch.cat(means).cpu().numpy()
    return found


def active(latents: dict[str, np.ndarray], of: str = "train") -> np.ndarray:
    """Return which numbers of latents tell examples of one split apart, (L,) bool."""
    return latents[of].var(0, dtype=np.float64) > ACTIVE


def in_use(latents: dict[str, np.ndarray], of: str = "train") -> dict[str, np.ndarray]:
    """Return those numbers of latents that tell examples of one split apart, of all splits."""
    used = active(latents, of)
    return {split: each[:, used] for split, each in latents.items()}
