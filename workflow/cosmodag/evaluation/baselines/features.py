"""Density features of each pixel of a map, and of a whole example.

Lengths are in pixels of the target map, which may be coarser than the input by an integer factor.
All functions work on squares and on cubes alike.
"""

from collections.abc import Iterator
from itertools import combinations_with_replacement

import numpy as np
from scipy import ndimage

from cosmodag.gridding.tidal_tensor import symmetric_eigenvalues, tidal_eigenvalues

SCALES = (1.0, 2.0, 4.0, 8.0)
_SHAPE_SCALES = (1.0, 2.0, 4.0)
_SHIFTS = (1, 2, 4)


def blocks(field: np.ndarray, factor: int) -> np.ndarray:
    """Return a view of a field (*space) as (*map, cells), the cells of each pixel of the map."""
    shape = [part for n in field.shape for part in (n // factor, factor)]
    split = field.reshape(shape)
    outer, inner = range(0, len(shape), 2), range(1, len(shape), 2)
    moved = split.transpose(*outer, *inner)
    return moved.reshape(*moved.shape[: field.ndim], factor**field.ndim)


def pixel_features(x: np.ndarray, factor: int) -> np.ndarray:
    """Return features of every pixel of one example's map.

    Parameters
    ----------
    x : float array of shape (*space, C)
        Overdensity of one example, channels last.
    factor : int
        Input cells along a pixel of the map.

    Returns
    -------
    float32 array of shape (*map, F)
        Statistics within the pixel at full resolution, distance to the nearest occupied cell,
        density smoothed at several scales, its gradients, Hessian and tidal eigenvalues, local
        variance, local extremes, neighbours, and mean and standard deviation of the example.
    """
    field = x.mean(-1, dtype=np.float32)
    features = [*_within(field, factor)]
    coarse = blocks(field, factor).mean(-1)
    if x.shape[-1] > 1:
        features += [*_layers(x, factor)]
    features += [*_around(coarse)]
    for constant in (field.mean(), field.std()):
        features.append(np.full_like(coarse, constant))
    return np.stack(features, axis=-1).astype(np.float32)


def example_features(x: np.ndarray) -> np.ndarray:
    """Return features of one whole example (*space, C), float32 of shape (F,).

    Moments, quantiles, histogram, variance and empty fraction at several smoothings, and the power
    spectrum.
    """
    field = x.mean(-1, dtype=np.float32)
    features = [field.mean(), field.std(), *np.quantile(field, [0.01, 0.1, 0.25, 0.5, 0.9, 0.99])]
    for scale in (0.0, 1.0, 2.0, 4.0, 8.0):
        smooth = _smooth(field, scale)
        centred = smooth - smooth.mean()
        spread = centred.std() + 1e-12
        features += [np.log(spread), (centred**3).mean() / spread**3, smooth.min(), smooth.max()]
        features += [(smooth < below).mean() for below in (-0.8, -0.5, 0.0, 1.0)]
        minima = smooth == ndimage.minimum_filter(smooth, size=3)
        features += [(minima & (smooth < below)).mean() for below in (-0.7, -0.3)]
    features += [*spectrum(field)]
    if x.shape[-1] > 1:
        layers = x.reshape(-1, x.shape[-1])
        features += [*layers.mean(0), *layers.std(0)]
    return np.asarray(features, dtype=np.float32)


def _within(field: np.ndarray, factor: int) -> Iterator[np.ndarray]:
    """Yield features of the cells inside a pixel, at full resolution."""
    cells = blocks(field, factor)
    yield from (cells.mean(-1), cells.std(-1), cells.min(-1), cells.max(-1))
    for scale in (1.0, 2.0):
        cells = blocks(ndimage.gaussian_filter(field, scale, mode="reflect"), factor)
        yield from (cells.min(-1), cells.max(-1))
    # An empty cell has the lowest value there is, -1 for an overdensity.
    occupied = field > field.min()
    distance = ndimage.distance_transform_edt(~occupied) if occupied.any() else 0 * field
    cells = blocks(distance.astype(np.float32), factor)
    yield from (cells.mean(-1), cells.max(-1))


def _layers(x: np.ndarray, factor: int) -> Iterator[np.ndarray]:
    """Yield features of each layer along the line of sight, and of the emptiest and fullest."""
    layers = [blocks(x[..., channel], factor).mean(-1) for channel in range(x.shape[-1])]
    for scale in (0.0, *SCALES[:3]):
        smooth = [_smooth(layer, scale) for layer in layers]
        yield from smooth
        yield from (np.min(smooth, axis=0), np.max(smooth, axis=0), np.std(smooth, axis=0))


def _around(coarse: np.ndarray) -> Iterator[np.ndarray]:
    """Yield features of the surroundings of a pixel, at the map's resolution."""
    contrast = np.log(np.maximum(2 + coarse, 1e-3))
    for scale in SCALES:
        smooth = _smooth(coarse, scale)
        yield smooth
        yield _smooth(contrast, scale)
        yield _smooth(coarse**2, scale) - smooth**2
    for scale in _SHAPE_SCALES:
        smooth = _smooth(coarse, scale)
        slopes = _as_list(np.gradient(smooth))
        yield np.sqrt(sum(slope**2 for slope in slopes))
        yield from _last(_hessian_eigenvalues(slopes))
        cell = (1.0,) * coarse.ndim
        yield from _last(tidal_eigenvalues(coarse, cell, scale, periodic=False))
    near = _smooth(coarse, 1.0)
    for size in (3, 7, 15):
        yield ndimage.minimum_filter(near, size=size, mode="reflect")
        yield ndimage.maximum_filter(near, size=size, mode="reflect")
    for shift in _SHIFTS:
        for axis in range(coarse.ndim):
            for sign in (-shift, shift):
                step = [sign if each == axis else 0 for each in range(coarse.ndim)]
                yield ndimage.shift(near, step, order=0, mode="reflect")


def _hessian_eigenvalues(slopes: list[np.ndarray]) -> np.ndarray:
    axes = range(len(slopes))
    return symmetric_eigenvalues(
        {(i, j): np.gradient(slopes[i], axis=j) for i, j in combinations_with_replacement(axes, 2)}
    )


def spectrum(field: np.ndarray, bins: int = 12) -> np.ndarray:
    """Return the log of the mean power in rings of equal width up to the Nyquist frequency."""
    power = np.abs(np.fft.fftn(field - field.mean())) ** 2 / field.size
    frequencies = np.meshgrid(*(np.fft.fftfreq(n) for n in field.shape), indexing="ij")
    ring = (np.sqrt(sum(each**2 for each in frequencies)) / 0.5 * bins).astype(int)
    inside = ring < bins
    total = np.bincount(ring[inside], weights=power[inside], minlength=bins)
    return np.log(total / np.maximum(np.bincount(ring[inside], minlength=bins), 1) + 1e-12)


def _smooth(field: np.ndarray, scale: float) -> np.ndarray:
    return ndimage.gaussian_filter(field, scale, mode="reflect") if scale else field


def _as_list(gradient: np.ndarray | tuple) -> list[np.ndarray]:
    return list(gradient) if isinstance(gradient, (tuple, list)) else [gradient]


def _last(field: np.ndarray) -> Iterator[np.ndarray]:
    return (field[..., i] for i in range(field.shape[-1]))
