"""Selection of the objects of both classes in the bricks of a survey."""

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from tqdm import tqdm

from cosmodag.errors import InputError
from cosmodag.injections.bricks.astrometry import (
    MIN_SOURCES,
    TOLERANCE,
    ShiftedCatalogueError,
    check_positions,
    inside_image,
)
from cosmodag.injections.bricks.brick_catalogues import read_simcat, read_tractor
from cosmodag.injections.bricks.brick_files import (
    BRICK_LIST,
    SETTINGS_FILE,
    BrickFiles,
    injection_runs,
    read_brick_list,
    verified,
)
from cosmodag.injections.bricks.brick_images import read_planes
from cosmodag.injections.bricks.sky_check import agreeing_positions
from cosmodag.injections.selection.brick_selection import (
    CLASSES,
    INJECTED,
    REAL,
    Selection,
    concatenate_selections,
    mutual_pairs,
    select_brick,
    write_selection,
)
from cosmodag.injections.selection.target_cuts import BANDS, emission_line_cuts
from cosmodag.rejections import MAX_REJECTED, Rejections

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
        path = self.brick_list
        if path is None:
            path = verified(Path(survey) / BRICK_LIST, survey)
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
    max_rejected: float = MAX_REJECTED,
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
    max_rejected : float
        Largest fraction of the bricks, of the runs in the others, and of the objects of a catalogue
        that may be left out because they cannot be used. They are listed in a table beside the
        objects, see `cosmodag.rejections`.
    **cuts
        Keyword arguments of `cosmodag.injections.selection.target_cuts.emission_line_cuts`.

    Returns
    -------
    Selection

    Raises
    ------
    InputError
        If too many bricks or runs cannot be used, since a catalogue or an image is invalid or there
        is no run of injections; if catalogues are one pixel off their images; or if no object of a
        class passes the cuts.
    """
    bricks = (subset or BrickSubset()).names(survey)
    criteria = {
        "match_radius": match_radius,
        "hidden_radius": hidden_radius,
        "cuts": emission_line_cuts(**cuts),
    }
    selections, n_runs = [], 0
    rejected_runs = Rejections("runs", max_rejected)
    rejected, rejected_objects = Rejections("bricks", max_rejected), Rejections("objects")
    for brick in tqdm(bricks, desc="bricks", unit="brick", disable=None):
        of_brick = Rejections("objects", max_rejected)
        try:
            of_runs, unusable = _select_runs(
                Path(survey), brick, runs, first_pixel, criteria, of_brick
            )
        except ShiftedCatalogueError:
            raise
        except InputError as error:
            rejected.add(survey, f"brick {brick}", str(error))
            continue
        selections += of_runs
        rejected_objects.extend(of_brick)
        n_runs += len(of_runs) + len(unusable)
        for run, reason in unusable.items():
            rejected_runs.add(survey, f"brick {brick}, run {run}", reason)
    rejected.check(survey, len(bricks), "repair them or leave them out of the list")
    rejected_runs.check(survey, n_runs, "repair them or leave them out of `runs`")
    selection = concatenate_selections(selections)
    for rejections in (rejected, rejected_objects):
        rejections.record(selection.objects.attrs)
    rejected.kind = "bricks, runs and objects"
    rejected.extend(rejected_runs)
    rejected.extend(rejected_objects)
    files = [rejected.write(objects)]
    inputs = survey_inputs(Path(survey), bricks, subset)
    write_selection(selection, objects, removed, inputs=inputs, files=files)
    kept = selection.removed.iloc[-1]
    counts = ", ".join(f"{kept[name]} {name} objects" for name in CLASSES)
    logger.info("%d bricks: %s", len(bricks), counts)
    return selection


def survey_inputs(survey: Path, bricks: Sequence[str], subset: BrickSubset | None) -> list[Path]:
    """Return the files that a product of bricks is made from; one may stand for a whole survey.

    Parameters
    ----------
    survey : pathlib.Path
        Folder of the survey.
    bricks : sequence of str
        Names of the bricks.
    subset : BrickSubset or None
        The subset that they were named by.

    Returns
    -------
    list of pathlib.Path
        The files that exist.
    """
    if (survey / SETTINGS_FILE).is_file():
        return [survey / SETTINGS_FILE]
    given = None if subset is None else subset.brick_list
    paths = [survey / BRICK_LIST if given is None else Path(given)]
    for brick in bricks:
        runs = injection_runs(survey, brick)
        paths += [BrickFiles(survey, brick, run).tractor for run in (None, *runs)]
        paths += [BrickFiles(survey, brick, run).simcat for run in runs]
    return [path for path in paths if path.is_file()]


def _select_runs(
    survey: Path,
    brick: str,
    runs: Sequence[str] | None,
    first_pixel: int,
    criteria: dict[str, Any],
    rejections: Rejections,
) -> tuple[list[Selection], dict[str, str]]:
    """Select the objects of each run of injections into a brick; name the runs that are unusable.

    A brick without a usable run is an error.
    """
    real, shape = _read_detected(BrickFiles(survey, brick), first_pixel, rejections)
    names = injection_runs(survey, brick) if runs is None else runs
    if not names:
        raise InputError(
            f"{survey}: brick {brick} has no run of injections (obiwan/{brick[:3]}/{brick}/rs0); "
            "leave it out of the list"
        )
    selections: list[Selection] = []
    unusable: dict[str, str] = {}
    for run in names:
        files, of_run = BrickFiles(survey, brick, run), rejections.another()
        try:
            detected, _ = _read_detected(files, first_pixel, of_run)
            injected = read_simcat(files.verified(files.simcat), bands=BANDS, rejections=of_run)
            injected[["x", "y"]] -= first_pixel
            columns = ("x", "y")
            injected = inside_image(files.simcat, injected, shape, of_run, columns=columns)
            image = files.coadd("image", ASTROMETRY_BAND)
            injected = agreeing_positions(files.simcat, injected, image, of_run, columns=columns)
            check_injected_positions(files.simcat, injected, detected, criteria["match_radius"])
        except ShiftedCatalogueError:
            raise
        except InputError as error:
            unusable[run] = str(error)
            continue
        rejections.extend(of_run)
        selection = select_brick(brick, run, real, detected, injected, **criteria)
        if selections:  # real objects count once, whatever the number of runs
            objects = selection.objects[selection.objects["label"] == INJECTED]
            selection = selection._replace(objects=objects)
            selection.removed[CLASSES[REAL]] = 0
        selections.append(selection)
    if not selections:
        raise InputError(next(iter(unusable.values())))
    return selections, unusable


def check_injected_positions(
    path: str | os.PathLike, injected: pd.DataFrame, detected: pd.DataFrame, match_radius: float
) -> None:
    """Warn of positions of injections that lie off their detections, such as by one pixel.

    They only serve to find the detection, so an offset well below the match radius does no harm to
    the selection.

    Parameters
    ----------
    path : path
        File of the injections, for messages.
    injected, detected : pandas.DataFrame
        Columns x and y, and columns bx and by, in pixels from 0.
    match_radius : float
        Largest distance in pixels between an injection and its detection.
    """
    positions, found = injected[["x", "y"]].to_numpy(), detected[["bx", "by"]].to_numpy()
    pairs = mutual_pairs(positions, found, match_radius)
    offset = positions[pairs >= 0] - found[pairs[pairs >= 0]]
    if len(offset) < MIN_SOURCES:
        return
    x, y = np.median(offset, axis=0)
    if max(abs(x), abs(y)) > TOLERANCE:
        logger.warning(
            "%s: x and y are (%+.2f, %+.2f) pixels off the detections of %d injections; do they "
            "count from the same pixel as bx and by?",
            *(path, x, y, len(offset)),
        )


def _read_detected(
    files: BrickFiles, first_pixel: int, rejections: Rejections
) -> tuple[pd.DataFrame, tuple[int, ...]]:
    """Read the sources of a brick or of a run, checked against its image, and the image's shape."""
    path = files.verified(files.tractor)
    detected = read_tractor(path, first_pixel=first_pixel, rejections=rejections)
    image, ivar = (plane for _, _, plane, _ in read_planes(files, (ASTROMETRY_BAND,)))
    detected = inside_image(path, detected, image.shape, rejections)
    check_positions(path, detected, image, ivar, first_pixel=first_pixel)
    coadd = files.coadd("image", ASTROMETRY_BAND)
    return agreeing_positions(path, detected, coadd, rejections), image.shape
