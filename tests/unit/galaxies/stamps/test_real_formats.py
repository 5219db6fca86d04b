"""Stamps in the forms in which surveys publish them."""

import h5py
import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from click.testing import CliRunner
from PIL import Image

from cosmodag.commands.main import main
from cosmodag.errors import InputError
from cosmodag.galaxies.cutouts.galaxy_stamps import usable_stamps
from cosmodag.galaxies.stamps.header_table import read_header_table
from cosmodag.galaxies.stamps.stamp_files import open_path_list, open_stamp_files
from cosmodag.galaxies.stamps.stamp_filter import filter_stamps
from cosmodag.galaxies.stamps.stamp_format import StampFormat
from cosmodag.galaxies.stamps.stamp_headers import read_header
from cosmodag.rejections import Rejections

SIDE = 20
CUBE = np.random.default_rng(0).normal(size=(3, SIDE, SIDE)).astype(np.float32)


def write(path, *hdus, **cards):
    """Write arrays, or (name, array), as HDUs, with cards in the first header."""
    images = [each if isinstance(each, tuple) else ("", each) for each in hdus]
    made = [fits.PrimaryHDU(images[0][1])]
    made[0].name = images[0][0]
    made += [fits.ImageHDU(data, name=name) for name, data in images[1:]]
    made[0].header.update(cards)
    fits.HDUList(made).writeto(path)
    return path


def stamps(paths, bands="grz", **settings):
    settings = {"pixel": 0.262} | settings
    paths = [str(path) for path in (paths if isinstance(paths, list) else [paths])]
    collection = open_stamp_files(paths, "files", StampFormat(bands=tuple(bands), **settings))
    return list(collection.stamps), collection.rejections


def one(path, bands="grz", **settings):
    (stamp,), rejections = stamps(path, bands, **settings)
    assert not rejections.rejected
    return stamp


@pytest.mark.parametrize(
    "cards", [{}, {"FILTER": "r"}, {"FILTER": "R DECam SDSS 6415.0"}, {"BAND": "HSC-R"}]
)
def test_an_image_of_two_axes_is_one_band(cards, tmp_path):
    band = ["HSCR"] if "BAND" in cards else ["r"]
    stamp = one(write(tmp_path / "r.fits", CUBE[0], **cards), band)
    assert np.array_equal(stamp.image, CUBE[:1])
    _, rejections = stamps(tmp_path / "r.fits", "z")
    assert len(rejections.rejected) == bool(cards)


@pytest.mark.parametrize("kind", ["image", "IMAGE", "science", "OBJECT", "EXT"])
def test_the_image_type_of_an_image_is_of_no_importance(kind, tmp_path):
    assert np.array_equal(one(write(tmp_path / "a.fits", CUBE, IMAGETYP=kind)).image, CUBE)


def test_names_of_bands_match_whatever_their_case(tmp_path):
    path = write(tmp_path / "a.fits", CUBE, BANDS="ZGR")
    assert np.array_equal(one(path).image, CUBE[[1, 2, 0]])
    upper = write(tmp_path / "b.fits", CUBE, BANDS="Y,y,r")
    assert np.array_equal(one(upper, "yY").image, CUBE[[1, 0]])


def test_bands_are_chosen_from_a_stack_of_more(tmp_path):
    four = np.concatenate([CUBE, CUBE[:1] + 1])
    path = write(tmp_path / "a.fits", four, BANDS="griz")
    assert np.array_equal(one(path).image, four[[0, 1, 3]])
    assert np.array_equal(one(path, "griz").image, four)
    unnamed = write(tmp_path / "b.fits", four)
    assert "4 without names" in stamps(unnamed)[1].first


@pytest.mark.parametrize("extensions", [{}, {"image": "sci", "error": 2, "mask": "DQ"}])
def test_extensions_give_pixels_noise_and_masked_pixels(extensions, tmp_path):
    error, quality = np.full((SIDE, SIDE), 0.5), np.zeros((SIDE, SIDE), np.int16)
    quality[3, 4], error[5, 6] = 4, np.nan
    planes = ("SCI", CUBE[0]), ("ERR", error), ("DQ", quality)
    path = write(tmp_path / "a.fits", None, *planes, FILTER="r")
    stamp = one(path, "r", extensions=extensions, zero_point=25)
    masked = np.isnan(stamp.image[0])
    assert np.argwhere(masked).tolist() == [[3, 4], [5, 6]]
    assert stamp.image[0][~masked] == pytest.approx(0.1 * CUBE[0][~masked])
    assert stamp.metadata["noise"] == pytest.approx(0.05)
    assert stamp.metadata["masked_fraction"] == pytest.approx(2 / SIDE**2)


