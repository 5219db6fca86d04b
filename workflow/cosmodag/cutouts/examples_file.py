"""The examples file: inputs, targets and index of the cutouts of an experiment."""

from collections.abc import Mapping, Sequence

import h5py
import numpy as np

from cosmodag.hdf5 import create_contiguous, write_columns


def create_examples(
    file: h5py.File,
    *,
    experiment: str,
    count: int,
    x_shape: Sequence[int],
    y_shape: Sequence[int],
    x_channels: Sequence[str],
    y_channels: Sequence[str],
) -> tuple[h5py.Dataset, h5py.Dataset]:
    """Create the datasets of an examples file, to be filled by the caller.

    Parameters
    ----------
    file : h5py.File
        File open for writing.
    experiment : str
        Name of the experiment.
    count : int
        Number of examples.
    x_shape, y_shape : sequence of int
        Shape of the input and of the target of one example, channels last.
    x_channels, y_channels : sequence of str
        Names of the channels of input and target.

    Returns
    -------
    x : h5py.Dataset, shape (count, *x_shape), float32
        Inputs, contiguous in the file, so that several processes can fill them.
    y : h5py.Dataset, shape (count, *y_shape), float32
        Targets.
    """
    describe_examples(file, experiment=experiment, x_channels=x_channels, y_channels=y_channels)
    x = create_contiguous(file, "x", (count, *x_shape))
    y = file.create_dataset("y", (count, *y_shape), np.float32)
    return x, y


def keep_first(file: h5py.File, count: int) -> None:
    """Shorten the examples of a file, if some that were announced cannot be used.

    Parameters
    ----------
    file : h5py.File
        File of `create_examples`, open for writing.
    count : int
        Number of examples that remain, the first ones.
    """
    for name in ("x", "y"):
        old = file[name]
        if len(old) == count:
            continue
        file.move(name, f"{name}_announced")
        shape = (count, *old.shape[1:])
        new = create_contiguous(file, name, shape) if name == "x" else None
        new = file.create_dataset(name, shape, np.float32) if new is None else new
        for row in range(count):
            new[row] = old[row]
        new.attrs.update(old.attrs)
        del file[f"{name}_announced"]


def describe_examples(
    file: h5py.File, *, experiment: str, x_channels: Sequence[str], y_channels: Sequence[str]
) -> None:
    """Write the root attributes of an examples file.

    Parameters
    ----------
    file : h5py.File
        File open for writing.
    experiment : str
        Name of the experiment.
    x_channels, y_channels : sequence of str
        Names of the channels of input and target.
    """
    file.attrs["kind"] = "examples"
    file.attrs["experiment"] = experiment
    file.attrs["x_channels"] = list(x_channels)
    file.attrs["y_channels"] = list(y_channels)


def write_index(file: h5py.File, columns: Mapping[str, Sequence | np.ndarray]) -> None:
    """Write the columns of the index into the group `index`.

    Parameters
    ----------
    file : h5py.File
        File open for writing.
    columns : mapping from str to sequence
        Columns of equal length, of text or numbers, among them `id` (unique) and `group`.
    """
    write_columns(file.create_group("index"), columns)


def join_columns(tables: Sequence[Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Concatenate the columns of several tables.

    Parameters
    ----------
    tables : sequence of mapping from str to numpy.ndarray, shape (n,)
        Tables with the columns of the first; at least one.

    Returns
    -------
    dict from str to numpy.ndarray, shape (N,)
        One table with the rows of all.
    """
    return {name: np.concatenate([table[name] for table in tables]) for name in tables[0]}
