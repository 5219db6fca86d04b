"""Stamps of several bands as pictures in colour, in which the light is stretched and hues are kept.

After Lupton et al. (2004, PASP 116, 133). Two stretches: by the noise, which lets faint galaxies be
seen beside each other on one scale, and by a stamp's own brightest light, which shows each alone.
"""

from collections.abc import Sequence

import numpy as np

from cosmodag.imaging.band_channels import IMAGE, band_places

HUES = np.array([0.6, 1.0, 1.6], np.float32)
"""What z, r and g are multiplied by to be red, green and blue."""
PICTURE = ("R", "G", "B")
"""Bands that are a picture already."""
SOFTENING = 0.1
"""Part of a stamp's brightest light below which its colours are linear."""


def of_pairs(stamp: np.ndarray) -> np.ndarray:
    """Return a picture (S, S, 3) in [0, 1], on the noise's scale, of a stamp (S, S, 6).

    Its channels are images in g, r and z, each before its inverse variance; of other stamps the
    first plane is drawn grey.
    """
    bands = stamp[..., [4, 2, 0]] * HUES if stamp.shape[-1] == 6 else _grey(stamp)
    return _by_noise(bands)


def of_channels(stamp: np.ndarray, channels: Sequence[str]) -> np.ndarray:
    """Return a picture (S, S, 3) in [0, 1], on the noise's scale, of a stamp (S, S, C).

    Bands go from blue to red; those named R, G and B are a picture already. Of other numbers of
    bands the first is drawn grey.
    """
    places = band_places(channels) or list(range(len(channels)))
    light = np.asarray(stamp[..., places], np.float32)
    if tuple(channels[place].removesuffix(IMAGE) for place in places) == PICTURE:
        # Pixels averaged over s × s hold s² times the light of one.
        return np.clip(light / max(1.0, float(light.max())), 0, 1)
    return _by_noise(light[..., ::-1] * HUES if len(places) == 3 else _grey(light))


def of_bands(image: np.ndarray, bands: Sequence[str]) -> np.ndarray:
    """Return a picture (S, S, 3) in [0, 1], on its own light's scale, of an image (S, S, B).

    Bands go from blue to red unless they are red, green and blue themselves; fewer than three are
    drawn grey.
    """
    if image.shape[-1] < 3:
        image = _grey(image)
    elif tuple(bands) != PICTURE:
        image = image[..., [-1, image.shape[-1] // 2, 0]]
    image = image[..., :3] - np.median(image, axis=(0, 1))[:3]
    light = image.mean(-1, keepdims=True)
    soft = SOFTENING * max(float(np.quantile(light, 0.999)), 1e-9)
    whole = np.arcsinh(1 / SOFTENING)
    scale = np.arcsinh(np.maximum(light, 0) / soft) / whole / np.maximum(light, soft / 10)
    return np.clip(image * scale, 0, 1)


def _grey(image: np.ndarray) -> np.ndarray:
    return np.repeat(image[..., :1], 3, axis=-1)


def _by_noise(bands: np.ndarray) -> np.ndarray:
    """Stretch red, green and blue (S, S, 3) in units of the noise."""
    noise = np.median(np.abs(bands)) * 1.5 + 1e-9
    total = np.maximum(bands.mean(-1, keepdims=True), 1e-9)
    light = np.arcsinh(total / (2 * noise)) / 4
    return np.clip(bands / total * light + 0.1, 0, 1)
