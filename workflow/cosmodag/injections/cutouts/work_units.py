"""Pieces of work of cutouts: the stamps of one brick, or of one run of injections into it.

Stamps of a piece go straight to their place in the file of the batch. What was measured on them is
kept beside it, with a checksum, so that a rank that dies loses no more than the piece it was at.
"""

import hashlib
import logging
import os
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np
import pandas as pd

from cosmodag.files import whole_file
from cosmodag.injections.bricks.astrometry import check_inside_image
from cosmodag.injections.bricks.brick_files import BrickFiles
from cosmodag.injections.bricks.brick_images import plane_shape, read_planes
from cosmodag.injections.cutouts.stamp_features import stamp_features
from cosmodag.injections.cutouts.stamps import (
    corners,
    cut_plane,
    edge_distances,
    interleave,
    reach_outside,
)

BYTES_AN_OBJECT = 50_000
"""What cutting one object costs, in bytes of compressed planes that take as long to read."""
BLOCK_BYTES = 1 << 20
"""Bytes of stamps that are moved at a time, while the processor's cache holds them."""

logger = logging.getLogger(__name__)


class Frame(NamedTuple):
    """What all stamps of a batch have in common: pixels a side, and bands in order."""

    side: int
    bands: tuple[str, ...]

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape of a stamp."""
        return self.side, self.side, 2 * len(self.bands)

    @property
    def nbytes(self) -> int:
        """Bytes of a stamp of float32."""
        return 4 * int(np.prod(self.shape))


class Piece(NamedTuple):
    """The objects of one brick and class.

    Attributes
    ----------
    files : BrickFiles
    objects : pandas.DataFrame
        Rows of a selection, in order of `by`, in which their pixels lie in memory.
    path : pathlib.Path
        What was measured on the finished piece.
    """

    files: BrickFiles
    objects: pd.DataFrame
    path: Path

    def cost(self, bands: Sequence[str]) -> float:
        """Return what the piece takes, in bytes of compressed planes that take as long to read."""
        paths = (self.files.coadd(kind, band) for kind in ("image", "invvar") for band in bands)
        size = sum(path.stat().st_size for path in paths if path.is_file())
        return size + BYTES_AN_OBJECT * len(self.objects)

    def beyond_edge(self, frame: Frame) -> np.ndarray:
        """Return which stamps reach beyond the image, (N,) bool; see `cut_piece` for errors."""
        shape = plane_shape(self.files.coadd("image", frame.bands[0]))
        check_inside_image(self.files.tractor, self.objects, shape)
        bx, by = (self.objects[name].to_numpy(np.float64) for name in ("bx", "by"))
        return reach_outside(corners(bx, by, frame.side), frame.side, shape)

    @property
    def index(self) -> pd.DataFrame:
        """The finished piece's index: its objects and what was measured on their stamps."""
        with h5py.File(self.path, "r") as file:
            measured = {name: values[:] for name, values in file["measured"].items()}
        return self.objects.reset_index(drop=True).assign(group=self.files.brick, **measured)


class Place(NamedTuple):
    """The stamps of `rows` of a piece go, one after the other, to the byte `offset` of a file."""

    rows: np.ndarray
    offset: int

    def blocks(self, stamp_bytes: int) -> Iterator[tuple[np.ndarray, int]]:
        """Yield rows that are moved at a time and the byte at which they begin."""
        step = max(1, BLOCK_BYTES // stamp_bytes)
        for first in range(0, len(self.rows), step):
            yield self.rows[first : first + step], self.offset + first * stamp_bytes


def pieces(objects: pd.DataFrame, survey: Path, folder: Path, frame: Frame) -> list[Piece]:
    """Return the pieces of a selection, which `folder` keeps under names made of what they hold.

    Parameters
    ----------
    objects
        The selection: columns brick, run, bx, by and others.
    survey
        Folder of the survey.
    folder
        Where finished pieces are noted.
    frame
        What is cut.
    """
    found = []
    for (brick, run), rows in objects.groupby(["brick", "run"], sort=True):
        rows = rows.sort_values("by", kind="stable")
        key = hashlib.sha256(f"{survey.resolve()} {brick} {run} {frame}".encode())
        key.update(pd.util.hash_pandas_object(rows, index=False).to_numpy().tobytes())
        path = folder / f"{brick}-{key.hexdigest()[:24]}.h5"
        found.append(Piece(BrickFiles(survey, brick, run or None), rows, path))
    return found


def room_for(work: Sequence[Piece], frame: Frame) -> np.ndarray:
    """Return memory for the stamps of any of some pieces, to be used again and again."""
    most = max((len(piece.objects) for piece in work), default=0)
    return np.empty(most * frame.nbytes // 4, np.float32)


def cut_piece(
    piece: Piece, frame: Frame, target: str | os.PathLike, places: Sequence[Place], room: np.ndarray
) -> None:
    """Cut the stamps of a piece, measure them and write them to their places.

    Memory holds one plane of the brick, and its stamps in `room`, as `room_for` gives it.

    Parameters
    ----------
    piece
    frame
    target
        File that is long enough; other ranks may write to other places in it at the same time.
    places
        Where the stamps go; stamps without a place are measured only.
    room

    Raises
    ------
    InputError
        As `read_planes`, or if an object lies off the image.
    """
    bx, by = (piece.objects[name].to_numpy(np.float64) for name in ("bx", "by"))
    corner = corners(bx, by, frame.side)
    shape = (2 * len(frame.bands), len(corner), frame.side, frame.side)
    planes = room[: np.prod(shape)].reshape(shape)
    for channel, (_, _, plane, _) in enumerate(read_planes(piece.files, frame.bands)):
        cut_plane(plane, corner, planes[channel])
    measured = {
        "edge_distance": edge_distances(bx, by, plane.shape),
        "edge": reach_outside(corner, frame.side, plane.shape),
        **stamp_features(planes, frame.bands),
    }
    checksum = _checksum(measured)
    with open(target, "r+b", buffering=0) as file:
        for place in places:
            for rows, begin in place.blocks(frame.nbytes):
                block = np.empty((len(rows), *frame.shape), np.float32)
                interleave(planes, rows, block)
                file.seek(begin)
                file.write(block)
                checksum = zlib.crc32(block, checksum)
    with whole_file(piece.path, flush=False) as partial, h5py.File(partial, "w") as file:
        file.attrs["crc32"] = checksum
        for name, values in measured.items():
            file[f"measured/{name}"] = values


def is_whole(
    piece: Piece, frame: Frame, target: str | os.PathLike, places: Sequence[Place]
) -> bool:
    """Whether a piece is noted and its places hold its stamps; if not, it is to be cut again."""
    if not piece.path.is_file():
        return False
    try:
        with h5py.File(piece.path, "r") as file:
            noted = file.attrs["crc32"]
            checksum = _checksum({name: values[:] for name, values in file["measured"].items()})
    except (OSError, KeyError):
        noted, checksum = None, 0
    with open(target, "rb") as stamps:
        for place in places:
            for rows, begin in place.blocks(frame.nbytes):
                stamps.seek(begin)
                checksum = zlib.crc32(stamps.read(len(rows) * frame.nbytes), checksum)
    if checksum != noted:
        logger.warning("brick %s: cut before, but not as noted; cut again", piece.files.brick)
    return checksum == noted


def _checksum(measured: dict[str, np.ndarray]) -> int:
    return zlib.crc32(b"".join(measured[name].tobytes() for name in sorted(measured)))
