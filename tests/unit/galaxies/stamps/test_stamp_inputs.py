"""Stamps opened from folders, lists, single files and files of simulated stamps."""

import numpy as np
import pytest
from astropy.io import fits
from PIL import Image

from cosmodag.errors import InputError
from cosmodag.galaxies.stamps.stamp_format import StampFormat
from cosmodag.galaxies.stamps.stamp_inputs import open_stamps
from cosmodag.galaxies.stamps.stamps_file import read_stamps
from tests.galaxy_runs import simulate

CUBE = np.arange(3 * 20 * 20, dtype=np.float32).reshape(3, 20, 20)


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "stamps"
    folder.mkdir()
    for name, side in (("a", 20), ("b", 14)):
        fits.PrimaryHDU(CUBE[:, :side, :side]).writeto(folder / f"{name}.fits")
    return folder


def read_all(*paths, bands="grz", pixel=0.262, order=None, **settings):
    stamp_format = StampFormat(bands=order, pixel=pixel, **settings)
    collection = open_stamps(paths, tuple(bands), stamp_format)
    stamps = list(collection.stamps)
    assert len(stamps) == collection.n_stamps
    return stamps


def test_folders_lists_and_files_give_the_same_stamps_of_any_size(folder, tmp_path):
    files = [folder / "a.fits", folder / "b.fits"]
    (tmp_path / "accepted.txt").write_text("".join(f"{path}\n" for path in files))
    for paths in ([folder], [tmp_path / "accepted.txt"], files):
        stamps = read_all(*paths)
        assert [stamp.id for stamp in stamps] == ["a.fits", "b.fits"]
        assert [stamp.image.shape for stamp in stamps] == [(3, 20, 20), (3, 14, 14)]
        assert "psf" not in stamps[0].metadata
    assert read_all(folder, psf=1.3)[0].metadata["psf"] == 1.3


def test_bands_are_reordered(folder):
    (stamp, _) = read_all(folder, order="zrg")
    assert np.array_equal(stamp.image, CUBE[::-1])
    with pytest.raises(InputError, match="stamps have u, g, r, the run was trained on g, r, z"):
        read_all(folder, order="ugr")


def test_skipped_files_are_rejections_with_the_reason(folder):
    fits.PrimaryHDU(CUBE[0]).writeto(folder / "flat.fits")
    for number in range(6):
        Image.fromarray(np.zeros((20, 20, 4), np.uint8)).save(folder / f"{number}.png")
    stamps = open_stamps([folder], "grz", StampFormat(pixel=0.262))
    assert len(list(stamps.stamps)) == stamps.n_stamps == 2
    assert stamps.rejections.n_rejected == 0
    reasons = {row.file.rpartition("/")[2]: row.reason for row in stamps.rejections.rejected}
    assert reasons["0.png"] == "has an alpha channel; save it as RGB"
    assert reasons["flat.fits"] == "1 × 20 × 20: 1 bands instead of 3"
    assert len(reasons) == 7


def test_no_accepted_file_raises_with_the_most_frequent_reason(tmp_path):
    for number in range(2):
        Image.fromarray(np.zeros((20, 20, 3), np.uint8)).save(tmp_path / f"{number}.png")
    message = r"none of 2 files is accepted \(2 of them: bands R, G, B instead of g, r, z\)"
    with pytest.raises(InputError, match=message):
        read_all(tmp_path)


def test_pixel_scale_is_required(folder):
    with pytest.raises(InputError, match="the pixel scale is unknown; set pixel"):
        read_all(folder, pixel=None)


def test_simulated_stamps_record_their_format_and_are_concatenated(folder, tmp_path):
    one = simulate(tmp_path / "one.h5", count=3, seed=1)
    other = simulate(tmp_path / "other.h5", count=2, seed=2)
    stamps = read_all(one, other, pixel=None)
    assert [stamp.id for stamp in stamps] == [
        stamp.id for path in (one, other) for stamp in read_stamps(path)
    ]
    reordered = read_all(one, bands="zrg")[0].image
    assert np.array_equal(reordered, stamps[0].image[::-1])
    with pytest.raises(InputError, match="simulated stamps mixed with others"):
        read_all(one, folder)
    with pytest.raises(InputError, match=r"bands g, r, z, the run was trained on R, G, B"):
        read_all(one, bands="RGB")
    red = simulate(tmp_path / "red.h5", count=2, seed=2, bands="RIZ")
    with pytest.raises(InputError, match=r"bands .* differs from .*; predict them separately"):
        read_all(one, red)
