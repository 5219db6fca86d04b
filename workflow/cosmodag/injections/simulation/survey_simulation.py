"""Survey folders on the disk: bricks simulated or observed, with runs of injections into them.

Several surveys may share one sky and differ in their injections alone. Their real images are then
simulated and compressed once, and whatever planes are alike are the same file by a hard link.
"""

import logging
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from cosmodag.imaging.galaxy_population import draw_population
from cosmodag.injections.bricks.brick_files import BrickFiles, write_bricks
from cosmodag.injections.bricks.brick_images import BrickImages
from cosmodag.injections.bricks.detection import detect
from cosmodag.injections.simulation.brick_simulation import (
    DENSITY,
    Brick,
    Purpose,
    brick_centre,
    brick_name,
    expected,
    random,
    simulate_brick,
)
from cosmodag.injections.simulation.elg_population import shipped_prior
from cosmodag.injections.simulation.galaxy_rendering import Psf
from cosmodag.injections.simulation.injection import estimated_gain, inject, recorded, spoil
from cosmodag.injections.simulation.placement import NOBODY, Places, place_injected
from cosmodag.injections.simulation.survey_writer import (
    BrickWriter,
    Survey,
    check_surveys,
    record_settings,
)

OVERLAP = 8
"""Pixels along each edge of a simulated brick that its neighbour covers as well."""
logger = logging.getLogger(__name__)


class Sky(NamedTuple):
    """Images before injection, and how injections reach them.

    `gain` (B,) electrons a nanomaggy, `transmission` (B,) of dust, `exposures` (B,); `places` and
    `neighbours` are the positions that injections keep away from; `overlap` in pixels.
    """

    number: int
    name: str
    images: BrickImages
    psf: Psf
    gain: np.ndarray
    transmission: np.ndarray
    exposures: np.ndarray
    places: Places
    neighbours: np.ndarray
    overlap: float


def simulate_surveys(
    surveys: Sequence[Survey],
    *,
    bricks: Iterable[int],
    size: int,
    seed: int,
    prior=None,
    density: float = DENSITY,
    lossless: bool = False,
) -> None:
    """Write simulated surveys; bricks that are finished are left as they are.

    What is drawn depends on the seed, the brick's number and the run's name alone. One process
    works on one thread: several may share the bricks, each with folders of its own.

    Parameters
    ----------
    surveys
        Folders to write, as `bricks` describes them. Those of one root are runs of one survey.
    bricks
        Their numbers, from 0.
    size
        Pixels a side of a brick; 3600 in the Legacy Surveys.
    seed
        Of all draws.
    prior
        Law of the galaxies of the class; `shipped_prior` by default.
    density
        Galaxies of the class in a square arcminute, in the sky and again injected.
    lossless
        Keep every bit of the images: several times slower and larger.

    Raises
    ------
    InputError
        A survey is not possible, or a folder holds bricks of another simulation.
    """
    numbers = [int(number) for number in bricks]
    check_surveys(surveys, numbers)
    prior = shipped_prior() if prior is None else prior
    settings = {"size": size, "seed": seed, "density": density, "lossless": lossless}
    record_settings(surveys, settings)
    for root in dict.fromkeys(Path(survey.root) for survey in surveys):
        centres = np.array([brick_centre(number) for number in numbers]).T
        names = [brick_name(number) for number in numbers]
        write_bricks(root / "survey-bricks.fits", names, *centres)
    for number in numbers:
        missing = [survey for survey in surveys if not _finished(survey, brick_name(number))]
        if missing:
            brick = simulate_brick(number, size=size, seed=seed, prior=prior, density=density)
            _write(_sky(brick), missing, seed, prior, expected(size, density), lossless)
            logger.info("brick %s: %d surveys written", brick.name, len(missing))


