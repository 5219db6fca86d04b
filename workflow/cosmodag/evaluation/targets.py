"""What a run is scored on: the splits of a dataset with the truth of its task."""

import os
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from cosmodag.datasets.folder import read_description, read_split
from cosmodag.datasets.splits import SPLITS
from cosmodag.datasets.thermal_noise import ThermalNoise
from cosmodag.datasets.transforms import build_transform
from cosmodag.errors import InputError
from cosmodag.evaluation.baselines.examples import Examples
from cosmodag.imaging.band_channels import noise_free_channel


def read_examples(
    dataset_folder: str | os.PathLike,
    task: Mapping,
    *,
    truth: str | None = None,
    noise: Mapping | None = None,
    transform: str | None = None,
) -> dict[str, Examples]:
    """Read the splits with the truth that a task is scored on, noisy as a run reads them.

    Maps: `y` is the mask (N, *map) where the channel reaches the task's threshold (0.5 if it learns
    the fraction itself). Numbers: `y` holds the columns, (N, K) float32.
    Classes: `y` holds the class, (N,) float32, those of several columns (N, K). Reconstructions:
    `y` is `x`, in its own units. Latents: `y` is `x`, the channels that are given back, as the
    network is given them, after `transform`; where the dataset knows their light, it comes along.
    """
    description = read_description(dataset_folder)
    told = None
    if task["name"] == "latent":
        told = build_transform(transform, description["statistics"])
    found = {}
    for split in SPLITS:
        x, y, index = read_split(dataset_folder, split)
        if noise is not None:
            model = ThermalNoise(description["x_channels"], split, **noise)
            x = model.add(x, 0, np.arange(len(x)))
        channels, light = description["x_channels"], None
        if task["name"] == "latent":
            channels = task["channels"]
            x, light = _given_back(x, y, description, channels, told)
        if task["name"] == "map":
            channel = truth or task["channel"]
            if channel not in description["y_channels"]:
                known = ", ".join(description["y_channels"])
                raise InputError(f"{dataset_folder}: no target channel {channel!r} among {known}")
            threshold = task.get("threshold", 0.5)
            mask = y[..., description["y_channels"].index(channel)]
            y = mask >= (0.5 if threshold is None else threshold)
        elif task["name"] == "classification":
            y = index[task["column"]].to_numpy(np.float32)
        elif task["name"] in ("reconstruction", "latent"):
            y = x
        else:
            y = index[list(task["columns"])].to_numpy(np.float32)
        if not len(x):
            raise InputError(f"{dataset_folder}: the {split} split is empty; it needs examples")
        unit = description["examples"][0].get("flux_unit")
        found[split] = Examples(x, y, index, tuple(channels), light, unit)
    return found


def _given_back(
    x: np.ndarray,
    y: np.ndarray,
    description: Mapping,
    channels: Sequence[str],
    transform: Callable[[np.ndarray], np.ndarray] | None,
) -> tuple[np.ndarray, np.ndarray | None]:
    """Channels of a split's input after its transform, and the same without noise, where known."""
    places = [description["x_channels"].index(channel) for channel in channels]

    def seen(values: np.ndarray) -> np.ndarray:
        return (values if transform is None else transform(values))[..., places]

    known, names = description["y_channels"], [noise_free_channel(channel) for channel in channels]
    if not set(names) <= set(known):
        return seen(x), None
    light = x.copy()
    light[..., places] = y[..., [known.index(name) for name in names]]
    return seen(x), seen(light)


def ordered_columns(task: Mapping) -> dict[str, list[float]]:
    """Columns of classes that stand for values, with these, of a completed task."""
    if task["name"] == "ordinal":
        return dict(zip(task["columns"], task["values"]))
    return {task["column"]: task["values"]}
