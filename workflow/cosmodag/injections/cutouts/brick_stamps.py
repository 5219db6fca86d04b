"""Stamps of all selected objects of a batch of bricks, cut by one or more ranks.

Rank 0 creates the file of the batch in the scratch folder, every rank writes the stamps of its
bricks, and rank 0 adds the index and moves the file to its destination. A restarted job cuts only
the remaining bricks.
"""

import hashlib
import logging
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import h5py
import numpy as np
import pandas as pd

from cosmodag.checksums import append, identity, make_record
from cosmodag.cutouts.examples_file import create_examples, write_index
from cosmodag.disk_files import writable_hdf5
from cosmodag.errors import InputError
from cosmodag.files import whole_file
from cosmodag.injections.bricks.brick_images import BANDS, plane_scale
from cosmodag.injections.cutouts.communicator import Communicator, balance, connect
from cosmodag.injections.cutouts.own_controls import control_objects
from cosmodag.injections.cutouts.stamps import StampFormat, channel_names
from cosmodag.injections.cutouts.work_units import (
    FileExtent,
    WorkUnit,
    allocate_buffer,
    cut_unit,
    is_complete,
    work_units,
)
from cosmodag.rejections import MAX_REJECTED, Rejections

EDGES = ("skip", "pad", "separate")

Masks = dict[str, list[np.ndarray]]
"""For each HDF5 group of the file and each unit, which stamps belong to the group, (N,) bool."""
CutUnit = tuple[pd.DataFrame, dict[str | os.PathLike, str]]
"""Index of a unit, and the hashes of the files that it was cut from."""
Result = TypeVar("Result")

logger = logging.getLogger(__name__)


def cut_stamps(
    objects: pd.DataFrame,
    survey: str | os.PathLike,
    output: str | os.PathLike,
    *,
    scratch: str | os.PathLike,
    side: int = 64,
    bands: Sequence[str] = BANDS,
    edges: str = "skip",
    control: str | None = None,
    max_rejected: float = MAX_REJECTED,
    objects_file: str | os.PathLike | None = None,
) -> None:
    """Cut the stamps of a selection and write them as one examples file.

    Every rank of an MPI job must call this function; without MPI one process calls it.

    Parameters
    ----------
    objects : pandas.DataFrame
        Selection with columns id, brick, run ("" for the survey itself), label, bx, by and others,
        which are copied to the index.
    survey : path
        Folder of the survey.
    output : path
        Examples file: `x` (N, side, side, 2B) float32 with image (nanomaggies) and inverse variance
        (nanomaggies^-2) of each band; `y` (N, 1) float32, 1 for injected objects. The index
        contains the selection, `group` (the brick), `edge_distance` (pixels) and the columns of
        `stamp_features`.
    scratch : path
        Folder of intermediate files that all ranks can access, best on the disk of the output.
    side : int
        Pixels per side of a stamp.
    bands : sequence of str
        Bands in order.
    edges : {"skip", "pad", "separate"}
        Treatment of stamps that extend beyond the image: "skip" drops them, "pad" fills pixels with
        zeros (inverse variance 0: no data), "separate" pads and writes them to the HDF5 group
        `edge`, which is not part of any dataset.
    control : str, optional
        Control experiment in place of the test of injections, see
        `cosmodag.injections.cutouts.own_controls`.
    max_rejected : float
        Largest fraction of the bricks that may be left out, with all their runs, because their
        images cannot be used. They are listed in a table beside the output, see
        `cosmodag.rejections`.
    objects_file : path, optional
        File that the selection was read from, for the record.

    Raises
    ------
    InputError
        If an object occurs twice, `edges` is invalid, or too many bricks cannot be cut.
    """
    if edges not in EDGES:
        raise InputError(f"edges {edges!r}: choose from {', '.join(EDGES)}")
    if (duplicated := objects["id"].duplicated()).any():
        raise InputError(
            f"{output}: object {objects['id'][duplicated].iloc[0]} is selected twice; select again"
        )
    stamp_format, folder = StampFormat(side, tuple(bands), control), Path(scratch) / "stamps"
    if control is not None:
        objects = control_objects(objects, control, Path(survey), side, bands)
    units = work_units(objects, Path(survey), folder, stamp_format)
    rejections = Rejections("bricks", max_rejected)
    n_bricks = len({unit.files.brick for unit in units})
    with connect() as ranks:
        while True:
            try:
                batch, masks, cut = _cut_batch(ranks, units, folder, stamp_format, edges, output)
                break
            except _UnusableBricks as failed:
                for brick, reason in failed.reasons.items():
                    rejections.add(survey, f"brick {brick}", reason)
                rejections.check(survey, n_bricks, "repair or fetch the files of these bricks")
                units = [unit for unit in units if unit.files.brick not in failed.reasons]
        if not ranks.rank:
            inputs = {path: sha256 for _, hashes in cut for path, sha256 in hashes.items()}
            if objects_file is not None:
                inputs[objects_file] = identity(objects_file)
            half_side = side * plane_scale(units[0].files.coadd("image", bands[0])) / 2
            indexes = [index for index, _ in cut]
            _finish(batch, output, indexes, masks, half_side, rejections, inputs)
            for unit in units:
                unit.path.unlink(missing_ok=True)


class _UnusableBricks(Exception):
    """Bricks that cannot be cut, with the reason for each."""

    def __init__(self, reasons: Mapping[str, str]):
        super().__init__()
        self.reasons = reasons


