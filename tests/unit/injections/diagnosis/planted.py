"""Stamps of real and of injected galaxies that differ by one known cause.

The bricks are those of the simulation (noise, inverse variance, point-spread functions, detection
and cuts) with galaxies on a dense grid and without other sources, which makes a trial cheap. Real
and injected galaxies lie in two images with equal observing conditions.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from cosmodag.imaging.galaxy_population import draw_population
from cosmodag.injections.bricks.brick_images import BANDS, BrickImages
from cosmodag.injections.bricks.detection import detect_sources
from cosmodag.injections.cutouts.stamp_features import stamp_features
from cosmodag.injections.cutouts.stamps import cut_plane, stamp_corners
from cosmodag.injections.selection.brick_selection import select_brick
from cosmodag.injections.selection.target_cuts import emission_line_cuts
from cosmodag.injections.simulation.brick_grid import brick_name, brick_wcs
from cosmodag.injections.simulation.brick_simulation import ObservingConditions, draw_conditions
from cosmodag.injections.simulation.elg_prior import read_elg_prior
from cosmodag.injections.simulation.injection import FLAWS, add_flaw, inject, recorded_x

SIDE, SPACING = 32, 34
"""Pixels per side of a stamp, and between galaxies."""
SHIFT = 0.1
"""Shift of a magnitude or a colour."""
SIZE_FACTOR = 1.1
SKY_OFFSET = 0.05
"""Offset of the sky in units of the standard deviation of a pixel."""
POPULATIONS = ("magnitude", "colour", "size", "structure")
CAUSES = ("none", "index", *FLAWS, "sky", *POPULATIONS)
"""Planted causes; "index" is that of positions counted from 1 in x and in y."""
PRIOR = read_elg_prior()


class Stamps(NamedTuple):
    """Stamps (N, S, S, 2B) float32, and their index."""

    x: np.ndarray
    index: pd.DataFrame


def plant(
    causes: Sequence[str], *, n_bricks: int = 30, size: int = 256, seed: int = 0
) -> dict[str, Stamps]:
    """Return stamps of both classes for each cause; real galaxies are the same for all."""
    parts: dict[str, list[Stamps]] = {cause: [] for cause in causes}
    for number in range(n_bricks):
        for cause, stamps in _brick(causes, number, size, seed):
            parts[cause].append(stamps)
    return {cause: concatenate(of_cause) for cause, of_cause in parts.items()}


def concatenate(parts: Iterable[Stamps]) -> Stamps:
    """Return the stamps of several bricks as one."""
    x, index = zip(*parts)
    return Stamps(np.concatenate(x), pd.concat(index, ignore_index=True))


def _brick(
    causes: Sequence[str], number: int, size: int, seed: int
) -> Iterator[tuple[str, Stamps]]:
    """Yield the stamps of each class of one brick for each cause."""
    conditions = draw_conditions(np.random.default_rng([seed, number, 0]))
    blank = [
        _blank(conditions, number, size, np.random.default_rng([seed, number, n])) for n in (1, 2)
    ]
    real = _inject(blank[0], conditions, "none", np.random.default_rng([seed, number, 3]))
    catalogue = _detect(real[0], conditions)
    rendered = {}
    for cause in causes:
        rendering = cause if cause in (*POPULATIONS, "psf") else "none"
        if rendering not in rendered:
            rng = np.random.default_rng([seed, number, 4])
            rendered[rendering] = _inject(blank[1], conditions, rendering, rng)
        flaw = cause if cause in FLAWS else None
        rng = np.random.default_rng([seed, number, 5])
        images, simcat = add_flaw(blank[1], *rendered[rendering], flaw=flaw, rng=rng)
        if cause == "sky":
            offset = SKY_OFFSET * conditions.noise[:, None, None].astype(np.float32)
            images = images._replace(image=images.image + offset)
        detected = _detect(images, conditions)
        detected = detected.assign(bx=recorded_x(detected["bx"], flaw))
        if cause == "index":
            detected = detected.assign(bx=detected["bx"] + 1, by=detected["by"] + 1)
            simcat = simcat.assign(x=simcat["x"] + 1, y=simcat["y"] + 1)
        cuts, name = emission_line_cuts(), brick_name(number)
        # Real galaxies are in another image, so none hides an injection.
        nothing = catalogue.iloc[:0]
        injected = select_brick(name, "rs0", nothing, detected, simcat, cuts).objects
        selected = select_brick(name, "rs0", catalogue, detected, simcat, cuts).objects
        yield (
            cause,
            concatenate([_cut(real[0], selected[selected["label"] == 0]), _cut(images, injected)]),
        )


def _blank(
    conditions: ObservingConditions, number: int, size: int, rng: np.random.Generator
) -> BrickImages:
    """Return images of an empty sky."""
    noise = conditions.noise[:, None, None].astype(np.float32)
    sky = rng.standard_normal((len(BANDS), size, size), np.float32) * noise
    ivar = np.broadcast_to(noise**-2, sky.shape).copy()
    return BrickImages(
        BANDS, sky, ivar, conditions.psf.fwhm.astype(np.float32), brick_wcs(number, size)
    )


def _inject(
    images: BrickImages, conditions: ObservingConditions, cause: str, rng: np.random.Generator
) -> tuple[BrickImages, pd.DataFrame]:
    """Add galaxies on a grid to images, with a cause that changes how they are rendered."""
    places = np.arange(SIDE // 2 + 4, images.image.shape[1] - SIDE // 2 - 4, SPACING)
    positions = np.stack(np.meshgrid(places, places), -1).reshape(-1, 2)
    positions = positions + rng.uniform(-1.5, 1.5, positions.shape)
    population = "model" if cause == "structure" else "real"
    galaxies = draw_population(population, _ShiftedPrior(cause), len(positions), rng)
    return inject(
        images,
        galaxies.at_positions(positions),
        conditions.psf,
        rng=rng,
        flaw="psf" if cause == "psf" else None,
        gain=conditions.gain,
        transmission=conditions.transmission,
    )


def _detect(images: BrickImages, conditions: ObservingConditions) -> pd.DataFrame:
    """Detect the sources of images."""
    return detect_sources(images, brick="planted", transmission=conditions.transmission)


class _ShiftedPrior:
    """The prior of emission-line galaxies, with fainter, redder or larger galaxies."""

    def __init__(self, cause: str):
        self.cause = cause

    def draw(self, count: int, rng: np.random.Generator) -> pd.DataFrame:
        galaxies = PRIOR.draw(count, rng)
        if self.cause == "magnitude":
            galaxies[list(BANDS)] += SHIFT
        if self.cause == "colour":
            galaxies["g"] += SHIFT
        if self.cause == "size":
            galaxies["rhalf"] *= SIZE_FACTOR
        return galaxies


def _cut(images: BrickImages, objects: pd.DataFrame) -> Stamps:
    """Cut the stamps of one class and measure the features of their index."""
    corner = stamp_corners(objects["bx"].to_numpy(), objects["by"].to_numpy(), SIDE)
    planes = np.empty((2 * len(BANDS), len(objects), SIDE, SIDE), np.float32)
    for band, (image, ivar) in enumerate(zip(images.image, images.ivar)):
        cut_plane(image, corner, planes[2 * band])
        cut_plane(ivar, corner, planes[2 * band + 1])
    index = objects.assign(group=objects["brick"], **stamp_features(planes, BANDS))
    return Stamps(np.ascontiguousarray(np.moveaxis(planes, 0, -1)), index)
