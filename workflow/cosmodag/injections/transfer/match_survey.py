"""Matches of all injections into the bricks of a survey, written brick by brick to one table."""

import logging
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from cosmodag.errors import InputError
from cosmodag.injections.bricks.astrometry import inside_image
from cosmodag.injections.bricks.brick_catalogues import (
    TRACTOR_COLUMNS,
    read_simcat,
    read_tractor,
)
from cosmodag.injections.bricks.brick_files import SETTINGS_FILE, BrickFiles, injection_runs
from cosmodag.injections.bricks.brick_images import plane_shape
from cosmodag.injections.bricks.catalogue_rows import finite_rows
from cosmodag.injections.bricks.sky_check import agreeing_positions
from cosmodag.injections.selection.survey_selection import (
    BrickSubset,
    check_injected_positions,
    survey_inputs,
)
from cosmodag.injections.transfer.injection_matches import Catalogues, match_run
from cosmodag.injections.transfer.observing_conditions import (
    INVERSE_VARIANCE,
    conditions_columns,
    observing_conditions,
    read_inverse_variances,
)
from cosmodag.rejections import MAX_REJECTED, Rejections
from cosmodag.tables import append_table

EARLIER_COLUMNS = ("objid", "bx", "by", "ra", "dec")
"""Columns of the catalogue of a brick before the injection."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class MatchSettings:
    """Settings of the matches of injections.

    Attributes
    ----------
    bands : sequence of str
        Photometric bands.
    runs : sequence of str, optional
        Runs of injections to read; all runs of each brick by default.
    first_pixel : {0, 1}
        Index of the first pixel in the catalogues.
    match_radius, ambiguous_radius : float
        In pixels, see `cosmodag.injections.transfer.injection_matches.match_run`.
    depth : str
        One of `cosmodag.injections.transfer.observing_conditions.DEPTHS`.
    """

    bands: Sequence[str] = ("g", "r", "z")
    runs: Sequence[str] | None = None
    first_pixel: int = 0
    match_radius: float = 6.0
    ambiguous_radius: float = 6.0
    depth: str = INVERSE_VARIANCE


def match_survey(
    survey: str | os.PathLike,
    output: str | os.PathLike,
    *,
    subset: BrickSubset | None = None,
    settings: MatchSettings | None = None,
    max_rejected: float = MAX_REJECTED,
) -> int:
    """Match the injections into bricks of a survey and write them; memory is that of one brick.

    Parameters
    ----------
    survey : path
        Folder of the survey; see `cosmodag.injections.bricks.brick_files`.
    output : path
        Parquet table to write, with the columns of
        `cosmodag.injections.transfer.injection_matches.match_run` after id, brick and run.
    subset : BrickSubset, optional
        Bricks to read; all by default.
    settings : MatchSettings, optional
        Settings; the defaults if absent.
    max_rejected : float
        Largest fraction of the bricks, of the runs in the others, and of the objects of a catalogue
        that may be left out because they cannot be used. They are listed in a table beside the
        output, see `cosmodag.rejections`.

    Returns
    -------
    int
        Number of injections.

    Raises
    ------
    InputError
        If too many bricks or runs cannot be used, or nothing was injected into any.
    """
    settings = settings or MatchSettings()
    bricks = (subset or BrickSubset()).names(survey)
    rejected_runs = Rejections("runs", max_rejected)
    rejected, rejected_objects = Rejections("bricks", max_rejected), Rejections("objects")
    n_injected = n_runs = 0
    with append_table(output) as table:
        for brick in tqdm(bricks, desc="bricks", unit="brick", disable=None):
            of_brick = Rejections("objects", max_rejected)
            try:
                tables, unusable = _match_brick(Path(survey), brick, settings, of_brick)
            except InputError as error:
                rejected.add(survey, f"brick {brick}", str(error))
                continue
            rejected_objects.extend(of_brick)
            n_runs += len(tables) + len(unusable)
            for run, reason in unusable.items():
                rejected_runs.add(survey, f"brick {brick}, run {run}", reason)
            for rows in tables:
                n_injected += int((rows["injection_id"] >= 0).sum())
                table.append(rows)
        rejected.check(survey, len(bricks), "repair them or leave them out of the list")
        rejected_runs.check(survey, n_runs, "repair them or leave them out of `runs`")
        if n_injected == 0:
            raise InputError(f"{survey}: nothing was injected into its bricks; give other runs")
        for rejections in (rejected, rejected_runs, rejected_objects):
            rejections.record(table.attributes)
        table.attributes |= {"settings": asdict(settings), "n_bricks": len(bricks)}
        table.inputs += survey_inputs(Path(survey), bricks, subset)
        rejected.kind = "bricks, runs and objects"
        rejected.extend(rejected_runs)
        rejected.extend(rejected_objects)
        table.files.append(rejected.write(output))
    logger.info("%d bricks: %d injections", len(bricks), n_injected)
    return n_injected


def _match_brick(
    survey: Path, brick: str, settings: MatchSettings, rejections: Rejections
) -> tuple[list[pd.DataFrame], dict[str, str]]:
    """Return the matches of each run of injections into a brick, and why others are unusable.

    A brick without a usable run is an error.
    """
    files = BrickFiles(survey, brick)
    names = injection_runs(survey, brick) if settings.runs is None else settings.runs
    if not names:
        raise InputError(
            f"{survey}: brick {brick} has no run of injections (obiwan/{brick[:3]}/{brick}/rs0); "
            "leave it out of the list"
        )
    earlier = _read_earlier(files, settings, rejections)
    ivar: dict[str, np.ndarray] = {}
    tables: list[pd.DataFrame] = []
    unusable: dict[str, str] = {}
    for name in names:
        run, of_run = BrickFiles(survey, brick, name), rejections.another()
        try:
            catalogues = _read_run(run, settings, of_run)._replace(earlier=earlier)
            if settings.depth == INVERSE_VARIANCE and not ivar:
                ivar = read_inverse_variances(files, run, settings.bands)
        except InputError as error:
            unusable[name] = str(error)
            continue
        rejections.extend(of_run)
        _note_copy(run, catalogues)
        tables.append(_match_run(catalogues, ivar, settings, brick, name))
    if not tables:
        raise InputError(next(iter(unusable.values())))
    return tables, unusable


def _note_copy(run: BrickFiles, catalogues: Catalogues) -> None:
    """Warn of a catalogue after the injection that is the one before it."""
    if catalogues.earlier is None or not len(catalogues.injected):
        return
    before, after = (
        each[["bx", "by"]].to_numpy() for each in (catalogues.earlier, catalogues.detected)
    )
    if np.array_equal(before, after):
        logger.warning(
            "%s: has the same sources as the catalogue before the injection, so that none of %d "
            "injections is detected; is it the catalogue of the images after it?",
            *(run.tractor, len(catalogues.injected)),
        )


def _match_run(
    catalogues: Catalogues,
    ivar: dict[str, np.ndarray],
    settings: MatchSettings,
    brick: str,
    name: str,
) -> pd.DataFrame:
    """Return the matches of one run, with id, brick and run."""
    conditions = observing_conditions(
        catalogues.injected[["x", "y"]].to_numpy(np.float64),
        catalogues.detected,
        ivar,
        bands=settings.bands,
        depth=settings.depth,
    )
    table = match_run(
        catalogues,
        conditions,
        bands=settings.bands,
        match_radius=settings.match_radius,
        ambiguous_radius=settings.ambiguous_radius,
    )
    numbers = table["injection_id"].where(table["injection_id"] >= 0, table["detection_id"])
    kind = np.where(table["injection_id"] >= 0, name, f"{name}/spurious")
    table.insert(0, "id", [f"{brick}/{k}/{number}" for k, number in zip(kind, numbers)])
    table.insert(1, "brick", brick)
    table.insert(2, "run", name)
    return table


def _read_earlier(
    files: BrickFiles, settings: MatchSettings, rejections: Rejections
) -> pd.DataFrame | None:
    """Return the catalogue of a brick before the injection; None if the survey has none."""
    simulated = (files.survey / SETTINGS_FILE).is_file()
    if not simulated and not files.tractor.is_file():
        logger.warning(
            "%s: there is no such catalogue without injections, so ambiguous matches of brick %s "
            "are not recognized",
            files.tractor,
            files.brick,
        )
        return None
    path = files.verified(files.tractor)
    earlier = read_tractor(
        path, EARLIER_COLUMNS, first_pixel=settings.first_pixel, rejections=rejections
    )
    return _within_image(files, earlier, settings, rejections)


def _within_image(
    files: BrickFiles, catalogue: pd.DataFrame, settings: MatchSettings, rejections: Rejections
) -> pd.DataFrame:
    """Return the sources that lie inside the image of a brick, where its coordinates put them."""
    image = _image(files, settings)
    if image is None:
        return catalogue
    catalogue = inside_image(files.tractor, catalogue, plane_shape(image), rejections)
    return agreeing_positions(files.tractor, catalogue, image, rejections)


def _image(files: BrickFiles, settings: MatchSettings) -> Path | None:
    """Return the image of a brick in the first band that has one, None if the survey has none."""
    paths = (files.coadd("image", band) for band in settings.bands)
    return next(filter(Path.is_file, paths), None)


def _read_run(run: BrickFiles, settings: MatchSettings, rejections: Rejections) -> Catalogues:
    """Return the catalogues of a run; injections that cannot be used are left out."""
    bands = settings.bands
    columns = [*TRACTOR_COLUMNS, *(f"flux_{band}" for band in bands)]
    detected = read_tractor(
        run.verified(run.tractor),
        [*columns, *conditions_columns(bands, settings.depth)],
        first_pixel=settings.first_pixel,
        rejections=rejections,
    )
    path = run.verified(run.simcat)
    injected = read_simcat(path, bands=bands, rejections=rejections)
    injected[["x", "y"]] -= settings.first_pixel
    detected = _within_image(run, detected, settings, rejections)
    image = _image(run, settings)
    if image is not None:
        shape = plane_shape(image)
        injected = inside_image(path, injected, shape, rejections, columns=("x", "y"))
        injected = agreeing_positions(path, injected, image, rejections, columns=("x", "y"))
        check_injected_positions(path, injected, detected, settings.match_radius)
    fluxes = [f"{band}flux" for band in bands]
    return Catalogues(finite_rows(path, injected, fluxes, rejections), detected, None)
