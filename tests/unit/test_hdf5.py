"""A file of another kind than is needed is refused in one line."""

import re

import h5py
import pytest

from cosmodag import experiments
from cosmodag.commands.main import STAGES
from cosmodag.errors import InputError
from cosmodag.hdf5 import SHARED_WRITERS, create_file, open_kind


@pytest.fixture
def grid(tmp_path):
    path = tmp_path / "grid.h5"
    with create_file(path, "grid") as file:
        file["grid"] = range(1000)
    return path


def test_a_file_of_the_kind_is_open_until_the_block_ends(grid):
    with open_kind(grid, "grid") as file:
        assert file["grid"][5] == 5
    assert not file


def test_a_refusal_names_the_file_the_fault_and_the_command_that_writes_it(grid, tmp_path):
    text, cut, nameless = (tmp_path / name for name in ("text.h5", "cut.h5", "nameless.h5"))
    text.write_text("grid")
    cut.write_bytes(grid.read_bytes()[: grid.stat().st_size // 2])
    h5py.File(nameless, "w").close()
    for path, kind, fault in (
        (tmp_path / "gone.h5", "grid", "there is no such file"),
        (tmp_path, "grid", "a folder, not a regular file"),
        (text, "grid", "not a whole HDF5 file"),
        (cut, "grid", "not a whole HDF5 file"),
        (nameless, "grid", "its kind is None"),
        (grid, "labels", "its kind is 'grid'"),
    ):
        with pytest.raises(InputError) as caught:
            open_kind(path, kind)
        command = {"grid": "`cosmodag voids grid`", "labels": "`cosmodag voids label`"}[kind]
        message = str(caught.value)
        assert message.startswith(f"{path}: {fault}")
        assert command in message
        assert "\n" not in message


def test_a_refused_file_can_be_written_again(grid):
    with pytest.raises(InputError):
        open_kind(grid, "labels")
    with create_file(grid, "labels"):
        pass
    open_kind(grid, "labels").close()


def test_the_commands_that_are_named_exist():
    declared = [experiments.find(name) for name in experiments.names()]
    known = {*STAGES, *(f"{each.name} {stage}" for each in declared for stage in each.stages)}
    for writers in (SHARED_WRITERS, *(each.writers for each in declared)):
        for commands in writers.values():
            assert set(re.findall("`cosmodag (.+?)`", commands)) <= known
