"""Several examples files, read as one list of examples."""

import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import h5py
import numpy as np
import pandas as pd

from cosmodag.errors import InputError

ALIKE = ("experiment", "x_channels", "y_channels")


class Examples:
    """Examples of one or more examples files of one experiment.

    Attributes
    ----------
    index : pandas.DataFrame
        The columns of all files' indices, one row an example.
    experiment : str
    x_channels, y_channels : list of str
    x_shape, y_shape : tuple of int
        Shape of one example.
    """

    def __init__(self, files: Sequence[h5py.File]):
        self.files = files
        attributes = [_common_attributes(file) for file in files]
        for file, found in zip(files, attributes):
            for name in found:
                if found[name] != attributes[0][name]:
                    raise InputError(
                        f"{file.filename}: {name} {found[name]} differs from "
                        f"{attributes[0][name]} of {files[0].filename}: split them apart"
                    )
        self.experiment = attributes[0]["experiment"]
        self.x_channels, self.y_channels = attributes[0]["x_channels"], attributes[0]["y_channels"]
        self.x_shape, self.y_shape = attributes[0]["x_shape"], attributes[0]["y_shape"]
        parts = [_read_index(file) for file in files]
        for file, part in zip(files, parts):
            if set(part) != set(parts[0]):
                odd = sorted(set(part) ^ set(parts[0]))
                raise InputError(
                    f"{file.filename}: index column {odd[0]!r} stands not in every examples file"
                )
        self.index = pd.concat(parts, ignore_index=True)
        self._first = np.cumsum([0] + [len(part) for part in parts])

    def read(self, rows: np.ndarray, x: np.ndarray, y: np.ndarray) -> None:
        """Read examples into rows of `x` and `y`, in file order for the disk's sake.

        Parameters
        ----------
        rows : numpy.ndarray of int, shape (n,)
        x, y : numpy.ndarray, shapes (n, *x_shape) and (n, *y_shape), float32

        Raises
        ------
        InputError
            An example is not finite.
        """
        for place in np.argsort(rows, kind="stable"):
            row = rows[place]
            number = np.searchsorted(self._first, row, side="right") - 1
            file, here = self.files[number], row - self._first[number]
            file["x"].read_direct(x, np.s_[here : here + 1], np.s_[place : place + 1])
            file["y"].read_direct(y, np.s_[here : here + 1], np.s_[place : place + 1])
            if not (np.isfinite(x[place]).all() and np.isfinite(y[place]).all()):
                raise InputError(
                    f"{file.filename}: example {self.index['id'][row]} holds values that are not "
                    "finite: mask them where it is cut out"
                )

    def provenance(self) -> list[dict]:
        """What the files say of themselves, as JSON can hold it."""
        return [
            {"file": Path(file.filename).name, "count": int(count)}
            | {name: _plain(value) for name, value in file.attrs.items()}
            for file, count in zip(self.files, np.diff(self._first))
        ]


@contextlib.contextmanager
def open_examples(paths: Sequence[str | os.PathLike]) -> Iterator[Examples]:
    """Open examples files to be read as one.

    Raises
    ------
    InputError
        No file is given, one is missing or of another kind, or they differ in experiment, channels,
        shapes or index columns.
    """
    if not paths:
        raise InputError("no examples file is given: a split needs at least one")
    with contextlib.ExitStack() as stack:
        files = []
        for path in paths:
            if not Path(path).is_file():
                raise InputError(f"{path}: there is no such file; an examples file is needed")
            try:
                file = stack.enter_context(h5py.File(path, "r"))
            except OSError as error:
                raise InputError(
                    f"{path}: not a readable HDF5 file ({error}): make it again"
                ) from error
            if file.attrs.get("kind") != "examples":
                raise InputError(
                    f"{path}: its kind is {file.attrs.get('kind')!r} where an examples file is "
                    "needed"
                )
            files.append(file)
        yield Examples(files)


def _common_attributes(file: h5py.File) -> dict:
    attributes = {name: _plain(file.attrs[name]) for name in ALIKE}
    for name in ("x", "y"):
        attributes[f"{name}_shape"] = file[name].shape[1:]
    return attributes


def _read_index(file: h5py.File) -> pd.DataFrame:
    columns = {
        name: column.asstr()[:] if h5py.check_string_dtype(column.dtype) else column[:]
        for name, column in file["index"].items()
    }
    for name in ("id", "group"):
        if name not in columns:
            raise InputError(f"{file.filename}: its index lacks the column {name!r}")
    lengths = {name: len(values) for name, values in columns.items()}
    odd = [name for name, length in lengths.items() if length != len(file["x"])]
    if odd:
        raise InputError(
            f"{file.filename}: index column {odd[0]!r} has {lengths[odd[0]]} rows where there are "
            f"{len(file['x'])} examples"
        )
    return pd.DataFrame(columns)


def _plain(value):
    """An attribute as text, number or list."""
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, np.ndarray):
        return [_plain(item) for item in value]
    return value.item() if isinstance(value, np.generic) else value
