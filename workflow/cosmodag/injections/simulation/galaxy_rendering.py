"""Galaxies drawn into images of several bands, in Fourier space.

GalSim gives the transform of each profile once; the bands differ in the profiles' shares of the
light and in the point-spread function alone. So a galaxy costs one transform a profile and one
inverse transform a band, whatever the number of its parts.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

import galsim
import numpy as np
import scipy.fft
import scipy.ndimage

from cosmodag.errors import InputError
from cosmodag.imaging.galaxy_population import POINT, Sources
from cosmodag.injections.bricks.brick_images import BANDS, PIXEL

SIDES = (64, 96, 128, 192, 256, 384)
"""Stamps are as many pixels wide as the light needs; few sizes, so that transforms are reused."""
BATCH = 64
_ACCURACY = galsim.GSParams(kvalue_accuracy=1e-4, folding_threshold=5e-3, maxk_threshold=1e-3)


class Psf(Protocol):
    """A point-spread function in each band, by its transform."""

    fwhm: np.ndarray

    def transform(self, side: int) -> np.ndarray:
        """Transform (B, side, side // 2 + 1) of the function, pixel included, 1 at frequency 0."""

    def widened(self, factor: float) -> "Psf":
        """Return the function with its width multiplied by `factor`."""


class MoffatPsf:
    """A Moffat profile in each band.

    Parameters
    ----------
    fwhm
        Full widths at half maximum in arcsec, (B,).
    beta
        Power of the wings.
    """

    def __init__(self, fwhm: np.ndarray, beta: float = 3.5):
        self.fwhm, self.beta = np.asarray(fwhm, np.float64), beta
        self._known: dict[int, np.ndarray] = {}

    def transform(self, side: int) -> np.ndarray:
        """Return the transform; see `Psf`."""
        if side not in self._known:
            planes = [_profile_transform(self._profile(width), side) for width in self.fwhm]
            self._known[side] = np.array(planes) * _pixel_transform(side)
        return self._known[side]

    def widened(self, factor: float) -> "MoffatPsf":
        """Return the profile with its width multiplied by `factor`."""
        return MoffatPsf(self.fwhm * factor, self.beta)

    def _profile(self, width: float) -> galsim.GSObject:
        return galsim.Moffat(beta=self.beta, fwhm=width, gsparams=_ACCURACY)


class ImagePsf:
    """A measured point-spread function: an image in each band, pixel included.

    Parameters
    ----------
    images
        (B, P, P) with P odd and the centre in the middle pixel; each is scaled to a sum of 1.
    fwhm
        Full widths at half maximum in arcsec (B,); measured from the images by default.

    Raises
    ------
    InputError
        An image is not square with an odd side, is not finite or has no light.
    """

    def __init__(self, images: np.ndarray, fwhm: np.ndarray | None = None):
        images = np.asarray(images, np.float64)
        if images.ndim != 3 or images.shape[1] != images.shape[2] or images.shape[1] % 2 == 0:
            raise InputError(
                f"PSF: images of shape {images.shape}; give one square of odd side a band"
            )
        totals = images.sum((1, 2), keepdims=True)
        if not (np.isfinite(images).all() and (totals > 0).all()):
            raise InputError("PSF: values that are not finite or no light; give a whole PSF image")
        self.images = images / totals
        self.fwhm = _measured_fwhm(self.images) if fwhm is None else np.asarray(fwhm, np.float64)

    def transform(self, side: int) -> np.ndarray:
        """Return the transform; see `Psf`. An image larger than the stamp loses its outskirts."""
        half = min(self.images.shape[1] // 2, side // 2 - 1)
        middle = self.images.shape[1] // 2
        cut = slice(middle - half, middle + half + 1)
        padded = np.zeros((len(self.images), side, side))
        padded[:, : 2 * half + 1, : 2 * half + 1] = self.images[:, cut, cut]
        return scipy.fft.rfft2(np.roll(padded, (-half, -half), (1, 2)))

    def widened(self, factor: float) -> "ImagePsf":
        """Return the function with its width multiplied by `factor`, by cubic interpolation."""
        middle = self.images.shape[1] // 2
        grid = (np.arange(self.images.shape[1]) - middle) / factor + middle
        y, x = np.meshgrid(grid, grid, indexing="ij")
        wide = [scipy.ndimage.map_coordinates(image, [y, x]) for image in self.images]
        return ImagePsf(np.array(wide), self.fwhm * factor)


class Stamps(NamedTuple):
    """Drawn sources of one stamp size: `light` (n, B, side, side) float32 in nanomaggies.

    `corner` (n, 2) int64 is the pixel (x, y) of the image on which a stamp's first pixel falls;
    `source` (n,) int64 the rows of the catalogue.
    """

    light: np.ndarray
    corner: np.ndarray
    source: np.ndarray

    def windows(self, height: int, width: int) -> Iterator[tuple[int, tuple, tuple]]:
        """Yield each stamp that touches an image: its row, and the slices of image and stamp."""
        side = self.light.shape[-1]
        for row, (x, y) in enumerate(self.corner):
            low = max(x, 0), max(y, 0)
            high = min(x + side, width), min(y + side, height)
            if low[0] < high[0] and low[1] < high[1]:
                image = (slice(None), slice(low[1], high[1]), slice(low[0], high[0]))
                stamp = (
                    slice(None),
                    slice(low[1] - y, high[1] - y),
                    slice(low[0] - x, high[0] - x),
                )
                yield row, image, stamp


def draw_stamps(
    galaxies: Sources,
    psf: Psf,
    transmission: np.ndarray | float = 1.0,
    bands: Sequence[str] = BANDS,
) -> Iterator[Stamps]:
    """Draw placed sources without noise.

    Parameters
    ----------
    galaxies
        With positions x, y in the catalogue.
    psf
        Point-spread function in each of the bands.
    transmission
        Share of the light that dust lets through in each of the bands, (B,).
    bands
        Of g, r, z.

    Yields
    ------
    Stamps
        Of at most 64 sources; every source appears once.
    """
    catalogue, parts = galaxies.catalogue, galaxies.components
    picked = [BANDS.index(band) for band in bands]
    flux = galaxies.fluxes()[:, picked] * transmission
    order = parts.sort_values("source", kind="stable")
    first = np.searchsorted(order["source"], np.arange(len(catalogue) + 1))
    rows = order[["index", "radius", "e1", "e2", "dx", "dy"]].to_numpy()
    share = order[[f"share_{band}" for band in bands]].to_numpy()
    sides = _sides(rows, first, flux)
    place = catalogue[["x", "y"]].to_numpy()
    for side in np.unique(sides):
        for chosen in _batches(np.flatnonzero(sides == side)):
            whole = np.floor(place[chosen] + 0.5).astype(np.int64)
            shape = (len(chosen), len(picked), side, side // 2 + 1)
            spectrum = np.empty(shape, np.complex64)
            for i, source in enumerate(chosen):
                mine = slice(first[source], first[source + 1])
                offset = place[source] - whole[i]
                spectrum[i] = _spectrum(rows[mine], share[mine] * flux[source], offset, side)
            spectrum *= psf.transform(side).astype(np.complex64)
            light = scipy.fft.irfft2(spectrum, (side, side), overwrite_x=True)
            light = np.fft.fftshift(light, (2, 3))
            yield Stamps(np.maximum(light, 0, out=light), whole - side // 2, chosen)


def add_light(image: np.ndarray, stamps: Stamps) -> None:
    """Add stamps to an image (B, H, W) in place; what falls off its edges is lost."""
    for row, window, part in stamps.windows(*image.shape[1:]):
        image[window] += stamps.light[row][part]


def _spectrum(rows: np.ndarray, flux: np.ndarray, offset: np.ndarray, side: int) -> np.ndarray:
    """Transform (B, side, side // 2 + 1) of one source's light, without point-spread function."""
    kx, ky = _frequencies(side)
    total = np.zeros((flux.shape[1], side, side // 2 + 1), np.complex128)
    for row, light in zip(rows, flux):
        index, radius, e1, e2, dx, dy = row
        if index != POINT:
            profile = galsim.Sersic(n=index, half_light_radius=radius, gsparams=_ACCURACY)
            plane = _profile_transform(profile.shear(g1=e1, g2=e2), side)
            total += light[:, None, None] * (plane * _shift(kx, ky, dx / PIXEL, dy / PIXEL))
    points = rows[:, 0] == POINT
    if points.any():
        across = np.exp(-1j * np.outer(rows[points, 4] / PIXEL, kx))
        along = np.exp(-1j * np.outer(rows[points, 5] / PIXEL, ky))
        total += np.einsum("pb,py,px->byx", flux[points], along, across, optimize=True)
    return total * _shift(kx, ky, *offset)


def _shift(kx, ky, dx: float, dy: float) -> np.ndarray | float:
    if dx == 0 and dy == 0:
        return 1.0
    return np.exp(-1j * ky * dy)[:, None] * np.exp(-1j * kx * dx)


def _frequencies(side: int) -> tuple[np.ndarray, np.ndarray]:
    """Radians a pixel along x (side // 2 + 1,) and y (side,), in the order of `rfft2`."""
    return 2 * np.pi * scipy.fft.rfftfreq(side), 2 * np.pi * scipy.fft.fftfreq(side)


def _profile_transform(profile: galsim.GSObject, side: int) -> np.ndarray:
    """Transform of a profile of flux 1 in the order of `rfft2`, at frequencies of a stamp."""
    bounds = galsim.BoundsI(0, side // 2, -(side // 2), side // 2 - 1)
    plane = galsim.ImageCD(bounds, scale=2 * np.pi / (side * PIXEL))
    profile.drawKImage(image=plane, recenter=False)
    return np.fft.ifftshift(plane.array, axes=0)


def _pixel_transform(side: int) -> np.ndarray:
    kx, ky = _frequencies(side)
    return np.sinc(ky / (2 * np.pi))[:, None] * np.sinc(kx / (2 * np.pi))


def _sides(rows: np.ndarray, first: np.ndarray, flux: np.ndarray) -> np.ndarray:
    """Pixels a side that hold a source: wider for large, concentrated and bright ones."""
    reach = np.where(rows[:, 0] > 1, 6.0, 4.5) * rows[:, 1] + np.hypot(rows[:, 4], rows[:, 5])
    widest = np.maximum.reduceat(reach, first[:-1]) if len(rows) else np.zeros(0)
    bright = 1 + 0.25 * np.log10(np.maximum(flux.max(1), 1))
    need = 2 * (widest / PIXEL + 20) * bright
    return np.array(SIDES)[np.minimum(np.searchsorted(SIDES, need), len(SIDES) - 1)]


def _batches(rows: np.ndarray) -> Iterator[np.ndarray]:
    for start in range(0, len(rows), BATCH):
        yield rows[start : start + BATCH]


def _measured_fwhm(images: np.ndarray) -> np.ndarray:
    """Width of the circle that covers the pixels above half of the maximum, in arcsec (B,)."""
    fine = [scipy.ndimage.zoom(image, 5, order=3) for image in images]
    area = np.array([(image > 0.5 * image.max()).sum() / 25 for image in fine])
    return 2 * np.sqrt(area / np.pi) * PIXEL
