"""Real stamps in folders: which are accepted, and what is read."""

import gzip

import h5py
import numpy as np
import pytest
from astropy.io import fits
from PIL import Image

from cosmodag.errors import InputError
from cosmodag.galaxies.cutouts.galaxy_stamps import cut_galaxies
from cosmodag.galaxies.stamps.stamp_filter import filter_stamps
from cosmodag.galaxies.stamps.stamp_folder import open_folder
from cosmodag.galaxies.stamps.stamp_headers import read_header

SIDE = 20
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


def filtered(folder, tmp_path, **settings):
    """Names of the accepted files, and reasons by name of the rejected."""
    lists = tmp_path / "accepted.txt", tmp_path / "rejected.tsv"
    try:
        filter_stamps(folder, *lists, shape=(3, SIDE, SIDE), **settings)
    except InputError:
        if not lists[0].exists():
            raise
    accepted = [line.rpartition("/")[2] for line in lists[0].read_text().splitlines()]
    lines = [line.split("\t") for line in lists[1].read_text().splitlines()]
    return accepted, {path.rpartition("/")[2]: reason for path, reason in lines}


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "stamps"
    folder.mkdir()
    return folder


def read(tmp_path, paths, **settings):
    listed = tmp_path / "list.txt"
    listed.write_text("".join(f"{path}\n" for path in paths))
    opened = open_folder(listed, **{"bands": ("g", "r", "z"), "pixel": 0.262, **settings})
    stamps = list(opened.each)
    assert len(stamps) == opened.count
    return stamps


def test_stamps_of_every_format_are_read_alike(folder, tmp_path):
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


def test_bands_come_in_the_order_that_is_wanted(folder, tmp_path):
    write_cube(folder / "zrg.fits", CUBE[::-1], BANDS="zrg")
    write_planes(folder / "rgz.fits", CUBE[[1, 0, 2]], bands="rgz")
    for stamp in read(tmp_path, sorted(folder.iterdir())):
        assert np.array_equal(stamp.image, CUBE)


def test_pictures_have_the_bands_red_green_and_blue(folder, tmp_path):
    values = np.random.default_rng(1).integers(0, 256, (SIDE, SIDE, 3), np.uint8)
    Image.fromarray(values).save(folder / "colour.png")
    (stamp,) = read(tmp_path, [folder / "colour.png"], bands=("R", "G", "B"))
    assert np.allclose(stamp.image, np.moveaxis(values, -1, 0) / 255)
    with pytest.raises(InputError, match=r"colour\.png: bands .*change bands"):
        read(tmp_path, [folder / "colour.png"])


def test_what_is_no_stamp_is_rejected_with_the_reason(folder, tmp_path):
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
        "flat.fits": "2-dimensional, 20 × 20: it holds but one band",
        "wide.fits": "3 × 20 × 21 is not 3 × 20 × 20",
        "five.fits": "5 × 20 × 20: 5 bands where 3 are wanted",
        "bands.fits": "bands u, g, r where g, r, z are wanted",
        "short.fits": "its pixels are cut short",
        "alpha.png": "has an alpha channel; save it as RGB",
        "grey.png": "its mode is L; save it as RGB",
    }
    for name, reason in reasons.items():
        assert rejected[name] == reason
    assert rejected.keys() == {*reasons, "text.fits", "broken.png"}
    assert not any("\n" in reason for reason in rejected.values())


def test_larger_stamps_are_accepted_only_where_it_is_asked_for(folder, tmp_path):
    write_cube(folder / "large.fits", np.zeros((3, 30, 25), np.float32))
    write_cube(folder / "small.fits", np.zeros((3, 30, 19), np.float32))
    assert filtered(folder, tmp_path)[0] == []
    accepted, rejected = filtered(folder, tmp_path, accept_larger=True)
    assert accepted == ["large.fits"]
    assert rejected["small.fits"] == "3 × 30 × 19 is not 3 × 20 × 20 or larger"


