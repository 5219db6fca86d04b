"""The cases of bad input that are kept outside the repository, beside it or in $COSMODAG_CASES."""

import csv
import gzip
import json
import os
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest
from click.testing import CliRunner

from cosmodag.commands.main import main
from cosmodag.reionization.cubes.cubes_file import FIELDS, CubesFile
from tests.conftest import REPOSITORY

pytestmark = pytest.mark.faults

FOLDER = Path(os.environ.get("COSMODAG_CASES", REPOSITORY.parent / "shared" / "cases"))
COORDINATES = json.dumps([f"PartType1/Coordinates[{axis}]" for axis in range(3)])


@pytest.fixture(autouse=True)
def _cases():
    if not FOLDER.is_dir():
        pytest.skip("the cases are absent: set COSMODAG_CASES to their folder")


def call(*words: object) -> tuple[int, str]:
    """Call the command line in this process; give its exit status and what it printed."""
    result = CliRunner().invoke(main, [str(word) for word in words])
    assert not isinstance(result.exception, Exception) or isinstance(result.exception, SystemExit)
    return result.exit_code, result.output


def catalogue(folder: Path, name: str, *more: object) -> tuple:
    return ("voids", "catalogue", "--path", FOLDER / name, "--output", folder / "g.h5", *more)


@pytest.mark.parametrize(
    ("name", "more", "words"),
    [
        ("trust/decimal_commas.csv", (), "6 fields instead of 3"),
        ("trust/extlink_missing.h5", (), "x is a link to x in nope.h5, which is missing"),
        ("trust/virtual_missing.h5", (), "virtual dataset of x in gone.h5, which is missing"),
        ("voids/weights_cancel.csv", ("--weight", "w"), "the weight is -1, below 0"),
        ("voids/periodic_half_filled_z.csv", (), "z from 0.102842 to 49.96"),
        ("voids/one_outside_hint.csv", (), "box_size: [101.0, 100.0, 100.0] with origin: [0.0"),
        (
            "voids/gadget_part_0_of_4.hdf5",
            ("--unit", "kpc/h", "--columns", COORDINATES),
            "without gadget_part_1_of_4.hdf5, gadget_part_2_of_4.hdf5, gadget_part_3_of_4.hdf5",
        ),
    ],
)
def test_catalogues_are_refused(name, more, words, tmp_path):
    status, message = call(*catalogue(tmp_path, name, "--box-size", 100, *more))
    assert status == 2
    last = message.strip().splitlines()[-1]
    assert words in last
    assert Path(name).name in last
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["catalogue.csv.gz", "csv_comment_line.csv"])
def test_compressed_and_commented_catalogues_are_read_like_plain_ones(name, tmp_path):
    path = FOLDER / "voids" / name
    packed = path.suffix == ".gz"
    text = (gzip.decompress(path.read_bytes()) if packed else path.read_bytes()).decode()
    plain = tmp_path / "plain.csv"
    plain.write_text("".join(line for line in text.splitlines(True) if not line.startswith("#")))
    out, box = ("--output", tmp_path / "plain.h5"), ("--box-size", 200)
    assert call("voids", "catalogue", "--path", plain, *out, *box)[0] == 0
    assert call(*catalogue(tmp_path, f"voids/{name}", *box))[0] == 0
    with h5py.File(tmp_path / "plain.h5") as one, h5py.File(tmp_path / "g.h5") as other:
        np.testing.assert_array_equal(one["survey/position"][:], other["survey/position"][:])


def test_a_header_without_a_hash_is_recognized(tmp_path):
    name = "voids/text_header_without_hash.txt"
    assert call(*catalogue(tmp_path, name, "--box-size", 200))[0] == 0
    with h5py.File(tmp_path / "g.h5") as file:
        assert len(file["survey/position"]) == 399


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--cut", '{"x": {"max": 100.0}}'),
        ("--box-size", "[101.0, 100.0, 100.0]"),
    ],
)
def test_the_hints_for_one_position_outside_lead_to_calls_that_work(option, value, tmp_path):
    name = "voids/one_outside_hint.csv"
    status, message = call(*catalogue(tmp_path, name, "--box-size", 100))
    assert status == 2
    assert value in message
    box = {"--box-size": 100, "--origin": "[0.0, 0.0, 0.0]", option: value}
    words = [word for pair in box.items() for word in pair]
    assert call(*catalogue(tmp_path, name, *words))[0] == 0


