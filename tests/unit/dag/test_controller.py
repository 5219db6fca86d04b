"""Locks and checks of a controller."""

import subprocess
import sys

import pytest

from cosmodag.dag import controller
from cosmodag.errors import InputError

TAKE_LOCK = (
    "import sys, pathlib\n"
    "from cosmodag.dag import controller\n"
    "controller.take_lock(pathlib.Path(sys.argv[1]))\n"
    "print('locked', flush=True)\n"
    "sys.stdin.read()\n"
)


def test_a_lock_ends_with_its_process(tmp_path):
    lock = tmp_path / "deep" / "lock"
    owner = subprocess.Popen(
        [sys.executable, "-c", TAKE_LOCK, lock],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert owner.stdout.readline() == "locked\n"
    with pytest.raises(InputError, match=f"another snakemake .*process {owner.pid} on "):
        controller.take_lock(lock)
    owner.kill()
    owner.communicate()
    controller.take_lock(lock)


def test_a_writable_folder_is_created_and_left_empty(tmp_path):
    controller.check_writable("config key scratch", str(tmp_path / "new"))
    assert list((tmp_path / "new").iterdir()) == []


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"config key scratch: .*/file/below cannot be written to"):
        controller.check_writable("config key scratch", str(tmp_path / "file" / "below"))
