"""Images in several bands in one FITS file."""

import numpy as np
import pytest
from astropy.io import fits

from cosmodag.errors import InputError
from cosmodag.injections.bricks.multiband_image import psf_fwhm, read_multiband_image, read_psf


def make_file(leave_out: tuple[str, str] | None = None) -> fits.HDUList:
    sky = {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CDELT1": -1e-4, "CDELT2": 1e-4}
    file = fits.HDUList([fits.PrimaryHDU()])
    for number, band in enumerate("grz"):
        for kind in ("image", "invvar"):
            if (band, kind) != leave_out:
                header = fits.Header(sky | {"BAND": band, "IMAGETYP": kind})
                data = np.full((5, 6), number + 1, np.float32)
                file.append(fits.ImageHDU(data, header))
    return file


def test_bands_are_read_in_the_requested_order(tmp_path):
    make_file().writeto(tmp_path / "c.fits")
    images, psf = read_multiband_image(tmp_path / "c.fits", bands=("z", "g"))
    assert images.image.shape == (2, 5, 6)
    assert list(images.image[:, 0, 0]) == [3, 1]
    assert np.isnan(images.psf_size).all()
    assert psf is None


def test_missing_plane_is_reported(tmp_path):
    make_file(("r", "invvar")).writeto(tmp_path / "c.fits")
    with pytest.raises(InputError, match=r"c\.fits: no invvar of band 'r'"):
        read_multiband_image(tmp_path / "c.fits")


def test_psf_fwhm_of_a_gaussian():
    x = np.arange(-31, 32)
    gaussian = np.exp(-(x**2 + x[:, None] ** 2) / (2 * 2.3**2))
    assert psf_fwhm(gaussian) == pytest.approx(2.355 * 2.3, rel=0.01)


@pytest.mark.data
def test_real_cutout_and_its_psf_are_read(data_folder):
    folder = data_folder / "injections"
    images, psf = read_multiband_image(
        folder / "cutout_59.1067_-30.4848.fits", psf_path=folder / "copsf_59.1067_-30.4848.fits"
    )
    with fits.open(folder / "cutout_59.1067_-30.4848.fits") as file:
        np.testing.assert_array_equal(images.image[1], file[3].data)
        np.testing.assert_array_equal(images.ivar[2], file[6].data)
    assert psf.shape == (3, 63, 63)
    assert ((images.psf_size > 0.8) & (images.psf_size < 1.2)).all()
    place = images.wcs.pixel_to_world(127.5, 127.5)
    assert place.ra.deg == pytest.approx(59.1067, abs=0.001)


@pytest.mark.data
def test_psf_file_without_a_band_is_refused(data_folder):
    path = data_folder / "injections/copsf_59.1067_-30.4848.fits"
    with pytest.raises(InputError, match="no point-spread function of band 'y'"):
        read_psf(path, ("y",))
