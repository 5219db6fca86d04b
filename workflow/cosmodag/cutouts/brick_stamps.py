"""Stamps of all selected objects of a batch of bricks, cut by one rank or several.

A piece of work is one brick, or one run of injections into it. Each finished piece is a file of its
own, so that a rank that dies loses no more than the piece it was at; the next call does the rest.
Rank 0 then joins the pieces.
"""

import hashlib
import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np
import pandas as pd

from cosmodag.cutouts.examples_file import create_examples, write_index
from cosmodag.cutouts.ranks import deal, ranks
from cosmodag.cutouts.stamp_features import stamp_features
from cosmodag.cutouts.stamps import (
    channel_names,
    corners,
    cut_plane,
    edge_distances,
    reach_outside,
)
from cosmodag.errors import InputError
from cosmodag.files import whole_file
from cosmodag.sources.bricks import BANDS, BrickFiles, read_planes

EDGES = ("skip", "pad", "apart")
BYTES_AN_OBJECT = 50_000
"""What cutting one object costs, in bytes of compressed planes that take as long to read."""

logger = logging.getLogger(__name__)


class Piece(NamedTuple):
    """The objects of one brick and class: `objects` are rows of a selection, `path` its file."""

    files: BrickFiles
    objects: pd.DataFrame
    path: Path


def cut_bricks(
    objects: pd.DataFrame,
    survey: str | os.PathLike,
    output: str | os.PathLike,
    *,
    scratch: str | os.PathLike,
    side: int = 64,
    bands: Sequence[str] = BANDS,
    edges: str = "skip",
) -> None:
    """Cut the stamps of a selection and write them as one examples file.

    To be called by every rank of an MPI job, or by one process alone.

    Parameters
    ----------
    objects
        A selection: columns id, brick, run ("" for the survey itself), label, bx, by and others,
        which go into the index as they are.
    survey
        Folder of the survey.
    output
        Examples file: `x` (N, side, side, 2B) float32, image (nanomaggies) and inverse variance
        (nanomaggies^-2) of each band in turn; `y` (N, 1), 1 where injected; the index holds the
        selection, `group` (the brick), `edge_distance` (pixels) and the features of
        `stamp_features`.
    scratch
        Folder of finished pieces, kept until the output is written.
    side
        Pixels a side.
    bands
        Which bands, in this order.
    edges
        Objects whose stamp reaches beyond the image: "skip" leaves them out, "pad" fills with zeros
        (inverse variance 0: no data), "apart" pads and writes them to the group `edge`, which no
        dataset reads.

    Raises
    ------
    InputError
        Naming each brick that could not be cut, after all others have been.
    """
    if edges not in EDGES:
        raise InputError(f"edges {edges!r}: choose from {', '.join(EDGES)}")
    work = _pieces(objects, Path(survey), Path(scratch), f"{side} {tuple(bands)}")
    world = ranks()
    mine = deal([_cost(piece, bands) for piece in work], world.size)[world.rank]
    failures = []
    for number, piece in enumerate(mine, 1):
        try:
            if not _is_whole(work[piece].path):
                _cut_piece(work[piece], side, bands)
        except InputError as error:
            failures.append(str(error))
        logger.info("rank %d: %d of %d bricks cut", world.rank, number, len(mine))
    gathered = world.gather(failures)
    if world.rank:
        return
    if failed := [failure for each in gathered for failure in each]:
        more = f" (and {len(failed) - 1} bricks more: {'; '.join(failed[1:])})" * (len(failed) > 1)
        raise InputError(failed[0] + more)
    _join(work, output, side, bands, edges)
    for piece in work:
        piece.path.unlink(missing_ok=True)


def _pieces(objects: pd.DataFrame, survey: Path, scratch: Path, settings: str) -> list[Piece]:
    found = []
    for (brick, run), rows in objects.groupby(["brick", "run"], sort=True):
        files = BrickFiles(survey, brick, run or None)
        key = hashlib.sha256(f"{survey.resolve()} {brick} {run} {settings}".encode())
        key.update(pd.util.hash_pandas_object(rows, index=False).to_numpy().tobytes())
        found.append(Piece(files, rows, scratch / "stamps" / f"{brick}-{key.hexdigest()[:24]}.h5"))
    return found


