"""Failures of machine and program are one line, with what is missing or where the traceback is."""

import errno
import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from cosmodag import failures
from cosmodag.errors import OutputError
from cosmodag.files import whole_file

RUN = """
import sys
from cosmodag.commands import config, main
def broken(*_, **__):
    {statement}
config.command.callback = broken
main.main(["config", "--schema"])
"""


def run(statement: str, **more) -> subprocess.CompletedProcess:
    """Run a command whose work is one statement."""
    code = RUN.format(statement=statement)
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | more
    return subprocess.run([sys.executable, "-c", code], text=True, **pipes)


def test_an_unexpected_error_is_one_line_with_the_path_of_its_traceback():
    done = run("1 / 0")
    (line,) = done.stderr.splitlines()
    assert done.returncode == 1
    found = re.fullmatch(
        r"Failed: \S+ config: ZeroDivisionError: division by zero; the traceback is in (\S+)", line
    )
    path = Path(found[1])
    assert "1 / 0" in path.read_text() or "ZeroDivisionError" in path.read_text()
    path.unlink()


def test_the_traceback_of_a_job_lies_beside_its_log(tmp_path):
    log = tmp_path / "train_unet.log"
    with open(log, "w") as file:
        run("raise KeyError('x')", stderr=file)
    beside = tmp_path / "train_unet.traceback"
    assert log.read_text().endswith(f"KeyError: 'x'; the traceback is in {beside}\n")
    assert "Traceback (most recent call last)" in beside.read_text()
    with open(log, "w") as file:
        run("pass", stderr=file)
    assert not beside.exists(), "a success removes it"


def test_a_traceback_is_shown_where_the_environment_asks_for_it():
    done = run("1 / 0", env={**os.environ, failures.DEBUG: "1"})
    assert "Traceback (most recent call last)" in done.stderr


@pytest.mark.parametrize(
    ("statement", "amount"),
    [
        ("import numpy; numpy.ones(10**15)", "7.11 PiB"),
        ("import torch; torch.ones(10**15)", "4000000000000000 bytes"),
        ("bytes(10**15)", None),
    ],
)
def test_missing_memory_is_named_with_its_amount(statement, amount):
    done = run(statement)
    (line,) = done.stderr.splitlines()
    assert done.returncode == 1
    assert re.match(r"Failed: \S+ config: not enough memory", line)
    assert amount is None or f"for {amount} " in line
    assert "mem_mb" in line


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG])
@pytest.mark.parametrize(
    "error",
    [
        lambda number: OSError(number, os.strerror(number)),
        lambda number: RuntimeError(f"Unable to flush file (file write failed: errno = {number},"),
        lambda number: OSError(f"[Errno {number}] Can't synchronously write data"),
    ],
    ids=["system", "hdf5", "h5py"],
)
def test_errors_of_the_disk_name_file_and_cure(tmp_path, number, error):
    path = tmp_path / "output.h5"
    with pytest.raises(OutputError, match=re.escape(f"{path}: ")) as found, whole_file(path):
        raise error(number)
    assert found.value.errno == number
    assert failures.CURES[number][1] in str(found.value)
    assert list(tmp_path.iterdir()) == []


def test_a_short_write_of_numpy_is_a_full_disk(tmp_path):
    with pytest.raises(OutputError, match="no space left"), whole_file(tmp_path / "x.npy"):
        raise OSError("262144 requested and 4096 written")


def test_errors_about_inputs_are_left_as_they_are(tmp_path):
    with pytest.raises(FileNotFoundError), whole_file(tmp_path / "output"):
        (tmp_path / "missing").read_bytes()
    with pytest.raises(PermissionError), whole_file(tmp_path / "output"):
        raise PermissionError(errno.EACCES, "Permission denied", "/elsewhere/input")


def test_what_was_written_and_what_is_free_is_said(tmp_path):
    def fail() -> None:
        with whole_file(tmp_path / "x.npy") as partial:
            with open(partial, "wb") as file:
                file.write(np.ones(2 * 10**6, np.uint8).tobytes())
                file.truncate(8 * 10**6)
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OutputError, match=r"MB are free, 2\.0 MB were written, at least 8\.0 MB"):
        fail()


@pytest.mark.parametrize("error", [OSError(errno.EROFS, "read-only"), ValueError("a mistake")])
def test_a_thread_leaves_errors_of_the_disk_to_its_user(monkeypatch, capsys, error):
    def fail():
        raise error

    monkeypatch.setattr(threading, "excepthook", failures.in_thread)
    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    assert ("a mistake" in capsys.readouterr().err) == isinstance(error, ValueError)
