"""Small synthetic galaxies of three kinds in three bands, as examples files."""

from pathlib import Path

import h5py
import numpy as np

from cosmodag.cutouts.examples_file import create_examples, write_index
from cosmodag.imaging.band_channels import noise_free_channel

COLOURS = np.array([[0.4, 1.0, 1.4], [1.0, 0.9, 0.8], [0.7, 0.7, 0.7]])
"""Flux in three bands of the red and round, the blue and flat, and what lies between."""


def blobs(count: int, side: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Images (count, side, side, 3) of Gaussians of many sizes, fluxes and angles; the same without
    noise; their kinds.
    """
    random = np.random.default_rng(seed)
    kind = random.integers(0, 3, count)
    size = side * random.uniform(0.06, 0.16, count)
    flux = 10 ** random.uniform(1.5, 2.5, count)
    ratio = np.where(kind == 1, 0.4, 0.9)
    angle = random.uniform(0, np.pi, count)
    place = np.arange(side) - (side - 1) / 2
    x, y = place[:, None, None], place[None, :, None]
    along = x * np.cos(angle) + y * np.sin(angle)
    across = (y * np.cos(angle) - x * np.sin(angle)) / ratio
    light = flux / (2 * np.pi * size**2 * ratio) * np.exp(-(along**2 + across**2) / size**2 / 2)
    image = np.moveaxis(light, -1, 0)[..., None] * COLOURS[kind][:, None, None, :]
    noisy = image + 0.05 * random.normal(size=image.shape)
    return noisy.astype(np.float32), image.astype(np.float32), kind


def write_stamps(path: Path, *, count: int = 600, side: int = 32, seed: int = 0) -> Path:
    """Write stamps, each an object of its own."""
    image, light, kind = blobs(count, side, seed)
    bands = ["g", "r", "z"]
    with h5py.File(path, "w") as file:
        x, y = create_examples(
            file,
            experiment="galaxies",
            count=count,
            x_shape=image.shape[1:],
            y_shape=image.shape[1:],
            x_channels=bands,
            y_channels=[noise_free_channel(band) for band in bands],
        )
        x[...], y[...] = image, light
        names = [f"galaxy{number:05d}" for number in range(count)]
        write_index(file, {"id": names, "group": names, "kind": kind})
    return path
