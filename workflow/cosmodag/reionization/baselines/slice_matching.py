"""Baselines that match two slices by the correlation of their pixels and by their statistics.

Each baseline returns embeddings of both slices of an example, side by side, of shape (N, 2 D). The
scalar product of two embeddings is the similarity of the slices.
"""

from collections.abc import Callable, Sequence

import numpy as np
from scipy import ndimage

from cosmodag.evaluation.baselines.examples import Examples, Predictions
from cosmodag.reionization.baselines.matched_filter import matched_filter
from cosmodag.reionization.baselines.slice_parameters import same_parameters
from cosmodag.reionization.evaluation.retrieval import top_1_hits

_SMOOTHINGS = (0.0, 1.0, 2.0, 3.0)
"""Standard deviations of the Gaussian filters in pixels."""
_MAX_WAVENUMBERS = (0.1, 0.2, 0.3, 0.5)
"""Largest wavenumbers in cycles per pixel."""
_WEIGHTS = (0.3, 1.0, 3.0, 10.0, 30.0)
"""Weights of the probability beside a similarity of patterns of standard deviation 1."""


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
    return _best_on_validation(_smoothed_embeddings, choices, valid, test, candidates, seed)


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
    return _best_on_validation(_whitened_embeddings, choices, valid, test, candidates, seed)


def pattern_and_parameters(
    train: Examples, valid: Examples, test: Examples, *, candidates: int, seed: int
) -> Predictions:
    """Add the probability that two slices have the same parameters to the similarity of patterns.

    The probability is that of `same_parameters`. The pattern, of `phases` or `matched_filter`, the
    classifier and its weight are those of the highest top-1 accuracy on the validation split. Where
    parameters form no classes, the pattern decides alone.

    Parameters
    ----------
    train, valid, test : Examples
        Pairs of slices as channels of `x`, with the classes that candidates share as `y`.
    candidates : int
        Number of candidates of the top-1 accuracy.
    seed : int
        Seed of the candidates and of the classifiers.

    Returns
    -------
    Predictions
        Embeddings of the validation and the test split, shape (N, 2 D), float32.
    """
    splits = (train, valid, test)
    patterns = [
        baseline(*splits, candidates=candidates, seed=seed) for baseline in (phases, matched_filter)
    ]
    probabilities = same_parameters(*splits, seed=seed)
    best, highest = patterns[0], -1.0
    for pattern in patterns:
        unit = 1 / np.sqrt(_similarities(pattern.valid).std())
        tried = [(pattern, 0.0), *((each, w) for each in probabilities for w in _WEIGHTS)]
        for other, weight in tried:
            scales = (unit, np.sqrt(weight))
            on_valid, on_test = (
                _joined(pair, scales) for pair in zip(pattern[:2], other[:2], strict=True)
            )
            accuracy = float(np.nanmean(top_1_hits(on_valid, valid.y, candidates, seed)))
            if accuracy > highest:
                best, highest = Predictions(on_valid, on_test), accuracy
    return best


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
    "matched_filter": matched_filter,
    "pattern_and_parameters": pattern_and_parameters,
}
"""Baselines by name."""


def _best_on_validation(
    embed: Callable[..., np.ndarray],
    choices: Sequence[tuple[float, ...]],
    valid: Examples,
    test: Examples,
    candidates: int,
    seed: int,
) -> Predictions:
    """Return embeddings with the settings of the highest top-1 accuracy on the validation split."""

    def accuracy(choice: tuple[float, ...]) -> float:
        return float(top_1_hits(embed(valid, *choice), valid.y, candidates, seed).mean())

    best = max(choices, key=accuracy)
    return Predictions(embed(valid, *best), embed(test, *best))


def _similarities(embeddings: np.ndarray) -> np.ndarray:
    """Return the similarities of the first slices of some examples with the second of all."""
    first, second = np.split(embeddings, 2, axis=1)
    return first[:: max(len(first) // 256, 1)] @ second.T


def _joined(embeddings: tuple[np.ndarray, ...], scales: tuple[float, ...]) -> np.ndarray:
    """Return vectors whose product is the sum of those of several embeddings times scale²."""
    halves = [np.split(scale * each, 2, axis=1) for each, scale in zip(embeddings, scales)]
    return np.concatenate([half[side] for side in (0, 1) for half in halves], 1)


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
