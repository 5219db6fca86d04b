"""The spaces in which galaxies are grouped: a latent, principal components, morphology."""

import logging
import os
from collections.abc import Iterator, Mapping
from typing import NamedTuple

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
AT_ONCE = 256
"""Images that are in memory at a time."""
FITTED = 2000
"""Training images that principal components are fitted to, drawn at random."""


class Spaces(NamedTuple):
    """The examples of a dataset as points of several spaces.

    Attributes
    ----------
    features : dict of dict of numpy.ndarray
        For each of `SPACES` and each split the numbers of its examples, (N, L) float64: those of
        the latent that are in use; as many principal components of the images, as the network is
        given them; standardised morphology, NaN for what has none.
    morphology : dict from split to numpy.ndarray
        The morphology as measured, (N, 4).
    in_use : numpy.ndarray, shape (size,), bool
        Numbers of the latent that are in use.
    index : dict from split to pandas.DataFrame
    maps : dict from split to Maps
        The images.
    channels : tuple of str
        Their channels.
    """

    features: dict[str, dict[str, np.ndarray]]
    morphology: dict[str, np.ndarray]
    in_use: np.ndarray
    index: dict[str, pd.DataFrame]
    maps: dict[str, Maps]
    channels: tuple[str, ...]


def read_spaces(
    run_folder: str | os.PathLike,
    dataset_folder: str | os.PathLike,
    description: Mapping,
    *,
    seed: int = 0,
    device: str = "auto",
    threads: int | None = None,
) -> Spaces:
    """Find the place of every example of a dataset in each space.

    Parameters
    ----------
    run_folder, dataset_folder
        A run of the task latent, and the dataset that it was trained on.
    description
        What the run's run.json holds.
    seed : int
        Of the images that principal components are fitted to.
    device, threads
        As `read_latents` takes them.

    Raises
    ------
    InputError
        If the run has no latent, none of its numbers are in use, or a split is empty.
    """
    latents = read_latents(run_folder, dataset_folder, device=device, threads=threads)
    in_use = active(latents)
    if not in_use.any():
        raise InputError(
            f"{run_folder}: none of the {len(in_use)} numbers of its latent tell training examples "
            "apart; train longer, or give a larger task.free_bits"
        )
    dataset = read_description(dataset_folder)
    index = {split: read_index(dataset_folder, split) for split in SPLITS}
    maps = {split: open_maps(dataset_folder, split, dataset, index[split]) for split in SPLITS}
    channels = tuple(dataset["x_channels"])
    told = build_transform(description["transform"], dataset["statistics"])
    given = [channels.index(name) for name in description["task"]["channels"]]

    def seen(x: np.ndarray) -> np.ndarray:
        x = x if told is None else told(x)
        return x[..., given].reshape(len(x), -1)

    drawn = np.random.default_rng(seed).permutation(len(index["train"]))[:FITTED]
    fitted = seen(maps["train"].x(np.sort(drawn)))
    components = min(int(in_use.sum()), len(fitted) - 1, fitted.shape[1])
    model = PCA(components, svd_solver="randomized", random_state=seed).fit(fitted)
    features: dict[str, dict[str, np.ndarray]] = {name: {} for name in SPACES}
    shapes = {}
    for split in SPLITS:
        parts = [
            (model.transform(seen(x)), morphology(x, channels))
            for x in _blocks(maps[split], len(index[split]))
        ]
        features["latent"][split] = latents[split][:, in_use].astype(np.float64)
        components_, shapes[split] = (np.concatenate(each) for each in zip(*parts))
        features["principal"][split] = components_.astype(np.float64)
    known = shapes["train"][np.isfinite(shapes["train"]).all(1)]
    centre, spread = (known.mean(0), known.std(0)) if len(known) else (0.0, 1.0)
    for split, each in shapes.items():
        features["morphology"][split] = (each - centre) / np.maximum(spread, 1e-9)
        log.info(
            "%s: %d of %d images have no morphology",
            split,
            np.isnan(each).any(1).sum(),
            len(each),
        )
    return Spaces(features, shapes, in_use, index, maps, channels)


def _blocks(maps: Maps, count: int) -> Iterator[np.ndarray]:
    """Images of a split, so many at a time."""
    for start in range(0, count, AT_ONCE):
        yield maps.x(np.arange(start, min(start + AT_ONCE, count)))
