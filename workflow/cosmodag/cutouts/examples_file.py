"""The examples file: what cutouts of any experiment hand over to the split."""

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
    """Lay out an examples file and give its datasets `x` and `y` to fill.

    Parameters
    ----------
    file : h5py.File
        Open for writing.
    experiment : str
        Name of the experiment.
    count : int
        Number of examples.
    x_shape, y_shape : sequence of int
        Shape of one example, channels last.
    x_channels, y_channels : sequence of str
        Names along the last axis.

    Returns
    -------
    tuple of h5py.Dataset
        `x` (count, *x_shape) and `y` (count, *y_shape), float32. `x` lies in the file as one
        stretch of bytes, which several processes can fill.
    """
    describe_examples(file, experiment=experiment, x_channels=x_channels, y_channels=y_channels)
    x = create_contiguous(file, "x", (count, *x_shape))
    y = file.create_dataset("y", (count, *y_shape), np.float32)
    return x, y


def describe_examples(
    file: h5py.File, *, experiment: str, x_channels: Sequence[str], y_channels: Sequence[str]
) -> None:
    """Write the root attributes by which an examples file is known."""
    file.attrs["kind"] = "examples"
    file.attrs["experiment"] = experiment
    file.attrs["x_channels"] = list(x_channels)
    file.attrs["y_channels"] = list(y_channels)


def write_index(file: h5py.File, columns: Mapping[str, Sequence]) -> None:
    """Write the columns of the index, equally long, under the group `index`.

    Parameters
    ----------
    file : h5py.File
        Open for writing.
    columns : mapping of str to sequence
        Must hold `id` (unique) and `group`; text or numbers.
    """
    write_columns(file.create_group("index"), columns)


def join_columns(parts: Sequence[Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Columns of several parts of an index, one below the other."""
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
