"""Order of the bands of stamps as files state it, and planes that belong to one band."""

import h5py
import numpy as np
import pytest
from astropy.io import fits

from cosmodag.galaxies.stamps.stamp_filter import select_files
from cosmodag.galaxies.stamps.stamp_format import StampFormat
from tests.unit.galaxies.stamps.test_real_formats import CUBE, SIDE, one, stamps, write

ZRG = CUBE[::-1]


def extensions(path, *named, primary=None):
    """Write (name, array) as extensions behind an empty primary HDU."""
    first = fits.PrimaryHDU()
    first.header.update(primary or {})
    images = [fits.ImageHDU(values, name=name or None) for name, values in named]
    fits.HDUList([first, *images]).writeto(path)
    return path


def stack(path, bands, *, on_file=False):
    with h5py.File(path, "w") as file:
        images = file.create_dataset("images", data=np.stack([ZRG, ZRG]))
        (file if on_file else images).attrs["bands"] = bands
    return path


@pytest.mark.parametrize(
    "cards",
    [
        {"BANDS": "zrg"},
        {"BANDS": "z-r-g"},
        {"BANDS": "z_r_g"},
        {"BANDS": "z, r, g"},
        {"FILTER": "zrg"},
        {"FILTER": "Z R G"},
        {"FILTER1": "z", "FILTER2": "r", "FILTER3": "g"},
        {"BAND0": "z", "BAND1": "r", "BAND2": "g"},
        {"BANDS": 3, "FILTER": "zrg"},
    ],
)
def test_the_order_of_bands_is_read_from_the_header_of_a_cube(cards, tmp_path):
    assert np.array_equal(one(write(tmp_path / "a.fits", ZRG, **cards)).image, CUBE)
    path = extensions(tmp_path / "b.fits", ("", ZRG), primary=cards)
    assert np.array_equal(one(path).image, CUBE)


@pytest.mark.parametrize(
    ("cards", "named"),
    [
        ({"BAND1": "z", "BAND2": "r"}, "BAND1 'z', BAND2 'r'"),
        ({"BAND1": "z", "BAND2": "r", "BAND3": "r"}, "BAND1 'z', BAND2 'r', BAND3 'r'"),
        ({"BAND1": "z", "BAND2": "r", "BAND4": "g"}, "BAND4 'g'"),
        ({"BANDS": "zr"}, "BANDS 'zr'"),
        ({"FILTER": "r"}, "FILTER 'r'"),
        ({"BANDS": "z DECam,z SDSS,g"}, "BANDS 'z DECam,z SDSS,g'"),
    ],
)
def test_names_that_give_no_order_are_rejected_with_their_card(cards, named, tmp_path):
    found, rejections = stamps(write(tmp_path / "a.fits", ZRG, **cards))
    assert not found
    assert named in rejections.first
    assert "does not name each of its 3 bands once; correct or remove it" in rejections.first


def test_extensions_of_which_one_has_no_name_are_rejected(tmp_path):
    path = extensions(tmp_path / "a.fits", *zip(("Z", "R", ""), ZRG))
    assert "its extensions name the bands Z, R, none; name each" in stamps(path)[1].first
    assert np.array_equal(one(path, extensions={"image": [3, 2, 1]}).image, CUBE)


def test_unnamed_extensions_are_in_the_order_of_the_primary_header(tmp_path):
    path = extensions(tmp_path / "a.fits", *zip(("SCI",) * 3, ZRG), primary={"BANDS": "zrg"})
    assert np.array_equal(one(path).image, CUBE)


def test_files_of_one_band_each_may_name_it_in_their_primary_header(tmp_path):
    for band, name, plane in zip("grz", "zrg", ZRG):
        extensions(tmp_path / f"a-{band}.fits", ("SCI", plane), primary={"FILTER": name})
    image = one(tmp_path / "a-g.fits", files={"image": "*-{band}.fits"}).image
    assert np.array_equal(image, CUBE)


@pytest.mark.parametrize(
    "bands", ["zrg", "z,r,g", b"zrg", ["z", "r", "g"], np.array(["Z", "R", "G"], "S1")]
)
@pytest.mark.parametrize("on_file", [False, True])
def test_the_attribute_of_a_stack_gives_the_order(bands, on_file, tmp_path):
    found, rejections = stamps(stack(tmp_path / "a.h5", bands, on_file=on_file))
    assert not rejections.rejected
    assert all(np.array_equal(stamp.image, CUBE) for stamp in found)


