"""Simulation of surveys on disk: bricks, simulated or observed, with runs of injections.

Several surveys may share one sky and differ in their injections only. Their images before injection
are then simulated and compressed once.
"""

import logging
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from cosmodag.imaging.galaxy_population import CataloguePrior, draw_population
from cosmodag.injections.bricks.brick_files import BRICK_LIST, BrickFiles, write_brick_list
from cosmodag.injections.bricks.brick_images import BrickImages
from cosmodag.injections.bricks.detection import detect_sources
from cosmodag.injections.simulation.brick_grid import brick_margin, brick_name, brick_wcs
from cosmodag.injections.simulation.brick_simulation import (
    DENSITY,
    RandomStream,
    SimulatedBrick,
    expected_count,
    random_generator,
    simulate_brick,
)
from cosmodag.injections.simulation.elg_prior import read_elg_prior
from cosmodag.injections.simulation.injection import add_flaw, estimate_gain, inject, recorded_x
from cosmodag.injections.simulation.placement import NO_POSITIONS, Positions, place_injections
from cosmodag.injections.simulation.psf import Psf
from cosmodag.injections.simulation.survey_writer import (
    BrickWriter,
    InjectionRun,
    check_runs,
    record_files,
    record_settings,
)

logger = logging.getLogger(__name__)


class Sky(NamedTuple):
    """Images of a brick before injection, with what injection and detection require.

    Attributes
    ----------
    number : int
        Number of the brick.
    name : str
        Name of the brick.
    images : BrickImages
        Images before injection.
    psf : Psf
        Point-spread functions.
    gain : numpy.ndarray, shape (B,)
        Electrons per nanomaggy.
    transmission : numpy.ndarray, shape (B,)
        Transmission of Galactic dust.
    exposures : numpy.ndarray, shape (B,)
        Number of exposures.
    real : Positions
        Positions of the real galaxies, from which injections are isolated.
    neighbours : numpy.ndarray, shape (K, 2)
        Positions of other bright sources, from which injections are isolated.
    overlap : float
        Width in pixels of the margin that belongs to the neighbouring brick.
    """

    number: int
    name: str
    images: BrickImages
    psf: Psf
    gain: np.ndarray
    transmission: np.ndarray
    exposures: np.ndarray
    real: Positions
    neighbours: np.ndarray
    overlap: float


def simulate_surveys(
    runs: Sequence[InjectionRun],
    *,
    bricks: Iterable[int],
    size: int,
    seed: int,
    prior: CataloguePrior | None = None,
    density: float = DENSITY,
    lossless: bool = False,
    tiles_per_row: int | None = None,
) -> None:
    """Write simulated surveys; complete bricks are left unchanged.

    Random draws depend only on the seed, the number of the brick and the name of the run. The
    function uses one thread; several processes may share the bricks, each with its own folders.

    Parameters
    ----------
    runs : sequence of InjectionRun
        Runs of injections to write. Those of one root belong to one survey.
    bricks : iterable of int
        Numbers of the bricks, from 0.
    size : int
        Pixels per side of a brick; 3600 in the Legacy Surveys.
    seed : int
        Seed of all random draws.
    prior : CataloguePrior, optional
        Prior of the emission-line galaxies; `read_elg_prior()` by default.
    density : float
        Emission-line galaxies per square arcminute, in the sky and again injected.
    lossless : bool
        Whether to keep every bit of the images, which is several times slower and larger.
    tiles_per_row : int, optional
        Bricks per row of a survey whose bricks overlap with their neighbours, see
        `cosmodag.injections.simulation.brick_grid`; each has a sky of its own, also where they
        overlap. By default bricks lie 0.25° apart.

    Raises
    ------
    InputError
        If a run is invalid, or a folder contains bricks of another simulation.
    """
    numbers = [int(number) for number in bricks]
    check_runs(runs, numbers)
    prior = read_elg_prior() if prior is None else prior
    tiling: dict[str, Any] = {} if tiles_per_row is None else {"tiles_per_row": tiles_per_row}
    settings = {"size": size, "seed": seed, "density": density, "lossless": lossless, **tiling}
    record_settings(runs, settings)
    wcs = {number: brick_wcs(number, size, tiles_per_row) for number in numbers}
    for root in dict.fromkeys(Path(run.root) for run in runs):
        centres = np.array([wcs[number].wcs.crval for number in numbers]).T
        names = [brick_name(number) for number in numbers]
        write_brick_list(root / BRICK_LIST, names, *centres)
    for number in numbers:
        missing = [run for run in runs if not _is_complete(run, brick_name(number))]
        if missing:
            brick = simulate_brick(
                number, size=size, seed=seed, prior=prior, density=density, **tiling
            )
            sky = _simulated_sky(brick, brick_margin(size, tiles_per_row))
            expected = expected_count(size, density)
            _write_runs(sky, missing, seed, prior, expected, lossless)
            logger.info("brick %s: %d surveys written", brick.name, len(missing))
    record_files(runs)


