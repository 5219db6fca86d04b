"""Quantities of stamps in which faults of an injection pipeline show.

All quantities but the sky level are measured after the median of the sky around the object is
subtracted, and shapes about the measured centroid, so that an error of the sky or of the position
does not show as one of the shape. Fluxes and widths are weighted with Gaussians, which noise and
neighbours at the edge of a stamp affect little.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from cosmodag.injections.bricks.brick_images import PIXEL_SCALE
from cosmodag.injections.bricks.detection import DEFAULT_FWHM, FWHM_PER_SIGMA
from cosmodag.injections.cutouts.stamp_features import NEIGHBOUR_RADIUS

INNER, MIDDLE, OUTER = 0.8, 1.4, 2.5
"""Widths of the Gaussian apertures in units of the width of the point-spread function."""
CORE_SHARE = 0.75
"""Share of the outer in the inner width that varies with the sizes of galaxies."""
N_CENTRINGS = 4
"""Steps of the centroid, each weighted about the one before."""
CLIP = 3.0
"""Pixels of the sky beyond so many standard deviations belong to neighbours."""
MAD_SIGMA = 1.4826
"""Standard deviation of a normal distribution in units of its median absolute deviation."""
MIN_SIGNAL = 5.0
"""Signal-to-noise ratio of an object below which its shape is not measured."""


def stamp_quantities(
    x: np.ndarray, index: pd.DataFrame, bands: Sequence[str]
) -> dict[str, np.ndarray]:
    """Measure the quantities of stamps.

    Parameters
    ----------
    x : numpy.ndarray, shape (N, S, S, 2B), float32
        Image (nanomaggies) and inverse variance (nanomaggies^-2) of each band.
    index : pandas.DataFrame
        Index of the stamps. Of its columns, `bx` and `by` (pixels) locate the object in its pixel,
        `psfsize_<band>` (arcsec) scales the apertures, and `flux_<band>` (nanomaggies) is compared
        with the flux of the stamp.
    bands : sequence of str
        Names of the B bands.

    Returns
    -------
    dict from str to numpy.ndarray, shape (N,), float64
        NaN where a quantity cannot be measured.

        - ``offset_x``, ``offset_y``: centroid minus the position of the catalogue, in pixels;
        - ``sky_<band>``: median of the pixels beyond `NEIGHBOUR_RADIUS`, in units of the standard
          deviation of a pixel by the inverse variance;
        - ``scatter_<band>``: logarithm of the scatter of these pixels in the same units;
        - ``neighbours``: fraction of these pixels above `CLIP` standard deviations;
        - ``correlation_<band>``: correlation of neighbours among these pixels;
        - ``depth_<band>``: logarithm of their median inverse variance;
        - ``ivar_response_<band>``: variance that the inverse variance attributes to the object, per
          flux and relative to the sky: the photon noise of the object;
        - ``aperture_<band>``: magnitude of the stamp in a Gaussian aperture minus that of the
          catalogue;
        - ``inner_width``: squared width by the fluxes in a small and a medium aperture, in units of
          that of the point-spread function;
        - ``core_width``: the same minus 3/4 of that by a medium and a large aperture. Galaxies of
          another size change both, a wider point-spread function mostly the inner one;
        - ``width_gradient``: squared width in the first band minus that in the last one beyond
          those of the point-spread functions, in pixels.
    """
    image = np.moveaxis(x[..., 0::2], -1, 1).astype(np.float64)
    ivar = np.moveaxis(x[..., 1::2], -1, 1).astype(np.float64)
    image = np.where(ivar > 0, image, 0)
    side = image.shape[-1]
    offset = np.arange(side) - side // 2
    distance = np.hypot(offset[:, None], offset)
    around = distance > min(NEIGHBOUR_RADIUS, side / 3)
    quantities: dict[str, np.ndarray] = {}
    sky, depth = _sky(image, ivar, around, bands, quantities)
    image = np.where(ivar > 0, image - sky[..., None, None], 0)
    sigma = _psf_sigma(index, bands)
    weight = np.sqrt(depth)
    stack = np.einsum("nb,nbij->nij", weight, image)
    common = sigma.mean(1)
    centre, signal = _centroid(stack, offset, common)
    within = _position_in_pixel(index)
    measured = signal > MIN_SIGNAL * np.sqrt(len(bands))
    for axis, name in enumerate(("offset_x", "offset_y")):
        quantities[name] = np.where(measured, centre[:, axis] - within[:, axis], np.nan)
    small, medium, large = (
        _aperture(stack, offset, centre, scale * common) for scale in (INNER, MIDDLE, OUTER)
    )
    inner = np.where(measured, _squared_width(small, medium, INNER, MIDDLE), np.nan)
    outer = _squared_width(medium, large, MIDDLE, OUTER)
    quantities |= {"inner_width": inner, "core_width": inner - CORE_SHARE * outer}
    quantities |= _band_quantities(image, ivar, depth, centre, index, bands)
    return {name: np.where(np.isfinite(each), each, np.nan) for name, each in quantities.items()}


def _sky(
    image: np.ndarray,
    ivar: np.ndarray,
    around: np.ndarray,
    bands: Sequence[str],
    quantities: dict[str, np.ndarray],
) -> tuple[np.ndarray, np.ndarray]:
    """Measure the sky; return its level and its median inverse variance, each (N, B)."""
    good = (ivar > 0) & around
    ring = np.where(good, image, np.nan)[:, :, around]
    ivar_ring = np.where(good, ivar, np.nan)[:, :, around]
    level, depth = _median(ring), _median(ivar_ring)
    pulls = np.where(good, (image - level[..., None, None]) * np.sqrt(ivar), np.nan)
    with np.errstate(invalid="ignore"):
        quantities["neighbours"] = (pulls > CLIP).sum((1, 2, 3)) / np.maximum(
            good.sum((1, 2, 3)), 1
        )
        pulls = np.where(np.abs(pulls) < CLIP, pulls, np.nan)
    spread = MAD_SIGMA * _median(np.abs(pulls[:, :, around]))
    for band, name in enumerate(bands):
        with np.errstate(divide="ignore", invalid="ignore"):
            quantities[f"sky_{name}"] = level[:, band] * np.sqrt(depth[:, band])
            quantities[f"scatter_{name}"] = np.log(spread[:, band])
            quantities[f"depth_{name}"] = np.log(depth[:, band])
        quantities[f"correlation_{name}"] = _correlation(pulls[:, band])
    return np.nan_to_num(level), np.nan_to_num(depth)


def _median(values: np.ndarray) -> np.ndarray:
    """Return the median over the last axis of values that are not NaN; NaN if there are none."""
    ordered = np.sort(values, axis=-1)  # NaN last
    count = np.isfinite(ordered).sum(-1)
    middle = np.stack([np.maximum(count - 1, 0) // 2, np.minimum(count // 2, count - 1)], -1)
    middles = np.take_along_axis(ordered, np.maximum(middle, 0), -1)
    return np.asarray(np.where(count > 0, middles.mean(-1), np.nan))


def _correlation(pulls: np.ndarray) -> np.ndarray:
    """Return the correlation of horizontal and vertical neighbours, (N,); NaN pixels are left out.

    Parameters
    ----------
    pulls : numpy.ndarray, shape (N, S, S)
    """
    products = np.zeros(len(pulls))
    count = np.zeros(len(pulls))
    for pairs in (pulls[:, :, 1:] * pulls[:, :, :-1], pulls[:, 1:] * pulls[:, :-1]):
        products += np.nansum(pairs, (1, 2))
        count += np.isfinite(pairs).sum((1, 2))
    variance = np.nansum(pulls**2, (1, 2)) / np.maximum(np.isfinite(pulls).sum((1, 2)), 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return products / count / variance


def _psf_sigma(index: pd.DataFrame, bands: Sequence[str]) -> np.ndarray:
    """Return the widths (standard deviation) of the point-spread functions in pixels, (N, B)."""
    columns = []
    for band in bands:
        name = f"psfsize_{band}"
        fwhm = index[name].to_numpy(np.float64) if name in index else np.full(len(index), np.nan)
        columns.append(np.where(fwhm > 0, fwhm, DEFAULT_FWHM))
    return np.stack(columns, 1) / FWHM_PER_SIGMA / PIXEL_SCALE


def _position_in_pixel(index: pd.DataFrame) -> np.ndarray:
    """Return x and y of the objects relative to the central pixels of their stamps, (N, 2)."""
    if not {"bx", "by"} <= set(index):
        return np.zeros((len(index), 2))
    position = index[["bx", "by"]].to_numpy(np.float64)
    return position - np.floor(position + 0.5)


def _gaussians(
    offset: np.ndarray, centre: np.ndarray, sigma: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the factors in x and in y of Gaussians about the centres, each (N, S)."""
    distance = offset - centre[:, :, None]
    weight = np.exp(-(distance**2) / (2 * sigma[:, None, None] ** 2))
    return weight[:, 0], weight[:, 1]


