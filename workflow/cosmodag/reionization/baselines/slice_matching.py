"""Baselines that match two slices by the correlation of their pixels.

Each baseline returns embeddings of both slices of an example, side by side, of shape (N, 2 D). The
scalar product of two embeddings is the similarity of the slices.
"""

from collections.abc import Callable

import numpy as np
from scipy import ndimage

from cosmodag.evaluation.baselines.examples import Examples, Predictions
from cosmodag.reionization.evaluation.retrieval import top_1_hits

_SMOOTHINGS = (0.0, 1.0, 2.0, 3.0)
"""Standard deviations of the Gaussian filters in pixels."""
_MAX_WAVENUMBERS = (0.1, 0.2, 0.3, 0.5)
"""Largest wavenumbers in cycles per pixel."""


def correlation(
    train: Examples, valid: Examples, test: Examples, *, candidates: int, seed: int
) -> Predictions:
    """Correlate the smoothed slices.

    The smoothing of each slice and the sign of the correlation are those of the highest top-1
    accuracy on the validation split. The sign is free since one field may be small where the other
    is large.

    Parameters
    ----------
    train, valid, test : Examples
        Pairs of slices as channels of `x`, with the classes that candidates share as `y`.
    candidates : int
        Number of candidates of the top-1 accuracy.
    seed : int
        Seed of the candidates.

    Returns
    -------
    Predictions
        Embeddings of the validation and the test split, shape (N, 2 D), float32.
    """
    choices = [
        (first, second, sign)
        for first in _SMOOTHINGS
        for second in _SMOOTHINGS
        for sign in (-1.0, 1.0)
    ]

    def accuracy(choice: tuple[float, float, float]) -> float:
        embeddings = _smoothed_embeddings(valid, *choice)
        return float(top_1_hits(embeddings, valid.y, candidates, seed).mean())

    best = max(choices, key=accuracy)
    return Predictions(_smoothed_embeddings(valid, *best), _smoothed_embeddings(test, *best))


def phases(
    train: Examples, valid: Examples, test: Examples, *, candidates: int, seed: int
) -> Predictions:
    """Correlate the phases of the Fourier modes of the slices below a largest wavenumber.

    All modes have the same weight, so large-scale modes that many slices have in common do not
    dominate. The largest wavenumber and the sign of the correlation are those of the highest top-1
    accuracy on the validation split.

    Parameters
    ----------
    train, valid, test : Examples
        Pairs of slices as channels of `x`, with the classes that candidates share as `y`.
    candidates : int
        Number of candidates of the top-1 accuracy.
    seed : int
        Seed of the candidates.

    Returns
    -------
    Predictions
        Embeddings of the validation and the test split, shape (N, 2 D), float32.
    """
    choices = [(k_max, sign) for k_max in _MAX_WAVENUMBERS for sign in (-1.0, 1.0)]

    def accuracy(choice: tuple[float, float]) -> float:
        embeddings = _whitened_embeddings(valid, *choice)
        return float(top_1_hits(embeddings, valid.y, candidates, seed).mean())

    best = max(choices, key=accuracy)
    return Predictions(_whitened_embeddings(valid, *best), _whitened_embeddings(test, *best))


def chance(
    train: Examples, valid: Examples, test: Examples, *, candidates: int, seed: int
) -> Predictions:
    """Draw random embeddings, whose top-1 accuracy is that of chance.

    Parameters
    ----------
    train, valid, test : Examples
        Pairs of slices; only the numbers of examples matter.
    candidates : int
        Unused.
    seed : int
        Seed of the embeddings.

    Returns
    -------
    Predictions
        Embeddings of the validation and the test split, shape (N, 4), float32.
    """
    random = np.random.default_rng(seed)
    valid_embeddings, test_embeddings = (
        random.normal(size=(len(examples.x), 4)).astype(np.float32) for examples in (valid, test)
    )
    return Predictions(valid_embeddings, test_embeddings)


BASELINES: dict[str, Callable[..., Predictions]] = {
    "chance": chance,
    "correlation": correlation,
    "phases": phases,
}
"""Baselines by name."""


def _smoothed_embeddings(
    examples: Examples, first: float, second: float, sign: float
) -> np.ndarray:
    """Return the normalized pixels of both slices after Gaussian smoothing."""
    half = examples.x.shape[-1] // 2
    embeddings = []
    for x, smoothing in ((examples.x[..., :half], first), (examples.x[..., half:], second)):
        if smoothing:
            x = ndimage.gaussian_filter(x, (0, smoothing, smoothing, 0), mode="wrap")
        embeddings.append(_normalize(x.reshape(len(x), -1)))
    return np.concatenate([sign * embeddings[0], embeddings[1]], 1)


def _whitened_embeddings(examples: Examples, k_max: float, sign: float) -> np.ndarray:
    """Return the normalized pixels of both slices with Fourier modes of unit modulus."""
    half = examples.x.shape[-1] // 2
    height, width = examples.x.shape[1:3]
    ky, kx = np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)
    below = (np.hypot(ky, kx) <= k_max)[..., None]
    embeddings = []
    for x in (examples.x[..., :half], examples.x[..., half:]):
        modes = np.fft.rfft2(x, axes=(1, 2)) * below
        modes /= np.maximum(np.abs(modes), 1e-9)
        modes[:, 0, 0] = 0
        white = np.fft.irfft2(modes * below, s=(height, width), axes=(1, 2))
        embeddings.append(_normalize(white.reshape(len(x), -1)))
    return np.concatenate([sign * embeddings[0], embeddings[1]], 1)


def _normalize(pixels: np.ndarray) -> np.ndarray:
    """Return pixels (N, D) with mean 0 and norm 1 for each example, float32."""
    pixels = pixels - pixels.mean(1, keepdims=True)
    return (pixels / np.maximum(np.linalg.norm(pixels, axis=1, keepdims=True), 1e-12)).astype("f4")
