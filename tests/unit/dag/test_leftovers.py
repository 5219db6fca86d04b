"""What killed jobs left behind is removed, and nothing else."""

import os
import tempfile
from pathlib import Path

import pytest

from cosmodag.dag import leftovers
from cosmodag.training.checkpoint import Checkpoints


def interrupted(path: Path) -> Path:
    """Leave what a killed job leaves beside an output."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=path.suffix)
    os.close(handle)
    return Path(name)


def test_partials_of_outputs_are_removed(tmp_path):
    outputs = [tmp_path / "0.h5", tmp_path / "dataset"]
    folder = Path(tempfile.mkdtemp(dir=tmp_path, prefix=".dataset."))
    (folder / "xtrain_1.npy").touch()
    partial = interrupted(tmp_path / "0.h5")
    kept = [tmp_path / "1.h5", tmp_path / ".hidden", interrupted(tmp_path / "of_others.h5")]
    for path in kept:
        path.touch()
    removed = leftovers.clear_partials(map(str, [*outputs, tmp_path / "absent" / "output"]))
    assert sorted(removed) == sorted([folder, partial])
    assert sorted(tmp_path.iterdir()) == sorted(kept)


@pytest.fixture
def trainings(tmp_path) -> dict[str, Path]:
    """Checkpoints of two runs: one of them with other code than before, too."""
    folders = {}
    for run, code in (("first", "old"), ("first", "new"), ("second", "new")):
        folder = tmp_path / ".state" / f"{code}code" / f"{run}settings"
        Checkpoints(folder, owner=tmp_path / "runs" / run).save({"step": 1}, 1)
        folders[f"{run} {code}"] = folder
    return folders


def finish(tmp_path: Path, run: str) -> None:
    (tmp_path / "runs" / run).mkdir(parents=True)
    (tmp_path / "runs" / run / "run.json").touch()


def test_checkpoints_of_finished_runs_are_removed(tmp_path, trainings):
    finish(tmp_path, "first")
    leftovers.clear_states(tmp_path / ".state", [])
    assert not trainings["first old"].parent.exists()
    assert not trainings["first new"].exists()
    assert trainings["second new"].exists()


def test_checkpoints_of_a_run_that_is_trained_anew_are_kept(tmp_path, trainings):
    finish(tmp_path, "first")
    leftovers.clear_states(tmp_path / ".state", [str(tmp_path / "runs" / "first" / "run.json")])
    assert all(folder.exists() for folder in trainings.values())


def test_checkpoints_without_an_owner_and_finished_bricks_are_kept(tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "1.pt").touch()
    (tmp_path / "stamps").mkdir()
    brick = tmp_path / "stamps" / "brick.h5"
    brick.touch()
    partial = interrupted(brick)
    assert leftovers.clear_states(tmp_path, []) == [partial]
    assert brick.exists()
    assert (tmp_path / "a" / "b" / "1.pt").exists()


def test_lists_of_submitted_jobs_are_removed(tmp_path):
    (tmp_path / "1234.txt").touch()
    leftovers.clear_lists(tmp_path)
    leftovers.clear_lists(tmp_path / "absent")
    assert list(tmp_path.iterdir()) == []
