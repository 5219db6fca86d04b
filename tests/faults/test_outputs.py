"""Outputs replace what the same command wrote before, and nothing else."""

import os
import shutil
import socket
from pathlib import Path

import h5py
import numpy as np
import pytest

from cosmodag.errors import InputError
from cosmodag.files import whole_folder
from cosmodag.output_kinds import DATASET, FIGURES, RUN, Figure, Table
from cosmodag.outputs import check_output
from tests.faults.test_bad_input import cosmodag
from tests.faults.tiny_training import write_tiny_dataset

pytestmark = pytest.mark.faults


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """A dataset with the examples that it was split from, and a catalogue with its galaxies."""
    folder = tmp_path_factory.mktemp("made")
    write_tiny_dataset(folder)
    positions = np.random.default_rng(1).uniform(0, 50, (2000, 3))
    with h5py.File(folder / "catalogue.h5", "w") as file:
        for axis, name in enumerate("xyz"):
            file[name] = positions[:, axis]
    code, printed = cosmodag(*catalogue(folder, "galaxies.h5"))
    assert code == 0, printed
    return folder


@pytest.fixture
def folder(made, tmp_path) -> Path:
    """A copy of these files."""
    shutil.copytree(made, tmp_path / "work")
    return tmp_path / "work"


def split(folder: Path, output: str) -> tuple:
    return ("split", folder / "examples.h5", "--output", folder / output)


def catalogue(folder: Path, output: str) -> tuple:
    path = ("--path", folder / "catalogue.h5", "--box-size", 50)
    return ("voids", "catalogue", *path, "--output", folder / output)


def snapshot(folder: Path) -> dict:
    """Everything in a folder: kind, and content of files."""
    return {
        path.relative_to(folder): (path.lstat().st_mode, path.lstat().st_ino)
        for path in folder.rglob("*")
    }


def refused(folder: Path, reason: str, words: tuple) -> None:
    """Check that a command is refused in one line, and that nothing changed."""
    before = snapshot(folder)
    code, printed = cosmodag(*words)
    (line,) = printed.splitlines()[-1:]
    assert (code, line[:7]) == (2, "Error: "), printed
    assert reason in line
    assert "Traceback" not in printed
    assert snapshot(folder) == before


def as_pipe(path: Path) -> None:
    os.mkfifo(path)


def as_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as end:
        before = Path.cwd()
        os.chdir(path.parent)  # paths of sockets are short
        end.bind(path.name)
        os.chdir(before)


def as_device(path: Path) -> None:
    try:
        os.mknod(path, 0o020666, os.makedev(1, 3))
    except PermissionError:
        pytest.skip("only root makes devices")


def as_link(path: Path) -> None:
    path.symlink_to(path.parent / "galaxies.h5")


def as_folder_with_a_file(path: Path) -> None:
    path.mkdir()
    (path / "thesis.tex").write_text("years of work")


def as_text(path: Path) -> None:
    path.write_text("years of work")


def as_another_kind(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file.attrs["kind"] = "grid"


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (as_pipe, "is a pipe"),
        (as_socket, "is a socket"),
        (as_device, "is a device"),
        (as_link, "is a symbolic link to"),
        (as_folder_with_a_file, "is a folder, but the output is a file"),
        (as_text, "it is no whole HDF5 file"),
        (as_another_kind, "its kind is 'grid', not 'galaxies'"),
    ],
)
def test_a_file_replaces_no_other_thing(folder, make, reason):
    make(folder / "g.h5")
    refused(folder, reason, catalogue(folder, "g.h5"))


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (as_pipe, "is a pipe"),
        (as_device, "is a device"),
        (as_text, "is a file, but the output is a folder"),
        (as_folder_with_a_file, "it contains thesis.tex, which the command does not write"),
        (lambda path: path.symlink_to(path.parent / "dataset"), "is a symbolic link to"),
    ],
)
def test_a_folder_replaces_no_other_thing(folder, make, reason):
    make(folder / "d")
    refused(folder, reason, split(folder, "d"))


def test_a_dataset_with_a_file_of_someone_else_is_kept(folder):
    (folder / "dataset" / "notes.txt").write_text("mine")
    refused(folder, "it contains notes.txt", split(folder, "dataset"))


