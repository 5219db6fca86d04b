"""Several examples files, read as one list of examples."""

import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import h5py
import numpy as np
import pandas as pd

from cosmodag.cutouts.cube_reader import CubeReader
from cosmodag.errors import InputError
from cosmodag.hdf5 import open_kind, read_columns

ALIKE = ("experiment", "x_channels", "y_channels", "x_shape", "y_shape")
"""What examples files of one dataset must have in common."""


class ExamplesFile:
    """One examples file, opened for reading.

    Attributes
    ----------
    name : str
        Path of the file.
    attributes : dict
        Its root attributes, as JSON can hold them.
    x_shape, y_shape : tuple of int
        Shape of one example.
    index : pandas.DataFrame
    cubes : CubeReader or None
        What cuts the examples, where the file only lists cubes.
    """

    def __init__(self, file: h5py.File):
        self.file, self.name = file, file.filename
        self.attributes = {name: _plain(value) for name, value in file.attrs.items()}
        self.cubes = None
        if self.attributes.get("cubes"):
            self.cubes = CubeReader.from_attributes(self.attributes, Path(self.name).parent)
            self.x_shape, self.y_shape = self.cubes.x_shape, self.cubes.y_shape
        else:
            self.x_shape, self.y_shape = file["x"].shape[1:], file["y"].shape[1:]
        self.index = self._read_index()

    def common(self, name: str) -> object:
        """One of the properties that files of a dataset share."""
        return getattr(self, name) if name.endswith("shape") else self.attributes[name]

    def read(self, row: int) -> tuple[np.ndarray, np.ndarray]:
        """Input and target of one example.

        Raises
        ------
        InputError
            The example is not finite.
        """
        if self.cubes is None:
            x, y = self.file["x"][row], self.file["y"][row]
        else:
            box = self.index["box"][row]
            corner = self.index.loc[row, ["corner_x", "corner_y", "corner_z"]]
            x, y = self.cubes.overdensity(box, corner), self.cubes.fractions(box, corner)
        if not (np.isfinite(x).all() and np.isfinite(y).all()):
            raise InputError(
                f"{self.name}: example {self.index['id'][row]} holds values that are not finite: "
                "mask them where it is cut out"
            )
        return x, y

    def _read_index(self) -> pd.DataFrame:
        columns = read_columns(self.file["index"])
        for name in ("id", "group"):
            if name not in columns:
                raise InputError(f"{self.name}: its index lacks the column {name!r}")
        count = len(columns["id"] if self.cubes else self.file["x"])
        for name, values in columns.items():
            if len(values) != count:
                raise InputError(
                    f"{self.name}: index column {name!r} has {len(values)} rows where there are "
                    f"{count} examples"
                )
        return pd.DataFrame(columns)


class Examples:
    """Examples of one or more examples files of one experiment.

    Attributes
    ----------
    files : list of ExamplesFile
    index : pandas.DataFrame
        The columns of all files' indices, one row an example, and `source`, the number of its file.
    """

    def __init__(self, files: Sequence[ExamplesFile]):
        self.files = files
        for file in files:
            for name in ALIKE:
                found, expected = file.common(name), files[0].common(name)
                if found != expected:
                    raise InputError(
                        f"{file.name}: {name} {found} differs from {expected} of {files[0].name}: "
                        "make a dataset of each"
                    )
            odd = sorted(set(file.index) ^ set(files[0].index))
            if odd:
                raise InputError(
                    f"{file.name}: index column {odd[0]!r} stands not in every examples file: cut "
                    "them alike"
                )
        self.index = pd.concat(
            [file.index.assign(source=number) for number, file in enumerate(files)],
            ignore_index=True,
        )
        self._first = np.cumsum([0] + [len(file.index) for file in files])

    def read(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Read examples, in file order for the disk's sake.

        Parameters
        ----------
        rows : numpy.ndarray of int, shape (n,)

        Returns
        -------
        x, y : numpy.ndarray, shapes (n, *x_shape) and (n, *y_shape), float32
        """
        x, y = (
            np.empty((len(rows), *self.files[0].common(name)), dtype=np.float32)
            for name in ("x_shape", "y_shape")
        )
        for place in np.argsort(rows, kind="stable"):
            number = np.searchsorted(self._first, rows[place], side="right") - 1
            x[place], y[place] = self.files[number].read(rows[place] - self._first[number])
        return x, y


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
        files = [stack.enter_context(open_kind(path, "examples")) for path in paths]
        yield Examples([ExamplesFile(file) for file in files])


def _plain(value: object) -> object:
    """An attribute as text, number or list."""
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, np.ndarray):
        return [_plain(item) for item in value]
    return value.item() if isinstance(value, np.generic) else value
