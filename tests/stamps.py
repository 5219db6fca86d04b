"""Examples files of small synthetic galaxies of three types in three bands."""

from pathlib import Path

import numpy as np

from cosmodag.cutouts.examples_file import create_examples, write_index
from cosmodag.imaging.band_channels import noise_free_channel
from tests.checksummed import hdf5_file

COLOURS = np.array([[0.4, 1.0, 1.4], [1.0, 0.9, 0.8], [0.7, 0.7, 0.7]])
"""Flux in three bands of red round, blue flat, and intermediate galaxies."""


def blobs(count: int, side: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw Gaussians of different sizes, fluxes and angles.

    Returns
    -------
    image, noise_free : numpy.ndarray, shape (count, side, side, 3), float32
    kind : numpy.ndarray, shape (count,), int
        Index of the type in `COLOURS`.
    """
    random = np.random.default_rng(seed)
    kind = random.integers(0, 3, count)
    size = side * random.uniform(0.06, 0.16, count)
    flux = 10 ** random.uniform(1.5, 2.5, count)
    ratio = np.where(kind == 1, 0.4, 0.9)
    angle = random.uniform(0, np.pi, count)
    offset = np.arange(side) - (side - 1) / 2
    x, y = offset[:, None, None], offset[None, :, None]
    major = x * np.cos(angle) + y * np.sin(angle)
    minor = (y * np.cos(angle) - x * np.sin(angle)) / ratio
    radius2 = (major**2 + minor**2) / size**2
    profile = flux / (2 * np.pi * size**2 * ratio) * np.exp(-radius2 / 2)
    noise_free = np.moveaxis(profile, -1, 0)[..., None] * COLOURS[kind][:, None, None, :]
    image = noise_free + 0.05 * random.normal(size=noise_free.shape)
    return image.astype(np.float32), noise_free.astype(np.float32), kind


def write_stamps(path: Path, *, count: int = 600, side: int = 32, seed: int = 0) -> Path:
    """Write stamps of different objects."""
    image, noise_free, kind = blobs(count, side, seed)
    bands = ["g", "r", "z"]
    with hdf5_file(path, "w") as file:
        x, y = create_examples(
            file,
            experiment="galaxies",
            count=count,
            x_shape=image.shape[1:],
            y_shape=image.shape[1:],
            x_channels=bands,
            y_channels=[noise_free_channel(band) for band in bands],
        )
        x[...], y[...] = image, noise_free
        names = [f"galaxy{number:05d}" for number in range(count)]
        write_index(file, {"id": names, "group": names, "kind": kind})
    return path
