"""HDF5 files of the workflow, each of which states in its attribute `kind` what it contains.

Behind their content stand a record of what they were made from and a checksum, which are compared
when they are opened, see `cosmodag.checksums`.
"""

import contextlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence

import h5py
import numpy as np
from numpy.typing import ArrayLike

from cosmodag import experiments
from cosmodag.checksums import append, make_record, require, verify
from cosmodag.disk_files import writable_hdf5
from cosmodag.errors import InputError
from cosmodag.files import whole_file
from cosmodag.input_files import check_file

SHARED_WRITERS = {
    "examples": "an experiment's command `cutouts`",
    "baselines": "`cosmodag baselines`",
}
"""Commands that write kinds of files that all experiments have."""


def writer(kind: str) -> str:
    """Return the commands that write files of a kind, for error messages."""
    declared = [experiments.find(name).writers for name in experiments.names()]
    return {k: v for each in [SHARED_WRITERS, *declared] for k, v in each.items()}[kind]


@contextlib.contextmanager
def create_file(
    output: str | os.PathLike,
    kind: str,
    *,
    inputs: Iterable[str | os.PathLike] = (),
    files: Iterable[str | os.PathLike] = (),
) -> Iterator[h5py.File]:
    """Yield an HDF5 file to write; on success add record and checksum and put it in its place.

    Parameters
    ----------
    output : path-like
        File to write, whole or not at all.
    kind : str
        What its attribute `kind` is to say.
    inputs : iterable of path-like
        Files that it is made from.
    files : iterable of path-like
        Files that belong to it, which are complete when the block ends.

    Examples
    --------
    >>> with create_file("grid.h5", "grid", inputs=["galaxies.h5"]) as file:  # doctest: +SKIP
    ...     file["grid"] = grid
    """
    with whole_file(output) as partial:
        with writable_hdf5(partial) as file:
            file.attrs["kind"] = kind
            yield file
        append(partial, make_record(output, inputs, files))


def open_kind(path: str | os.PathLike, kind: str) -> h5py.File:
    """Verify a file of the workflow and open it for reading, if it is of the given kind.

    Parameters
    ----------
    path : path-like
        HDF5 file.
    kind : str
        What the attribute `kind` of the file must say.

    Returns
    -------
    h5py.File
        The open file, to be closed or used in a ``with`` statement.

    Raises
    ------
    InputError
        If the file is missing, no HDF5 file, of another kind, without a checksum, or altered since
        it was written.
    """
    cure = f"a file of kind {kind!r} is needed, which {writer(kind)} writes"
    check_file(path, cure)
    # Bytes that differ are refused before HDF5 interprets them.
    with contextlib.suppress(OSError):
        verify(path, cure)
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        reason = " ".join(str(error).split())  # HDF5 breaks the line at the time.
        raise InputError(f"{path}: not a whole HDF5 file ({reason}); {cure}") from error
    try:
        found = file.attrs.get("kind")
        if found != kind:
            raise InputError(f"{path}: its kind is {found!r}; {cure}")
        require(path, cure)
    except BaseException:
        file.close()
        raise
    return file


def create_contiguous(group: h5py.Group, name: str, shape: Sequence[int]) -> h5py.Dataset:
    """Create a dataset of float32 that lies in its file as one stretch of bytes, not yet filled.

    Several processes can fill it, each its part, from the byte that `id.get_offset()` names.
    """
    layout = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    layout.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    layout.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
    return group.create_dataset(name, tuple(shape), np.float32, dcpl=layout)


def write_columns(group: h5py.Group, columns: Mapping[str, ArrayLike]) -> None:
    """Write columns of text or numbers as datasets of a group."""
    for name, column in columns.items():
        values = np.asarray(column)
        if values.dtype.kind in "UO":
            group.create_dataset(name, data=values.astype(object), dtype=h5py.string_dtype())
        else:
            group.create_dataset(name, data=values)


def read_columns(group: h5py.Group) -> dict[str, np.ndarray]:
    """Read the columns that `write_columns` wrote, text as str."""
    return {
        name: column.asstr()[:] if h5py.check_string_dtype(column.dtype) else column[:]
        for name, column in group.items()
    }
