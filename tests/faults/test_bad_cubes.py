"""The command line refuses invalid cubes: one clear line, a non-zero exit, no partial files."""

import json

import h5py
import numpy as np
import pytest

from tests.faults.corpus.case import last_given
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
    return last_given(("reionization", "read", "--redshift", 8, *files, *SIZE, *more))


def brightness(folder):
    (path,) = (folder / "cubes").glob("delta_T*")
    return path


def test_valid_cubes_are_read(folder):
    code, printed = cosmodag(*read(folder))
    assert code == 0, printed


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda cube: cube.ravel()[:-1], "are not a cube"),
        (lambda cube: np.ones((10, 10, 10), "<f4"), "contains 10³ cells, but its name says 20³"),
        (lambda cube: cube.astype(">f4"), "other byte order"),
        (lambda cube: np.where(cube > 20, np.float32(np.nan), cube), "NaN or infinite"),
        (lambda cube: 1000 * cube, "another field, unit or type"),
        (lambda cube: 0 * cube, "0 everywhere, which is impossible"),
    ],
    ids=["not a cube", "not as named", "byte order", "NaN", "unit", "zeros"],
)
def test_invalid_cubes_are_refused(folder, change, message):
    path = brightness(folder)
    np.asarray(change(np.fromfile(path, "<f4").reshape((CELLS,) * 3))).tofile(path)
    assert str(path) in refused(folder, message, *read(folder))


def test_a_partner_that_another_cube_has_is_required(folder):
    paths = write_raw(folder / "cubes" / "RNG_2", 8.0)
    paths["density"].unlink()
    refused(folder, "has no partner updated_", *read(folder))


def test_density_is_optional(folder):
    (path,) = (folder / "cubes").glob("updated*")
    path.unlink()
    code, printed = cosmodag(*read(folder))
    assert code == 0, printed


def test_an_unknown_escape_fraction_must_be_set(folder):
    (path,) = (folder / "cubes").glob("xH*")
    path.rename(path.with_name(path.name.replace("_Fesc0.0960", "")))
    refused(folder, "set the key escape_fraction", *read(folder))
    code, printed = cosmodag(*read(folder, "--escape-fraction", 0.1))
    assert code == 0, printed


def test_another_box_size_than_the_configuration_states_is_refused(folder):
    refused(
        folder,
        "states box_size 30, but the configuration states 300",
        *read(folder, "--box-size", 300),
    )


def test_files_of_another_kind_are_refused_by_cutouts(folder):
    path = folder / "z8.h5"
    with h5py.File(path, "w") as file:
        file.attrs["kind"] = "grid"
    words = ("reionization", "cutouts", path, "--output", folder / "slices.h5")
    refused(folder, "its kind is 'grid'", *words)


def test_missing_channels_are_refused_by_cutouts(folder):
    (folder / "cubes").joinpath(next((folder / "cubes").glob("xH*")).name).unlink()
    assert cosmodag(*read(folder, "--escape-fraction", 0.1))[0] == 0
    words = ("reionization", "cutouts", folder / "z8.h5", "--output", folder / "slices.h5")
    channels = ("--channels", json.dumps(["neutral_fraction"]))
    refused(folder, "has no neutral_fraction", *words, *channels)


def test_invalid_boxes_are_refused(tmp_path):
    words = ("reionization", "initial", "--output", tmp_path / "i.h5")
    refused(tmp_path, "particles: 32 is too small", *words, "--cells", 64, "--particles", 32)
    refused(tmp_path, "31 is not allowed", *words, "--cells", 31)
