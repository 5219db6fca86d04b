"""Square stamps cut from the planes of a brick, each centred on an object."""

from collections.abc import Iterator, Mapping, Sequence

import h5py
import numba
import numpy as np


def corners(bx: np.ndarray, by: np.ndarray, side: int) -> np.ndarray:
    """Lower corners of stamps: the pixel nearest to an object becomes pixel `side // 2` of its own.

    Parameters
    ----------
    bx, by : numpy.ndarray, shape (N,)
        Positions in pixels from 0, along rows and columns.
    side : int
        Pixels a side of a stamp.

    Returns
    -------
    numpy.ndarray, shape (N, 2), int64
        Row and column; below 0 where a stamp begins outside the image.
    """
    nearest = np.floor(np.column_stack([by, bx]).astype(np.float64) + 0.5).astype(np.int64)
    return nearest - side // 2


def edge_distances(bx: np.ndarray, by: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Distance of positions from the nearest edge of an image of `shape` (H, W), (N,) in pixels."""
    bx, by = np.asarray(bx, np.float64), np.asarray(by, np.float64)
    height, width = shape
    return np.min([bx + 0.5, by + 0.5, width - 0.5 - bx, height - 0.5 - by], axis=0)


def reach_outside(corner: np.ndarray, side: int, shape: tuple[int, int]) -> np.ndarray:
    """Which stamps (N,) reach beyond the edge of an image of `shape` (H, W)."""
    return ((corner < 0) | (corner + side > np.asarray(shape))).any(axis=1)


@numba.njit(cache=True, nogil=True)
def cut_plane(plane: np.ndarray, corner: np.ndarray, stamps: np.ndarray) -> None:
    """Copy a plane's pixels into stamps; beyond the edge lie zeros.

    Parameters
    ----------
    plane : C numpy.ndarray, shape (H, W), float32
    corner : numpy.ndarray, shape (N, 2), int64
        As `corners` gives them.
    stamps : C numpy.ndarray, shape (N, S, S), float32
        Filled in place.
    """
    side = stamps.shape[1]
    height, width = plane.shape
    for n in range(corner.shape[0]):
        row, column = corner[n]
        first, last = max(0, -column), max(0, min(side, width - column))
        for i in range(side):
            if 0 <= row + i < height and not first and last == side:
                stamps[n, i] = plane[row + i, column : column + side]
            else:
                stamps[n, i] = 0
                if 0 <= row + i < height and first < last:
                    stamps[n, i, first:last] = plane[row + i, column + first : column + last]


@numba.njit(cache=True, nogil=True)
def interleave(planes: np.ndarray, rows: np.ndarray, stamps: np.ndarray) -> None:
    """Copy rows of planes (C, N, S, S) to stamps (len(rows), S, S, C), channels last."""
    channels, _, side, _ = planes.shape
    for n, row in enumerate(rows):
        for i in range(side):
            for channel in range(channels):
                for j in range(side):
                    stamps[n, i, j, channel] = planes[channel, row, i, j]


def channel_names(bands: Sequence[str]) -> list[str]:
    """Names of a stamp's channels: image and inverse variance of each band in turn."""
    return [f"{band}_{quantity}" for band in bands for quantity in ("image", "ivar")]


class OriginalView(Mapping):
    """An examples file of stamps seen by the keys of the original experiment.

    ``view["<id>/img"]`` and ``view["<id>/ivar"]`` are (S, S, B) float32, bands in the file's order;
    `<id>` is the object's number in its Tractor catalogue, of which a view shows one class.

    Parameters
    ----------
    file
        An open examples file.
    label
        0 for real objects, 1 for injected ones.
    brick
        Brick whose objects are shown: numbers are unique in a brick.
    """

    def __init__(self, file: h5py.File, *, label: int, brick: str):
        index = file["index"]
        mine = (index["label"][:] == label) & (index["brick"].asstr()[:] == brick)
        self._rows = {str(index["tractor_id"][row]): int(row) for row in np.flatnonzero(mine)}
        self._x = file["x"]

    def __getitem__(self, key: str) -> np.ndarray:
        name, _, kind = key.partition("/")
        if name not in self._rows or kind not in ("img", "ivar"):
            raise KeyError(key)
        return self._x[self._rows[name]][..., kind == "ivar" :: 2]

    def __iter__(self) -> Iterator[str]:
        return (f"{name}/{kind}" for name in self._rows for kind in ("img", "ivar"))

    def __len__(self) -> int:
        return 2 * len(self._rows)