@pytest.mark.parametrize("periodic", ["--periodic", "--no-periodic"])
def test_a_box_around_a_survey_is_refused(periodic, tmp_path):
    box = ("--box-size", "[330, 600, 340]", "--origin", "[-320, -295, -25]", periodic)
    status, message = call(*catalogue(tmp_path, "voids/dr7_xyz_sample.csv", *box))
    assert status == 2
    assert "`cosmodag voids find --randoms` or `--mask`" in message.strip().splitlines()[-1]
    assert list(tmp_path.iterdir()) == []


def filtered(folder: Path) -> tuple[int, str, dict[str, str]]:
    lists = ("--accepted", folder.parent / "a.txt", "--rejected", folder.parent / "r.tsv")
    shape = ("--shape", "[3, 16, 16]", "--accept-larger")
    words = ("galaxies", "filter", "--path", folder, *shape, *lists)
    status, message = call(*words)
    lines = [line.split("\t") for line in (folder.parent / "r.tsv").read_text().splitlines()]
    return status, message, {Path(path).name: reason for path, reason in lines}


def test_bad_stamps_of_a_folder_are_listed_and_the_good_one_is_used(tmp_path):
    folder = tmp_path / "stamps"
    folder.mkdir()
    names = ("crval_nan.fits", "images_is_a_group.h5", "naxis_negative.fits")
    for name in names:
        shutil.copy(FOLDER / "trust" / name, folder)
    shutil.copy(FOLDER / "galaxies" / "nan_border" / "good.fits", folder)
    status, _, rejected = filtered(folder)
    assert status == 0
    assert rejected.keys() == set(names)
    lines = (tmp_path / "a.txt").read_text().splitlines()
    paths = [line for line in lines if not line.startswith("#")]
    assert paths == [str(folder / "good.fits")]


@pytest.mark.parametrize(
    ("name", "file", "reason"),
    [
        ("cut_png", "cut.png", "truncated"),
        ("pictures", "cmyk.jpg", "CMYK"),
        ("pictures", "rgb16.png", "16 bits per colour"),
        ("pictures", "grey16.png", "1 × 32 × 32: 1 bands instead of 3"),
        ("pictures", "tiff.tif", "its format is not read"),
        ("pictures", "web.webp", "its format is not read"),
    ],
)
def test_images_are_rejected_by_name(name, file, reason, tmp_path):
    shutil.copytree(FOLDER / "galaxies" / name, tmp_path / "stamps")
    assert reason in filtered(tmp_path / "stamps")[2][file]


def cutouts(folder: Path, name: str, **files: object) -> tuple[dict, np.ndarray, list]:
    """Cut the stamps of a case; give the columns of the index, the images and what was left out."""
    paths = sorted(path for path in (FOLDER / "galaxies" / name).rglob("*") if path.is_file())
    (folder / "list.txt").write_text("".join(f"{path}\n" for path in paths))
    files = {"bands": ["g", "r", "z"], "pixel": 0.262, "max_rejected": 0.9} | files
    words = ("galaxies", "cutouts", "--stamps", folder / "list.txt", "--files", json.dumps(files))
    options = ("--side", 16, "--flux-unit", 1, "--output", folder / "x.h5")
    status, message = call(*words, *options)
    assert status == 0, message
    with h5py.File(folder / "x.h5") as file:
        index = {key: column[:] for key, column in file["index"].items()}
        x = file["x"][:]
    with open(folder / "x.rejected.csv", newline="") as file:
        return index, x, list(csv.DictReader(file))


@pytest.mark.parametrize(
    ("name", "files", "n_stamps"),
    [
        ("single_band", {"bands": ["r"]}, 1),
        ("imagetyp", {}, 5),
        ("sci_err_dq", {"bands": ["r"]}, 1),
        ("channels_last", {}, 1),
        ("galaxy10", {"bands": ["R", "G", "B"]}, 12),
        ("four_axes", {}, 1),
        ("mosaic_wcs", {}, 3),
        ("duplicates", {}, 2),
        ("nan_border", {}, 2),
        ("units", {}, 1),
        ("bn1", {"bands": ["R", "G", "B"]}, 13),
    ],
)
def test_stamps_of_all_forms_are_read_as_different_galaxies(name, files, n_stamps, tmp_path):
    index, x, left_out = cutouts(tmp_path, name, **files)
    assert left_out == []
    assert x.shape[::3] == (n_stamps, len(files.get("bands", "grz")))
    assert len(set(index["group"])) == n_stamps
    assert np.isfinite(x).all()


