"""Bad survey bricks through the command line: one clear line, a non-zero exit, nothing written."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits

from cosmodag.injections.bricks.brick_files import BrickFiles
from cosmodag.injections.bricks.brick_images import read_plane, write_plane
from cosmodag.tables import write_table
from tests.faults.test_bad_input import cosmodag, refused

pytestmark = pytest.mark.faults


@pytest.fixture(scope="module")
def simulated(tmp_path_factory) -> Path:
    """A brick with a run of injections and its selected objects."""
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
def folder(simulated, tmp_path) -> Path:
    """A copy of the brick to corrupt."""
    copy = shutil.copytree(simulated, tmp_path / "copy")
    for record in copy.glob("sky/*/simulation.json"):
        record.unlink()  # without the hashes of its files the survey could be of anyone
    return copy


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


def both_stages_refuse(folder: Path, scratch: Path, message: str) -> None:
    """Check that selection and cutouts refuse the survey."""
    refused(folder, message, *cutouts(folder, scratch))
    (folder / "objects.parquet").unlink()
    refused(folder, message, *select(folder))


def replace(path: Path, plane: np.ndarray, header) -> None:
    path.unlink()  # other surveys may share the file by a hard link
    write_plane(path, plane, header, lossless=True)


def test_missing_band_is_reported(folder, tmp_path):
    path = bricks(folder).coadd("image", "r")
    path.unlink()
    both_stages_refuse(
        folder, tmp_path / "scratch", f"{path}: there is no such file; fetch it or leave"
    )


@pytest.mark.parametrize("fraction", [0.0, 0.3, 0.9])
def test_truncated_plane_is_reported(folder, tmp_path, fraction):
    path = bricks(folder).coadd("invvar", "r")
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content[: int(fraction * len(content))])
    both_stages_refuse(folder, tmp_path / "scratch", str(path))


@pytest.mark.parametrize(
    ("value", "message"), [(np.nan, "NaN or infinite"), (0, "0 everywhere"), (-9000, "negative")]
)
def test_invalid_inverse_variances_are_reported(folder, tmp_path, value, message):
    path = bricks(folder).coadd("invvar", "r")
    plane, header = read_plane(path)
    plane[:] = value if value == 0 else plane
    plane[7, 9] = value
    replace(path, plane, header)
    both_stages_refuse(folder, tmp_path / "scratch", message)


def test_planes_in_other_units_are_reported(folder, tmp_path):
    path = bricks(folder).coadd("image", "r")
    plane, header = read_plane(path)
    header["BUNIT"] = "Jy"
    replace(path, plane, header)
    both_stages_refuse(folder, tmp_path / "scratch", f"{path}: pixels in 'Jy'")


def rewrite(path: Path, change) -> Path:
    """Rewrite a catalogue after a change of its table."""
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


def with_duplicate_id(table: fits.BinTableHDU) -> None:
    table.data["objid"][1] = table.data["objid"][0]


def in_jansky(table: fits.BinTableHDU) -> None:
    table.columns["flux_r"].unit = "Jy"


def without_objects(table: fits.BinTableHDU) -> None:
    table.data = table.data[:0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (moved(4000), "lie outside the image"),
        (moved(1), "first_pixel: 1"),
        (with_duplicate_id, "objid must be unique"),
        (without_objects, "no object"),
        (in_jansky, "convert it to nanomaggies"),
    ],
    ids=["outside the image", "one-indexed", "duplicate ids", "no object", "mixed units"],
)
def test_invalid_catalogues_are_reported(folder, change, message):
    path = rewrite(bricks(folder).tractor, change)
    (folder / "objects.parquet").unlink()
    last = refused(folder, message, *select(folder))
    assert str(path) in last


def test_objects_outside_the_image_and_duplicates_are_reported(folder, tmp_path):
    objects = pd.read_parquet(folder / "objects.parquet")
    outside = objects.assign(bx=objects["bx"] + 4000)
    write_table(folder / "objects.parquet", outside)
    refused(folder, "lie outside the image", *cutouts(folder, tmp_path / "scratch"))
    write_table(folder / "objects.parquet", pd.concat([objects, objects[:1]]))
    refused(folder, "twice", *cutouts(folder, tmp_path / "scratch"))


def test_more_batches_than_bricks_are_refused(folder):
    (folder / "objects.parquet").unlink()
    share = ("--batch", 3, "--batches", 4)
    refused(folder, "4 batches, but 1 bricks", *select(folder), *share)