def inject_into_observed(
    images: BrickImages,
    psf: Psf,
    runs: Sequence[InjectionRun],
    *,
    brick: str,
    seed: int,
    prior: CataloguePrior | None = None,
    density: float = DENSITY,
    lossless: bool = True,
    inputs: Sequence[str | os.PathLike] = (),
) -> None:
    """Write observed images as a survey of one brick with runs of injections.

    Parameters
    ----------
    images : BrickImages
        Observed images.
    psf : Psf
        Their point-spread functions, such as `psf.ImagePsf`.
    runs : sequence of InjectionRun
        Runs of injections, each into the observed images.
    brick : str
        Name of the brick.
    seed, prior, density, lossless
        As for `simulate_surveys`.
    inputs : sequence of path
        Files of the images and of the point-spread functions.

    Raises
    ------
    InputError
        If a run is invalid, or a folder contains another survey.
    """
    check_runs(runs, [0])
    settings = {"seed": seed, "density": density, "lossless": lossless}
    record_settings(runs, settings)
    height, width = images.image.shape[1:]
    ra, dec = images.wcs.all_pix2world((width - 1) / 2, (height - 1) / 2, 0)
    for root in dict.fromkeys(Path(run.root) for run in runs):
        write_brick_list(root / BRICK_LIST, [brick], np.array([float(ra)]), np.array([float(dec)]))
    n_bands = len(images.bands)
    sky = Sky(
        number=0,
        name=brick,
        images=images,
        psf=psf,
        gain=estimate_gain(images),
        transmission=np.ones(n_bands),
        exposures=np.ones(n_bands, int),
        real=Positions(NO_POSITIONS, NO_POSITIONS),
        neighbours=NO_POSITIONS,
        overlap=0.0,
    )
    missing = [run for run in runs if not _is_complete(run, brick)]
    prior = read_elg_prior() if prior is None else prior
    expected = expected_count(max(height, width), density)
    _write_runs(sky, missing, seed, prior, expected, lossless)
    record_files(runs, inputs)


def _simulated_sky(brick: SimulatedBrick, overlap: float) -> Sky:
    """Return a simulated brick before injection."""
    conditions = brick.conditions
    return Sky(
        number=brick.number,
        name=brick.name,
        images=brick.images,
        psf=conditions.psf,
        gain=conditions.gain,
        transmission=conditions.transmission,
        exposures=conditions.exposures,
        real=brick.positions,
        neighbours=brick.neighbours,
        overlap=overlap,
    )


def _write_runs(
    sky: Sky,
    runs: Sequence[InjectionRun],
    seed: int,
    prior: CataloguePrior,
    expected: float,
    lossless: bool,
) -> None:
    """Write runs of one brick; the catalogue of the injected images completes a run."""
    writer = BrickWriter(sky.images, lossless)
    catalogue = _detect(sky, sky.images)
    for root in dict.fromkeys(Path(run.root) for run in runs):
        writer.write_planes(BrickFiles(root, sky.name), sky.images)
        writer.write_tractor(BrickFiles(root, sky.name), catalogue)
    # Runs with equal renderings are consecutive, so that only one set of images is in memory.
    rendered, detected = {}, {}
    for run in sorted(runs, key=lambda run: (*_rendering_key(run), _image_flaw(run))):
        rendering = _rendering_key(run)
        if rendering not in rendered:
            rendered = {rendering: _inject(sky, run, seed, prior, expected)}
        images, simcat = add_flaw(
            sky.images,
            *rendered[rendering],
            flaw=run.flaw,
            rng=_run_generator(sky, seed, run, RandomStream.FLAW),
        )
        content = rendering, _image_flaw(run)
        if content not in detected:
            detected = {content: _detect(sky, images)}
        files = BrickFiles(Path(run.root), sky.name, run.name)
        writer.write_planes(files, images)
        writer.write_simcat(files, simcat)
        bx = recorded_x(detected[content]["bx"], run.flaw)
        writer.write_tractor(files, detected[content].assign(bx=bx))


def _rendering_key(run: InjectionRun) -> tuple[str, str, bool]:
    """Return the settings on which the rendering of injected galaxies depends."""
    return run.name, run.population, run.flaw == "psf"


def _image_flaw(run: InjectionRun) -> str:
    """Return the flaw if it changes the images after rendering; wrong positions do not."""
    return run.flaw if run.flaw in ("ivar", "noise") else ""


def _run_generator(
    sky: Sky, seed: int, run: InjectionRun, stream: RandomStream
) -> np.random.Generator:
    """Return the random generator of a run."""
    return random_generator(seed, sky.number, stream, run.number)


def _inject(
    sky: Sky, run: InjectionRun, seed: int, prior: CataloguePrior, expected: float
) -> tuple[BrickImages, pd.DataFrame]:
    """Inject the galaxies of a run, with the flaw of the point-spread function only."""
    height, width = sky.images.image.shape[1:]
    rng = _run_generator(sky, seed, run, RandomStream.INJECTED_POSITIONS)
    size = max(height, width)
    positions = place_injections(expected, size, rng, sky.real, sky.neighbours).accepted
    inside = (positions[:, 0] < width - 0.5) & (positions[:, 1] < height - 0.5)
    positions = positions[inside]
    rng = _run_generator(sky, seed, run, RandomStream.INJECTED_GALAXIES)
    galaxies = draw_population(run.population, prior, len(positions), rng)
    return inject(
        sky.images,
        galaxies.at_positions(positions),
        sky.psf,
        rng=_run_generator(sky, seed, run, RandomStream.INJECTED_NOISE),
        flaw="psf" if run.flaw == "psf" else None,
        gain=sky.gain,
        transmission=sky.transmission,
    )


def _detect(sky: Sky, images: BrickImages) -> pd.DataFrame:
    """Detect and measure the sources of images of a sky."""
    return detect_sources(
        images,
        brick=sky.name,
        overlap=sky.overlap,
        transmission=sky.transmission,
        exposures=sky.exposures,
    )


def _is_complete(run: InjectionRun, brick: str) -> bool:
    """Return whether a run of a brick was written completely."""
    return BrickFiles(Path(run.root), brick, run.name).tractor.is_file()
