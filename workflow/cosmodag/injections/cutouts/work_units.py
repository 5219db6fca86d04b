"""Units of work of the cutouts: the stamps of one brick, or of one run of injections.

The stamps of a unit are written directly to their final position in the file of the batch. Their
features are stored in a separate file with a checksum, so that a killed rank loses at most the unit
that it was cutting.
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

from cosmodag.checksums import identity
from cosmodag.disk_files import writable_hdf5, write_all
from cosmodag.failures import explained
from cosmodag.files import whole_file
from cosmodag.injections.bricks.astrometry import inside_image
from cosmodag.injections.bricks.brick_files import SETTINGS_FILE, BrickFiles
from cosmodag.injections.bricks.brick_images import plane_shape, read_planes
from cosmodag.injections.cutouts.own_controls import spoil
from cosmodag.injections.cutouts.stamp_features import stamp_features
from cosmodag.injections.cutouts.stamps import (
    StampFormat,
    crosses_edge,
    cut_plane,
    edge_distances,
    interleave,
    stamp_corners,
)
from cosmodag.rejections import Rejections

BYTES_PER_OBJECT = 50_000
"""Cost of cutting one object, in bytes of compressed planes that take equally long to read."""
BLOCK_BYTES = 1 << 20
"""Bytes of stamps that are interleaved and written together, within the cache of the processor."""

logger = logging.getLogger(__name__)


class FileExtent(NamedTuple):
    """A contiguous range of a file for the stamps of a unit.

    Attributes
    ----------
    rows : numpy.ndarray, shape (M,), int64
        Indices of the stamps, in the order in which they are stored.
    offset : int
        First byte of the range.
    """

    rows: np.ndarray
    offset: int

    def blocks(self, stamp_bytes: int) -> Iterator[tuple[np.ndarray, int]]:
        """Yield blocks of stamps to be written together.

        Parameters
        ----------
        stamp_bytes : int
            Bytes per stamp.

        Yields
        ------
        rows : numpy.ndarray
            Indices of the stamps.
        offset : int
            First byte of the block.
        """
        step = max(1, BLOCK_BYTES // stamp_bytes)
        for first in range(0, len(self.rows), step):
            yield self.rows[first : first + step], self.offset + first * stamp_bytes


class WorkUnit(NamedTuple):
    """The objects of one class in one brick.

    Attributes
    ----------
    files : BrickFiles
        Paths of the brick.
    objects : pandas.DataFrame
        Rows of a selection, sorted by `by`: the order of their pixels in memory.
    path : pathlib.Path
        File of the features and the checksum of a complete unit.
    """

    files: BrickFiles
    objects: pd.DataFrame
    path: Path

    def cost(self, bands: Sequence[str]) -> float:
        """Return the cost of the unit in bytes of compressed planes to read.

        Parameters
        ----------
        bands : sequence of str
            Bands to cut.
        """
        paths = (self.files.coadd(kind, band) for kind in ("image", "invvar") for band in bands)
        size = sum(path.stat().st_size for path in paths if path.is_file())
        return size + BYTES_PER_OBJECT * len(self.objects)

    def crosses_edge(self, stamp_format: StampFormat) -> np.ndarray:
        """Return which stamps extend beyond the image.

        Parameters
        ----------
        stamp_format : StampFormat
            Format of the stamps.

        Returns
        -------
        numpy.ndarray, shape (N,), bool

        Raises
        ------
        InputError
            If a plane is missing or truncated, or an object lies outside the image.
        """
        for quantity in ("invvar", "image"):
            for band in reversed(stamp_format.bands):
                shape = plane_shape(self.files.coadd(quantity, band))
        inside_image(self.files.tractor, self.objects, shape, Rejections("objects", 0))
        corner = stamp_corners(*self.positions(), stamp_format.side)
        return crosses_edge(corner, stamp_format.side, shape)

    def positions(self) -> tuple[np.ndarray, np.ndarray]:
        """Return bx and by of the objects, each (N,) float64."""
        return tuple(self.objects[name].to_numpy(np.float64) for name in ("bx", "by"))

    def hash_inputs(self, bands: Sequence[str]) -> dict[str | os.PathLike, str]:
        """Return the hashes of the unit's files by path; a survey's settings stand for all."""
        settings = self.files.survey / SETTINGS_FILE
        if settings.is_file():
            return {settings: identity(settings)}
        coadds = (self.files.coadd(kind, band) for band in bands for kind in ("image", "invvar"))
        return {path: identity(path) for path in coadds}

    @property
    def index(self) -> pd.DataFrame:
        """Index of a complete unit: its objects and the features of their stamps."""
        with h5py.File(self.path, "r") as file:
            measured = {name: values[:] for name, values in file["measured"].items()}
        return self.objects.reset_index(drop=True).assign(group=self.files.brick, **measured)


def work_units(
    objects: pd.DataFrame, survey: Path, folder: Path, stamp_format: StampFormat
) -> list[WorkUnit]:
    """Divide a selection into units of work.

    Parameters
    ----------
    objects : pandas.DataFrame
        Selection with columns brick, run, bx, by and others.
    survey : pathlib.Path
        Folder of the survey.
    folder : pathlib.Path
        Folder of the files of complete units, whose names are hashes of their content.
    stamp_format : StampFormat
        Format of the stamps.

    Returns
    -------
    list of WorkUnit
    """
    units = []
    for (brick, run), rows in objects.groupby(["brick", "run"], sort=True):
        rows = rows.sort_values("by", kind="stable")
        key = hashlib.sha256(f"{survey.resolve()} {brick} {run} {stamp_format}".encode())
        key.update(pd.util.hash_pandas_object(rows, index=False).to_numpy().tobytes())
        path = folder / f"{brick}-{key.hexdigest()[:24]}.h5"
        units.append(WorkUnit(BrickFiles(survey, brick, run or None), rows, path))
    return units


def allocate_buffer(units: Sequence[WorkUnit], stamp_format: StampFormat) -> np.ndarray:
    """Allocate a buffer that is large enough for the stamps of each unit.

    Parameters
    ----------
    units : sequence of WorkUnit
        Units that will reuse the buffer.
    stamp_format : StampFormat
        Format of the stamps.

    Returns
    -------
    numpy.ndarray, shape (L,), float32
    """
    most = max((len(unit.objects) for unit in units), default=0)
    return np.empty(most * stamp_format.nbytes // 4, np.float32)


def cut_unit(
    unit: WorkUnit,
    stamp_format: StampFormat,
    target: str | os.PathLike,
    extents: Sequence[FileExtent],
    buffer: np.ndarray,
) -> None:
    """Cut the stamps of a unit, measure their features and write both.

    Memory contains one plane of the brick and the stamps of the unit.

    Parameters
    ----------
    unit : WorkUnit
        Unit to cut.
    stamp_format : StampFormat
        Format of the stamps.
    target : path
        Existing file of the batch. Other ranks may write to other extents at the same time.
    extents : sequence of FileExtent
        Where to write stamps; stamps in no extent are only measured.
    buffer : numpy.ndarray
        Memory from `allocate_buffer`.

    Raises
    ------
    InputError
        If a plane is missing or invalid; see `read_planes`.
    """
    bx, by = unit.positions()
    corner = stamp_corners(bx, by, stamp_format.side)
    shape = (2 * len(stamp_format.bands), len(corner), stamp_format.side, stamp_format.side)
    planes = buffer[: np.prod(shape)].reshape(shape)
    for channel, (_, _, plane, _) in enumerate(read_planes(unit.files, stamp_format.bands)):
        cut_plane(plane, corner, planes[channel])
    if stamp_format.control is not None:
        spoil(planes, unit.objects, stamp_format.control, stamp_format.bands, unit.files.brick)
    measured = {
        "edge_distance": edge_distances(bx, by, plane.shape),
        "edge": crosses_edge(corner, stamp_format.side, plane.shape),
        **stamp_features(planes, stamp_format.bands),
    }
    checksum = _checksum(measured)
    with explained(Path(target)), open(target, "r+b", buffering=0) as file:
        for extent in extents:
            for rows, offset in extent.blocks(stamp_format.nbytes):
                block = np.empty((len(rows), *stamp_format.shape), np.float32)
                interleave(planes, rows, block)
                file.seek(offset)
                write_all(file, block.data)
                checksum = zlib.crc32(block.data, checksum)
    with whole_file(unit.path, flush=False) as partial, writable_hdf5(partial) as file:
        file.attrs["crc32"] = checksum
        for name, values in measured.items():
            file[f"measured/{name}"] = values


def is_complete(
    unit: WorkUnit,
    stamp_format: StampFormat,
    target: str | os.PathLike,
    extents: Sequence[FileExtent],
) -> bool:
    """Return whether the features and stamps of a unit agree with the recorded checksum.

    Parameters
    ----------
    unit, stamp_format, target, extents
        As for `cut_unit`.

    Returns
    -------
    bool
        False if the unit must be cut, for the first time or again.
    """
    if not unit.path.is_file():
        return False
    recorded, checksum = None, 0
    try:
        with h5py.File(unit.path, "r") as file:
            recorded = file.attrs["crc32"]
            checksum = _checksum({name: values[:] for name, values in file["measured"].items()})
    except (OSError, KeyError):
        recorded = None
    with open(target, "rb") as stamps:
        for extent in extents:
            for rows, offset in extent.blocks(stamp_format.nbytes):
                stamps.seek(offset)
                checksum = zlib.crc32(stamps.read(len(rows) * stamp_format.nbytes), checksum)
    if checksum != recorded:
        logger.warning("brick %s: checksum differs; its stamps are cut again", unit.files.brick)
    return checksum == recorded


def _checksum(measured: dict[str, np.ndarray]) -> int:
    """Return the checksum of the features of a unit."""
    return zlib.crc32(b"".join(measured[name].tobytes() for name in sorted(measured)))
