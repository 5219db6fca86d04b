"""Several examples files, read as one list of examples."""

import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd

from cosmodag.cutouts.cube_reader import CubeReader
from cosmodag.datasets.sky import HALF_SIDE
from cosmodag.errors import InputError
from cosmodag.hdf5 import open_kind, read_columns

COMMON = ("experiment", "x_channels", "y_channels", "x_shape", "y_shape")
"""Properties in which the examples files of a dataset agree."""
COMMON_ATTRIBUTES = COMMON[:3]
"""Those that are attributes."""
CONTENT = ("x", "y", "index")
"""What a file of examples contains."""


class ExamplesFile:
    """One examples file, opened for reading.

    Parameters
    ----------
    file : h5py.File
        File of kind ``"examples"``.

    Attributes
    ----------
    name : str
        Path of the file.
    attributes : dict
        Root attributes, in types that JSON can represent.
    x_shape, y_shape : tuple of int
        Shapes of input and target of one example.
    index : pandas.DataFrame
        Index of the examples. Images of equal extent on the sky have it as an attribute,
        `half_side` (arcsec), which becomes a column.
    cubes : CubeReader or None
        Reader of the examples, where the file only lists cubes.

    Raises
    ------
    InputError
        If the index lacks a column, or a column differs in length from the examples.
    """

    def __init__(self, file: h5py.File):
        self.file, self.name = file, file.filename
        self.attributes: dict[str, Any] = {
            name: _to_json_type(value) for name, value in file.attrs.items()
        }
        needed = [*COMMON_ATTRIBUTES, *(["index"] if self.attributes.get("cubes") else CONTENT)]
        for name in needed:
            if name not in (self.attributes if name in COMMON_ATTRIBUTES else file):
                raise InputError(f"{self.name}: it has no {name!r}; cut the examples again")
        self.cubes: CubeReader | None = None
        self.x_shape: tuple[int, ...]
        self.y_shape: tuple[int, ...]
        if self.attributes.get("cubes"):
            self.cubes = CubeReader.from_attributes(self.attributes, Path(self.name).parent)
            self.x_shape, self.y_shape = self.cubes.x_shape, self.cubes.y_shape
        else:
            self.x_shape, self.y_shape = file["x"].shape[1:], file["y"].shape[1:]
        self.index = self._read_index()

    def common(self, name: str) -> Any:
        """Return one of the properties in `COMMON`."""
        return getattr(self, name) if name.endswith("shape") else self.attributes[name]

    def read(self, row: int) -> tuple[np.ndarray, np.ndarray]:
        """Return input and target of one example.

        Parameters
        ----------
        row : int
            Row of the example in this file.

        Raises
        ------
        InputError
            If the example has values that are not finite.
        """
        if self.cubes is None:
            x, y = self.file["x"][row], self.file["y"][row]
        else:
            box = self.index["box"][row]
            corner = self.index.loc[row, ["corner_x", "corner_y", "corner_z"]]
            x, y = self.cubes.inputs(box, corner), self.cubes.fractions(box, corner)
        if not (np.isfinite(x).all() and np.isfinite(y).all()):
            raise InputError(
                f"{self.name}: example {self.index['id'][row]} contains values that are not "
                "finite: mask them where it is cut out"
            )
        return x, y

    def _read_index(self) -> pd.DataFrame:
        """Read the index and check its columns."""
        columns = read_columns(self.file["index"])
        for name in ("id", "group"):
            if name not in columns:
                raise InputError(
                    f"{self.name}: its index lacks the column {name!r}; cut the examples again"
                )
        n_examples = len(columns["id"] if self.cubes else self.file["x"])
        for name, values in columns.items():
            if len(values) != n_examples:
                raise InputError(
                    f"{self.name}: index column {name!r} has {len(values)} rows, but there are "
                    f"{n_examples} examples"
                )
        if HALF_SIDE in self.attributes and HALF_SIDE not in columns:
            columns[HALF_SIDE] = np.full(n_examples, float(self.attributes[HALF_SIDE]))
        return pd.DataFrame(columns)


class Examples:
    """Examples of one or more examples files of one experiment.

    Parameters
    ----------
    files : sequence of ExamplesFile
        The files, at least one.

    Attributes
    ----------
    files : sequence of ExamplesFile
        The files.
    index : pandas.DataFrame
        The indices of all files, and `source`, the number of each example's file.

    Raises
    ------
    InputError
        If the files differ in one of the properties `COMMON` or in their index columns.
    """

    def __init__(self, files: Sequence[ExamplesFile]):
        self.files = files
        first = files[0]
        for file in files:
            for name in COMMON:
                value, expected = file.common(name), first.common(name)
                if value != expected:
                    raise InputError(
                        f"{file.name}: {name} {value} differs from {expected} of {first.name}: "
                        "make separate datasets of them"
                    )
            differing = sorted(set(file.index) ^ set(first.index))
            if differing:
                raise InputError(
                    f"{file.name}: index column {differing[0]!r} is not in all examples files: "
                    "cut them out with the same settings"
                )
        self.index = pd.concat(
            [file.index.assign(source=number) for number, file in enumerate(files)],
            ignore_index=True,
        )
        self._first_rows = np.cumsum([0] + [len(file.index) for file in files])

    def read(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Read examples, in the order of the files for the disk's sake.

        Parameters
        ----------
        rows : numpy.ndarray, shape (n,), int
            Rows of the index.

        Returns
        -------
        x, y : numpy.ndarray, shapes (n, *x_shape) and (n, *y_shape), float32
            Inputs and targets in the order of `rows`.
        """
        x = np.empty((len(rows), *self.files[0].x_shape), dtype=np.float32)
        y = np.empty((len(rows), *self.files[0].y_shape), dtype=np.float32)
        for number in np.argsort(rows, kind="stable"):
            source = np.searchsorted(self._first_rows, rows[number], side="right") - 1
            x[number], y[number] = self.files[source].read(rows[number] - self._first_rows[source])
        return x, y


@contextlib.contextmanager
def open_examples(paths: Sequence[str | os.PathLike]) -> Iterator[Examples]:
    """Open examples files, to be read as one.

    Parameters
    ----------
    paths : sequence of path-like
        Examples files of one experiment.

    Yields
    ------
    Examples
        The examples of all files.

    Raises
    ------
    InputError
        If there is no file, one is missing or of another kind, or they differ in experiment,
        channels, shapes or index columns.
    """
    if not paths:
        raise InputError("no examples file is given: a split needs at least one")
    with contextlib.ExitStack() as stack:
        files = [stack.enter_context(open_kind(path, "examples")) for path in paths]
        yield Examples([ExamplesFile(file) for file in files])


def _to_json_type(value: object) -> object:
    """Return an attribute as text, number or list."""
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, np.ndarray):
        return [_to_json_type(item) for item in value]
    return value.item() if isinstance(value, np.generic) else value
