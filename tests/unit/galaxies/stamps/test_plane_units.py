"""Units of the pixels of stamps and of their errors."""

import math

import numpy as np
import pytest
from astropy.io import fits

from cosmodag.errors import InputError
from cosmodag.galaxies.stamps.stamp_format import StampFormat
from cosmodag.imaging.fits_files import in_nanomaggies
from tests.unit.galaxies.stamps.test_real_formats import CUBE, one, stamps, write


def with_errors(path, name, values, image_unit, unit):
    hdus = [fits.PrimaryHDU(), fits.ImageHDU(CUBE, name="SCI")]
    hdus.append(fits.ImageHDU(np.full(CUBE.shape, values), name=name))
    for hdu, text in zip(hdus[1:], (image_unit, unit)):
        if text:
            hdu.header["BUNIT"] = text
    fits.HDUList(hdus).writeto(path)
    return path


@pytest.mark.parametrize(
    ("name", "image_unit", "unit", "zero_point", "noise"),
    [
        ("ERR", "nanomaggy", "uJy", None, 0.25 / 3.631),
        ("ERR", "", "uJy", None, 0.25 / 3.631),
        ("ERR", "uJy", "", None, 0.25 / 3.631),
        ("ERR", "uJy", "nmgy", None, 0.25),
        ("ERR", "adu", "ADU", 25, 0.025),
        ("ERR", "MJy/sr", "kJy/sr", 25, 0.25e-4),
        ("IVAR", "uJy", "1/nanomaggy^2", None, 4.0),
        ("IVAR", "nanomaggy", "uJy-2", None, 4 / 3.631),
        ("IVAR", "uJy", "uJy", None, 4 / 3.631),
        ("IVAR", "adu", "1/adu^2", 25, 0.4),
    ],
)
def test_errors_are_converted_from_their_own_unit(
    name, image_unit, unit, zero_point, noise, tmp_path
):
    value = 0.25 if name == "ERR" else 0.0625
    path = with_errors(tmp_path / "a.fits", name, value, image_unit, unit)
    stamp = one(path, zero_point=zero_point)
    assert stamp.metadata["noise"] == pytest.approx(noise, rel=1e-3)


@pytest.mark.parametrize(
    ("name", "image_unit", "unit", "zero_point", "reason"),
    [
        ("ERR", "nmgy", "adu", None, "its error is in 'adu', and its image in 'nmgy'"),
        ("ERR", "", "uJy", 25, "its error is in 'uJy', and its image in no unit"),
        ("WHT", "nmgy", "s", None, "its weight is in 's', and its image in 'nmgy'"),
        ("IVAR", "nmgy", "uJy", None, "its weight is in 'uJy'"),
    ],
)
def test_errors_of_another_kind_are_rejected(name, image_unit, unit, zero_point, reason, tmp_path):
    path = with_errors(tmp_path / "a.fits", name, 0.25, image_unit, unit)
    found, rejections = stamps(path, zero_point=zero_point)
    assert not found
    assert reason in rejections.first
    assert "correct or remove BUNIT" in rejections.first


def test_errors_of_each_band_have_their_own_unit(tmp_path):
    hdus = [fits.PrimaryHDU()]
    for band, plane in zip("zrg", CUBE):
        hdus += [fits.ImageHDU(plane, name=f"{band}_SCI")]
        hdus += [fits.ImageHDU(np.full(plane.shape, 0.25), name=f"{band}_ERR")]
    hdus[4].header["BUNIT"] = "uJy"  # the error of r, the middle band
    fits.HDUList(hdus).writeto(tmp_path / "a.fits")
    assert one(tmp_path / "a.fits").metadata["noise"] == pytest.approx(0.25 / 3.631, rel=1e-3)
    assert one(tmp_path / "a.fits", "rzg").metadata["noise"] == 0.25


@pytest.mark.parametrize("unit", ["nanomaggy*1000", "1/nanomaggy^2", "mag(AB)", "mag", "nmgy^2"])
def test_units_that_are_none_of_pixels_are_rejected(unit, tmp_path):
    found, rejections = stamps(write(tmp_path / "a.fits", CUBE, BUNIT=unit))
    assert not found
    assert f"pixels in {unit!r}; set zero_point" in rejections.first


@pytest.mark.parametrize(
    ("unit", "factor"), [("1000 nanomaggy", 1000), ("NANOMAGGIES", 1), ("10**-3 nmgy", 1e-3)]
)
def test_factors_of_units_are_honoured(unit, factor, tmp_path):
    stamp = one(write(tmp_path / "a.fits", CUBE, BUNIT=unit))
    assert stamp.image == pytest.approx(CUBE * factor, rel=1e-6)


@pytest.mark.parametrize("point", [math.inf, math.nan, 1e6, True, [25.0, math.inf, 25.0]])
def test_zero_points_are_magnitudes(point):
    with pytest.raises(InputError, match=r"zero_point: .* is no magnitude; give numbers from -50"):
        StampFormat(bands=tuple("grz"), zero_point=point)


def test_powers_of_nanomaggies_are_recognized_without_factors():
    units = ["nmgy", "1/nanomaggy^2", "nanomaggy^(-2)", "1/nanomaggies**2", "nanomaggy-2", ""]
    assert all(map(in_nanomaggies, units))
    assert not any(map(in_nanomaggies, ["nanomaggy*1000", "nanomaggy/pixel", "uJy"]))
