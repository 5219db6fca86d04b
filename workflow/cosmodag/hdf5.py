"""HDF5 files of the workflow, each of which says in its attribute `kind` what it holds."""

import os
from collections.abc import Mapping, Sequence

import h5py
import numpy as np
from numpy.typing import ArrayLike

from cosmodag import experiments
from cosmodag.errors import InputError

SHARED_WRITERS = {
    "examples": "an experiment's command `cutouts`",
    "baselines": "`cosmodag baselines`",
}
"""Commands that write kinds of files that all experiments have."""


def writer(kind: str) -> str:
    """Return the commands that write files of a kind, for error messages."""
    declared = [experiments.find(name).writers for name in experiments.names()]
    return {k: v for each in [SHARED_WRITERS, *declared] for k, v in each.items()}[kind]


def open_kind(path: str | os.PathLike, kind: str) -> h5py.File:
    """Open a file of the workflow for reading, if it is of the given kind.

    Parameters
    ----------
    path
        HDF5 file.
    kind
        What the attribute `kind` of the file must say.

    Returns
    -------
    h5py.File
        The open file, to be closed or used in a ``with`` statement.

    Raises
    ------
    InputError
        If the file is missing, truncated, no HDF5 file, or of another kind.
    """
    cure = f"a file of kind {kind!r} is needed, which {writer(kind)} writes"
    try:
        file = h5py.File(path, "r")
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file; {cure}") from None
    except OSError as error:
        reason = " ".join(str(error).split())  # HDF5 breaks the line where it tells the time.
        raise InputError(f"{path}: not a whole HDF5 file ({reason}); {cure}") from error
    found = file.attrs.get("kind")
    if found != kind:
        file.close()
        raise InputError(f"{path}: its kind is {found!r}; {cure}")
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