def test_weights_are_inverse_variances(tmp_path):
    weight = np.full(CUBE.shape, 16.0)
    weight[0, 1, 2] = 0
    stamp = one(write(tmp_path / "a.fits", CUBE, ("IVAR", weight)))
    assert np.argwhere(np.isnan(stamp.image)).tolist() == [[0, 1, 2]]
    assert stamp.metadata["noise"] == 0.25


def test_an_extension_that_is_missing_is_named(tmp_path):
    path = write(tmp_path / "a.fits", None, ("SCI", CUBE[0]))
    _, rejections = stamps(path, "r", extensions={"image": "DRZ"})
    assert "no image in extension 'DRZ'; set extensions.image to one of 0" in rejections.first


def test_planes_may_be_files_of_their_own(tmp_path):
    segments = np.zeros((SIDE, SIDE), np.int32)
    segments[8:12, 8:12], segments[:3, :3] = 2, 1
    y, x = np.mgrid[-8:9, -8:9]
    psf = np.exp(-(x**2 + y**2) / (2 * 1.5**2))
    planes = {"im": CUBE[0] + 2, "sig": np.full((SIDE, SIDE), 0.2), "seg": segments, "psf": psf}
    for name, values in planes.items():
        write(tmp_path / f"G1{name}.fits", values)
    kinds = {"image": "im", "error": "sig", "segmentation": "seg", "psf": "psf"}
    files = {plane: f"*{name}.fits" for plane, name in kinds.items()}
    stamp = one(tmp_path / "G1im.fits", "r", files=files, pixel=0.2)
    assert np.array_equal(np.isnan(stamp.image[0]), segments == 1)
    flux = float((CUBE[0] + 2)[8:12, 8:12].sum())
    assert stamp.metadata["segment_magnitude"] == pytest.approx(22.5 - 2.5 * np.log10(flux))
    assert stamp.metadata["psf"] == pytest.approx(0.2 * 2.3548 * 1.5, rel=0.01)
    assert stamp.metadata["noise"] == pytest.approx(0.2)
    assert stamp.object == "G1"


def test_bands_may_be_files_of_their_own(tmp_path):
    folder = tmp_path / "stamps"
    folder.mkdir()
    for band, plane in zip("grz", CUBE):
        write(folder / f"a-{band}.fits", plane)
    stamp_format = StampFormat(bands=("g", "r", "z"), pixel=0.2, files={"image": "*-{band}.fits"})
    lists = tmp_path / "a.txt", tmp_path / "r.tsv"
    shape = (3, SIDE, SIDE)
    assert filter_stamps(folder, *lists, shape=shape, stamp_format=stamp_format) == (1, 0)
    (stamp,) = open_path_list(lists[0], stamp_format).stamps
    assert np.array_equal(stamp.image, CUBE)
    (folder / "a-z.fits").unlink()
    with pytest.raises(InputError, match=r"a-z\.fits: there is no such file"):
        filter_stamps(folder, *lists, shape=shape, stamp_format=stamp_format)


@pytest.mark.parametrize("shape", [(1, 3, SIDE, SIDE), (3, 1, SIDE, SIDE)])
def test_axes_of_length_one_are_dropped(shape, tmp_path):
    assert np.array_equal(one(write(tmp_path / "a.fits", CUBE.reshape(shape))).image, CUBE)


def test_the_order_of_axes_is_recognized_or_given(tmp_path):
    last = np.moveaxis(CUBE, 0, -1)
    assert np.array_equal(one(write(tmp_path / "a.fits", last)).image, CUBE)
    middle = write(tmp_path / "b.fits", np.moveaxis(CUBE, 0, 1))
    assert np.array_equal(one(middle, axes=["y", "band", "x"]).image, CUBE)


def test_stacks_of_pictures_have_their_labels_and_positions(tmp_path):
    pictures = np.random.default_rng(1).integers(0, 256, (4, SIDE, SIDE, 3), np.uint8)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["images"], file["ans"] = pictures, np.arange(4)
        file["ra"], file["dec"] = np.arange(4.0), np.full(4, -1.0)
        file["kind"] = ["disc", "bar", "ring", "none"]
        file["other"] = np.arange(5)
    found, rejections = stamps(tmp_path / "a.h5", ["R", "G", "B"])
    assert not rejections.rejected
    for number, stamp in enumerate(found):
        assert stamp.image == pytest.approx(np.moveaxis(pictures[number], -1, 0) / 255)
        values = [stamp.metadata[name] for name in ("ans", "ra", "dec")]
        assert values == [number, number, -1]
    assert [stamp.metadata["kind"] for stamp in found] == ["disc", "bar", "ring", "none"]
    assert len({stamp.object for stamp in found}) == 4


