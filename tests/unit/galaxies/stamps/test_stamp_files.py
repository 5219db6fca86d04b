"""Stamps of real galaxies: selection of files, and reading them."""

import gzip
from dataclasses import replace

import h5py
import numpy as np
import pytest
from astropy.io import fits
from PIL import Image

from cosmodag.errors import InputError
from cosmodag.galaxies.cutouts.galaxy_stamps import cut_galaxies
from cosmodag.galaxies.stamps.stamp_files import open_path_list
from cosmodag.galaxies.stamps.stamp_filter import filter_stamps
from cosmodag.galaxies.stamps.stamp_format import StampFormat
from cosmodag.galaxies.stamps.stamp_headers import read_header

SIDE = 20
GRZ = StampFormat(bands=("g", "r", "z"), pixel=0.262)
CUBE = np.arange(3 * SIDE * SIDE, dtype=np.float32).reshape(3, SIDE, SIDE)


def write_cube(path, cube=CUBE, **cards):
    hdu = fits.PrimaryHDU(cube)
    hdu.header.update(cards)
    hdu.writeto(path)


def write_planes(path, planes, bands="grz"):
    hdus = [fits.PrimaryHDU()]
    for plane, band in zip(planes, bands):
        hdu = fits.ImageHDU(plane)
        hdu.header["BAND"] = band
        hdus.append(hdu)
    fits.HDUList(hdus).writeto(path)


def filtered(folder, tmp_path, *, bands=None, **settings):
    """Return the names of the accepted files, and the reasons by name of the rejected ones."""
    lists = tmp_path / "accepted.txt", tmp_path / "rejected.tsv"
    try:
        filter_stamps(
            folder, *lists, shape=(3, SIDE, SIDE), stamp_format=StampFormat(bands=bands), **settings
        )
    except InputError:
        if not lists[0].exists():
            raise
    listed = [line for line in lists[0].read_text().splitlines() if not line.startswith("#")]
    accepted = [line.rpartition("/")[2] for line in listed]
    lines = [line.split("\t") for line in lists[1].read_text().splitlines()]
    return accepted, {path.rpartition("/")[2]: reason for path, reason in lines}


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "stamps"
    folder.mkdir()
    return folder


def read(tmp_path, paths, bands="grz", **batch):
    path_list = tmp_path / "list.txt"
    path_list.write_text("".join(f"{path}\n" for path in paths))
    collection = open_path_list(path_list, replace(GRZ, bands=tuple(bands)), **batch)
    stamps = list(collection.stamps)
    assert len(stamps) == collection.n_stamps
    return stamps


def test_all_formats_give_the_same_stamps(folder, tmp_path):
    write_cube(folder / "cube.fits", BANDS="grz")
    write_planes(folder / "planes.fits", CUBE)
    (folder / "packed.fits.gz").write_bytes(gzip.compress((folder / "cube.fits").read_bytes()))
    with h5py.File(folder / "stack.h5", "w") as file:
        file["images"] = np.stack([CUBE, CUBE])
    accepted, rejected = filtered(folder, tmp_path)
    assert accepted == ["cube.fits", "packed.fits.gz", "planes.fits", "stack.h5"]
    assert not rejected
    stamps = read(tmp_path, sorted(folder.iterdir()))
    assert [stamp.id for stamp in stamps][-2:] == ["stack.h5#0", "stack.h5#1"]
    assert all(np.array_equal(stamp.image, CUBE) for stamp in stamps)


def test_bands_are_read_in_the_given_order(folder, tmp_path):
    write_cube(folder / "zrg.fits", CUBE[::-1], BANDS="zrg")
    write_planes(folder / "rgz.fits", CUBE[[1, 0, 2]], bands="rgz")
    for stamp in read(tmp_path, sorted(folder.iterdir())):
        assert np.array_equal(stamp.image, CUBE)


def test_names_of_bands_may_have_other_signs_than_letters_and_digits(folder, tmp_path):
    names = ("HSC-G", "HSC-R", "HSC-Z")
    planes = [fits.ImageHDU(plane, name=name) for plane, name in zip(CUBE, names)]
    fits.HDUList([fits.PrimaryHDU(), *planes]).writeto(folder / "hsc.fits")
    (stamp,) = read(tmp_path, [folder / "hsc.fits"], bands=("HSCZ", "HSCG", "HSCR"))
    assert np.array_equal(stamp.image, CUBE[[2, 0, 1]])


