"""A stage and the HDF5 library on a full disk; `make faults` fills it under every stage."""

import subprocess
import sys

import h5py
import numpy as np
import pytest

from cosmodag.disk_files import writable_hdf5
from tests.faults.disks import full

pytestmark = [pytest.mark.faults, pytest.mark.slow]


@pytest.fixture
def disk(tmp_path):
    """A file system of 4 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "none", folder]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("file systems cannot be mounted here")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_full_disk_is_one_line(disk):
    size = ("--cells", "16", "--box-size", "100")
    words = ["-m", "cosmodag", "reionization", "initial", *size, "--output", disk / "initial.h5"]
    with full(disk):
        done = subprocess.run([sys.executable, *words], capture_output=True, text=True)
    assert done.returncode == 1
    line = done.stderr.splitlines()[-1]
    assert line.startswith("Error: ")
    assert f"{disk}/initial.h5: no space left" in line
    assert "Traceback" not in done.stderr
    assert list(disk.iterdir()) == []


@pytest.mark.parametrize("settings", [{}, {"chunks": (1000,)}, {"compression": "gzip"}])
def test_the_hdf5_library_survives_a_full_disk(disk, settings):
    code = """
import sys, numpy
from cosmodag.disk_files import writable_hdf5
from tests.faults.disks import full
with writable_hdf5(sys.argv[1]) as file:
    file.create_dataset("x", data=numpy.random.rand(10**6), **eval(sys.argv[2]))
"""
    words = [sys.executable, "-c", code, disk / "x.h5", repr(settings)]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "OSError: [Errno 28] No space left on device"


def test_a_full_disk_is_told_at_the_next_assignment(disk):
    def write() -> None:
        with writable_hdf5(disk / "x.h5") as file:
            group = file.create_group("group")
            dataset = group.create_dataset("x", (100, 10**5), "f8", chunks=(1, 10**5))
            for row in range(100):
                dataset[row] = np.random.default_rng(row).random(10**5)
                rows.append(row)

    rows: list[int] = []
    with pytest.raises(OSError, match="No space left"):
        write()
    assert 3 < len(rows) < 20, "4 MB hold five rows, and the library keeps ten in memory"


def test_files_have_the_content_that_the_library_writes_itself_and_always_the_same_bytes(tmp_path):
    values = np.arange(30000.0).reshape(300, 100)
    for name in ("own", "again", "library"):
        path = tmp_path / name
        with h5py.File(path, "w") if name == "library" else writable_hdf5(path) as file:
            file.attrs["kind"] = "examples"
            file.create_dataset("x", data=values, chunks=(64, 64), compression="gzip")
            file.create_group("index")["id"] = values[:, 0]
    assert (tmp_path / "own").read_bytes() == (tmp_path / "again").read_bytes()
    with h5py.File(tmp_path / "own") as own, h5py.File(tmp_path / "library") as library:
        assert dict(own.attrs) == dict(library.attrs)
        for dataset in ("x", "index/id"):
            np.testing.assert_array_equal(own[dataset][:], library[dataset][:])
