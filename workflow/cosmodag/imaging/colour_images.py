"""Colour images of stamps of several bands, stretched at constant hue.

Two stretches follow Lupton et al. (2004, PASP 116, 133). Scaling by the noise shows faint galaxies
beside each other on one scale. Scaling by the brightest pixels shows each stamp by itself.
"""

from collections.abc import Sequence

import numpy as np

from cosmodag.imaging.band_channels import IMAGE, band_indices

BAND_WEIGHTS = np.array([0.6, 1.0, 1.6], np.float32)
"""Factors on z, r and g that make them red, green and blue."""
RGB = ("R", "G", "B")
"""Bands of images that are in colour already."""
SOFTENING = 0.1
"""Fraction of the brightest pixels below which the stretch is linear."""


def rgb_from_pairs(stamp: np.ndarray) -> np.ndarray:
    """Return a colour image, scaled by the noise, of bands with inverse variances.

    Parameters
    ----------
    stamp : numpy.ndarray, shape (S, S, 6)
        Images in g, r and z, each before its inverse variance. Of a stamp with another number of
        channels the first is shown in grey.

    Returns
    -------
    numpy.ndarray, shape (S, S, 3)
        Red, green and blue in [0, 1].
    """
    bands = stamp[..., [4, 2, 0]] * BAND_WEIGHTS if stamp.shape[-1] == 6 else _grey(stamp)
    return _scaled_by_noise(bands)


def rgb_from_channels(stamp: np.ndarray, channels: Sequence[str]) -> np.ndarray:
    """Return a colour image, scaled by the noise, of named channels.

    Parameters
    ----------
    stamp : numpy.ndarray, shape (S, S, C)
        Stamp whose bands are ordered from blue to red.
    channels : sequence of str, length C
        Names of the channels. Bands named R, G and B are shown unchanged. With one, two or more
        than three bands the first is shown in grey.

    Returns
    -------
    numpy.ndarray, shape (S, S, 3)
        Red, green and blue in [0, 1].
    """
    indices = band_indices(channels) or list(range(len(channels)))
    flux = np.asarray(stamp[..., indices], np.float32)
    if tuple(channels[index].removesuffix(IMAGE) for index in indices) == RGB:
        # Averaging over s × s pixels at constant flux multiplies their values by s².
        return np.clip(flux / max(1.0, float(flux.max())), 0, 1)
    return _scaled_by_noise(flux[..., ::-1] * BAND_WEIGHTS if len(indices) == 3 else _grey(flux))


def rgb_from_bands(image: np.ndarray, bands: Sequence[str]) -> np.ndarray:
    """Return a colour image, scaled by its brightest pixels.

    Parameters
    ----------
    image : numpy.ndarray, shape (S, S, B)
        Image whose bands are ordered from blue to red, or are R, G and B.
    bands : sequence of str, length B
        Names of the bands. Fewer than three are shown in grey.

    Returns
    -------
    numpy.ndarray, shape (S, S, 3)
        Red, green and blue in [0, 1].
    """
    if image.shape[-1] < 3:
        image = _grey(image)
    elif tuple(bands) != RGB:
        image = image[..., [-1, image.shape[-1] // 2, 0]]
    image = image[..., :3] - np.median(image, axis=(0, 1))[:3]
    intensity = image.mean(-1, keepdims=True)
    soft = SOFTENING * max(float(np.quantile(intensity, 0.999)), 1e-9)
    white = np.arcsinh(1 / SOFTENING)
    stretched = np.arcsinh(np.maximum(intensity, 0) / soft) / white
    return np.clip(image * (stretched / np.maximum(intensity, soft / 10)), 0, 1)


def _grey(image: np.ndarray) -> np.ndarray:
    """Return the first channel (S, S, C) three times."""
    return np.repeat(image[..., :1], 3, axis=-1)


def _scaled_by_noise(bands: np.ndarray) -> np.ndarray:
    """Stretch red, green and blue (S, S, 3) in units of the noise."""
    noise = np.median(np.abs(bands)) * 1.5 + 1e-9
    intensity = np.maximum(bands.mean(-1, keepdims=True), 1e-9)
    stretched = np.arcsinh(intensity / (2 * noise)) / 4
    return np.clip(bands / intensity * stretched + 0.1, 0, 1)