def _aperture(
    image: np.ndarray, offset: np.ndarray, centre: np.ndarray, sigma: np.ndarray
) -> np.ndarray:
    """Return the sums of images (N, S, S) weighted with Gaussians, (N,)."""
    in_x, in_y = _gaussians(offset, centre, sigma)
    return np.einsum("nij,ni,nj->n", image, in_y, in_x, optimize=True)


def _centroid(
    stack: np.ndarray, offset: np.ndarray, sigma: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the centroids (N, 2) in x and y and the signal-to-noise ratios (N,) of stacks."""
    centre = np.zeros((len(stack), 2))
    width = MIDDLE * sigma
    for _ in range(N_CENTRINGS):
        in_x, in_y = _gaussians(offset, centre, width)
        total = np.einsum("nij,ni,nj->n", stack, in_y, in_x, optimize=True)
        first = np.stack(
            [
                np.einsum("nij,ni,nj->n", stack, in_y, in_x * offset, optimize=True),
                np.einsum("nij,ni,nj->n", stack, in_y * offset, in_x, optimize=True),
            ],
            1,
        )
        with np.errstate(divide="ignore", invalid="ignore"):
            step = first / total[:, None] - centre
        # The weight pulls the centroid towards its centre: by half for objects of its own width.
        centre = np.clip(np.nan_to_num(centre + 1.7 * step), -offset.max() / 2, offset.max() / 2)
    return centre, total / (np.sqrt(np.pi) * width)


def _squared_width(small: np.ndarray, large: np.ndarray, inner: float, outer: float) -> np.ndarray:
    """Return the variance of a Gaussian with the given fluxes in two Gaussian apertures.

    The flux of a Gaussian of variance v in an aperture of variance s is proportional to
    s / (s + v), which is solved for v.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = small / large * outer**2 / inner**2  # (outer² + v) / (inner² + v)
        width = (outer**2 - ratio * inner**2) / (ratio - 1)
    return np.where(large > 0, np.clip(np.where(ratio > 1, width, np.inf), -1, 10), np.nan)


def _band_quantities(
    image: np.ndarray,
    ivar: np.ndarray,
    depth: np.ndarray,
    centre: np.ndarray,
    index: pd.DataFrame,
    bands: Sequence[str],
) -> dict[str, np.ndarray]:
    """Measure the photon noise in the inverse variance, fluxes and widths of each band."""
    quantities: dict[str, np.ndarray] = {}
    intrinsic: list[np.ndarray] = []
    offset = np.arange(image.shape[-1]) - image.shape[-1] // 2
    for band, (name, sigma) in enumerate(zip(bands, _psf_sigma(index, bands).T)):
        with np.errstate(divide="ignore", invalid="ignore"):
            weight = depth[:, band]
            good = ivar[:, band] > 0
            excess = np.where(good, weight[:, None, None] / ivar[:, band] - 1, 0)
            flux = _aperture(image[:, band], offset, centre, MIDDLE * sigma)
            photons = _aperture(excess, offset, centre, MIDDLE * sigma)
            bright = flux > MIN_SIGNAL * np.sqrt(np.pi / weight) * MIDDLE * sigma
            response = photons / (flux * np.sqrt(weight))
            quantities[f"ivar_response_{name}"] = np.where(bright, response, np.nan)
            small = _aperture(image[:, band], offset, centre, INNER * sigma)
            width = _squared_width(small, flux, INNER, MIDDLE)
            intrinsic.append(np.where(bright, (width - 1) * sigma**2, np.nan))
            if f"flux_{name}" in index:
                catalogued = index[f"flux_{name}"].to_numpy(np.float64)
                ratio = np.where(bright & (catalogued > 0), flux / catalogued, np.nan)
                quantities[f"aperture_{name}"] = -2.5 * np.log10(ratio)
    return quantities | {"width_gradient": intrinsic[0] - intrinsic[-1]}