def _cost(piece: Piece, bands: Sequence[str]) -> float:
    paths = (piece.files.coadd(kind, band) for kind in ("image", "invvar") for band in bands)
    size = sum(path.stat().st_size for path in paths if path.is_file())
    return size + BYTES_AN_OBJECT * len(piece.objects)


def _cut_piece(piece: Piece, side: int, bands: Sequence[str]) -> None:
    bx, by = (piece.objects[name].to_numpy(np.float64) for name in ("bx", "by"))
    corner = corners(bx, by, side)
    stamps = np.empty((len(corner), side, side, 2 * len(bands)), np.float32)
    for channel, (band, _, plane, _) in enumerate(read_planes(piece.files, bands)):
        if not channel:
            _check_inside(piece, band, plane.shape)
        cut_plane(plane, corner, stamps, channel)
    measured = {
        "edge_distance": edge_distances(bx, by, plane.shape),
        "edge": reach_outside(corner, side, plane.shape),
        **stamp_features(stamps, bands),
    }
    with whole_file(piece.path) as partial, h5py.File(partial, "w") as file:
        file["x"] = stamps
        file.attrs["sha256"] = hashlib.sha256(stamps).hexdigest()
        for name, values in measured.items():
            file[f"measured/{name}"] = values


def _check_inside(piece: Piece, band: str, shape: tuple[int, int]) -> None:
    height, width = shape
    outside = ~(piece.objects["bx"].between(-0.5, width - 0.5)) | ~(
        piece.objects["by"].between(-0.5, height - 0.5)
    )
    if outside.any():
        raise InputError(
            f"{piece.files.tractor}: {outside.sum()} of {len(outside)} objects lie off the image "
            f"of {width}×{height} pixels in {piece.files.coadd('image', band).name}; are bx and by "
            "in pixels of this brick?"
        )


def _is_whole(path: Path) -> bool:
    """Whether a piece is there and holds what was written; a corrupt one is done again."""
    try:
        with h5py.File(path, "r") as file:
            return hashlib.sha256(file["x"][:]).hexdigest() == file.attrs["sha256"]
    except (OSError, KeyError):
        if path.is_file():
            logger.warning("%s: corrupt; cut again", path)
        return False


def _join(
    work: Sequence[Piece], output: str | os.PathLike, side: int, bands: Sequence[str], edges: str
) -> None:
    described = [_described(piece) for piece in work]
    index = pd.concat(described, ignore_index=True)
    aside = index["edge"].to_numpy(bool) if edges != "pad" else np.zeros(len(index), bool)
    if aside.all():
        raise InputError(f"{output}: all {len(index)} stamps of {side} pixels reach beyond edges")
    logger.info("%d stamps, %d beyond an edge (%s)", len(index), index["edge"].sum(), edges)
    with whole_file(output) as partial, h5py.File(partial, "w") as file:
        _write_part(file, file, work, index, ~aside, side, bands)
        if edges == "apart" and aside.any():
            _write_part(file, file.create_group("edge"), work, index, aside, side, bands)


def _described(piece: Piece) -> pd.DataFrame:
    """The index of a piece: its objects and what was measured on their stamps."""
    with h5py.File(piece.path, "r") as file:
        measured = {name: values[:] for name, values in file["measured"].items()}
    return piece.objects.reset_index(drop=True).assign(group=piece.files.brick, **measured)


def _write_part(file, place, work, index: pd.DataFrame, kept, side: int, bands) -> None:
    x, y = create_examples(
        place,
        experiment="injections",
        count=int(kept.sum()),
        x_shape=(side, side, 2 * len(bands)),
        y_shape=(1,),
        x_channels=channel_names(bands),
        y_channels=["injected"],
    )
    begin = written = 0
    for piece in work:
        mine = kept[begin : begin + len(piece.objects)]
        begin += len(mine)
        with h5py.File(piece.path, "r") as cut:
            x[written : written + mine.sum()] = cut["x"][:][mine]
        written += mine.sum()
    rows = index[kept].drop(columns="edge")
    y[:, 0] = rows["label"].to_numpy(np.float32)
    write_index(place, {name: rows[name].to_numpy() for name in rows})
