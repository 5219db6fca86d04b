"""Stamps of all selected objects of a batch of bricks, cut by one rank or several.

Rank 0 lays out the file of the batch in the scratch folder, every rank fills in its bricks, and
rank 0 adds the index and puts the file in its place. The next call does what a killed one has left.
"""

import hashlib
import logging
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import h5py
import numpy as np
import pandas as pd

from cosmodag.cutouts.examples_file import create_examples, write_index
from cosmodag.errors import InputError
from cosmodag.files import whole_file
from cosmodag.injections.bricks.brick_images import BANDS
from cosmodag.injections.cutouts.mpi_ranks import Alone, Ranks, deal, ranks
from cosmodag.injections.cutouts.stamps import channel_names
from cosmodag.injections.cutouts.work_units import (
    Frame,
    Piece,
    Place,
    cut_piece,
    is_whole,
    pieces,
    room_for,
)

EDGES = ("skip", "pad", "apart")

logger = logging.getLogger(__name__)


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
        Folder of unfinished work, which all ranks see; best on the same disk as the output.
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
        If an object is given twice; or naming each brick that could not be cut, after all others
        have been.
    """
    if edges not in EDGES:
        raise InputError(f"edges {edges!r}: choose from {', '.join(EDGES)}")
    if (again := objects["id"].duplicated()).any():
        raise InputError(f"{output}: object {objects['id'][again].iloc[0]} is selected twice")
    frame, folder = Frame(side, tuple(bands)), Path(scratch) / "stamps"
    work = pieces(objects, Path(survey), folder, frame)
    with ranks() as world:
        mine = deal([piece.cost(bands) for piece in work], world.size)[world.rank]
        aside = _each(world, mine, lambda number: work[number].beyond_edge(frame))
        parts = _parts([aside[number] for number in range(len(work))], edges)
        if not any(part.any() for part in parts["/"]):
            raise InputError(f"{output}: all {len(objects)} stamps of {side} pixels reach beyond")
        batch = folder / f"{_key(work, parts)}.h5"
        places = world.share(None if world.rank else _lay_out(batch, parts, frame))
        indexes = _cut(world, work, mine, frame, batch, places)
        if not world.rank:
            described = [indexes[number] for number in range(len(work))]
            _finish(batch, output, described, parts)
            for piece in work:
                piece.path.unlink(missing_ok=True)


def _each(world: Alone | Ranks, mine: Sequence[int], work: Callable[[int], object]) -> dict:
    """Do a rank's pieces; return the results of all ranks, or raise what failed on any."""
    done, failures = {}, []
    for number in mine:
        try:
            done[number] = work(number)
        except InputError as error:
            failures.append(str(error))
    gathered = world.gather((done, failures))
    if failed := [failure for _, failures in gathered for failure in failures]:
        more = f" (and {len(failed) - 1} bricks more: {'; '.join(failed[1:])})" * (len(failed) > 1)
        raise InputError(failed[0] + more)
    return {number: result for done, _ in gathered for number, result in done.items()}


def _parts(aside: Sequence[np.ndarray], edges: str) -> dict[str, list[np.ndarray]]:
    """Return which stamps of each piece go to which group of the file."""
    if edges == "pad":
        return {"/": [np.ones_like(each) for each in aside]}
    parts = {"/": [~each for each in aside]}
    if edges == "apart" and any(each.any() for each in aside):
        parts["edge"] = list(aside)
    return parts


def _key(work: Sequence[Piece], parts: dict[str, list[np.ndarray]]) -> str:
    """Return a name for a batch, by what it holds and where."""
    key = hashlib.sha256(" ".join(piece.path.stem for piece in work).encode())
    for part in parts.values():
        key.update(np.concatenate(part).tobytes())
    return key.hexdigest()[:24]


def _lay_out(batch: Path, parts: dict[str, list[np.ndarray]], frame: Frame) -> list[list[Place]]:
    """Make the file of a batch, but for its stamps and index; return the places of each piece."""
    if not h5py.is_hdf5(batch):
        with whole_file(batch, flush=False) as partial, h5py.File(partial, "w") as file:
            for name, part in parts.items():
                create_examples(
                    file.require_group(name),
                    experiment="injections",
                    count=sum(int(mine.sum()) for mine in part),
                    x_shape=frame.shape,
                    y_shape=(1,),
                    x_channels=channel_names(frame.bands),
                    y_channels=["injected"],
                )
    places: list[list[Place]] = [[] for _ in next(iter(parts.values()))]
    with h5py.File(batch, "r") as file:
        for name, part in parts.items():
            offset = file[name]["x"].id.get_offset()
            for mine, found in zip(part, places):
                found.append(Place(np.flatnonzero(mine), offset))
                offset += len(found[-1].rows) * frame.nbytes
    return places


def _cut(
    world: Alone | Ranks,
    work: Sequence[Piece],
    mine: Sequence[int],
    frame: Frame,
    batch: Path,
    places: Sequence[Sequence[Place]],
) -> dict[int, pd.DataFrame]:
    """Cut what is not cut yet; return the index of every piece."""
    room = room_for([work[number] for number in mine], frame)

    def cut(number: int) -> pd.DataFrame:
        if not is_whole(work[number], frame, batch, places[number]):
            cut_piece(work[number], frame, batch, places[number], room)
        done = mine.index(number) + 1
        logger.info("rank %d: %d of %d bricks cut", world.rank, done, len(mine))
        return work[number].index

    return _each(world, mine, cut)


def _finish(
    batch: Path,
    output: str | os.PathLike,
    described: Sequence[pd.DataFrame],
    parts: dict[str, list[np.ndarray]],
) -> None:
    """Add labels and index to a batch that holds all its stamps, and put it in its place."""
    index = pd.concat(described, ignore_index=True)
    logger.info("%d stamps, of which %d reach beyond an edge", len(index), index["edge"].sum())
    with whole_file(output) as partial:
        shutil.move(batch, partial)
        with h5py.File(partial, "r+") as file:
            for name, part in parts.items():
                rows = index[np.concatenate(part)].drop(columns="edge")
                file[name]["y"][:, 0] = rows["label"].to_numpy(np.float32)
                write_index(file[name], {key: rows[key].to_numpy() for key in rows})
