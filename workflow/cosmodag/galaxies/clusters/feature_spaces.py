"""Feature spaces in which galaxies are clustered: latents, principal components and morphology."""

import logging
import os
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn.decomposition import PCA

from cosmodag.datasets.folder import open_maps, read_description, read_index
from cosmodag.datasets.maps import Maps
from cosmodag.datasets.splits import SPLITS
from cosmodag.datasets.transforms import build_transform
from cosmodag.errors import InputError
from cosmodag.evaluation.latents import active, read_latents
from cosmodag.galaxies.baselines.morphology import morphology

log = logging.getLogger(__name__)

SPACES = ("latent", "principal", "morphology")
BATCH_SIZE = 256
PCA_SAMPLE = 2000
"""Largest number of training images that principal components are fitted to."""


class FeatureSpaces(NamedTuple):
    """The examples of a dataset in different feature spaces.

    Attributes
    ----------
    features : dict of dict of numpy.ndarray, shape (N, L), float64
        Features of each split in each of `SPACES`: the active dimensions of the latent; as many
        principal components of the images after the run's transform; and the standardized
        morphology, NaN where it cannot be measured.
    morphology : dict from str to numpy.ndarray, shape (N, 4), float64
        Morphology of each split as measured.
    active : numpy.ndarray, shape (latent_dim,), bool
        Latent dimensions that are active.
    index_by_split : dict from str to pandas.DataFrame
        Index of each split.
    maps : dict from str to Maps
        Images of each split.
    channels : tuple of str
        Channels of the images.
    """

    features: dict[str, dict[str, np.ndarray]]
    morphology: dict[str, np.ndarray]
    active: np.ndarray
    index_by_split: dict[str, pd.DataFrame]
    maps: dict[str, Maps]
    channels: tuple[str, ...]


def read_feature_spaces(
    run_folder: str | os.PathLike,
    dataset_folder: str | os.PathLike,
    description: Mapping[str, Any],
    *,
    seed: int = 0,
    device: str = "auto",
    threads: int | None = None,
) -> FeatureSpaces:
    """Compute the features of all examples of a dataset.

    Parameters
    ----------
    run_folder : path-like
        Run of the task latent.
    dataset_folder : path-like
        Dataset that the run was trained on.
    description : mapping
        Content of run.json.
    seed : int
        Seed of the sample for principal components.
    device, threads
        See `read_latents`.

    Returns
    -------
    FeatureSpaces

    Raises
    ------
    InputError
        If the run has no latent, none of its dimensions is active, or a split is empty.
    """
    latents = read_latents(run_folder, dataset_folder, device=device, threads=threads)
    is_active = active(latents)
    if not is_active.any():
        raise InputError(
            f"{run_folder}: none of its {len(is_active)} latent dimensions is active; train "
            "longer, or set a larger task.free_bits"
        )
    dataset = read_description(dataset_folder)
    index = {split: read_index(dataset_folder, split) for split in SPLITS}
    maps = {split: open_maps(dataset_folder, split, dataset, index[split]) for split in SPLITS}
    channels = tuple(dataset["x_channels"])
    transform = build_transform(description["transform"], dataset["statistics"])
    inputs = [channels.index(name) for name in description["task"]["channels"]]

    def network_input(x: np.ndarray) -> np.ndarray:
        x = x if transform is None else transform(x)
        return x[..., inputs].reshape(len(x), -1)

    rows = np.random.default_rng(seed).permutation(len(index["train"]))[:PCA_SAMPLE]
    sample = network_input(maps["train"].x(np.sort(rows)))
    n_components = min(int(is_active.sum()), len(sample) - 1, sample.shape[1])
    pca = PCA(n_components, svd_solver="randomized", random_state=seed).fit(sample)
    features: dict[str, dict[str, np.ndarray]] = {name: {} for name in SPACES}
    measured = {}
    for split in SPLITS:
        batches = [
            (pca.transform(network_input(x)), morphology(x, channels))
            for x in _batches(maps[split], len(index[split]))
        ]
        features["latent"][split] = latents[split][:, is_active].astype(np.float64)
        components, measured[split] = (np.concatenate(arrays) for arrays in zip(*batches))
        features["principal"][split] = components.astype(np.float64)
    valid = measured["train"][np.isfinite(measured["train"]).all(1)]
    mean, std = (valid.mean(0), valid.std(0)) if len(valid) else (0.0, 1.0)
    for split, values in measured.items():
        features["morphology"][split] = (values - mean) / np.maximum(std, 1e-9)
        log.info(
            "%s: %d of %d images without a morphology",
            split,
            np.isnan(values).any(1).sum(),
            len(values),
        )
    return FeatureSpaces(features, measured, is_active, index, maps, channels)


def _batches(maps: Maps, count: int) -> Iterator[np.ndarray]:
    """Yield the images of a split in batches."""
    for start in range(0, count, BATCH_SIZE):
        yield maps.x(np.arange(start, min(start + BATCH_SIZE, count)))