@pytest.mark.parametrize(
    ("mode", "dtype", "white"), [("L", np.uint8, 255), ("I;16", np.uint16, 65535)]
)
def test_grey_pictures_are_one_band(mode, dtype, white, tmp_path):
    values = np.random.default_rng(2).integers(0, white, (SIDE, SIDE + 1)).astype(dtype)
    Image.fromarray(values).save(tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.mode == mode
    stamp = one(tmp_path / "a.png", ["white"])
    assert stamp.image[0] == pytest.approx(values / white, abs=1e-6)


def test_pictures_are_read_as_they_are_seen(tmp_path):
    colours = np.zeros((16, 32, 3), np.uint8)
    colours[:8, :8, 0] = 255  # red in the upper left corner, which the rotation moves to the right
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(colours).save(tmp_path / "a.jpg", exif=exif, quality=95)
    stamp = one(tmp_path / "a.jpg", ["R", "G", "B"])
    assert stamp.image.shape == (3, 32, 16)
    assert stamp.image[0, :6, 10:].min() > 0.9
    assert stamp.image[0, 10:].max() < 0.1
    palette = Image.fromarray(colours).convert("P", palette=Image.Palette.ADAPTIVE)
    palette.save(tmp_path / "b.png")
    image = one(tmp_path / "b.png", ["R", "G", "B"]).image
    assert np.array_equal(np.moveaxis(image, 0, -1) * 255, colours)


@pytest.mark.parametrize(
    ("cards", "zero_point", "factor"),
    [
        ({}, None, 1),
        ({"BUNIT": "nanomaggies"}, None, 1),
        ({"BUNIT": "uJy"}, None, 1 / 3.631),
        ({"BUNIT": "MJy/sr"}, None, 1e6 * np.radians(0.262 / 3600) ** 2 / 3.631e-6),
        ({"BUNIT": "adu", "MAGZERO": 30.0}, "MAGZERO", 1e-3),
        ({"BUNIT": "electron/s"}, 25, 0.1),
        ({}, [22.5, 20, 25], np.array([1, 10, 0.1])[:, None, None]),
        ({"BSCALE": 1.0, "BZERO": 0.0}, 0, 1e9),
    ],
)
def test_pixels_are_converted_to_nanomaggies(cards, zero_point, factor, tmp_path):
    stamp = one(write(tmp_path / "a.fits", CUBE, **cards), zero_point=zero_point)
    assert stamp.image == pytest.approx(CUBE * factor, rel=1e-3)


def test_scaled_integers_and_undefined_ones_are_read(tmp_path):
    values = np.arange(3 * SIDE * SIDE, dtype=np.int16).reshape(3, SIDE, SIDE)
    hdu = fits.PrimaryHDU(values)
    hdu.header.update({"BSCALE": 0.5, "BZERO": 10.0, "BLANK": 7})
    hdu.writeto(tmp_path / "a.fits")
    stamp = one(tmp_path / "a.fits")
    assert np.argwhere(np.isnan(stamp.image)).tolist() == [[0, 0, 7]]
    expected = np.where(values == 7, np.nan, 0.5 * values + 10)
    np.testing.assert_allclose(stamp.image, expected)


@pytest.mark.parametrize(
    ("cards", "zero_point", "reason"),
    [
        ({"BUNIT": "adu"}, None, "pixels in 'adu'; set zero_point"),
        ({}, "MAGZERO", "no zero point MAGZERO in its header"),
    ],
)
def test_pixels_of_unknown_flux_are_rejected(cards, zero_point, reason, tmp_path):
    found, rejections = stamps(write(tmp_path / "a.fits", CUBE, **cards), zero_point=zero_point)
    assert not found
    assert reason in rejections.first


@pytest.mark.parametrize("ctype", [("RA---TAN", "DEC--TAN"), ("RA---SIN", "DEC--SIN")])
def test_positions_are_those_of_the_centre(ctype, tmp_path):
    paths, expected = [], []
    for number, reference in enumerate([(5000.0, 3000.0), (-4000.0, 900.0)]):
        cards = {"CTYPE1": ctype[0], "CTYPE2": ctype[1], "CRVAL1": 150.1, "CRVAL2": 62.2}
        cards |= dict(zip(("CRPIX1", "CRPIX2"), reference))
        cards |= {"CD1_1": -7e-5, "CD1_2": 2e-5, "CD2_1": 2e-5, "CD2_2": 7e-5}
        paths.append(write(tmp_path / f"{number}.fits", CUBE, **cards))
        wcs = WCS(fits.getheader(paths[-1])).celestial
        expected.append(wcs.wcs_pix2world([[(SIDE - 1) / 2] * 2], 0)[0])
    found, _ = stamps(paths)
    positions = [(stamp.metadata["ra"], stamp.metadata["dec"]) for stamp in found]
    assert positions == pytest.approx(np.array(expected), abs=1e-9)
    assert len({stamp.object for stamp in found}) == 2


def test_the_link_between_stamps_is_their_extent_on_the_sky(tmp_path):
    cards = {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 150.0}
    cards |= {"CDELT1": -0.06 / 3600, "CDELT2": 0.06 / 3600, "CRPIX1": 10.5, "CRPIX2": 10.5}
    separations = (0, 1.6, 3.4)  # arcsec; the circles around 20 pixels of 0.06 reach 0.85
    paths = [
        write(tmp_path / f"{number}.fits", CUBE, CRVAL2=separation / 3600, **cards)
        for number, separation in enumerate(separations)
    ]
    found, _ = stamps(paths, pixel=0.06)
    assert [stamp.object for stamp in found] == ["0", "0", "2"]
    assert "0.06 arcsec by its world coordinates, not 0.262" in stamps(paths)[1].first


def test_one_galaxy_per_folder_is_named_by_its_folder(tmp_path):
    paths = [tmp_path / year / "cutout.fits" for year in ("2021", "2022")]
    for path in paths:
        path.parent.mkdir()
        write(path, CUBE)
    assert [stamp.object for stamp in stamps(paths)[0]] == ["2021/cutout", "2022/cutout"]


def test_masked_pixels_are_filled_with_the_noise_of_the_border(tmp_path):
    masked = CUBE + 10
    masked[:, :2] = np.nan
    opened = open_stamp_files(
        [str(write(tmp_path / "a.fits", masked))], "a", StampFormat(bands="grz", pixel=0.2)
    )
    rejections = Rejections("stamps")
    (stamp,) = usable_stamps(opened, rejections)
    assert not rejections.rejected
    assert np.array_equal(stamp.image[:, 2:], masked[:, 2:])
    assert stamp.image[:, :2].mean() == pytest.approx(10, abs=0.3)
    assert stamp.image[:, :2].std() == pytest.approx(1, rel=0.3)


def test_a_stamp_without_its_centre_is_rejected(tmp_path):
    masked = CUBE.copy()
    masked[:, 8:12, 8:12] = np.nan
    path = str(write(tmp_path / "a.fits", masked))
    opened = open_stamp_files([path], "a", StampFormat(bands="grz", pixel=0.2))
    rejections = Rejections("stamps")
    assert list(usable_stamps(opened, rejections)) == []
    assert "its central pixels are masked" in rejections.first


def test_a_job_opens_the_files_of_its_batch_alone(tmp_path, monkeypatch):
    folder = tmp_path / "stamps"
    folder.mkdir()
    for number in range(4):
        write(folder / f"{number}.fits", CUBE)
    lists, table = (tmp_path / "a.txt", tmp_path / "r.tsv"), tmp_path / "headers.parquet"
    stamp_format = StampFormat(bands="grz", pixel=0.2)
    filter_stamps(folder, *lists, headers=table, shape=CUBE.shape, stamp_format=stamp_format)
    known = read_header_table(table)
    assert [header.shape for header in known.values()] == [CUBE.shape] * 4
    read = []
    monkeypatch.setattr(
        "cosmodag.galaxies.stamps.stamp_files.read_header",
        lambda path, *more: read.append(path) or read_header(path, *more),
    )
    opened = open_path_list(lists[0], stamp_format, headers=table, batch=1, batches=2)
    assert read == []
    assert [stamp.id for stamp in opened.stamps] == ["1.fits", "3.fits"]
    assert read == [str(folder / "1.fits"), str(folder / "3.fits")]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"axes": ["x", "y"]}, "axes: .*; give band, y, x"),
        ({"extensions": {"imag": 1}}, "did you mean 'image'"),
        ({"files": {"image": "a.fits"}}, "give a name with one"),
        ({"files": {"error": "*.fits"}}, "files.image: missing"),
        ({"zero_point": [25.0]}, "1 values for 2 bands"),
    ],
)
def test_formats_that_cannot_be_are_refused(settings, message):
    with pytest.raises(InputError, match=message):
        StampFormat(bands=("g", "r"), **settings)


def test_the_command_line_takes_zero_points_as_numbers_lists_and_keywords(tmp_path):
    folder = tmp_path / "stamps"
    folder.mkdir()
    write(folder / "a.fits", CUBE, BUNIT="adu", MAGZERO=25.0)
    for number, point in enumerate(("25.5", "[25, 25, 24]", "MAGZERO")):
        lists = {"--accepted": f"a{number}.txt", "--rejected": f"r{number}.tsv"}
        words = [str(word) for key, name in lists.items() for word in (key, tmp_path / name)]
        options = ["--shape", f"[3, {SIDE}, {SIDE}]", "--zero-point", point]
        called = ["galaxies", "filter", "--path", str(folder), *words, *options]
        done = CliRunner().invoke(main, called)
        assert done.exit_code == 0, done.output
        assert (tmp_path / f"r{number}.tsv").read_text() == ""
