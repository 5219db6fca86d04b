"""Bad stamps on the command line: a one-line error, a non-zero exit status, no output."""

import json
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from PIL import Image

from tests.faults.test_bad_input import cosmodag, refused
from tests.galaxy_runs import train_runs

pytestmark = pytest.mark.faults

CUBE = np.random.default_rng(0).normal(size=(3, 40, 40)).astype(np.float32)
PIXEL = ("--pixel", 0.1)


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> Path:
    """Networks that take the point-spread function as an input."""
    return train_runs(tmp_path_factory.mktemp("galaxies"), count=60) / "runs"


@pytest.fixture
def folder(tmp_path) -> Path:
    folder = tmp_path / "stamps"
    folder.mkdir()
    return folder


def write(path: Path, cube: np.ndarray = CUBE, **cards) -> Path:
    hdu = fits.PrimaryHDU(cube)
    hdu.header.update(cards)
    hdu.writeto(path)
    return path


def filtered(folder: Path) -> tuple:
    lists = ("--accepted", folder / "accepted.txt", "--rejected", folder / "rejected.tsv")
    return ("galaxies", "filter", "--path", folder, "--shape", "[3, 40, 40]", *lists)


def predict(folder: Path, runs: Path, *options: object) -> tuple:
    run = ("--parameters", runs / "parameters", "--output", folder / "table.csv")
    return ("galaxies", "predict", folder, *run, *options)


def cutouts(folder: Path, **stamp_format) -> tuple:
    files = {"bands": ["g", "r", "z"], "pixel": 0.1} | stamp_format
    path_list = folder / "accepted.txt"
    paths = [path for path in sorted(folder.glob("*.*")) if path != path_list]
    path_list.write_text("".join(f"{path}\n" for path in paths))
    return (
        *("galaxies", "cutouts", "--stamps", path_list, "--files", json.dumps(files)),
        *("--side", 32, "--output", folder / "cutouts.h5"),
    )


BAD = {
    "2-dimensional": (
        lambda path: write(path / "flat.fits", CUBE[0]),
        "1 × 40 × 40: 1 bands instead of 3",
    ),
    "unknown bands": (
        lambda path: write(path / "bands.fits", BANDS="ugi"),
        "bands u, g, i instead of g, r, z",
    ),
    "alpha": (
        lambda path: Image.fromarray(np.zeros((40, 40, 4), np.uint8)).save(path / "alpha.png"),
        "has an alpha channel; save it as RGB",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_filter_without_accepted_files_names_the_reason(folder, name):
    write_bad, message = BAD[name]
    write_bad(folder)
    code, printed = cosmodag(*filtered(folder))
    assert code == 2
    last = printed.strip().splitlines()[-1]
    assert last == (
        f"Error: {folder}: none of 1 files is accepted (1 of them: {message}); change the keys "
        "shape, accept_larger or bands"
    )
    assert all(line[0] == "#" for line in (folder / "accepted.txt").read_text().splitlines())
    assert message in (folder / "rejected.tsv").read_text()


@pytest.mark.parametrize("name", BAD)
def test_prediction_without_accepted_files_names_the_reason(folder, runs, name):
    write_bad, message = BAD[name]
    write_bad(folder)
    error = f"none of 1 files is accepted (1 of them: {message}); provide stamps in the bands"
    refused(folder, f"{error} g, r, z", *predict(folder, runs, *PIXEL, "--psf", 0.3))


def test_pixels_that_are_not_finite_are_named(folder, runs):
    masked = CUBE.copy()
    masked[1, 3:] = np.nan
    write(folder / "masked.fits", masked)
    message = "stamp masked.fits: 1480 pixels are masked or not finite; leave it out"
    refused(folder, message, *predict(folder, runs, *PIXEL, "--psf", 0.3))
    refused(folder, message, *cutouts(folder))


def test_empty_list_is_named(folder, runs):
    (folder / "accepted.txt").touch()
    words = list(predict(folder, runs, *PIXEL))
    words[2] = folder / "accepted.txt"
    refused(folder, "accepted.txt: the list is empty", *words)
    stamps = ("galaxies", "cutouts", "--stamps", folder / "accepted.txt")
    files = ("--files", '{"bands": ["g", "r", "z"], "pixel": 0.1}')
    refused(folder, "the list is empty", *stamps, *files, "--output", folder / "cutouts.h5")


def test_stamp_smaller_than_its_point_spread_function_is_named(folder, runs):
    write(folder / "small.fits", CUBE[:, :12, :12])
    message = "stamp small.fits: its 12 pixels are less than its point-spread function of 1.5 arc"
    refused(folder, message, *predict(folder, runs, *PIXEL, "--psf", 1.5))
    refused(folder, message, *cutouts(folder, psf=1.5))


def test_missing_point_spread_function_and_pixel_scale_are_named(folder, runs):
    write(folder / "good.fits")
    message = "the width of the point-spread function of good.fits, which is unknown; set psf"
    refused(folder, message, *predict(folder, runs, *PIXEL))
    refused(folder, "the pixel scale is unknown; set pixel", *predict(folder, runs, "--psf", 0.3))


def test_bands_other_than_those_of_the_run_are_named(folder, runs):
    write(folder / "good.fits")
    message = "the stamps have R, G, B, the run was trained on g, r, z; choose a run of the same"
    bands = ("--bands", '["R", "G", "B"]')
    refused(folder, message, *predict(folder, runs, *PIXEL, "--psf", 0.3, *bands))


def test_folder_without_stamps_and_run_without_weights_are_named(folder, runs, tmp_path):
    refused(folder, "no file that ends in one of", *predict(folder, runs, *PIXEL))
    (tmp_path / "runs" / "parameters").mkdir(parents=True)
    words = predict(folder, tmp_path / "runs", *PIXEL)
    refused(folder, "no run.json; train the run first", *words)