def _cut_batch(
    ranks: Communicator,
    units: Sequence[WorkUnit],
    folder: Path,
    stamp_format: StampFormat,
    edges: str,
    output: str | os.PathLike,
) -> tuple[Path, Masks, list[CutUnit]]:
    """Cut all units into the file of a batch; return it, its groups and each unit's index."""
    costs = [unit.cost(stamp_format.bands) for unit in units]
    mine = balance(costs, ranks.size)[ranks.rank]
    crossing = _on_all_ranks(
        ranks, units, mine, lambda number: units[number].crosses_edge(stamp_format)
    )
    masks = _group_masks([crossing[number] for number in range(len(units))], edges)
    if not any(mask.any() for mask in masks["/"]):
        n_objects = sum(len(unit.objects) for unit in units)
        raise InputError(
            f"{output}: all {n_objects} stamps of {stamp_format.side} pixels extend beyond their "
            "images; set a smaller side"
        )
    batch = folder / f"{_batch_key(units, masks)}.h5"
    extents = ranks.broadcast(None if ranks.rank else _create(batch, masks, stamp_format))
    cut = _cut_units(ranks, units, mine, stamp_format, batch, extents)
    return batch, masks, [cut[number] for number in range(len(units))]


def _on_all_ranks(
    ranks: Communicator,
    units: Sequence[WorkUnit],
    mine: Sequence[int],
    function: Callable[[int], Result],
) -> dict[int, Result]:
    """Apply a function to the units of all ranks; name the bricks that failed on all ranks."""
    results: dict[int, Result] = {}
    failures: dict[str, str] = {}
    for number in mine:
        try:
            results[number] = function(number)
        except InputError as error:
            failures.setdefault(units[number].files.brick, str(error))
    gathered = ranks.allgather((results, failures))
    reasons = {brick: reason for _, failed in gathered for brick, reason in failed.items()}
    if reasons:
        raise _UnusableBricks(reasons)
    return {number: result for results, _ in gathered for number, result in results.items()}


def _group_masks(crossing: Sequence[np.ndarray], edges: str) -> Masks:
    """Return which stamps of each unit belong to which group of the file."""
    if edges == "pad":
        return {"/": [np.ones_like(mask) for mask in crossing]}
    masks = {"/": [~mask for mask in crossing]}
    if edges == "separate" and any(mask.any() for mask in crossing):
        masks["edge"] = list(crossing)
    return masks


def _batch_key(units: Sequence[WorkUnit], masks: Masks) -> str:
    """Return a hash of the content and the layout of a batch."""
    key = hashlib.sha256(" ".join(unit.path.stem for unit in units).encode())
    for group in masks.values():
        key.update(np.concatenate(group).tobytes())
    return key.hexdigest()[:24]


def _create(batch: Path, masks: Masks, stamp_format: StampFormat) -> list[list[FileExtent]]:
    """Create the file of a batch without stamps and index; return the extents of each unit."""
    if not h5py.is_hdf5(batch):
        with whole_file(batch, flush=False) as partial, writable_hdf5(partial) as file:
            for name, group in masks.items():
                create_examples(
                    file.require_group(name),
                    experiment="injections",
                    count=sum(int(mask.sum()) for mask in group),
                    x_shape=stamp_format.shape,
                    y_shape=(1,),
                    x_channels=channel_names(stamp_format.bands),
                    y_channels=["injected"],
                )
    extents: list[list[FileExtent]] = [[] for _ in masks["/"]]
    with h5py.File(batch, "r") as file:
        for name, group in masks.items():
            offset = file[name]["x"].id.get_offset()
            for mask, of_unit in zip(group, extents):
                of_unit.append(FileExtent(np.flatnonzero(mask), offset))
                offset += len(of_unit[-1].rows) * stamp_format.nbytes
    return extents


def _cut_units(
    ranks: Communicator,
    units: Sequence[WorkUnit],
    mine: Sequence[int],
    stamp_format: StampFormat,
    batch: Path,
    extents: Sequence[Sequence[FileExtent]],
) -> dict[int, CutUnit]:
    """Cut the units that are not complete; return index and hashes of inputs of every unit."""
    buffer = allocate_buffer([units[number] for number in mine], stamp_format)

    def cut(number: int) -> CutUnit:
        if not is_complete(units[number], stamp_format, batch, extents[number]):
            cut_unit(units[number], stamp_format, batch, extents[number], buffer)
        done = mine.index(number) + 1
        logger.info("rank %d: %d of %d bricks cut", ranks.rank, done, len(mine))
        return units[number].index, units[number].hash_inputs(stamp_format.bands)

    return _on_all_ranks(ranks, units, mine, cut)


def _finish(
    batch: Path,
    output: str | os.PathLike,
    indexes: Sequence[pd.DataFrame],
    masks: Masks,
    half_side: float,
    rejections: Rejections,
    inputs: Mapping[str | os.PathLike, str],
) -> None:
    """Add labels and index to a batch with all its stamps and move it to its destination."""
    index = pd.concat(indexes, ignore_index=True)
    logger.info("%d stamps, of which %d extend beyond an edge", len(index), index["edge"].sum())
    with whole_file(output) as partial:
        shutil.move(batch, partial)
        with writable_hdf5(partial, "r+") as file:
            rejections.record(file.attrs)
            file.attrs["half_side"] = half_side
            for name, group in masks.items():
                rows = index[np.concatenate(group)].drop(columns="edge")
                file[name]["y"][:, 0] = rows["label"].to_numpy(np.float32)
                write_index(file[name], {key: rows[key].to_numpy() for key in rows})
        append(partial, make_record(output, inputs, [rejections.write(output)]))
