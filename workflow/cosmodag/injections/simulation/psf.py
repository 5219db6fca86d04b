"""Point-spread functions as Fourier transforms: Moffat profiles and measured images."""

from typing import Protocol

import galsim
import numpy as np
import scipy.fft
import scipy.ndimage

from cosmodag.errors import InputError
from cosmodag.injections.bricks.brick_images import PIXEL_SCALE

ACCURACY = galsim.GSParams(kvalue_accuracy=1e-4, folding_threshold=5e-3, maxk_threshold=1e-3)


class Psf(Protocol):
    """Point-spread functions of B bands, represented by their Fourier transforms.

    Attributes
    ----------
    fwhm : numpy.ndarray, shape (B,), float64
        Full widths at half maximum in arcsec.
    """

    fwhm: np.ndarray

    def transform(self, side: int) -> np.ndarray:
        """Return the Fourier transforms on a stamp.

        Parameters
        ----------
        side : int
            Pixels per side of the stamp.

        Returns
        -------
        numpy.ndarray, shape (B, side, side // 2 + 1)
            Transforms in the order of `scipy.fft.rfft2`, including the response of the pixel and
            equal to 1 at frequency 0.
        """
        ...

    def widened(self, factor: float) -> "Psf":
        """Return point-spread functions whose widths are multiplied by a factor.

        Parameters
        ----------
        factor : float
            Ratio of the widths.

        Returns
        -------
        Psf
        """
        ...


class MoffatPsf:
    """A Moffat profile in each band; see `Psf` for its methods.

    Parameters
    ----------
    fwhm : numpy.ndarray, shape (B,)
        Full widths at half maximum in arcsec.
    beta : float
        Power-law index of the wings.
    """

    def __init__(self, fwhm: np.ndarray, beta: float = 3.5):
        self.fwhm, self.beta = np.asarray(fwhm, np.float64), beta
        self._transforms: dict[int, np.ndarray] = {}

    def transform(self, side: int) -> np.ndarray:
        """Return the Fourier transforms on a stamp; see `Psf.transform`."""
        if side not in self._transforms:
            planes = [profile_transform(self._profile(fwhm), side) for fwhm in self.fwhm]
            self._transforms[side] = np.array(planes) * _pixel_transform(side)
        return self._transforms[side]

    def widened(self, factor: float) -> "MoffatPsf":
        """Return profiles whose widths are multiplied by a factor."""
        return MoffatPsf(self.fwhm * factor, self.beta)

    def _profile(self, fwhm: float) -> galsim.GSObject:
        return galsim.Moffat(beta=self.beta, fwhm=fwhm, gsparams=ACCURACY)


class ImagePsf:
    """A measured point-spread function in each band; see `Psf` for its methods.

    Parameters
    ----------
    images : numpy.ndarray, shape (B, P, P)
        Images that include the response of the pixel. P is odd and the centre lies in the middle
        pixel. Each image is normalized to a sum of 1.
    fwhm : numpy.ndarray, shape (B,), optional
        Full widths at half maximum in arcsec; measured from the images by default.

    Raises
    ------
    InputError
        If an image is not square with an odd side, is not finite, or has no positive sum.
    """

    def __init__(self, images: np.ndarray, fwhm: np.ndarray | None = None):
        images = np.asarray(images, np.float64)
        if images.ndim != 3 or images.shape[1] != images.shape[2] or images.shape[1] % 2 == 0:
            raise InputError(
                f"PSF: images of shape {images.shape}; give one square image of odd side per band"
            )
        totals = images.sum((1, 2), keepdims=True)
        if not (np.isfinite(images).all() and (totals > 0).all()):
            raise InputError(
                "PSF: an image is not finite or its sum is not positive; give a complete PSF image"
            )
        self.images = images / totals
        self.fwhm = _measured_fwhm(self.images) if fwhm is None else np.asarray(fwhm, np.float64)

    def transform(self, side: int) -> np.ndarray:
        """Return the Fourier transforms on a stamp; larger images are cropped to the stamp."""
        half = min(self.images.shape[1] // 2, side // 2 - 1)
        middle = self.images.shape[1] // 2
        cut = slice(middle - half, middle + half + 1)
        padded = np.zeros((len(self.images), side, side))
        padded[:, : 2 * half + 1, : 2 * half + 1] = self.images[:, cut, cut]
        return scipy.fft.rfft2(np.roll(padded, (-half, -half), (1, 2)))

    def widened(self, factor: float) -> "ImagePsf":
        """Return images stretched by a factor with cubic interpolation."""
        middle = self.images.shape[1] // 2
        grid = (np.arange(self.images.shape[1]) - middle) / factor + middle
        y, x = np.meshgrid(grid, grid, indexing="ij")
        wide = [scipy.ndimage.map_coordinates(image, [y, x]) for image in self.images]
        return ImagePsf(np.array(wide), self.fwhm * factor)


def frequencies(side: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the spatial frequencies of a stamp, ordered as `scipy.fft.rfft2`.

    Parameters
    ----------
    side : int
        Pixels per side.

    Returns
    -------
    kx : numpy.ndarray, shape (side // 2 + 1,)
        Frequencies along x in radians per pixel.
    ky : numpy.ndarray, shape (side,)
        Frequencies along y in radians per pixel.
    """
    return 2 * np.pi * scipy.fft.rfftfreq(side), 2 * np.pi * scipy.fft.fftfreq(side)


def profile_transform(profile: galsim.GSObject, side: int) -> np.ndarray:
    """Return the Fourier transform of a profile of unit flux, ordered as `scipy.fft.rfft2`.

    Parameters
    ----------
    profile : galsim.GSObject
        Profile in arcsec.
    side : int
        Pixels per side of the stamp.

    Returns
    -------
    numpy.ndarray, shape (side, side // 2 + 1), complex128
    """
    bounds = galsim.BoundsI(0, side // 2, -(side // 2), side // 2 - 1)
    plane = galsim.ImageCD(bounds, scale=2 * np.pi / (side * PIXEL_SCALE))
    profile.drawKImage(image=plane, recenter=False)
    return np.fft.ifftshift(plane.array, axes=0)


def _pixel_transform(side: int) -> np.ndarray:
    """Return the transform of the response of a square pixel."""
    kx, ky = frequencies(side)
    return np.sinc(ky / (2 * np.pi))[:, None] * np.sinc(kx / (2 * np.pi))


def _measured_fwhm(images: np.ndarray) -> np.ndarray:
    """Return the diameters of circles with the area above half maximum, in arcsec, (B,)."""
    fine = [scipy.ndimage.zoom(image, 5, order=3) for image in images]
    area = np.array([(image > 0.5 * image.max()).sum() / 25 for image in fine])
    return 2 * np.sqrt(area / np.pi) * PIXEL_SCALE
