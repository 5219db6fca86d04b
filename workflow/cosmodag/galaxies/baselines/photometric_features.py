"""Photometric features of galaxy stamps: apertures, moments, concentration and noise.

The galaxy is at the centre of the stamp. Channels of one value, which a network takes as further
input, are features as well, so that baselines and networks have the same information.
"""

from collections.abc import Sequence

import numpy as np

from cosmodag.evaluation.baselines.examples import Examples
from cosmodag.imaging.band_channels import band_indices
from cosmodag.imaging.padding import border_noise
from cosmodag.imaging.photometry import APERTURE_RADII, FLUX_FRACTIONS, MOMENT_WIDTHS

BATCH_SIZE = 256


def has_galaxy_channels(channels: Sequence[str]) -> bool:
    """Return whether channels are bands of galaxy stamps without inverse variances.

    Parameters
    ----------
    channels : sequence of str

    Returns
    -------
    bool
    """
    return bool(band_indices(channels)) and not any(name.endswith("_ivar") for name in channels)


def with_features(examples: Examples) -> Examples:
    """Replace the stamps of examples by their features.

    Parameters
    ----------
    examples : Examples
        `x` contains stamps (N, S, S, C).

    Returns
    -------
    Examples
        `x` contains features (N, F), see `photometric_features`.
    """
    batches = [
        photometric_features(examples.x[start : start + BATCH_SIZE], examples.channels)
        for start in range(0, len(examples.x), BATCH_SIZE)
    ]
    return examples._replace(x=np.concatenate(batches))


def photometric_features(x: np.ndarray, channels: Sequence[str]) -> np.ndarray:
    """Measure the features of stamps.

    Parameters
    ----------
    x : numpy.ndarray, shape (N, S, S, C)
        Stamps, with fluxes in units of about the noise per pixel.
    channels : sequence of str, length C
        Bands end in "_image"; other channels have one value per stamp.

    Returns
    -------
    numpy.ndarray, shape (N, F), float32
        For each band: the inverse hyperbolic sine of the flux in each aperture, the background, and
        the logarithm of the noise along the border. For the mean of all bands, weighted by inverse
        variance: the logarithms of the radii that enclose fractions of the flux, the concentration,
        and the centroid, size and ellipticity under each Gaussian weight. The differences of the
        aperture fluxes of adjacent bands. The values of the other channels.
    """
    bands = band_indices(channels)
    others = [index for index in range(len(channels)) if index not in bands]
    image = np.moveaxis(np.asarray(x[..., bands], np.float64), -1, 1)
    background, noise = map(np.array, zip(*(border_noise(stamp) for stamp in image)))
    noise = np.maximum(noise, 1e-6)
    aperture_flux = np.arcsinh(_aperture_fluxes(image, APERTURE_RADII) / 2)
    weight = noise**-2
    mean = np.einsum("nbyx,nb->nyx", image, weight) / weight.sum(1)[:, None, None]
    features = [
        aperture_flux.reshape(len(x), -1),
        (aperture_flux[:, 1:] - aperture_flux[:, :-1]).reshape(len(x), -1),
        background,
        np.log(noise),
        _radii(mean),
        _moments(mean),
        x[:, 0, 0, others],
    ]
    return np.concatenate(features, axis=1).astype(np.float32)


def _pixel_distances(side: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the distances of pixels from the centre, and their x and y offsets, (S, S) each."""
    offset = np.arange(side) - (side - 1) / 2
    y, x = np.meshgrid(offset, offset, indexing="ij")
    return np.hypot(x, y), x, y


def _aperture_fluxes(image: np.ndarray, radii: Sequence[float] | np.ndarray) -> np.ndarray:
    """Return the fluxes (…, R) of images (…, S, S) within radii of the centre."""
    distance, _, _ = _pixel_distances(image.shape[-1])
    # A pixel on the edge counts in part, by the distance of its centre from the circle.
    inside = np.clip(np.array(radii)[:, None, None] - distance + 0.5, 0, 1)
    return np.einsum("...yx,ryx->...r", image, inside, optimize=True)


def _radii(image: np.ndarray) -> np.ndarray:
    """Return the logarithms of enclosing radii, and of the concentration, (N, 4)."""
    steps = np.arange(0.5, image.shape[-1] / 2, 0.5)
    growth = _aperture_fluxes(image, steps)
    growth = np.maximum.accumulate(growth, axis=1)
    total = np.maximum(growth[:, -1:], 1e-9)
    radii = np.array(
        [
            [np.interp(fraction, curve, steps) for fraction in FLUX_FRACTIONS]
            for curve in np.clip(growth / total, 0, 1)
        ]
    )
    radii = np.log(radii)
    return np.column_stack([radii, radii[:, -1] - radii[:, 0]])


def _moments(image: np.ndarray) -> np.ndarray:
    """Return centroid, size and ellipticity of images under each Gaussian weight, (N, 6 W)."""
    distance, x, y = _pixel_distances(image.shape[-1])
    columns = []
    for width in MOMENT_WIDTHS:
        weight = np.exp(-0.5 * (distance / width) ** 2)
        total, first_x, first_y, xx, yy, xy = (
            np.einsum("nyx,yx->n", image, weight * factor, optimize=True)
            for factor in (1, x, y, x * x, y * y, x * y)
        )
        total = np.where(np.abs(total) > 1e-9, total, 1e-9)
        size = np.clip((xx + yy) / total / width**2, 0, 4)
        e1, e2 = (np.clip(moment / total / width**2, -4, 4) for moment in (xx - yy, 2 * xy))
        centroid = np.clip(np.array([first_x, first_y]) / total / width, -4, 4)
        columns += [*centroid, size, e1, e2, np.hypot(e1, e2)]
    return np.column_stack(columns)
