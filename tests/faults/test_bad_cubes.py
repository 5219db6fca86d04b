"""Bad cubes through the command line: one clear line, a non-zero exit, nothing half-written."""

import json

import h5py
import numpy as np
import pytest

from tests.faults.test_bad_input import cosmodag, refused
from tests.unit.reionization.cubes.cubes import BOX, CELLS, write_raw

pytestmark = pytest.mark.faults

SIZE = ("--cells", CELLS, "--box-size", BOX)


@pytest.fixture
def folder(tmp_path):
    write_raw(tmp_path / "cubes", 8.0)
    return tmp_path


def read(folder, *more):
    files = ("--path", folder / "cubes", "--output", folder / "z8.h5")
    return ("reionization", "read", "--redshift", 8, *files, *SIZE, *more)


def brightness(folder):
    (path,) = (folder / "cubes").glob("delta_T*")
    return path


def test_whole_cubes_are_read(folder):
    code, printed = cosmodag(*read(folder))
    assert code == 0, printed


def spoil(path, values) -> None:
    np.asarray(values).tofile(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda cube: cube.ravel()[:-1], "are no cube"),
        (lambda cube: np.ones((10, 10, 10), "<f4"), "10³ cells where 20³ are promised"),
        (lambda cube: cube.astype(">f4"), "other byte order"),
        (lambda cube: np.where(cube > 20, np.float32(np.nan), cube), "NaN or infinite"),
        (lambda cube: 1000 * cube, "another field, unit or type"),
        (lambda cube: 0 * cube, "0 everywhere, which it cannot be"),
    ],
    ids=["not a cube", "not as named", "byte order", "NaN", "unit", "zeros"],
)
def test_cubes_that_cannot_be_are_named(folder, change, message):
    path = brightness(folder)
    spoil(path, change(np.fromfile(path, "<f4").reshape((CELLS,) * 3)))
    assert str(path) in refused(folder, message, *read(folder))


def test_a_missing_partner_is_named(folder):
    (path,) = (folder / "cubes").glob("updated*")
    path.unlink()
    assert str(brightness(folder)) in refused(folder, "has no partner updated_", *read(folder))


def test_an_escape_fraction_that_stands_nowhere_is_asked_for(folder):
    (path,) = (folder / "cubes").glob("xH*")
    path.rename(path.with_name(path.name.replace("_Fesc0.0960", "")))
    refused(folder, "give the key escape_fraction", *read(folder))
    code, printed = cosmodag(*read(folder, "--escape-fraction", 0.1))
    assert code == 0, printed


def test_another_box_than_the_key_s_is_named(folder):
    refused(folder, "says 30 where the key box_size is 300", *read(folder, "--box-size", 300))


def test_cubes_files_of_another_kind_are_refused_by_cutouts(folder):
    path = folder / "z8.h5"
    with h5py.File(path, "w") as file:
        file.attrs["kind"] = "grid"
    words = ("reionization", "cutouts", path, "--output", folder / "slices.h5")
    refused(folder, "its kind is 'grid'", *words)


def test_channels_that_were_not_read_are_refused_by_cutouts(folder):
    (folder / "cubes").joinpath(next((folder / "cubes").glob("xH*")).name).unlink()
    assert cosmodag(*read(folder, "--escape-fraction", 0.1))[0] == 0
    words = ("reionization", "cutouts", folder / "z8.h5", "--output", folder / "slices.h5")
    channels = ("--channels", json.dumps(["neutral_fraction"]))
    refused(folder, "has no neutral_fraction", *words, *channels)


def test_impossible_universes_are_refused(tmp_path):
    words = ("reionization", "initial", "--output", tmp_path / "i.h5")
    refused(tmp_path, "particles: 32 is too small", *words, "--cells", 64, "--particles", 32)
    refused(tmp_path, "must be even", *words, "--cells", 31)
