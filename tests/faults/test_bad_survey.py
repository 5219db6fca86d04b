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


def match(folder: Path) -> tuple:
    output = ("--output", folder / "matches.parquet")
    return ("injections", "match", folder / "sky", "--survey-name", "same", *output)


def swapped(table: fits.BinTableHDU) -> None:
    x = table.data["x"].copy()
    table.data["x"], table.data["y"] = table.data["y"], x


def elsewhere(table: fits.BinTableHDU) -> None:
    table.data["ra"] = (table.data["ra"] + 0.05) % 360


def doubled(table: fits.BinTableHDU) -> None:
    rows = len(table.data)
    table.data = np.concatenate([table.data, table.data])
    name = "id" if "id" in table.columns.names else "objid"
    table.data[name][rows:] += 10_000


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (swapped, "x and y are"),
        (elsewhere, "give the catalogue and the images of the same brick"),
        (doubled, "x and y are those of row 0: listed twice"),
    ],
)
def test_injections_of_another_place_or_listed_twice_are_reported(folder, change, message):
    path = rewrite(bricks(folder, "rs0").simcat, change)
    assert str(path) in refused(folder, message, *match(folder))
    (folder / "objects.parquet").unlink()
    assert str(path) in refused(folder, message, *select(folder))


@pytest.mark.parametrize("run", [None, "rs0"])
def test_images_of_another_place_are_reported(folder, run):
    files = bricks(folder, run)
    for band in "grz":
        path = files.coadd("image", band)
        plane, header = read_plane(path)
        header["CRVAL1"] += 0.05
        replace(path, plane, header)
    message = "bx and by are" if run is None else "pixels from ra and dec"
    refused(folder, message, *match(folder))
    (folder / "objects.parquet").unlink()
    refused(folder, "pixels from ra and dec in the median", *select(folder))


def test_a_few_sources_that_cannot_be_used_are_left_out_of_matches_and_listed(folder):
    def spoil(table: fits.BinTableHDU) -> None:
        table.data["bx"][0] = 900
        table.data["ra"][1] += 0.01
        table.data["bx"][2], table.data["by"][2] = table.data["bx"][3], table.data["by"][3]

    rewrite(bricks(folder, "rs0").tractor, spoil)
    code, printed = cosmodag(*match(folder))
    assert code == 0, printed
    listed = (folder / "matches.rejected.csv").read_text()
    assert "bx 900.0" in listed
    assert "pixels from ra" in listed
    assert "listed twice" in listed


def test_nulls_of_integers_and_types_in_lower_case_are_read(folder):
    def spoil(table: fits.BinTableHDU) -> None:
        table.columns["objid"].null = -99
        table.data["objid"][:2] = -99
        table.data["type"] = np.char.lower(table.data["type"])

    path = rewrite(bricks(folder, "rs0").tractor, spoil)
    code, printed = cosmodag(*match(folder))
    assert code == 0, printed
    listed = pd.read_csv(folder / "matches.rejected.csv")
    assert listed["reason"].tolist() == ["objid is not finite"] * 2, path
    types = pd.read_parquet(folder / "matches.parquet")["type"]
    assert set(types[types != ""]) <= {"PSF", "REX", "EXP", "DEV", "SER", "COMP", "SIMP"}


def test_inverse_variances_of_another_shape_are_reported(folder):
    path = bricks(folder).coadd("invvar", "r")
    plane, header = read_plane(path)
    replace(path, plane[:300, :200], header)
    assert str(path) in refused(folder, "200×300 pixels, but", *match(folder))


def test_a_catalogue_after_the_injection_that_is_the_one_before_is_noted(folder):
    files = bricks(folder, "rs0")
    files.tractor.unlink()
    shutil.copy(bricks(folder).tractor, files.tractor)
    code, printed = cosmodag(*match(folder))
    assert code == 0, printed
    assert "has the same sources as the catalogue before the injection" in printed


def test_positions_are_not_compared_with_coordinates_that_cannot_be_used(folder):
    for run in (None, "rs0"):
        path = bricks(folder, run).coadd("image", "g")
        plane, header = read_plane(path)
        header["CTYPE1"], header["CTYPE2"] = "RA---FOO", "DEC--FOO"
        replace(path, plane, header)
    code, printed = cosmodag(*match(folder))
    assert code == 0, printed
    assert "positions are not compared with the sky" in printed
