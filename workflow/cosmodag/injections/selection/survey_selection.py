"""Selection of the objects of both classes in the bricks of a survey."""

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
    INJECTED,
    REAL,
    Selection,
    concatenate_selections,
    select_brick,
    write_selection,
)
from cosmodag.injections.selection.target_cuts import BANDS, emission_line_cuts

ASTROMETRY_BAND = "r"
"""Deepest band, in which the positions of the catalogues are checked."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class BrickSubset:
    """A subset of the bricks of a survey: every n-th brick of a list.

    Attributes
    ----------
    brick_list : path, optional
        List of bricks; that in the folder of the survey by default.
    batch : int
        Index of the subset, from 0.
    batches : int
        Number of subsets.
    """

    brick_list: str | os.PathLike | None = None
    batch: int = 0
    batches: int = 1

    def names(self, survey: str | os.PathLike) -> list[str]:
        """Return the names of the bricks.

        Parameters
        ----------
        survey : path
            Folder of the survey.

        Returns
        -------
        list of str

        Raises
        ------
        InputError
            If the list is invalid or has fewer bricks than subsets.
        """
        path = Path(survey) / BRICK_LIST if self.brick_list is None else self.brick_list
        bricks = read_brick_list(path)
        if len(bricks) <= self.batch:
            raise InputError(
                f"{path}: {self.batches} batches, but {len(bricks)} bricks; set `batches` to "
                f"{len(bricks)} or less"
            )
        return bricks[self.batch :: self.batches]


def select_survey(
    survey: str | os.PathLike,
    objects: str | os.PathLike,
    removed: str | os.PathLike,
    *,
    subset: BrickSubset | None = None,
    runs: Sequence[str] | None = None,
    first_pixel: int = 0,
    match_radius: float = 6.0,
    hidden_radius: float = 2.0,
    **cuts: Any,
) -> Selection:
    """Select the objects in bricks of a survey and write them.

    Parameters
    ----------
    survey : path
        Folder of the survey; see `cosmodag.injections.bricks.brick_files`.
    objects, removed : path
        Files to write: the objects as Parquet, the number removed by each cut as CSV.
    subset : BrickSubset, optional
        Bricks to read; all by default.
    runs : sequence of str, optional
        Runs of injections to read; all runs of each brick by default. Real objects count once.
    first_pixel : {0, 1}
        Index of the first pixel in the catalogues.
    match_radius, hidden_radius : float
        In pixels, as for `cosmodag.injections.selection.brick_selection.select_brick`.
    **cuts
        Keyword arguments of `cosmodag.injections.selection.target_cuts.emission_line_cuts`.

    Returns
    -------
    Selection

    Raises
    ------
    InputError
        If a catalogue is invalid, a brick has no run of injections, or no object of a class passes
        the cuts.
    """
    bricks = (subset or BrickSubset()).names(survey)
    criteria = {
        "match_radius": match_radius,
        "hidden_radius": hidden_radius,
        "cuts": emission_line_cuts(**cuts),
    }
    selections = []
    for brick in tqdm(bricks, desc="bricks", unit="brick", disable=None):
        selections += _select_runs(Path(survey), brick, runs, first_pixel, criteria)
    selection = concatenate_selections(selections)
    write_selection(selection, objects, removed)
    kept = selection.removed.iloc[-1]
    counts = ", ".join(f"{kept[name]} {name} objects" for name in CLASSES)
    logger.info("%d bricks: %s", len(bricks), counts)
    return selection


def _select_runs(
    survey: Path,
    brick: str,
    runs: Sequence[str] | None,
    first_pixel: int,
    criteria: dict[str, Any],
) -> list[Selection]:
    """Select the objects of each run of injections into a brick."""
    files = BrickFiles(survey, brick)
    real = read_tractor(files.tractor, first_pixel=first_pixel)
    image, ivar = (plane for _, _, plane, _ in read_planes(files, (ASTROMETRY_BAND,)))
    check_positions(files.tractor, real, image, ivar, first_pixel=first_pixel)
    names = injection_runs(survey, brick) if runs is None else runs
    if not names:
        raise InputError(
            f"{survey}: brick {brick} has no run of injections (obiwan/{brick[:3]}/{brick}/rs0); "
            "leave it out of the list"
        )
    selections = []
    for number, run in enumerate(names):
        files = BrickFiles(survey, brick, run)
        detected = read_tractor(files.tractor, first_pixel=first_pixel)
        injected = read_simcat(files.simcat, bands=BANDS)
        injected[["x", "y"]] -= first_pixel
        selection = select_brick(brick, run, real, detected, injected, **criteria)
        if number:  # real objects count once, whatever the number of runs
            objects = selection.objects[selection.objects["label"] == INJECTED]
            selection = selection._replace(objects=objects)
            selection.removed[CLASSES[REAL]] = 0
        selections.append(selection)
    return selections