def test_png_files_have_the_bands_red_green_and_blue(folder, tmp_path):
    values = np.random.default_rng(1).integers(0, 256, (SIDE, SIDE, 3), np.uint8)
    Image.fromarray(values).save(folder / "colour.png")
    (stamp,) = read(tmp_path, [folder / "colour.png"], bands=("R", "G", "B"))
    assert np.allclose(stamp.image, np.moveaxis(values, -1, 0) / 255)
    collection = open_path_list(tmp_path / "list.txt", GRZ)
    assert list(collection.stamps) == []
    assert "colour.png: bands g, r, z are expected" in collection.rejections.first


def test_other_files_are_rejected_with_the_reason(folder, tmp_path):
    write_cube(folder / "good.fits")
    write_cube(folder / "flat.fits", CUBE[0])
    write_cube(folder / "wide.fits", np.zeros((3, SIDE, SIDE + 1), np.float32))
    write_cube(folder / "five.fits", np.zeros((5, SIDE, SIDE), np.float32))
    write_cube(folder / "bands.fits", BANDS="ugr")
    (folder / "short.fits").write_bytes((folder / "good.fits").read_bytes()[:5000])
    (folder / "text.fits").write_text("no FITS file" * 1000)
    Image.fromarray(np.zeros((SIDE, SIDE, 4), np.uint8)).save(folder / "alpha.png")
    Image.fromarray(np.zeros((SIDE, SIDE), np.uint8)).save(folder / "grey.png")
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n")
    (folder / "notes.md").touch()
    accepted, rejected = filtered(folder, tmp_path, bands=("g", "r", "z"), threads=2)
    assert accepted == ["good.fits"]
    reasons = {
        "flat.fits": "1 × 20 × 20: 1 bands instead of 3",
        "wide.fits": "3 × 20 × 21 is not 3 × 20 × 20",
        "five.fits": "5 × 20 × 20: 5 bands instead of 3",
        "bands.fits": "bands u, g, r instead of g, r, z",
        "short.fits": "its pixels are truncated",
        "alpha.png": "has an alpha channel; save it as RGB",
        "grey.png": "1 × 20 × 20: 1 bands instead of 3",
    }
    for name, reason in reasons.items():
        assert rejected[name].startswith(reason)
    assert rejected.keys() == {*reasons, "text.fits", "broken.png"}
    assert not any("\n" in reason for reason in rejected.values())


def test_larger_stamps_are_accepted_on_request_only(folder, tmp_path):
    write_cube(folder / "large.fits", np.zeros((3, 30, 25), np.float32))
    write_cube(folder / "small.fits", np.zeros((3, 30, 19), np.float32))
    assert filtered(folder, tmp_path)[0] == []
    accepted, rejected = filtered(folder, tmp_path, accept_larger=True)
    assert accepted == ["large.fits"]
    assert rejected["small.fits"] == "3 × 30 × 19 is not 3 × 20 × 20 or larger"


def test_filter_without_accepted_files_raises_with_the_most_frequent_reason(folder, tmp_path):
    for number in range(3):
        write_cube(folder / f"{number}.fits", CUBE[0])
    lists = tmp_path / "accepted.txt", tmp_path / "rejected.tsv"
    with pytest.raises(
        InputError, match=r"none of 3 files is accepted \(3 of them: 1 × 20 × 20: 1 bands"
    ):
        filter_stamps(folder, *lists)
    assert lists[1].read_text().count("\n") == 3
    with pytest.raises(InputError, match=r"accepted\.txt: .*empty"):
        open_path_list(lists[0], GRZ)


def test_folder_without_stamps_raises(folder, tmp_path):
    with pytest.raises(InputError, match="no file that ends in one of"):
        filter_stamps(folder, tmp_path / "accepted.txt", tmp_path / "rejected.tsv")
    with pytest.raises(InputError, match="absent: cannot be read"):
        filter_stamps(tmp_path / "absent", tmp_path / "accepted.txt", tmp_path / "rejected.tsv")


def test_stamps_of_one_object_share_its_name(folder, tmp_path):
    wcs = {"CTYPE1": "RA---TAN", "CRVAL1": 150.0}
    (folder / "again").mkdir()
    write_cube(folder / "a.fits", CRVAL2=2.0, **wcs)
    write_cube(folder / "b.fits", CRVAL2=2.0 + 1 / 3600, **wcs)  # the same position
    write_cube(folder / "c.fits", CRVAL2=2.1, **wcs)
    write_cube(folder / "again" / "c.fits", CRVAL2=3.0, **wcs)  # the same name elsewhere
    write_cube(folder / "again" / "b.fits")  # the same name, of unknown position
    write_cube(folder / "J100000.00+050000.0.fits")  # position in its name
    stamps = {stamp.id: stamp for stamp in read(tmp_path, sorted(folder.rglob("*.fits")))}
    assert {stamp.object for stamp in stamps.values()} == {
        *("a", "c", "again/c", "J100000.00+050000.0")
    }
    assert stamps["a.fits"].object == stamps["b.fits"].object
    assert stamps["b.fits"].object == stamps["again/b.fits"].object