def observe_survey(
    images: BrickImages,
    psf: Psf,
    *,
    root: str | os.PathLike,
    brick: str,
    seed: int,
    runs: int = 1,
    population: str = "model",
    flaw: str | None = None,
    prior=None,
    density: float = DENSITY,
    lossless: bool = True,
) -> None:
    """Write real images as a survey of one brick with runs of injections into them.

    Parameters
    ----------
    images
        Of the sky.
    psf
        Their point-spread function, such as `galaxy_rendering.ImagePsf`.
    root
        Folder of the survey.
    brick
        Name of the brick.
    seed
        Of all draws.
    runs
        Number of runs of injections, each into the images as they were.
    population, flaw, prior, density, lossless
        As for `simulate_surveys`.

    Raises
    ------
    InputError
        A survey is not possible, or the folder holds another.
    """
    surveys = [Survey(Path(root), population, flaw, f"rs{run}") for run in range(runs)]
    check_surveys(surveys, [0])
    settings = {"seed": seed, "density": density, "lossless": lossless}
    record_settings(surveys, settings)
    height, width = images.image.shape[1:]
    centre = images.wcs.all_pix2world((width - 1) / 2, (height - 1) / 2, 0)
    write_bricks(Path(root) / "survey-bricks.fits", [brick], *([float(x)] for x in centre))
    bands = len(images.bands)
    sky = Sky(
        0, brick, images, psf, estimated_gain(images), np.ones(bands), np.ones(bands, int),
        Places(NOBODY, NOBODY), NOBODY, 0.0,
    )  # fmt: skip
    missing = [survey for survey in surveys if not _finished(survey, brick)]
    prior = shipped_prior() if prior is None else prior
    _write(sky, missing, seed, prior, expected(max(height, width), density), lossless)


def _sky(brick: Brick) -> Sky:
    known = brick.conditions
    return Sky(
        brick.number, brick.name, brick.images, known.psf, known.gain, known.transmission,
        known.exposures, brick.places, brick.neighbours, OVERLAP,
    )  # fmt: skip


def _write(sky: Sky, surveys: Sequence[Survey], seed: int, prior, count: float, lossless: bool):
    """Write what is missing of one brick; a survey's catalogue of injected images comes last."""
    writer = BrickWriter(sky.images, lossless)
    catalogue = _catalogue(sky, sky.images)
    for root in dict.fromkeys(Path(survey.root) for survey in surveys):
        writer.planes(BrickFiles(root, sky.name), sky.images)
        writer.tractor(BrickFiles(root, sky.name), catalogue)
    # Surveys whose galaxies are drawn alike stand side by side: one set of images is held.
    right, found = {}, {}
    for survey in sorted(surveys, key=lambda survey: (*_drawing(survey), _light(survey))):
        if _drawing(survey) not in right:
            right = {_drawing(survey): _injected(sky, survey, seed, prior, count)}
        images, simcat = spoil(
            sky.images,
            *right[_drawing(survey)],
            flaw=survey.flaw,
            rng=_draws(sky, seed, survey, Purpose.FLAW),
        )
        light = _drawing(survey), _light(survey)
        if light not in found:
            found = {light: _catalogue(sky, images)}
        files = BrickFiles(Path(survey.root), sky.name, survey.run)
        writer.planes(files, images)
        writer.simcat(files, simcat)
        positions = recorded(found[light]["bx"], survey.flaw)
        writer.tractor(files, found[light].assign(bx=positions))


def _drawing(survey: Survey) -> tuple[str, str, bool]:
    """What the light of injected galaxies depends on."""
    return survey.run, survey.population, survey.flaw == "psf"


def _light(survey: Survey) -> str:
    """What else the images depend on: wrong positions are a matter of the catalogues alone."""
    return survey.flaw if survey.flaw in ("ivar", "noise") else ""


def _draws(sky: Sky, seed: int, survey: Survey, purpose: Purpose) -> np.random.Generator:
    return random(seed, sky.number, purpose, int(survey.run[2:]))


def _injected(
    sky: Sky, survey: Survey, seed: int, prior, count: float
) -> tuple[BrickImages, pd.DataFrame]:
    """Inject rightly, or with a point-spread function too wide."""
    height, width = sky.images.image.shape[1:]
    rng = _draws(sky, seed, survey, Purpose.INJECTED_PLACES)
    places = place_injected(count, max(height, width), rng, sky.places, sky.neighbours).kept
    places = places[(places[:, 0] < width - 0.5) & (places[:, 1] < height - 0.5)]
    rng = _draws(sky, seed, survey, Purpose.INJECTED_GALAXIES)
    return inject(
        sky.images,
        draw_population(survey.population, prior, len(places), rng).at_positions(places),
        sky.psf,
        rng=_draws(sky, seed, survey, Purpose.INJECTED_NOISE),
        flaw="psf" if survey.flaw == "psf" else None,
        gain=sky.gain,
        transmission=sky.transmission,
    )


def _catalogue(sky: Sky, images: BrickImages) -> pd.DataFrame:
    return detect(
        images,
        brick=sky.name,
        overlap=sky.overlap,
        transmission=sky.transmission,
        exposures=sky.exposures,
    )


def _finished(survey: Survey, brick: str) -> bool:
    return BrickFiles(Path(survey.root), brick, survey.run).tractor.is_file()
