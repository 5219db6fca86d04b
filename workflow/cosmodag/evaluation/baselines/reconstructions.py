"""Slices squeezed into as many numbers as an encoder's latent holds, without a network.

Each returns the slices given back, (N, H, W, C) in their own units.
"""

from collections.abc import Callable

import numpy as np
from scipy import fft
from sklearn.decomposition import PCA

from cosmodag.evaluation.baselines.examples import Examples, Predictions

PART = 8
"""The original's latent holds an eighth of the numbers of a slice."""


def mean(train: Examples, valid: Examples, test: Examples, *, size: int, seed: int) -> Predictions:
    """The mean of all training pixels: no numbers at all."""
    value = train.x.mean((0, 1, 2), dtype=np.float64).astype(np.float32)
    return Predictions(*(np.broadcast_to(value, each.x.shape) for each in (valid, test)))


def principal(
    train: Examples, valid: Examples, test: Examples, *, size: int, seed: int
) -> Predictions:
    """The first principal components of the training slices, as many as the latent has numbers.

    There are no more than training slices; where these are fewer, they are all taken.
    """
    pixels = train.x.reshape(len(train.x), -1)
    components = min(size, len(pixels) - 1, pixels.shape[1])
    model = PCA(components, svd_solver="auto", random_state=seed).fit(pixels)

    def given(examples: Examples) -> np.ndarray:
        kept = model.transform(examples.x.reshape(len(examples.x), -1))
        return model.inverse_transform(kept).reshape(examples.x.shape).astype(np.float32)

    return Predictions(given(valid), given(test))


def cosines(
    train: Examples, valid: Examples, test: Examples, *, size: int, seed: int
) -> Predictions:
    """The largest coefficients of each slice's cosine transform.

    A coefficient costs two numbers, its value and its place, so half as many are kept as the latent
    has numbers.
    """
    keep = size // 2

    def given(x: np.ndarray) -> np.ndarray:
        coefficient = fft.dctn(x, axes=(0, 1), norm="ortho")
        magnitude = np.abs(coefficient).ravel()
        if keep < magnitude.size:
            least = np.partition(magnitude, -keep)[-keep] if keep else np.inf
            coefficient[np.abs(coefficient) < least] = 0
        return fft.idctn(coefficient, axes=(0, 1), norm="ortho").astype(np.float32)

    return Predictions(*(np.stack([given(x) for x in each.x]) for each in (valid, test)))


def coarse(
    train: Examples, valid: Examples, test: Examples, *, size: int, seed: int
) -> Predictions:
    """The lowest frequencies of each slice's cosine transform, whose places cost nothing."""
    height, width, channels = train.x.shape[1:]
    order = np.add.outer((np.arange(height) / height) ** 2, (np.arange(width) / width) ** 2)
    keep = max(size // channels, 1)
    low = order <= np.partition(order.ravel(), keep - 1)[keep - 1]
    # Ties at the edge would keep more than fit.
    low &= np.cumsum(low.ravel()).reshape(low.shape) <= keep

    def given(x: np.ndarray) -> np.ndarray:
        coefficient = fft.dctn(x, axes=(0, 1), norm="ortho") * low[..., None]
        return fft.idctn(coefficient, axes=(0, 1), norm="ortho").astype(np.float32)

    return Predictions(*(np.stack([given(x) for x in each.x]) for each in (valid, test)))


BASELINES: dict[str, Callable[..., Predictions]] = {
    "mean": mean,
    "principal": principal,
    "cosines": cosines,
    "coarse": coarse,
}
