"""Bad survey bricks through the command line: one clear line, a non-zero exit, nothing written."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits

from cosmodag.injections.bricks.brick_files import BrickFiles
from cosmodag.injections.bricks.brick_images import read_plane, write_plane
from tests.faults.test_bad_input import cosmodag, refused

pytestmark = pytest.mark.faults


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """A brick with a run of injections, and the objects selected in it."""
    folder = tmp_path_factory.mktemp("survey")
    sky = ("injections", "simulate", "--output", folder / "sky", "--size", 512, "--count", 1)
    surveys = ("--surveys", '{"same": {"population": "real"}}')
    code, printed = cosmodag(*sky, *surveys)
    assert code == 0, printed
    code, printed = cosmodag(*select(folder))
    assert code == 0, printed
    code, printed = cosmodag(*cutouts(folder, folder / "scratch"))
    assert code == 0, printed
    for written in ("cutouts.h5", "cuts.csv"):
        (folder / written).unlink()
    shutil.rmtree(folder / "scratch")
    return folder


@pytest.fixture
def folder(made, tmp_path) -> Path:
    """A copy of the brick to spoil."""
    return shutil.copytree(made, tmp_path / "copy")


def select(folder: Path) -> tuple:
    objects = ("--output", folder / "objects.parquet", "--cuts", folder / "cuts.csv")
    return ("injections", "select", folder / "sky", "--survey-name", "same", *objects)


def cutouts(folder: Path, scratch: Path) -> tuple:
    survey = ("--survey", folder / "sky", "--survey-name", "same", "--side", 32)
    files = ("--objects", folder / "objects.parquet", "--output", folder / "cutouts.h5")
    return ("injections", "cutouts", *survey, *files, "--scratch", scratch)


def bricks(folder: Path, run: str | None = None) -> BrickFiles:
    (name,) = (path.name for path in (folder / "sky/same/coadd").glob("*/*") if path.is_dir())
    return BrickFiles(folder / "sky/same", name, run)


def both_refuse(folder: Path, scratch: Path, message: str) -> None:
    """Check that selection and cutouts refuse a plane of the survey."""
    refused(folder, message, *cutouts(folder, scratch))
    (folder / "objects.parquet").unlink()
    refused(folder, message, *select(folder))


def replace(path: Path, plane: np.ndarray, header) -> None:
    path.unlink()  # it may be a link to a file that others share
    write_plane(path, plane, header, lossless=True)


def test_a_missing_band_is_named(folder, tmp_path):
    path = bricks(folder).coadd("image", "r")
    path.unlink()
    both_refuse(folder, tmp_path / "scratch", f"{path}: there is no such file; fetch it or leave")


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_a_truncated_plane_is_named(folder, tmp_path, share):
    path = bricks(folder).coadd("invvar", "r")
    whole = path.read_bytes()
    path.unlink()
    path.write_bytes(whole[: int(share * len(whole))])
    both_refuse(folder, tmp_path / "scratch", str(path))


@pytest.mark.parametrize(
    ("value", "message"), [(np.nan, "NaN or infinite"), (0, "0 everywhere"), (-9000, "negative")]
)
def test_inverse_variances_that_cannot_be_are_named(folder, tmp_path, value, message):
    path = bricks(folder).coadd("invvar", "r")
    plane, header = read_plane(path)
    plane[:] = value if value == 0 else plane
    plane[7, 9] = value
    replace(path, plane, header)
    both_refuse(folder, tmp_path / "scratch", message)


def test_planes_in_other_units_are_named(folder, tmp_path):
    path = bricks(folder).coadd("image", "r")
    plane, header = read_plane(path)
    header["BUNIT"] = "Jy"
    replace(path, plane, header)
    both_refuse(folder, tmp_path / "scratch", f"{path}: pixels in 'Jy'")


def spoil(path: Path, change) -> Path:
    """Rewrite a catalogue after a change of its HDU."""
    with fits.open(path, memmap=False) as file:
        change(file[1])
        path.unlink()
        file.writeto(path)
    return path


def moved(pixels: float):
    def change(table: fits.BinTableHDU) -> None:
        table.data["bx"] += pixels
        table.data["by"] += pixels

    return change


def twice(table: fits.BinTableHDU) -> None:
    table.data["objid"][1] = table.data["objid"][0]


def in_jansky(table: fits.BinTableHDU) -> None:
    table.columns["flux_r"].unit = "Jy"


def emptied(table: fits.BinTableHDU) -> None:
    table.data = table.data[:0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (moved(4000), "lie outside the image"),
        (moved(1), "first_pixel: 1"),
        (twice, "objid must be unique"),
        (emptied, "no object"),
        (in_jansky, "convert it to nanomaggies"),
    ],
    ids=["off the image", "counted from 1", "duplicate ids", "no object", "mixed units"],
)
def test_catalogues_that_cannot_be_used_are_named(folder, change, message):
    path = spoil(bricks(folder).tractor, change)
    (folder / "objects.parquet").unlink()
    last = refused(folder, message, *select(folder))
    assert str(path) in last


def test_selected_objects_off_the_image_or_given_twice_are_named(folder, tmp_path):
    objects = pd.read_parquet(folder / "objects.parquet")
    far = objects.assign(bx=objects["bx"] + 4000)
    far.to_parquet(folder / "objects.parquet")
    refused(folder, "lie outside the image", *cutouts(folder, tmp_path / "scratch"))
    pd.concat([objects, objects[:1]]).to_parquet(folder / "objects.parquet")
    refused(folder, "twice", *cutouts(folder, tmp_path / "scratch"))


def test_more_batches_than_bricks_are_refused(folder):
    (folder / "objects.parquet").unlink()
    share = ("--batch", 3, "--batches", 4)
    refused(folder, "4 batches of 1 bricks", *select(folder), *share)
