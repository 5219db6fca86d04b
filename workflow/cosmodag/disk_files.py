"""Files that notice a full disk, and HDF5 files that survive it.

The HDF5 library crashes when data that it has buffered cannot be written as a file or a dataset is
closed. A file of this module therefore reports no failure to the library: from the first failure on
it keeps what is written in memory, and the error is raised after the next assignment, or at the
end.
"""

import contextlib
import io
import os
from collections.abc import Iterator
from typing import Any

import h5py


class DiskFile(io.FileIO):
    """A file whose writes succeed even where the disk is full.

    Parameters
    ----------
    path : path-like
        File to write.
    mode : {"w", "r+"}
        Whether it is made anew or added to.

    Attributes
    ----------
    error : OSError or None
        The first failure. Everything written since then is in memory alone.
    """

    def __init__(self, path: str | os.PathLike, mode: str = "w"):
        super().__init__(path, {"w": "w+"}.get(mode, mode))
        self.error: OSError | None = None
        self._unwritten: list[tuple[int, bytes]] = []

    def check(self) -> None:
        """Raise the first failure, if there was one."""
        if self.error is not None:
            raise self.error

    def write(self, data: Any) -> int:
        """Write all bytes, to the disk or to memory."""
        view = memoryview(data).cast("B")
        written = 0
        try:
            while self.error is None and written < len(view):
                written += super().write(view[written:]) or 0
        except OSError as error:
            self.error = error
        if written < len(view):
            self._unwritten.append((self.tell(), bytes(view[written:])))
            self.seek(len(view) - written, os.SEEK_CUR)
        return len(view)

    def readinto(self, buffer: Any) -> int:
        """Read bytes that were written, from the disk and from memory."""
        view = memoryview(buffer).cast("B")
        start = self.tell()
        read = super().readinto(view) or 0
        if self.error is None:
            return read
        view[read:] = bytes(len(view) - read)
        for offset, data in self._unwritten:
            low, high = max(start, offset), min(start + len(view), offset + len(data))
            if low < high:
                view[low - start : high - start] = data[low - offset : high - offset]
        self.seek(start + len(view))
        return len(view)

    def truncate(self, size: int | None = None) -> int:
        """Set the size of the file."""
        try:
            return super().truncate(size)
        except OSError as error:
            self.error = self.error or error
            return self.tell() if size is None else size


def write_all(file: io.RawIOBase, data: Any) -> None:
    """Write all bytes to an unbuffered file, which may take only some of them at a time."""
    view = memoryview(data).cast("B")
    while len(view):
        view = view[file.write(view) or 0 :]


class _CheckedDataset(h5py.Dataset):
    """A dataset that raises a failure of the disk after an assignment."""

    disk: DiskFile

    def __setitem__(self, selection: Any, value: Any) -> None:
        super().__setitem__(selection, value)
        self.disk.check()


class _CheckedGroup(h5py.Group):
    """A group whose datasets raise a failure of the disk."""

    disk: DiskFile

    def create_dataset(self, *arguments: Any, **settings: Any) -> h5py.Dataset:
        dataset = super().create_dataset(*arguments, **settings)
        self.disk.check()
        return _checked(dataset, self.disk)

    def create_group(self, *arguments: Any, **settings: Any) -> h5py.Group:
        return _checked(super().create_group(*arguments, **settings), self.disk)

    def require_group(self, name: Any) -> h5py.Group:
        return _checked(super().require_group(name), self.disk)

    def __setitem__(self, name: Any, value: Any) -> None:
        super().__setitem__(name, value)
        self.disk.check()


class _CheckedFile(h5py.File, _CheckedGroup):
    """A file whose datasets raise a failure of the disk."""


@contextlib.contextmanager
def writable_hdf5(path: str | os.PathLike, mode: str = "w") -> Iterator[h5py.File]:
    """Yield an HDF5 file to write.

    Parameters
    ----------
    path : path-like
        File to write.
    mode : {"w", "r+"}
        Whether it is made anew or added to.

    Raises
    ------
    OSError
        If the disk is full, after the next assignment to a dataset, or at the end.
    """
    with DiskFile(path, mode) as disk:
        with h5py.File(disk, mode, driver="fileobj") as file:
            yield _checked(file, disk)
        disk.check()


def _checked(item: Any, disk: DiskFile) -> Any:
    """Let a file, a group or a dataset raise a failure of the disk."""
    kinds = (_CheckedFile, h5py.File), (_CheckedGroup, h5py.Group), (_CheckedDataset, h5py.Dataset)
    for checked, plain in kinds:
        if isinstance(item, plain):
            item.__class__ = checked
            item.disk = disk
            return item
    return item
