"""Slices matched by the correlation of their pixels.

Each returns both slices as vectors whose scalar product is their likeness, side by side, (N, 2 P).
"""

from collections.abc import Callable

import numpy as np
from scipy import ndimage

from cosmodag.evaluation.baselines.examples import Examples, Predictions
from cosmodag.reionization.evaluation.candidates import top_1

_SMOOTHINGS = (0.0, 1.0, 2.0, 3.0)


def correlation(
    train: Examples, valid: Examples, test: Examples, *, candidates: int, seed: int
) -> Predictions:
    """The correlation of both slices, smoothed, either of which may be weighed down or up.

    Smoothing and sign are chosen on validation: where one field is large the other may be small.
    """
    choices = [
        (first, second, sign)
        for first in _SMOOTHINGS
        for second in _SMOOTHINGS
        for sign in (-1.0, 1.0)
    ]

    def right(choice: tuple[float, float, float]) -> float:
        return float(top_1(_vectors(valid, *choice), valid.y, candidates, seed).mean())

    best = max(choices, key=right)
    return Predictions(*(_vectors(each, *best) for each in (valid, test)))


def phases(
    train: Examples, valid: Examples, test: Examples, *, candidates: int, seed: int
) -> Predictions:
    """The correlation of both slices with all modes of one weight, below a wavenumber.

    Whitened fields are compared mode by mode: large modes that many slices share count no more than
    others. Largest wavenumber and sign are chosen on validation.
    """
    choices = [(part, sign) for part in (0.1, 0.2, 0.3, 0.5) for sign in (-1.0, 1.0)]

    def right(choice: tuple[float, float]) -> float:
        return float(top_1(_whitened(valid, *choice), valid.y, candidates, seed).mean())

    best = max(choices, key=right)
    return Predictions(*(_whitened(each, *best) for each in (valid, test)))


def chance(
    train: Examples, valid: Examples, test: Examples, *, candidates: int, seed: int
) -> Predictions:
    """Vectors drawn at random."""
    random = np.random.default_rng(seed)
    return Predictions(
        *(random.normal(size=(len(each.x), 4)).astype(np.float32) for each in (valid, test))
    )


BASELINES: dict[str, Callable[..., Predictions]] = {
    "chance": chance,
    "correlation": correlation,
    "phases": phases,
}


def _vectors(examples: Examples, first: float, second: float, sign: float) -> np.ndarray:
    half = examples.x.shape[-1] // 2
    sides = []
    for x, smoothing in ((examples.x[..., :half], first), (examples.x[..., half:], second)):
        if smoothing:
            x = ndimage.gaussian_filter(x, (0, smoothing, smoothing, 0), mode="wrap")
        sides.append(_unit(x.reshape(len(x), -1)))
    return np.concatenate([sign * sides[0], sides[1]], 1)


def _whitened(examples: Examples, part: float, sign: float) -> np.ndarray:
    half = examples.x.shape[-1] // 2
    height, width = examples.x.shape[1:3]
    down, across = np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)
    inside = (np.hypot(down, across) <= part)[..., None]
    sides = []
    for x in (examples.x[..., :half], examples.x[..., half:]):
        modes = np.fft.rfft2(x, axes=(1, 2)) * inside
        modes /= np.maximum(np.abs(modes), 1e-9)
        modes[:, 0, 0] = 0
        white = np.fft.irfft2(modes * inside, s=(height, width), axes=(1, 2))
        sides.append(_unit(white.reshape(len(x), -1)))
    return np.concatenate([sign * sides[0], sides[1]], 1)


def _unit(pixels: np.ndarray) -> np.ndarray:
    pixels = pixels - pixels.mean(1, keepdims=True)
    return (pixels / np.maximum(np.linalg.norm(pixels, axis=1, keepdims=True), 1e-12)).astype("f4")
