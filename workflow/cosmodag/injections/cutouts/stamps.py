"""Square stamps cut from the planes of a brick, each centred on an object."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import h5py
import numba
import numpy as np


class StampFormat(NamedTuple):
    """Format of all stamps of a batch.

    Attributes
    ----------
    side : int
        Pixels per side.
    bands : tuple of str
        Bands in order.
    control : str, optional
        Control experiment, see `cosmodag.injections.cutouts.own_controls`.
    """

    side: int
    bands: tuple[str, ...]
    control: str | None = None

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape of a stamp: (side, side, channels)."""
        return self.side, self.side, 2 * len(self.bands)

    @property
    def nbytes(self) -> int:
        """Bytes per stamp of float32."""
        return 4 * int(np.prod(self.shape))


def stamp_corners(bx: np.ndarray, by: np.ndarray, side: int) -> np.ndarray:
    """Return the lower corners of stamps whose pixel `side // 2` is nearest to an object.

    Parameters
    ----------
    bx, by : numpy.ndarray, shape (N,), float64
        Positions in 0-indexed pixels, along rows and columns.
    side : int
        Pixels per side of a stamp.

    Returns
    -------
    numpy.ndarray, shape (N, 2), int64
        Row and column; negative if a stamp begins outside the image.

    Examples
    --------
    >>> stamp_corners(np.array([40.4]), np.array([29.6]), 8)
    array([[26, 36]])
    """
    nearest = np.floor(np.column_stack([by, bx]).astype(np.float64) + 0.5).astype(np.int64)
    return nearest - side // 2


def edge_distances(bx: np.ndarray, by: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Return the distances of positions from the nearest edge of an image.

    Parameters
    ----------
    bx, by : numpy.ndarray, shape (N,), float64
        Positions in 0-indexed pixels.
    shape : tuple of int
        Height and width of the image in pixels.

    Returns
    -------
    numpy.ndarray, shape (N,), float64
        Distances in pixels.
    """
    bx, by = np.asarray(bx, np.float64), np.asarray(by, np.float64)
    height, width = shape
    return np.min([bx + 0.5, by + 0.5, width - 0.5 - bx, height - 0.5 - by], axis=0)


def crosses_edge(corner: np.ndarray, side: int, shape: tuple[int, int]) -> np.ndarray:
    """Return which stamps extend beyond the edge of an image.

    Parameters
    ----------
    corner : numpy.ndarray, shape (N, 2), int64
        Lower corners, as `stamp_corners` returns them.
    side : int
        Pixels per side of a stamp.
    shape : tuple of int
        Height and width of the image in pixels.

    Returns
    -------
    numpy.ndarray, shape (N,), bool
    """
    outside = (corner < 0) | (corner + side > np.asarray(shape))
    return np.asarray(outside.any(axis=1))


@numba.njit(cache=True, nogil=True)
def cut_plane(plane: np.ndarray, corner: np.ndarray, stamps: np.ndarray) -> None:
    """Copy pixels of a plane to stamps; pixels beyond the edge are 0.

    Memory bandwidth bounds this kernel: complete rows are copied as slices.

    Parameters
    ----------
    plane : numpy.ndarray, shape (H, W), float32
        C-contiguous plane.
    corner : numpy.ndarray, shape (N, 2), int64
        Lower corners, as `stamp_corners` returns them.
    stamps : numpy.ndarray, shape (N, S, S), float32
        C-contiguous output.
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
    """Copy stamps from planes to a layout with channels last.

    Parameters
    ----------
    planes : numpy.ndarray, shape (C, N, S, S), float32
        Stamps of each plane.
    rows : numpy.ndarray, shape (M,), int64
        Indices of the stamps to copy.
    stamps : numpy.ndarray, shape (M, S, S, C), float32
        Output.
    """
    channels, _, side, _ = planes.shape
    for n, row in enumerate(rows):
        for i in range(side):
            for channel in range(channels):
                for j in range(side):
                    stamps[n, i, j, channel] = planes[channel, row, i, j]


def channel_names(bands: Sequence[str]) -> list[str]:
    """Return the names of the channels of a stamp: image and inverse variance of each band.

    Parameters
    ----------
    bands : sequence of str
        Photometric bands.

    Returns
    -------
    list of str

    Examples
    --------
    >>> channel_names(["g", "r"])
    ['g_image', 'g_ivar', 'r_image', 'r_ivar']
    """
    return [f"{band}_{quantity}" for band in bands for quantity in ("image", "ivar")]


class StudyLayout(Mapping):
    """View of the stamps of one class and brick with the keys of the study by its authors.

    The items ``"<id>/img"`` and ``"<id>/ivar"`` are arrays of shape (S, S, B), float32, with bands
    in the order of the file. `<id>` is the number of the object in its Tractor catalogue.

    Parameters
    ----------
    file : h5py.File
        Open examples file.
    label : {0, 1}
        Class: 0 for real objects, 1 for injected ones.
    brick : str
        Name of the brick; numbers of objects are unique in a brick.
    """

    def __init__(self, file: h5py.File, *, label: int, brick: str):
        index = file["index"]
        selected = (index["label"][:] == label) & (index["brick"].asstr()[:] == brick)
        self._rows = {str(index["tractor_id"][row]): int(row) for row in np.flatnonzero(selected)}
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
