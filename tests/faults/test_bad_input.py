"""Bad input through the command line: one clear line, a non-zero exit, nothing half-written."""

import json
from pathlib import Path

import h5py
import numpy as np
import pytest

from tests import forks

pytestmark = pytest.mark.faults

BOX = 50.0


def cosmodag(*words: object) -> tuple[int, str]:
    """Run the command line; give its exit code and what it printed on stderr."""
    done = forks.run("cosmodag", *words)
    return done.code, done.errors


def refused(folder: Path, message: str, *words: object) -> str:
    """Check that a command refuses its input in one line, which is given, and leaves no file."""
    before = sorted(folder.rglob("*"))
    code, printed = cosmodag(*words)
    assert code == 2, printed
    last = printed.strip().splitlines()[-1]
    assert last.startswith("Error: "), printed
    assert message in last
    assert "Traceback" not in printed
    assert sorted(folder.rglob("*")) == before
    return last


@pytest.fixture
def positions() -> np.ndarray:
    return np.random.default_rng(1).uniform(0, BOX, (2000, 3))


def write(path: Path, positions: np.ndarray) -> Path:
    with h5py.File(path, "w") as file:
        for axis, name in enumerate("xyz"):
            file[name] = positions[:, axis]
    return path


def catalogue(folder: Path, path: Path, *more: object) -> tuple:
    return ("voids", "catalogue", "--path", path, "--output", folder / "g.h5", *more)


def test_a_missing_file_is_named(tmp_path):
    path = tmp_path / "none.h5"
    refused(tmp_path, str(path), *catalogue(tmp_path, path, "--box-size", BOX))


def test_a_missing_column_is_named_with_those_there_are(tmp_path, positions):
    path = write(tmp_path / "c.h5", positions)
    columns = ("--columns", json.dumps(["x", "y", "zz"]))
    refused(tmp_path, "zz", *catalogue(tmp_path, path, "--box-size", BOX, *columns))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_many_positions_that_are_no_numbers_are_refused(tmp_path, positions, value):
    positions[:200, 1] = value
    path = write(tmp_path / "c.h5", positions)
    refused(tmp_path, str(path), *catalogue(tmp_path, path, "--box-size", BOX))


def test_positions_outside_the_box_come_with_a_hint(tmp_path, positions):
    path = write(tmp_path / "c.h5", positions - BOX / 2)
    refused(tmp_path, "origin", *catalogue(tmp_path, path, "--box-size", BOX))


def test_an_empty_catalogue_is_refused(tmp_path):
    path = write(tmp_path / "c.h5", np.zeros((0, 3)))
    refused(tmp_path, str(path), *catalogue(tmp_path, path, "--box-size", BOX))


@pytest.mark.parametrize("suffix", ["h5", "ff"])
def test_truncated_files_are_refused(tmp_path, positions, suffix, request):
    path = tmp_path / f"c.{suffix}"
    if suffix == "h5":
        write(path, positions)
    else:
        real = request.getfixturevalue("data_folder") / "voids" / "gals_Mr19.ff"
        path.write_bytes(real.read_bytes()[:1_000_000])
    path.write_bytes(path.read_bytes()[:-500])
    refused(tmp_path, str(path), *catalogue(tmp_path, path, "--box-size", 420))


@pytest.fixture
def boxes(tmp_path, positions) -> Path:
    """A galaxies file, its grid and its labels."""
    path = write(tmp_path / "c.h5", positions)
    code, printed = cosmodag(*catalogue(tmp_path, path, "--box-size", BOX))
    assert code == 0, printed
    grid = ("--galaxies", tmp_path / "g.h5", "--output", tmp_path / "grid.h5", "--cells", 32)
    assert cosmodag("voids", "grid", *grid)[0] == 0
    label = ("--galaxies", tmp_path / "g.h5", "--output", tmp_path / "labels.h5", "--mesh", 32)
    assert cosmodag("voids", "label", *label, "--spheres", '{"minimum_radius": 3}')[0] == 0
    return tmp_path


def cutouts(folder: Path, **lengths: object) -> tuple:
    words = [word for key, value in lengths.items() for word in (f"--{key}", value)]
    files = ("--grid", folder / "grid.h5", "--labels", folder / "labels.h5")
    return ("voids", "cutouts", *files, "--output", folder / "cutouts.h5", *words)


def test_a_sub_box_larger_than_the_box_is_refused(boxes):
    refused(boxes, "64", *cutouts(boxes, side=64, depth=8, stride=32))


def test_a_depth_that_layers_do_not_divide_is_refused(boxes):
    refused(boxes, "layers", *cutouts(boxes, side=16, depth=8, stride=16, layers=3))


def test_two_groups_are_too_few_for_a_split(boxes):
    words = cutouts(boxes, side=8, depth=8, stride=8, regions="[2, 1, 1]", axes="[2]")
    assert cosmodag(*words)[0] == 0
    split = ("split", boxes / "cutouts.h5", "--output", boxes / "dataset")
    refused(boxes, "group", *split)


def test_voids_in_other_units_are_refused(boxes):
    path = boxes / "voids.csv"
    path.write_text("x,y,z,radius\n25000,25000,25000,9000\n1000,3000,2000,8000\n")
    words = ("--galaxies", boxes / "g.h5", "--void-catalogue", path, "--mesh", 32)
    refused(boxes, str(path), "voids", "label", *words, "--output", boxes / "l.h5")


def test_an_unknown_key_is_named_with_the_nearest(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text("voidz: {}\n")
    refused(tmp_path, "did you mean 'voids'", "config", path)


def test_yaml_that_is_none_is_refused(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text("voids: [\n")
    refused(tmp_path, str(path), "config", path)
