"""Bricks, runs and objects that cannot be used are listed, and the others are selected."""

import csv
import shutil

import numpy as np
import pandas as pd
import pytest

from cosmodag.errors import InputError
from cosmodag.injections.bricks.astrometry import ShiftedCatalogueError
from cosmodag.injections.bricks.brick_catalogues import (
    read_simcat,
    read_tractor,
    write_simcat,
    write_tractor,
)
from cosmodag.injections.bricks.brick_files import BrickFiles, read_brick_list
from cosmodag.injections.selection.survey_selection import (
    check_injected_positions,
    select_survey,
)
from cosmodag.injections.simulation.survey_simulation import simulate_surveys
from cosmodag.injections.simulation.survey_writer import InjectionRun


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    """A survey of two bricks, each with two runs of injections."""
    root = tmp_path_factory.mktemp("simulated") / "survey"
    runs = [InjectionRun(root, name=name) for name in ("rs0", "rs1")]
    simulate_surveys(runs, bricks=range(2), size=300, seed=4)
    (root / "simulation.json").unlink()  # which records the hashes of all files
    return root


@pytest.fixture
def survey(simulated, tmp_path):
    """A copy of the survey, which a test may spoil."""
    return shutil.copytree(simulated, tmp_path / "survey")


def select(survey, **settings):
    """Return the selected objects and the rows of the table of what is left out."""
    output = survey.parent / "objects.parquet"
    objects = select_survey(survey, output, survey.parent / "cuts.csv", **settings).objects
    with open(output.with_suffix(".rejected.csv"), newline="") as file:
        return objects, list(csv.DictReader(file))


def brick(survey, run=None, number=0):
    return BrickFiles(survey, read_brick_list(survey / "survey-bricks.fits")[number], run)


def change(path, read, write, function):
    """Change a catalogue in place."""
    write(path, function(read(path)))


def test_runs_that_cannot_be_used_are_listed_and_the_others_selected(survey):
    whole, rejected = select(survey)
    assert rejected == []
    brick(survey, "rs0").tractor.unlink()
    brick(survey, "rs1", 1).coadd("image", "r").write_bytes(b"no image")
    objects, rejected = select(survey)
    lost = {(brick(survey).brick, "rs0"), (brick(survey, number=1).brick, "rs1")}
    assert {tuple(row["item"].removeprefix("brick ").split(", run ")) for row in rejected} == lost
    assert "tractor-" in rejected[0]["reason"]
    assert "image-r" in rejected[1]["reason"]
    kept = whole[[key not in lost for key in zip(whole["brick"], whole["run"])]]
    assert sorted(objects["id"]) == sorted(kept["id"])
    with pytest.raises(InputError, match=r"2 of 4 runs cannot be used"):
        select(survey, max_rejected=0)


def test_all_that_is_wrong_is_logged_when_too_much_is(survey, caplog):
    for number in (0, 1):
        brick(survey, number=number).tractor.unlink()
    with pytest.raises(InputError, match="2 of 2 bricks cannot be used, all; the first: "):
        select(survey)
    for number in (0, 1):
        assert str(brick(survey, number=number).tractor) in caplog.text


def test_objects_of_injected_images_are_checked_as_those_of_the_survey(survey):
    files = brick(survey, "rs0")
    change(
        files.simcat, read_simcat, write_simcat, lambda t: t.assign(x=t["x"].where(t.index > 0, -9))
    )
    change(
        files.tractor,
        read_tractor,
        write_tractor,
        lambda t: t.assign(objid=t["objid"].where(t.index > 0, np.nan)),
    )
    _, rejected = select(survey)
    assert [(row["item"], row["reason"].split(",")[0]) for row in rejected] == [
        ("row 0", "objid is not finite"),
        ("row 0", "x -9.0"),
    ]
    shifted = brick(survey, "rs1", 1).tractor
    change(shifted, read_tractor, write_tractor, lambda t: t.assign(bx=t["bx"] + 1, by=t["by"] + 1))
    with pytest.raises(ShiftedCatalogueError, match=r"rs1.*set `first_pixel: 1`"):
        select(survey)


@pytest.mark.parametrize("first_pixel", [0, 1])
def test_positions_of_injections_that_count_from_another_pixel_are_reported(first_pixel, caplog):
    place = 40.0 * np.arange(12)
    scatter = np.random.default_rng(1).normal(0, 0.2, (2, 12))
    detected = pd.DataFrame({"bx": place, "by": place})
    injected = pd.DataFrame({"x": place + scatter[0], "y": place + scatter[1]}) + first_pixel
    check_injected_positions("s.fits", injected, detected, 6.0)
    assert ("s.fits: x and y are (+" in caplog.text) == bool(first_pixel)
    assert ("of 12 injections" in caplog.text) == bool(first_pixel)