def test_a_folder_that_only_looks_like_a_dataset_is_kept(folder):
    (folder / "d").mkdir()
    (folder / "d" / "index.parquet").write_text("mine")
    refused(folder, "it contains no dataset.json", split(folder, "d"))
    (folder / "d" / "dataset.json").write_text('{"name": "mine"}')
    refused(folder, "in dataset.json: it has no key 'experiment'", split(folder, "d"))


@pytest.mark.parametrize("path", [".", "..", "../work"])
def test_the_working_directory_is_kept(folder, monkeypatch, path):
    monkeypatch.chdir(folder)
    before = snapshot(folder)
    code, printed = cosmodag("split", "examples.h5", "--output", path)
    assert (code, printed[:7]) == (2, "Error: "), printed
    assert snapshot(folder) == before


def test_inputs_are_kept(folder):
    refused(folder, "is given as --path, too", catalogue(folder, "catalogue.h5"))
    os.link(folder / "catalogue.h5", folder / "linked.h5")
    refused(folder, "is given as --path, too", catalogue(folder, "linked.h5"))
    (folder / "dataset" / "examples.h5").symlink_to(folder / "examples.h5")
    words = ("split", folder / "dataset" / "examples.h5", "--output", folder / "dataset")
    refused(folder, "it contains examples.h5", words)


def test_two_outputs_are_two_files(folder):
    outputs = ("--galaxies", folder / "new.h5", "--matter", folder / "new.h5")
    words = ("voids", "simulate", *outputs, "--box-size", 64, "--particles", 16)
    refused(folder, "is given as --matter, too", words)


def test_a_path_below_a_file_is_refused(folder):
    refused(folder, "catalogue.h5 is no folder", catalogue(folder, "catalogue.h5/g.h5"))


def test_what_the_same_command_wrote_is_replaced(folder):
    for words in (catalogue(folder, "galaxies.h5"), split(folder, "dataset")):
        before = (folder / words[-1]).stat().st_ino
        code, printed = cosmodag(*words)
        assert code == 0, printed
        assert (folder / words[-1]).stat().st_ino != before


def test_empty_files_and_folders_are_replaced(folder):
    (folder / "empty.h5").touch()
    (folder / "empty").mkdir()
    for words in (catalogue(folder, "empty.h5"), split(folder, "empty")):
        code, printed = cosmodag(*words)
        assert code == 0, printed


def test_a_run_is_written_to_a_folder_of_a_run_alone(folder):
    run = folder / "run"
    run.mkdir()
    for name in ("history.csv", ".model.pt.abcd1234.pt", "metrics.json"):
        (run / name).touch()
    check_output(run, RUN)
    (run / "thesis.tex").touch()
    with pytest.raises(InputError, match=r"not written to, since it contains thesis\.tex"):
        check_output(run, RUN)


def test_a_table_is_recognized_by_its_columns(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("# a comment\nid,outside,value\n1,2,3\n")
    check_output(path, Table(("id", "outside")))
    with pytest.raises(InputError, match="no column 'warning'"):
        check_output(path, Table(("id", "warning")))


def test_a_figure_is_recognized_with_the_files_beside_it(tmp_path):
    from cosmodag.evaluation.drawing import drawing

    path = tmp_path / "figure.svg"
    with drawing(path, 2, 2) as figure:
        figure.subplots().plot([1, 2])
    check_output(path, Figure())
    check_output(tmp_path, FIGURES)
    path.unlink()
    path.with_suffix(".pdf").write_text("a thesis")
    with pytest.raises(InputError, match=r"figure\.pdf: exists and is not replaced"):
        check_output(path, Figure())


def test_a_folder_that_someone_filled_meanwhile_is_kept(folder):
    dataset = folder / "dataset"
    with pytest.raises(InputError, match=r"thesis\.tex"), whole_folder(dataset, DATASET):
        (dataset / "thesis.tex").write_text("years of work")
    assert (dataset / "thesis.tex").exists()
    assert sorted(path.name for path in folder.iterdir() if path.name.startswith(".")) == []
