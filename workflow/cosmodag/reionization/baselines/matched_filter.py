"""Matched filter of two slices: the likelihood ratio of Gaussian fields."""

from typing import NamedTuple

import numpy as np

from cosmodag.evaluation.baselines.examples import Examples, Predictions
from cosmodag.imaging.ring_spectra import ring_weights

_MAX_COHERENCE = 0.999
_AT_ONCE = 256
"""Pairs that are transformed at once."""


def matched_filter(
    train: Examples, valid: Examples, test: Examples, *, candidates: int, seed: int
) -> Predictions:
    """Compare slices by the likelihood ratio of Gaussian fields that are correlated or independent.

    Power and coherence of both slices are measured in rings of wavenumber on the training split.
    The ratio is the best statistic where both fields are Gaussian.

    Parameters
    ----------
    train, valid, test : Examples
        Pairs of slices as channels of `x`.
    candidates : int
        Unused.
    seed : int
        Unused.

    Returns
    -------
    Predictions
        Embeddings of the validation and the test split, shape (N, 2 D), float32.
    """
    coherence = Coherence.measure(train.x)
    return Predictions(coherence.embeddings(valid.x), coherence.embeddings(test.x))


class Coherence(NamedTuple):
    """Correlation of the modes of two slices: (H, W // 2 + 1, C) each, of a real transform."""

    power: tuple[np.ndarray, np.ndarray]
    coefficient: np.ndarray

    @classmethod
    def measure(cls, x: np.ndarray) -> "Coherence":
        """Measure power and coherence in rings of wavenumber of pairs (N, H, W, 2 C)."""
        weights = ring_weights(x.shape[1:3])
        totals = np.zeros((3, *_modes(x[:1])[0].shape[1:]))
        for start in range(0, len(x), _AT_ONCE):
            a, b = _modes(x[start : start + _AT_ONCE])
            products = (np.abs(a) ** 2, np.abs(b) ** 2, (a * b.conj()).real)
            totals += [product.sum(0) for product in products]
        rings = weights.T @ totals.reshape(3, len(weights), -1)
        first, second, cross = ((weights > 0) @ rings).reshape(totals.shape)
        norm = np.sqrt(first * second)
        coefficient = np.divide(cross, norm, out=np.zeros_like(cross), where=norm > 0)
        limited = np.clip(coefficient, -_MAX_COHERENCE, _MAX_COHERENCE)
        return cls((first / len(x), second / len(x)), limited)

    def embeddings(self, x: np.ndarray) -> np.ndarray:
        """Return vectors of pairs (N, H, W, 2 C) whose product is the logarithm of the ratio."""
        shape = x.shape[1:3]
        r = self.coefficient
        cross, penalty = r / (1 - r**2), r**2 / (1 - r**2)
        parts = []
        for start in range(0, len(x), _AT_ONCE):
            first, second = (
                np.divide(modes, np.sqrt(power), out=np.zeros_like(modes), where=power > 0)
                for modes, power in zip(_modes(x[start : start + _AT_ONCE]), self.power)
            )
            query, candidate, excess = (
                np.fft.irfft2(modes, s=shape, axes=(1, 2), norm="ortho").reshape(len(first), -1)
                for modes in (cross * first, second, penalty * second)
            )
            ones = np.ones((len(query), 1))
            bias = -0.5 * (candidate * excess).sum(1, keepdims=True)
            parts.append(np.concatenate([query, ones, candidate, bias], 1).astype("f4"))
        return np.concatenate(parts)


def _modes(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the modes of both slices of pairs (N, H, W, 2 C), each (N, H, W // 2 + 1, C)."""
    modes = np.fft.rfft2(x, axes=(1, 2), norm="ortho")
    half = x.shape[-1] // 2
    return modes[..., :half], modes[..., half:]
