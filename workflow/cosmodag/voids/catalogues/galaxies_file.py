"""The galaxies file: positions of galaxies, one group a box.

Root attributes `kind="galaxies"` and `source`; per box the datasets `position` (N, 3) float32 in
Mpc/h from the box's corner and, optionally, `weight` (N,) float32.
"""

import os
from collections.abc import Mapping, Sequence

import h5py
import numpy as np

from cosmodag.hdf5 import open_kind

_CHUNK_ROWS = 1 << 16


def start_galaxies(file: h5py.File, source: str) -> None:
    """Mark an open, empty HDF5 file as a galaxies file of `source`."""
    file.attrs["kind"] = "galaxies"
    file.attrs["source"] = source


def start_box(
    file: h5py.File,
    name: str,
    *,
    box_size: Sequence[float],
    origin: Sequence[float],
    periodic: bool,
    group: str,
    weighted: bool = False,
    attributes: Mapping[str, float] | None = None,
) -> h5py.Group:
    """Add an empty box to a galaxies file.

    Parameters
    ----------
    file
        The open galaxies file.
    name
        Name of the box.
    box_size, origin
        Side lengths and, for the record, the corner that positions are counted from (Mpc/h).
    periodic
        Whether opposite faces touch.
    group
        What the box is independent as; boxes of one group never fall into different splits.
    weighted
        Whether galaxies have weights.
    attributes
        Further facts of the box, such as `omega_m`, `sigma8`, `seed`.
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
    """Append galaxies, (N, 3) positions in Mpc/h and (N,) weights, to a box of `start_box`."""
    for name, values in (("position", position), ("weight", weight)):
        if values is None:
            continue
        dataset = box[name]
        before = len(dataset)
        dataset.resize(before + len(values), axis=0)
        dataset[before:] = values


def describe_boxes(path: str | os.PathLike) -> dict[str, dict[str, object]]:
    """Read what a galaxies file says about its boxes, without their galaxies.

    Parameters
    ----------
    path
        A galaxies file.

    Returns
    -------
    dict
        By the name of each box: `box_size` and `origin` (3,) float64 in Mpc/h, `periodic`, `group`,
        `galaxies` (their number) and the further facts that `start_box` was given.

    Raises
    ------
    InputError
        The file is missing, not whole or not a galaxies file.
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
