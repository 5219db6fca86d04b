"""Stamps in folders, lists, single files and files of simulated stamps, opened alike."""

import logging

import numpy as np
import pytest
from astropy.io import fits
from PIL import Image

from cosmodag.errors import InputError
from cosmodag.galaxies.stamps.any_stamps import open_any
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


def found(*paths, bands="grz", pixel=0.262, **settings):
    stamps = open_any(paths, bands=tuple(bands), pixel=pixel, **settings)
    each = list(stamps.each)
    assert len(each) == stamps.count
    return each


def test_a_folder_a_list_and_files_are_the_same_stamps_of_any_size(folder, tmp_path):
    files = [folder / "a.fits", folder / "b.fits"]
    (tmp_path / "accepted.txt").write_text("".join(f"{path}\n" for path in files))
    for paths in ([folder], [tmp_path / "accepted.txt"], files):
        stamps = found(*paths)
        assert [stamp.id for stamp in stamps] == ["a.fits", "b.fits"]
        assert [stamp.image.shape for stamp in stamps] == [(3, 20, 20), (3, 14, 14)]
        assert "psf" not in stamps[0].known
    assert found(folder, psf=1.3)[0].known["psf"] == 1.3


def test_bands_are_put_in_the_order_that_is_wanted(folder):
    (stamp, _) = found(folder, order="zrg")
    assert np.array_equal(stamp.image, CUBE[::-1])
    with pytest.raises(InputError, match="stamps of u, g, r where the run was trained on g, r, z"):
        found(folder, order="ugr")


def test_what_is_left_out_is_named_with_the_reason(folder, caplog):
    fits.PrimaryHDU(CUBE[0]).writeto(folder / "flat.fits")
    for number in range(6):
        Image.fromarray(np.zeros((20, 20, 4), np.uint8)).save(folder / f"{number}.png")
    with caplog.at_level(logging.WARNING):
        assert len(found(folder)) == 2
    assert "0.png: left out: has an alpha channel; save it as RGB" in caplog.text
    assert "and 2 more files left out" in caplog.text


def test_nothing_accepted_is_refused_with_what_most_lack(tmp_path):
    for number in range(2):
        Image.fromarray(np.zeros((20, 20, 3), np.uint8)).save(tmp_path / f"{number}.png")
    message = r"none of 2 files is accepted \(2 of them: bands R, G, B where g, r, z are wanted\)"
    with pytest.raises(InputError, match=message):
        found(tmp_path)


def test_arcsec_a_pixel_must_be_known(folder):
    with pytest.raises(InputError, match="its arcsec a pixel are not known; say them by pixel"):
        found(folder, pixel=None)


def test_simulated_stamps_tell_their_own_and_are_joined(folder, tmp_path):
    one = simulate(tmp_path / "one.h5", count=3, seed=1)
    other = simulate(tmp_path / "other.h5", count=2, seed=2)
    stamps = found(one, other, pixel=None)
    assert [stamp.id for stamp in stamps] == [
        stamp.id for path in (one, other) for stamp in read_stamps(path)
    ]
    turned = found(one, bands="zrg")[0].image
    assert np.array_equal(turned, stamps[0].image[::-1])
    with pytest.raises(InputError, match="simulated stamps and others; give one kind at a time"):
        found(one, folder)
    with pytest.raises(InputError, match=r"bands g, r, z where the run was trained on R, G, B"):
        found(one, bands="RGB")
    red = simulate(tmp_path / "red.h5", count=2, seed=2, bands="RIZ")
    with pytest.raises(InputError, match=r"bands .* differs from .*; give those that are alike"):
        found(one, red)
