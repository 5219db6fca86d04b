"""The objects of both classes in all bricks of a survey's folder."""

import logging
import os
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from cosmodag.errors import InputError
from cosmodag.injections.bricks.astrometry import check_positions
from cosmodag.injections.bricks.brick_catalogues import read_simcat, read_tractor
from cosmodag.injections.bricks.brick_files import (
    BRICK_LIST,
    BrickFiles,
    injection_runs,
    read_brick_list,
)
from cosmodag.injections.bricks.brick_images import read_planes
from cosmodag.injections.selection.brick_selection import (
    CLASSES,
    Selection,
    join_selections,
    select_brick,
    write_selection,
)
from cosmodag.injections.selection.target_cuts import BANDS, emission_line_cuts

DEEPEST = "r"
"""Band whose light must lie where a catalogue says."""

logger = logging.getLogger(__name__)


def select_survey(
    survey: str | os.PathLike,
    objects: str | os.PathLike,
    removed: str | os.PathLike,
    *,
    bricks: str | os.PathLike | None = None,
    batch: int = 0,
    batches: int = 1,
    runs: Sequence[str] | None = None,
    first_pixel: int = 0,
    match_radius: float = 6.0,
    hidden_radius: float = 2.0,
    **cuts,
) -> Selection:
    """Select the objects of a share of a survey's bricks and write them.

    Parameters
    ----------
    survey
        Folder of the survey, see `cosmodag.injections.bricks.brick_files`.
    objects, removed
        Files to write: the objects as Parquet, what each cut removed as CSV.
    bricks
        List of bricks; the survey's own by default.
    batch, batches
        The share: bricks number `batch`, `batch` + `batches`, … of the list.
    runs
        Runs of injections that count; all of a brick by default. Real objects count once.
    first_pixel : {0, 1}
        Number of the first pixel in the catalogues.
    match_radius, hidden_radius
        In pixels, as `cosmodag.injections.selection.brick_selection.select_brick` takes them.
    **cuts
        Keywords of `cosmodag.injections.selection.target_cuts.emission_line_cuts`.

    Raises
    ------
    InputError
        A catalogue cannot be used, a brick has no run of injections, or a class is empty.
    """
    listed = read_brick_list(Path(survey) / BRICK_LIST if bricks is None else bricks)
    if len(listed) <= batch:
        raise InputError(f"{batches} batches of {len(listed)} bricks: set `batches` to no more")
    names = listed[batch::batches]
    options = {
        "match_radius": match_radius,
        "hidden_radius": hidden_radius,
        "cuts": emission_line_cuts(**cuts),
    }
    parts = []
    for brick in tqdm(names, desc="bricks", unit="brick", disable=None):
        parts += _select(Path(survey), brick, runs, first_pixel, options)
    selection = join_selections(parts)
    write_selection(selection, objects, removed)
    kept = selection.removed.iloc[-1]
    logger.info(
        "%d bricks: %s", len(names), ", ".join(f"{kept[name]} {name} objects" for name in CLASSES)
    )
    return selection


def _select(survey: Path, brick: str, runs, first_pixel: int, options: dict) -> list[Selection]:
    own = BrickFiles(survey, brick)
    real = read_tractor(own.tractor, first_pixel=first_pixel)
    image, ivar = (plane for _, _, plane, _ in read_planes(own, (DEEPEST,)))
    check_positions(own.tractor, real, image, ivar, first_pixel=first_pixel)
    found = injection_runs(survey, brick) if runs is None else runs
    if not found:
        raise InputError(
            f"{survey}: brick {brick} has no run of injections (obiwan/{brick[:3]}/{brick}/rs0); "
            "leave it out of the list"
        )
    parts = []
    for number, run in enumerate(found):
        files = BrickFiles(survey, brick, run)
        detected = read_tractor(files.tractor, first_pixel=first_pixel)
        injected = read_simcat(files.simcat, bands=BANDS)
        injected[["x", "y"]] -= first_pixel
        part = select_brick(brick, run, real, detected, injected, **options)
        if number:  # real objects count once, whatever the number of runs
            part = part._replace(objects=part.objects[part.objects["label"] == 1])
            part.removed[CLASSES[0]] = 0
        parts.append(part)
    return parts
