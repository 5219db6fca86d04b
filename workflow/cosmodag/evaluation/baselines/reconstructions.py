"""Compression of images to as many numbers as a latent has dimensions, without a network.

Each returns reconstructed images, (N, H, W, C), in the units of the images.
"""

from collections.abc import Callable

import numpy as np
from scipy import fft

from cosmodag.evaluation.baselines.examples import Examples, Predictions

PART = 8
"""Ratio of the pixels of an image to the latent dimensions of the study by its authors."""


def mean(train: Examples, valid: Examples, test: Examples, *, size: int, seed: int) -> Predictions:
    """Return the mean of all training pixels, which compresses to no number."""
    value = train.x.mean((0, 1, 2), dtype=np.float64).astype(np.float32)
    return Predictions(*(np.broadcast_to(value, each.x.shape) for each in (valid, test)))


def principal(
    train: Examples, valid: Examples, test: Examples, *, size: int, seed: int
) -> Predictions:
    """Return reconstructions from principal components, as many as the latent has dimensions.

    There are fewer components where there are fewer training images.
    """
    from sklearn.decomposition import PCA  # takes seconds, and evaluations do not fit

    pixels = train.x.reshape(len(train.x), -1)
    components = min(size, len(pixels) - 1, pixels.shape[1])
    model = PCA(components, svd_solver="auto", random_state=seed).fit(pixels)

    def reconstruct(examples: Examples) -> np.ndarray:
        components = model.transform(examples.x.reshape(len(examples.x), -1))
        return model.inverse_transform(components).reshape(examples.x.shape).astype(np.float32)

    return Predictions(reconstruct(valid), reconstruct(test))


def cosines(
    train: Examples, valid: Examples, test: Examples, *, size: int, seed: int
) -> Predictions:
    """Return reconstructions from the largest coefficients of each image's cosine transform.

    A coefficient costs two numbers, its value and its frequency, so their number is half that of
    the latent dimensions.
    """
    keep = size // 2

    def reconstruct(x: np.ndarray) -> np.ndarray:
        coefficient = fft.dctn(x, axes=(0, 1), norm="ortho")
        magnitude = np.abs(coefficient).ravel()
        if keep < magnitude.size:
            least = np.partition(magnitude, -keep)[-keep] if keep else np.inf
            coefficient[np.abs(coefficient) < least] = 0
        return fft.idctn(coefficient, axes=(0, 1), norm="ortho").astype(np.float32)

    return Predictions(*(np.stack([reconstruct(x) for x in each.x]) for each in (valid, test)))


def coarse(
    train: Examples, valid: Examples, test: Examples, *, size: int, seed: int
) -> Predictions:
    """Return reconstructions from the lowest frequencies of each image's cosine transform."""
    height, width, channels = train.x.shape[1:]
    order = np.add.outer((np.arange(height) / height) ** 2, (np.arange(width) / width) ** 2)
    keep = max(size // channels, 1)
    low = order <= np.partition(order.ravel(), keep - 1)[keep - 1]
    # Ties at the edge would keep more than fit.
    low &= np.cumsum(low.ravel()).reshape(low.shape) <= keep

    def reconstruct(x: np.ndarray) -> np.ndarray:
        coefficient = fft.dctn(x, axes=(0, 1), norm="ortho") * low[..., None]
        return fft.idctn(coefficient, axes=(0, 1), norm="ortho").astype(np.float32)

    return Predictions(*(np.stack([reconstruct(x) for x in each.x]) for each in (valid, test)))


BASELINES: dict[str, Callable[..., Predictions]] = {
    "mean": mean,
    "principal": principal,
    "cosines": cosines,
    "coarse": coarse,
}
