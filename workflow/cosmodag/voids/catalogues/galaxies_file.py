"""The galaxies file: positions of galaxies, with one HDF5 group per box.

The root has the attributes `kind="galaxies"` and `source`. Each box has the datasets `position`
(N, 3), float32, in Mpc/h from the lower corner of the box, and optionally `weight` (N,), float32.
"""

import os
from collections.abc import Mapping
from typing import Any

import h5py
import numpy as np
from numpy.typing import ArrayLike

from cosmodag.hdf5 import open_kind

_CHUNK_ROWS = 1 << 16


def start_galaxies(file: h5py.File, source: str) -> None:
    """Write the root attributes of a galaxies file.

    Parameters
    ----------
    file : h5py.File
        Empty file open for writing.
    source : str
        Name of the source.
    """
    file.attrs["source"] = source


def start_box(
    file: h5py.File,
    name: str,
    *,
    box_size: ArrayLike,
    origin: ArrayLike,
    periodic: bool,
    group: str,
    weighted: bool = False,
    attributes: Mapping[str, Any] | None = None,
) -> h5py.Group:
    """Add an empty box to a galaxies file.

    Parameters
    ----------
    file : h5py.File
        Galaxies file open for writing.
    name : str
        Name of the box.
    box_size, origin : array-like, shape (3,)
        Sides of the box, and its lower corner in the coordinates of the source, in Mpc/h.
    periodic : bool
        Whether the box is periodic.
    group : str
        Group of the box; boxes of one group always belong to the same split.
    weighted : bool
        Whether the galaxies have weights.
    attributes : mapping, optional
        Further attributes of the box by name, such as `omega_m`, `sigma8` and `seed`.

    Returns
    -------
    h5py.Group
        The box, to be filled with `append`.
    """
    box = file.create_group(name)
    box.attrs["box_size"] = np.asarray(box_size, np.float64)
    box.attrs["origin"] = np.asarray(origin, np.float64)
    box.attrs["periodic"] = bool(periodic)
    box.attrs["group"] = group
    box.attrs.update(attributes or {})
    box.create_dataset("position", (0, 3), "f4", maxshape=(None, 3), chunks=(_CHUNK_ROWS, 3))
    if weighted:
        box.create_dataset("weight", (0,), "f4", maxshape=(None,), chunks=(_CHUNK_ROWS,))
    return box


def append(box: h5py.Group, position: np.ndarray, weight: np.ndarray | None = None) -> None:
    """Append galaxies to a box of `start_box`.

    Parameters
    ----------
    box : h5py.Group
        The box.
    position : numpy.ndarray, shape (N, 3)
        Positions in Mpc/h from the lower corner of the box.
    weight : numpy.ndarray, shape (N,), optional
        Weights, for a box with weights.
    """
    for name, values in (("position", position), ("weight", weight)):
        if values is None:
            continue
        dataset = box[name]
        before = len(dataset)
        dataset.resize(before + len(values), axis=0)
        dataset[before:] = values


def describe_boxes(path: str | os.PathLike) -> dict[str, dict[str, Any]]:
    """Return the attributes of the boxes of a galaxies file.

    Parameters
    ----------
    path : path-like
        A galaxies file.

    Returns
    -------
    dict from str to dict
        For each box by name: `box_size` and `origin` (numpy.ndarray, shape (3,), float64, Mpc/h),
        `periodic` (bool), `group` (str), `galaxies` (int, their count) and the further attributes
        that `start_box` wrote.

    Raises
    ------
    InputError
        The file is missing, truncated or not a galaxies file.
    """
    with open_kind(path, "galaxies") as file:
        return {
            name: {
                **box.attrs,
                "periodic": bool(box.attrs["periodic"]),
                "galaxies": len(box["position"]),
            }
            for name, box in file.items()
        }
