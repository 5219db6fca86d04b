"""Rendering of galaxies in images of several bands, in Fourier space.

GalSim computes the Fourier transform of each profile once. Bands differ only in the flux fractions
of the profiles and in the point-spread function, so a galaxy costs one transform per profile and
one inverse transform per band.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import galsim
import numpy as np
import scipy.fft

from cosmodag.imaging.galaxy_population import POINT, Sources
from cosmodag.injections.bricks.brick_images import BANDS, PIXEL_SCALE
from cosmodag.injections.simulation.psf import ACCURACY, Psf, frequencies, profile_transform

STAMP_SIDES = (64, 96, 128, 192, 256, 384)
"""Allowed sides of stamps in pixels; a short list lets transforms be reused."""
BATCH_SIZE = 64

Window = tuple[slice, slice, slice]


class RenderedStamps(NamedTuple):
    """Rendered sources on stamps of one size.

    Attributes
    ----------
    flux : numpy.ndarray, shape (n, B, side, side), float32
        Noise-free flux in nanomaggies per pixel.
    corner : numpy.ndarray, shape (n, 2), int64
        Pixel (x, y) of the image that coincides with the first pixel of each stamp.
    source : numpy.ndarray, shape (n,), int64
        Rows of the catalogue.
    """

    flux: np.ndarray
    corner: np.ndarray
    source: np.ndarray

    def windows(self, height: int, width: int) -> Iterator[tuple[int, Window, Window]]:
        """Yield the overlap of each stamp with an image; stamps without overlap are skipped.

        Parameters
        ----------
        height, width : int
            Shape of the image in pixels.

        Yields
        ------
        row : int
            Index of the stamp.
        image_window, stamp_window : tuple of slice
            Overlap as indices of the image (B, H, W) and of the stamp (B, side, side).
        """
        side = self.flux.shape[-1]
        for row, (x, y) in enumerate(self.corner):
            low = max(x, 0), max(y, 0)
            high = min(x + side, width), min(y + side, height)
            if low[0] < high[0] and low[1] < high[1]:
                image_window = (slice(None), slice(low[1], high[1]), slice(low[0], high[0]))
                stamp_window = (
                    slice(None),
                    slice(low[1] - y, high[1] - y),
                    slice(low[0] - x, high[0] - x),
                )
                yield row, image_window, stamp_window


def render_stamps(
    sources: Sources,
    psf: Psf,
    transmission: np.ndarray | float = 1.0,
    bands: Sequence[str] = BANDS,
) -> Iterator[RenderedStamps]:
    """Render sources without noise.

    Parameters
    ----------
    sources : Sources
        Sources with positions.
    psf : Psf
        Point-spread functions in these bands.
    transmission : numpy.ndarray, shape (B,), or float
        Transmission of Galactic dust in each band.
    bands : sequence of str
        Bands among g, r and z.

    Yields
    ------
    RenderedStamps
        Stamps of at most 64 sources; every source appears once.
    """
    catalogue, components = sources.catalogue, sources.components
    columns = [BANDS.index(band) for band in bands]
    flux = sources.fluxes()[:, columns] * transmission
    order = components.sort_values("source", kind="stable")
    first = np.searchsorted(order["source"], np.arange(len(catalogue) + 1))
    profiles = order[["index", "radius", "e1", "e2", "dx", "dy"]].to_numpy()
    share = order[[f"share_{band}" for band in bands]].to_numpy()
    sides = _stamp_sides(profiles, first, flux)
    position = catalogue[["x", "y"]].to_numpy()
    for side in np.unique(sides):
        for batch in _batches(np.flatnonzero(sides == side)):
            pixel = np.floor(position[batch] + 0.5).astype(np.int64)
            shape = (len(batch), len(columns), side, side // 2 + 1)
            spectrum = np.empty(shape, np.complex64)
            for i, source in enumerate(batch):
                rows = slice(first[source], first[source + 1])
                offset = position[source] - pixel[i]
                spectrum[i] = _spectrum(profiles[rows], share[rows] * flux[source], offset, side)
            spectrum *= psf.transform(side).astype(np.complex64)
            planes = scipy.fft.irfft2(spectrum, (side, side), overwrite_x=True)
            planes = np.fft.fftshift(planes, (2, 3))
            yield RenderedStamps(np.maximum(planes, 0, out=planes), pixel - side // 2, batch)


def add_stamps(image: np.ndarray, stamps: RenderedStamps) -> None:
    """Add stamps to an image in place; pixels beyond the edges are dropped.

    Parameters
    ----------
    image : numpy.ndarray, shape (B, H, W), float32
        Image in nanomaggies per pixel.
    stamps : RenderedStamps
        Stamps to add.
    """
    for row, image_window, stamp_window in stamps.windows(*image.shape[1:]):
        image[image_window] += stamps.flux[row][stamp_window]


def _spectrum(profiles: np.ndarray, flux: np.ndarray, offset: np.ndarray, side: int) -> np.ndarray:
    """Return the transform (B, side, side // 2 + 1) of one source before convolution."""
    kx, ky = frequencies(side)
    total = np.zeros((flux.shape[1], side, side // 2 + 1), np.complex128)
    for (index, radius, e1, e2, dx, dy), band_flux in zip(profiles, flux):
        if index != POINT:
            profile = galsim.Sersic(n=index, half_light_radius=radius, gsparams=ACCURACY)
            plane = profile_transform(profile.shear(g1=e1, g2=e2), side)
            phase = _phase(kx, ky, dx / PIXEL_SCALE, dy / PIXEL_SCALE)
            total += band_flux[:, None, None] * (plane * phase)
    points = profiles[:, 0] == POINT
    if points.any():
        phase_x = np.exp(-1j * np.outer(profiles[points, 4] / PIXEL_SCALE, kx))
        phase_y = np.exp(-1j * np.outer(profiles[points, 5] / PIXEL_SCALE, ky))
        total += np.einsum("pb,py,px->byx", flux[points], phase_y, phase_x, optimize=True)
    return total * _phase(kx, ky, *offset)


def _phase(kx: np.ndarray, ky: np.ndarray, dx: float, dy: float) -> np.ndarray | float:
    """Return the Fourier phase of a shift in pixels."""
    if dx == 0 and dy == 0:
        return 1.0
    return np.exp(-1j * ky * dy)[:, None] * np.exp(-1j * kx * dx)


def _stamp_sides(profiles: np.ndarray, first: np.ndarray, flux: np.ndarray) -> np.ndarray:
    """Return the side in pixels of each stamp, larger for extended and for bright sources."""
    reach = np.where(profiles[:, 0] > 1, 6.0, 4.5) * profiles[:, 1]
    reach = reach + np.hypot(profiles[:, 4], profiles[:, 5])
    widest = np.maximum.reduceat(reach, first[:-1]) if len(profiles) else np.zeros(0)
    brightness = 1 + 0.25 * np.log10(np.maximum(flux.max(1), 1))
    required = 2 * (widest / PIXEL_SCALE + 20) * brightness
    choice = np.minimum(np.searchsorted(STAMP_SIDES, required), len(STAMP_SIDES) - 1)
    return np.array(STAMP_SIDES)[choice]


def _batches(rows: np.ndarray) -> Iterator[np.ndarray]:
    """Yield rows in batches of at most `BATCH_SIZE`."""
    for start in range(0, len(rows), BATCH_SIZE):
        yield rows[start : start + BATCH_SIZE]
