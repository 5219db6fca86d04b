"""One controller a folder, and folders that can be written."""

import subprocess
import sys

import pytest

from cosmodag.dag import controller
from cosmodag.errors import InputError

HOLD = (
    "import sys, pathlib\n"
    "from cosmodag.dag import controller\n"
    "controller.take_lock(pathlib.Path(sys.argv[1]))\n"
    "print('held', flush=True)\n"
    "sys.stdin.read()\n"
)


def test_a_lock_dies_with_its_holder(tmp_path):
    lock = tmp_path / "deep" / "lock"
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, lock], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(InputError, match=f"another snakemake .*process {holder.pid} on "):
        controller.take_lock(lock)
    holder.kill()
    holder.communicate()
    controller.take_lock(lock)


def test_a_folder_is_made_and_left_empty(tmp_path):
    controller.check_writable("config key scratch", str(tmp_path / "new"))
    assert list((tmp_path / "new").iterdir()) == []


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"config key scratch: .*/file/below cannot be written to"):
        controller.check_writable("config key scratch", str(tmp_path / "file" / "below"))
