"""What a person would measure on a stamp of a galaxy: apertures, moments, concentration, noise.

The galaxy stands in the middle. What a network is told besides, as planes of one value, is told the
simple methods too.
"""

from collections.abc import Sequence

import numpy as np

from cosmodag.evaluation.baselines.examples import Examples
from cosmodag.imaging.band_channels import band_indices
from cosmodag.imaging.padding import border_noise
from cosmodag.imaging.photometry import APERTURE_RADII, FLUX_FRACTIONS, MOMENT_WIDTHS

AT_ONCE = 256


def shows_galaxies(channels: Sequence[str]) -> bool:
    """Whether channels are those of stamps of galaxies, without inverse variances."""
    return bool(band_indices(channels)) and not any(name.endswith("_ivar") for name in channels)


def described(examples: Examples) -> Examples:
    """The examples with the measures (N, F) of each stamp in its place."""
    parts = [
        stamp_measures(examples.x[start : start + AT_ONCE], examples.channels)
        for start in range(0, len(examples.x), AT_ONCE)
    ]
    return examples._replace(x=np.concatenate(parts))


def stamp_measures(x: np.ndarray, channels: Sequence[str]) -> np.ndarray:
    """Measure stamps.

    Parameters
    ----------
    x : numpy.ndarray, shape (N, S, S, C)
        Stamps, the galaxy in the middle, fluxes in a unit of about the noise of a pixel.
    channels : sequence of str, length C
        Bands end in "_image"; others are planes of one value.

    Returns
    -------
    numpy.ndarray, shape (N, F), float32
        Of each band: the inverse hyperbolic sine of the flux in each aperture, its level and the
        logarithm of its noise along the border. Of all bands, each weighted by its inverse
        variance: radii that hold parts of the light, concentration, and at each Gaussian weight
        centre, size and ellipticity. The differences of the fluxes between bands. The values of
        the other channels.
    """
    bands = band_indices(channels)
    others = [number for number in range(len(channels)) if number not in bands]
    image = np.moveaxis(np.asarray(x[..., bands], np.float64), -1, 1)
    level, noise = (np.array(part) for part in zip(*(border_noise(each) for each in image)))
    noise = np.maximum(noise, 1e-6)
    told = np.arcsinh(_apertures(image, APERTURE_RADII) / 2)
    weight = noise**-2
    light = np.einsum("nbyx,nb->nyx", image, weight) / weight.sum(1)[:, None, None]
    features = [
        told.reshape(len(x), -1),
        (told[:, 1:] - told[:, :-1]).reshape(len(x), -1),
        level,
        np.log(noise),
        _radii(light),
        _moments(light),
        x[:, 0, 0, others],
    ]
    return np.concatenate(features, axis=1).astype(np.float32)


def _distance(side: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Distance of pixels from the middle, and its parts along x and y, (S, S) each."""
    place = np.arange(side) - (side - 1) / 2
    y, x = np.meshgrid(place, place, indexing="ij")
    return np.hypot(x, y), x, y


def _apertures(image: np.ndarray, radii: Sequence[float]) -> np.ndarray:
    """Flux within radii of the middle, (…, R), of images (…, S, S)."""
    distance, _, _ = _distance(image.shape[-1])
    # A pixel that a circle cuts counts in part, by how far its middle is from the circle.
    inside = np.clip(np.array(radii)[:, None, None] - distance + 0.5, 0, 1)
    return np.einsum("...yx,ryx->...r", image, inside, optimize=True)


def _radii(light: np.ndarray) -> np.ndarray:
    """Logarithms of the radii that hold parts of the light, and of outer to inner, (N, 4)."""
    steps = np.arange(0.5, light.shape[-1] / 2, 0.5)
    growth = _apertures(light, steps)
    growth = np.maximum.accumulate(growth, axis=1)
    whole = np.maximum(growth[:, -1:], 1e-9)
    radii = np.array(
        [
            [np.interp(part, curve, steps) for part in FLUX_FRACTIONS]
            for curve in np.clip(growth / whole, 0, 1)
        ]
    )
    radii = np.log(radii)
    return np.column_stack([radii, radii[:, -1] - radii[:, 0]])


def _moments(light: np.ndarray) -> np.ndarray:
    """Centre, size and ellipticity of the light under each Gaussian weight, (N, 6 W)."""
    distance, x, y = _distance(light.shape[-1])
    found = []
    for width in MOMENT_WIDTHS:
        weight = np.exp(-0.5 * (distance / width) ** 2)
        total, first_x, first_y, xx, yy, xy = (
            np.einsum("nyx,yx->n", light, weight * part, optimize=True)
            for part in (1, x, y, x * x, y * y, x * y)
        )
        total = np.where(np.abs(total) > 1e-9, total, 1e-9)
        size = np.clip((xx + yy) / total / width**2, 0, 4)
        e1, e2 = (np.clip(part / total / width**2, -4, 4) for part in (xx - yy, 2 * xy))
        centre = np.clip(np.array([first_x, first_y]) / total / width, -4, 4)
        found += [*centre, size, e1, e2, np.hypot(e1, e2)]
    return np.column_stack(found)