def test_the_position_in_a_name_is_used(folder, tmp_path):
    for name in ("J100000.00+050000.0", "J995900.00+050000.0", "other"):
        write_cube(folder / f"{name}.fits")
    found = read(tmp_path, sorted(folder.iterdir()))
    positions = [[stamp.metadata[name] for name in ("ra", "dec")] for stamp in found]
    np.testing.assert_allclose(positions, [[150, 5], [np.nan] * 2, [np.nan] * 2])


def stack(path, **columns):
    with h5py.File(path, "w") as file:
        file["images"] = np.stack([CUBE + 1, CUBE + 2, CUBE + 3, CUBE + 4])
        for name, values in columns.items():
            file[name] = values


def test_a_stamp_of_unknown_position_leaves_the_others_theirs(folder, tmp_path):
    ra, dec = [1.0, np.nan, 3.0, 4.0], [1.0, 2.0, 3.0, 4.0]
    stack(folder / "a.h5", ra=ra, dec=dec)
    found = read(tmp_path, [folder / "a.h5"])
    assert [stamp.metadata["dec"] for stamp in found] == dec
    np.testing.assert_array_equal([stamp.metadata["ra"] for stamp in found], ra)
    collection = open_path_list(tmp_path / "list.txt", GRZ)
    cut_galaxies(collection, tmp_path / "cut.h5", side=16)
    with h5py.File(tmp_path / "cut.h5") as file:
        np.testing.assert_array_equal(file["index/ra"][:], ra)


def test_stamps_of_impossible_position_are_rejected(folder, tmp_path):
    stack(folder / "a.h5", ra=[1.0, 500.0, -3.0, 4.0], dec=[1.0, 2.0, -90.0, 200.0])
    (tmp_path / "list.txt").write_text(f"{folder / 'a.h5'}\n")
    collection = open_path_list(tmp_path / "list.txt", GRZ)
    assert [stamp.id for stamp in collection.stamps] == ["a.h5#0", "a.h5#2"]
    assert collection.rejections.n_rejected == 2
    first, second = collection.rejections.rejected
    assert first.item == "stamp a.h5#1"
    assert first.reason == "its ra 500 and dec 2 are no position in degrees; correct them"
    assert "its ra 4 and dec 200" in second.reason


@pytest.mark.parametrize("name", ["ra", "dec", "label"])
def test_positions_and_labels_of_another_number_are_rejected(name, folder, tmp_path):
    columns = {"ra": np.arange(4.0), "dec": np.arange(4.0)} | {name: np.arange(3.0)}
    stack(folder / "a.h5", **columns)
    stack(folder / "b.h5")
    accepted, rejected = filtered(folder, tmp_path)
    assert accepted == ["b.h5"]
    assert rejected["a.h5"].startswith(f"{name} has 3 values for 4 stamps; give one per stamp")


def test_batches_are_disjoint_and_share_the_names_of_objects(folder, tmp_path):
    for number in range(5):
        write_cube(folder / f"{number}.fits")
    paths = sorted(folder.iterdir())
    stamps = [read(tmp_path, paths, batch=batch, batches=2) for batch in (0, 1)]
    assert [[stamp.id for stamp in batch] for batch in stamps] == [
        ["0.fits", "2.fits", "4.fits"],
        ["1.fits", "3.fits"],
    ]


def test_header_of_a_survey_stamp_has_shape_bands_and_position(data_folder):
    path = data_folder / "galaxies" / "example_b.fits"
    if not path.is_file():
        pytest.skip("the stamp is not in the data folder")
    header = read_header(path)
    assert header.shape == (3, 162, 162)
    assert header.bands == ("g", "r", "z")
    assert header.positions[0] == pytest.approx((0.004367, 0.541321), abs=1e-5)


def test_stamps_with_few_finite_pixels_are_named(folder, tmp_path):
    masked = CUBE.copy()
    masked[1, 3:, :] = np.nan
    write_cube(folder / "masked.fits", masked)
    (tmp_path / "list.txt").write_text(f"{folder / 'masked.fits'}\n")
    collection = open_path_list(tmp_path / "list.txt", GRZ)
    with pytest.raises(
        InputError, match=r"stamp masked\.fits: 340 pixels are masked or not finite"
    ):
        cut_galaxies(collection, tmp_path / "cut.h5", side=16)
    assert not (tmp_path / "cut.h5").exists()


def test_unknown_properties_of_a_format_are_named():
    with pytest.raises(InputError, match="files: 'pixels' is not known; did you mean 'pixel'"):
        StampFormat.from_mapping({"pixels": 0.262})
