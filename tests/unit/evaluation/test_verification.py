"""Verification of results that contain links, named pipes or devices."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from cosmodag.commands.main import main
from cosmodag.evaluation.verification import verify_results
from cosmodag.json_files import write_json


@pytest.fixture
def results(tmp_path) -> Path:
    """Results of two runs, of which the second is made from the first, and what it is made from."""
    results = tmp_path / "results"
    run = results / "voids/runs/a"
    run.mkdir(parents=True)
    (run / "history.csv").write_text("epoch\n1\n")
    write_json(run / "metrics.json", {"score": 1}, files=[run / "history.csv"])
    other = results / "voids/runs/b/metrics.json"
    write_json(other, {"score": 2}, inputs=[run / "metrics.json"])
    return results


def problems(results: Path) -> dict[str, list[str]]:
    """Verify results; give what differs, by the name of the file in them."""
    found = verify_results(results)
    assert not found.elsewhere
    return {str(path.relative_to(results)): each for path, each in found.problems.items()}


def link(folder: Path, target: Path) -> Path:
    """Move a folder and leave a link to it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(folder, target)
    folder.symlink_to(target)
    return target


@pytest.mark.parametrize("name", ["voids", "voids/runs", "voids/runs/a"])
def test_linked_folders_are_verified(results, tmp_path, name):
    moved = link(results / name, tmp_path / "scratch" / "other" / "name")
    assert verify_results(results).n_files == 3
    assert problems(results) == {}
    next(moved.rglob("history.csv")).write_text("epoch\n2\n")
    assert list(problems(results)) == ["voids/runs/a/history.csv"]


def test_results_that_were_made_in_a_linked_folder_are_verified(results, tmp_path):
    link(results / "voids/runs", tmp_path / "scratch" / "of" / "mine" / "runs")
    report = results / "voids/report.json"
    write_json(report, {}, inputs=[results / "voids/runs/b/metrics.json"])
    again = results / "voids/runs/c/metrics.json"
    write_json(again, {"score": 3}, inputs=[report], files=[])
    assert problems(results) == {}
    write_json(report, {"other": 1})
    assert list(problems(results)) == ["voids/runs/c/metrics.json"]


def test_a_folder_that_is_linked_into_itself_is_verified_once(results):
    (results / "voids/runs/loop").symlink_to(results / "voids")
    assert verify_results(results).n_files == 3
    assert problems(results) == {}


def test_another_run_in_the_place_of_one_is_noticed(results):
    shutil.rmtree(results / "voids/runs/a")
    (results / "voids/runs/a").symlink_to("b")
    assert problems(results)


def to_zeros(path: Path) -> None:
    path.symlink_to("/dev/zero")


def to_nothing(path: Path) -> None:
    path.symlink_to("nowhere")


@pytest.mark.parametrize("make", [os.mkfifo, to_zeros, to_nothing, Path.mkdir])
@pytest.mark.parametrize("name", ["history.csv", "more.csv"])
def test_what_is_no_file_is_named(results, name, make: Callable[[Path], None]):
    path = results / "voids/runs/a" / name
    path.unlink(missing_ok=True)
    make(path)
    empty = make is Path.mkdir and name == "more.csv"
    assert (f"voids/runs/a/{name}" in problems(results)) is not empty


def test_a_name_that_is_no_text_is_printed(results):
    path = os.fsencode(results / "voids/runs/a") + b"/\xff.csv"
    with open(path, "w"):
        pass
    done = CliRunner().invoke(main, ["verify", str(results)])
    assert done.exit_code == 1
    assert "carries no checksum" in done.output