@pytest.mark.parametrize("bands", [3, h5py.Empty("f"), ""])
def test_an_attribute_without_names_gives_no_order(bands, tmp_path):
    found, _ = stamps(stack(tmp_path / "a.h5", bands))
    assert np.array_equal(found[0].image, ZRG)


@pytest.mark.parametrize("bands", [4, 1.5, "z,r", ["z", "z", "g"]])
def test_one_stack_with_other_names_does_not_stop_the_folder(bands, tmp_path):
    paths = [str(stack(tmp_path / "a.h5", bands)), str(stack(tmp_path / "b.h5", "zrg"))]
    accepted, rejected = select_files(
        paths, shape=CUBE.shape, stamp_format=StampFormat(bands=tuple("grz"))
    )
    assert list(accepted) == paths[1:]
    assert "3 bands, but its attribute bands names" in rejected[0][1]


def test_masks_and_errors_belong_to_the_band_that_they_name(tmp_path):
    masks, errors = np.zeros(CUBE.shape, np.int16), np.ones(CUBE.shape) * [[[1]], [[2]], [[3]]]
    masks[0, 0, 0], masks[2, 5, 5:8] = 1, 1
    images = [(f"{band}_SCI", plane) for band, plane in zip("zrg", ZRG)]
    images += [(f"{band}_DQ", masks["grz".index(band)]) for band in "grz"]
    images += [(f"{band}_ERR", errors["grz".index(band)]) for band in "rgz"]
    stamp = one(extensions(tmp_path / "a.fits", *images))
    assert np.array_equal(np.isnan(stamp.image), masks > 0)
    assert stamp.metadata["noise"] == 2
    cube = extensions(tmp_path / "b.fits", ("SCI", ZRG), *images[3:], primary={"BANDS": "zrg"})
    assert np.array_equal(np.isnan(one(cube).image), masks > 0)


def test_a_mask_of_one_band_masks_that_band_alone(tmp_path):
    mask = np.zeros((SIDE, SIDE), np.int16)
    mask[:5] = 1
    images = [(f"{band}_SCI", plane) for band, plane in zip("zrg", ZRG)]
    path = extensions(tmp_path / "a.fits", *images, ("Z_DQ", mask))
    masked = np.isnan(one(path).image)
    assert masked.sum(axis=(1, 2)).tolist() == [0, 0, 5 * SIDE]
    every = np.isnan(one(path, extensions={"mask": "Z_DQ"}).image)
    assert every.sum(axis=(1, 2)).tolist() == [5 * SIDE] * 3


def test_errors_of_some_bands_are_rejected(tmp_path):
    images = [(f"{band}_SCI", plane) for band, plane in zip("zrg", ZRG)]
    path = extensions(tmp_path / "a.fits", *images, ("R_ERR", np.ones((SIDE, SIDE))))
    assert "its error lacks the bands z, g; add them, or set" in stamps(path)[1].first
    twice = [("R_ERR", np.ones((SIDE, SIDE)))] * 2
    path = extensions(tmp_path / "b.fits", *images, *twice)
    assert "of the error name the bands r, r; name each band once" in stamps(path)[1].first


def test_files_of_masks_are_those_of_the_band_in_their_name(tmp_path):
    write(tmp_path / "a.fits", ZRG, BANDS="zrg")
    masks = np.zeros(CUBE.shape, np.int16)
    masks[2, 3] = 1
    for band, mask in zip("grz", masks):
        write(tmp_path / f"a-{band}-dq.fits", mask)
    files = {"image": "*.fits", "mask": "*-{band}-dq.fits"}
    assert np.array_equal(np.isnan(one(tmp_path / "a.fits", files=files).image), masks > 0)


@pytest.mark.parametrize("name", ["COMPRESSED_IMAGE", "CUTOUT", "COADD"])
def test_names_of_a_single_image_that_are_no_band_are_not_taken_for_one(name, tmp_path):
    path = extensions(tmp_path / "a.fits", (name, CUBE[1]), primary={"FILTER": "r"})
    found = one(path, bands=["r"])
    assert np.array_equal(found.image, CUBE[1:2])
