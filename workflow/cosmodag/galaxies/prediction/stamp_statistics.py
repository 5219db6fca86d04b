"""Statistics of a stamp that isolated galaxies on a flat sky with white noise leave unchanged.

They react to what photometry of the galaxy hardly notices: a pedestal of sky, correlated noise, and
light that is not symmetric about the galaxy, such as that of neighbours.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from scipy.ndimage import gaussian_filter

from cosmodag.imaging.band_channels import band_indices
from cosmodag.imaging.padding import border_noise
from cosmodag.imaging.positive_amplitudes import positive_amplitudes

N_STATISTICS = 3
RING_EDGES = np.arange(6.0, 36.0, 2.0)
"""Radii in pixels of the rings whose medians are the profile of a galaxy."""
SCALES = (2.0, 3.0, 4.5, 7.0, 10.0, 14.0)
"""Scale lengths in pixels of the exponentials that add up to the profile of a galaxy."""
MODEL_ERROR = 0.03
"""Error of a sum of exponentials, or of a symmetric galaxy, as a fraction of its light."""
MIN_PIXELS = 12
"""Pixels of a ring, at least."""
MIN_SIDE = 8
"""Side in pixels of the stamps that are measured, at least; the statistics of others are 0."""
FRAME = 5
"""Sides of a stamp per width of the frame in which the correlation of the noise is measured."""
SMOOTHING = 1.5
"""Standard deviation in pixels of the smoothing before asymmetric light is searched."""
CORE = 8.0
"""Radius in pixels within which the offset of the galaxy from the centre is measured."""
BATCH_SIZE = 256


def stamp_statistics(x: np.ndarray, channels: Sequence[str], sides: np.ndarray) -> np.ndarray:
    """Measure the sky, the correlation of the noise and the asymmetry of stamps.

    Parameters
    ----------
    x : numpy.ndarray, shape (N, S, S, C)
        Stamps.
    channels : sequence of str, length C
        Bands end in "_image"; other channels are ignored.
    sides : numpy.ndarray, shape (N,), int
        Sides of the stamps in pixels before they were cropped or padded.

    Returns
    -------
    numpy.ndarray, shape (N, 3), float64
        - The significance of a pedestal of sky, in the band where it is largest, with its sign: by
          how much a pedestal improves the fit of a sum of exponentials to the profile.
        - The logarithm of the median difference of adjacent pixels, in units of that of pixels
          three apart, averaged over bands; 0 for white noise.
        - The logarithm of the largest significance of light that a rotation by 180° about the
          galaxy leaves over.
    """
    image = np.moveaxis(np.asarray(x[..., band_indices(channels)], np.float64), -1, 1)
    size = image.shape[-1]
    sides = np.minimum(np.asarray(sides, int), size)
    statistics = np.zeros((len(image), N_STATISTICS))
    for side in np.unique(sides[sides >= MIN_SIDE]):
        edge = (size - side) // 2
        inside = np.s_[..., edge : edge + side, edge : edge + side]
        for rows in _batches(np.flatnonzero(sides == side)):
            stamps = image[rows][inside]
            noise = np.array([border_noise(stamp)[1] for stamp in stamps])
            stamps = stamps / np.maximum(noise, 1e-6)[..., None, None]
            columns = (_sky(stamps), _noise_correlation(stamps), _asymmetry(stamps))
            statistics[rows] = np.column_stack(columns)
    return statistics


def _batches(rows: np.ndarray) -> Iterator[np.ndarray]:
    """Yield some rows at a time."""
    for start in range(0, len(rows), BATCH_SIZE):
        yield rows[start : start + BATCH_SIZE]


def _radius(side: int) -> np.ndarray:
    """Return the distance of each pixel from the centre, (side, side)."""
    offset = np.arange(side) - (side - 1) / 2
    return np.hypot(*np.meshgrid(offset, offset))


def _sky(stamps: np.ndarray) -> np.ndarray:
    """Return the signed significance of a pedestal (N,) of stamps in units of their noise."""
    ring = np.digitize(_radius(stamps.shape[-1]), RING_EDGES)
    numbers = [k for k in range(1, len(RING_EDGES)) if (ring == k).sum() >= MIN_PIXELS]
    if len(numbers) <= len(SCALES):
        return np.zeros(len(stamps))
    radii = RING_EDGES[numbers] - 1.0
    counts = np.array([(ring == k).sum() for k in numbers])
    profiles = np.stack([np.median(stamps[..., ring == k], axis=-1) for k in numbers], axis=-1)
    errors = np.hypot(1.25 / np.sqrt(counts), MODEL_ERROR * profiles)
    components = np.array([*np.exp(-radii / np.array(SCALES)[:, None]), np.ones(len(radii))])
    significance = np.zeros(stamps.shape[:2])
    for place in np.ndindex(*significance.shape):
        data, design = profiles[place] / errors[place], components / errors[place]
        matrix, vector = design @ design.T, design @ data
        galaxy = np.append(positive_amplitudes(matrix[:-1, :-1], vector[:-1]), 0.0)
        with_sky = positive_amplitudes(matrix, vector, n_free=1)
        residuals = [np.square(data - values @ design).sum() for values in (galaxy, with_sky)]
        improvement = max(residuals[0] - residuals[1], 0.0)
        significance[place] = np.sign(with_sky[-1]) * np.sqrt(improvement)
    largest = np.abs(significance).argmax(1)
    return np.take_along_axis(significance, largest[:, None], 1)[:, 0]


def _noise_correlation(stamps: np.ndarray) -> np.ndarray:
    """Return the logarithm of the difference of adjacent pixels in the frame, (N,)."""
    side = stamps.shape[-1]
    width = -(-side // FRAME)
    frame = np.ones((side, side), bool)
    frame[width:-width, width:-width] = False
    odd = stamps - stamps[..., ::-1, ::-1]  # symmetric light of the galaxy cancels

    def difference(lag: int) -> np.ndarray:
        steps = np.abs(odd[..., lag:] - odd[..., :-lag])
        return np.median(steps[..., frame[:, lag:] & frame[:, :-lag]], axis=-1)

    ratio = np.log(np.maximum(difference(1), 1e-6) / np.maximum(difference(3), 1e-6))
    return ratio.mean(1)


def _asymmetry(stamps: np.ndarray) -> np.ndarray:
    """Return the logarithm of the largest significance of asymmetric light, (N,)."""
    side = stamps.shape[-1]
    mean = gaussian_filter(stamps.mean(1), (0, SMOOTHING, SMOOTHING), mode="nearest")
    point = np.zeros((side, side))
    point[side // 2, side // 2] = 1
    kernel = gaussian_filter(point, SMOOTHING)
    sigma = np.sqrt(np.square(kernel).sum() / stamps.shape[1] / 2)
    turned = mean[:, ::-1, ::-1]
    symmetric, odd = (mean + turned) / 2, (mean - turned) / 2
    # To first order an offset of the galaxy adds derivatives of its symmetric light.
    slopes = np.stack(np.gradient(symmetric, axis=(1, 2)), axis=1)
    core = _radius(side) < CORE
    inner, target = slopes[..., core], odd[:, core]
    normal = np.einsum("nip,njp->nij", inner, inner) + 1e-9 * np.eye(2)
    offsets = np.linalg.solve(normal, np.einsum("nip,np->ni", inner, target)[..., None])
    left = odd - np.einsum("ni,niyx->nyx", offsets[..., 0], slopes)
    error = np.hypot(sigma, MODEL_ERROR * symmetric)
    return np.log(np.maximum((np.abs(left) / error).max((1, 2)), 1e-3))