def test_a_filter_that_leaves_nothing_says_what_most_files_lack(folder, tmp_path):
    for number in range(3):
        write_cube(folder / f"{number}.fits", CUBE[0])
    lists = tmp_path / "accepted.txt", tmp_path / "rejected.tsv"
    with pytest.raises(InputError, match=r"none of 3 files is accepted \(3 of them: 2-dimensional"):
        filter_stamps(folder, *lists)
    assert lists[1].read_text().count("\n") == 3
    with pytest.raises(InputError, match=r"accepted\.txt: .*empty"):
        open_folder(lists[0], bands=("g", "r", "z"), pixel=0.262)


def test_a_folder_without_stamps_is_refused(folder, tmp_path):
    with pytest.raises(InputError, match="no file that ends in one of"):
        filter_stamps(folder, tmp_path / "accepted.txt", tmp_path / "rejected.tsv")
    with pytest.raises(InputError, match="absent: cannot be read"):
        filter_stamps(tmp_path / "absent", tmp_path / "accepted.txt", tmp_path / "rejected.tsv")


def test_stamps_of_one_object_share_its_name(folder, tmp_path):
    there = {"CTYPE1": "RA---TAN", "CRVAL1": 150.0}
    (folder / "again").mkdir()
    write_cube(folder / "a.fits", CRVAL2=2.0, **there)
    write_cube(folder / "b.fits", CRVAL2=2.0 + 1 / 3600, **there)  # the same place
    write_cube(folder / "c.fits", CRVAL2=2.1, **there)
    write_cube(folder / "again" / "c.fits", CRVAL2=3.0, **there)  # the same name
    write_cube(folder / "J100000.00+050000.0.fits")  # its name tells its place
    stamps = {stamp.id: stamp for stamp in read(tmp_path, sorted(folder.rglob("*.fits")))}
    assert len({stamp.object for stamp in stamps.values()}) == 3
    assert stamps["a.fits"].object == stamps["b.fits"].object
    assert stamps["c.fits"].object == stamps["again/c.fits"].object
    assert stamps["J100000.00+050000.0.fits"].known["ra"] == pytest.approx(150)
    assert stamps["J100000.00+050000.0.fits"].known["dec"] == pytest.approx(5)


def test_batches_share_the_files_and_agree_about_objects(folder, tmp_path):
    for number in range(5):
        write_cube(folder / f"{number}.fits")
    paths = sorted(folder.iterdir())
    parts = [read(tmp_path, paths, batch=batch, batches=2) for batch in (0, 1)]
    assert [[stamp.id for stamp in part] for part in parts] == [
        ["0.fits", "2.fits", "4.fits"],
        ["1.fits", "3.fits"],
    ]


def test_the_rejected_stamp_of_the_survey_is_what_it_is_said_to_be(data_folder):
    path = data_folder / "galaxies" / "example_b.fits"
    if not path.is_file():
        pytest.skip("the stamp is not in the data folder")
    header = read_header(path)
    assert header.shape == (3, 162, 162)
    assert header.bands == ("g", "r", "z")
    assert header.position == pytest.approx((0.004367, 0.541321), abs=1e-5)


def test_pixels_that_are_not_finite_are_named_when_they_are_cut_out(folder, tmp_path):
    masked = CUBE.copy()
    masked[1, 3, :2] = np.nan
    write_cube(folder / "masked.fits", masked)
    (tmp_path / "list.txt").write_text(f"{folder / 'masked.fits'}\n")
    opened = open_folder(tmp_path / "list.txt", bands=("g", "r", "z"), pixel=0.262)
    with pytest.raises(InputError, match=r"stamp masked\.fits holds 2 pixels that are not finite"):
        cut_galaxies(opened, tmp_path / "cut.h5", side=16)
    assert not (tmp_path / "cut.h5").exists()