def test_a_picture_that_is_cut_is_listed_and_the_good_one_is_used(tmp_path):
    index, _, (row,) = cutouts(tmp_path, "cut_png", bands=["R", "G", "B"])
    assert index["id"].tolist() == [b"good.png"]
    assert Path(row["file"]).name == "cut.png"
    assert "truncated" in row["reason"]


def test_stamps_have_what_their_files_record(tmp_path):
    labels = {"ans", "ra", "dec", "pxscale", "redshift"}
    stack, x, _ = cutouts(tmp_path, "galaxy10", bands=["R", "G", "B"])
    assert labels <= stack.keys()
    assert stack["redshift"][0] == pytest.approx(0.05)
    assert 0 <= x.min() < x.max() <= 1
    sky, _, _ = cutouts(tmp_path, "mosaic_wcs")
    assert np.ptp(sky["dec"]) > 0.1
    bad, _, _ = cutouts(tmp_path, "nan_border")
    assert (bad["masked_fraction"] > 0).tolist() == [False, True]
    errors, _, _ = cutouts(tmp_path, "sci_err_dq", bands=["r"])
    assert errors["noise"] > 0


def read(folder: Path, name: str) -> tuple[int, str]:
    size = ("--redshift", 8, "--cells", 16, "--box-size", 24, "--escape-fraction", 0.1)
    path = FOLDER / "reionization" / name
    return call("reionization", "read", "--path", path, *size, "--output", folder / "z8.h5")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("two-runs", ("runA/delta_T", "runB/delta_T", "keep one")),
        ("nf-of-name-unlike-zeros", ("delta_T", "states a neutral fraction of 0.3000")),
        ("lightcone-v4", ("lightcone.h5", "a light-cone, not coeval boxes", "predict")),
        ("no-redshift", ("delta_T", "no cube by its name")),
        ("float64", ("delta_T", "float64", "convert it")),
        ("gz-truncated", (".gz", "truncated")),
        ("v4-nan", ("coeval.h5", "NaN")),
        ("v4-noncubic", ("coeval.h5", "(16, 16, 20)")),
    ],
)
def test_cubes_are_refused(name, words, tmp_path):
    status, message = read(tmp_path, name)
    assert status == 2
    assert all(word in message.strip().splitlines()[-1] for word in words)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("density-of-another-seed", "uncorrelated with the density"),
        ("stray-h5", "notes.h5: left out"),
        ("npy", "lightcone.npy: left out"),
        ("all-ionized", "fully ionized"),
    ],
)
def test_cubes_are_read_with_a_warning(name, words, tmp_path, caplog):
    assert read(tmp_path, name)[0] == 0
    assert words in caplog.text


@pytest.mark.parametrize(
    ("name", "names"),
    [("v3", ["s0-0012"]), ("v4-mturn-scan", ["s0-0012-M_TURN=8", "s0-0012-M_TURN=9.5"])],
)
def test_universes_are_kept(name, names, tmp_path):
    assert read(tmp_path, name)[0] == 0
    with CubesFile(tmp_path / "z8.h5") as file:
        assert file.header.names == names
        assert file.fields == FIELDS


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("trust/duplicate_run", "defined twice"),
        ("trust/task_typo", "did you mean 'channel'"),
        ("trust/teacher_of_itself", "needs itself"),
        ("config/model", "unet"),
        ("config/modelkey", "width"),
        ("config/taskkey", "channel"),
        ("config/monitor", "monitor"),
        ("config/depthbig", "512"),
        ("config/unit", "Mpc"),
    ],
)
def test_configurations_are_refused(name, words):
    status, message = call("config", FOLDER / f"{name}.yaml")
    assert status == 2
    assert words in message.strip().splitlines()[-1]


def test_a_number_with_an_exponent_and_a_path_with_a_space_are_accepted():
    for name in ("config/lr2", "trust/results_with_space"):
        assert call("config", FOLDER / f"{name}.yaml")[0] == 0
