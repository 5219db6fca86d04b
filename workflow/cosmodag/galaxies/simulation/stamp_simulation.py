"""Simulation of galaxy stamps by parallel processes, one batch per file."""

import contextlib
import functools
import multiprocessing
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from tqdm import tqdm

from cosmodag.checksums import append, make_record
from cosmodag.files import whole_file
from cosmodag.galaxies.simulation.galaxy_parameters import (
    RANGES,
    ObservingConditions,
    draw_galaxies,
)
from cosmodag.galaxies.simulation.image_effects import ImageEffects, draw_sky
from cosmodag.galaxies.simulation.neighbours import draw_neighbours, neighbour_columns
from cosmodag.galaxies.simulation.stamp_rendering import BANDS, observe
from cosmodag.galaxies.stamps.stamps_file import (
    StampOffsets,
    add_column,
    create_stamps_file,
    write_stamp,
)

CHUNK = 32
"""Most galaxies that a process receives in one go."""


def simulate_stamps(
    output: str | os.PathLike,
    *,
    first: int = 0,
    count: int = 1,
    seed: int = 1,
    law: str = "cosmos",
    ranges: Mapping[str, Sequence[float]] | None = None,
    conditions: ObservingConditions | None = None,
    effects: ImageEffects | None = None,
    pixel: float = 0.1,
    noise_free: bool = False,
    processes: int = 1,
) -> None:
    """Simulate galaxies and write their stamps with the true parameters.

    A galaxy depends on the seed, its number, the ranges and the observing conditions, but not on
    the batch or on the number of processes.

    Parameters
    ----------
    output : path-like
        Stamps file to write.
    first : int
        Number of the first galaxy.
    count : int
        Number of galaxies.
    seed, law, ranges, conditions
        See `draw_galaxies`.
    effects : ImageEffects, optional
        Effects on the images beside white noise; none by default.
    pixel : float
        Pixel scale in arcsec per pixel.
    noise_free : bool
        Whether to store the noise-free images, without neighbours, as well.
    processes : int
        Number of processes.

    Raises
    ------
    InputError
        As `draw_galaxies` and `observe`.
    """
    effects, ranges = effects or ImageEffects(), {**RANGES, **(ranges or {})}
    galaxies = draw_galaxies(
        range(first, first + count), seed=seed, law=law, ranges=ranges, conditions=conditions
    )
    galaxies = galaxies.join(draw_sky(galaxies, seed=seed, effects=effects))
    neighbours = draw_neighbours(
        galaxies, seed=seed, pixel=pixel, effects=effects, law=law, ranges=ranges
    )
    if effects.neighbour_density:
        galaxies = galaxies.join(neighbour_columns(galaxies, neighbours))
    galaxies["id"] = [f"s{seed}-{number:06d}" for number in galaxies["number"]]
    with _worker_map(processes) as worker_map, whole_file(output) as partial:
        offsets = create_stamps_file(
            partial, galaxies, bands=BANDS, pixel=pixel, noise_free=noise_free
        )
        draw = functools.partial(
            _draw_chunk,
            neighbours={
                number: of_galaxy.to_dict("records")
                for number, of_galaxy in neighbours.groupby("number")
            },
            path=partial,
            offsets=offsets,
            seed=seed,
            pixel=pixel,
            effects=effects,
        )
        signal_to_noise = pd.Series(0.0, galaxies.index)
        with tqdm(total=count, desc="galaxies", unit="galaxy", disable=None) as bar:
            for chunk in worker_map(draw, _chunks(galaxies)):
                signal_to_noise.update(chunk)
                bar.update(len(chunk))
        add_column(partial, "signal_to_noise", signal_to_noise)
        append(partial, make_record(output))


def _chunks(galaxies: pd.DataFrame) -> list[pd.DataFrame]:
    """Divide galaxies by Sérsic index, so that few processes tabulate the same one."""
    return [
        same_index.iloc[start : start + CHUNK]
        for _, same_index in galaxies.groupby("sersic_index")
        for start in range(0, len(same_index), CHUNK)
    ]


def _draw_chunk(
    galaxies: pd.DataFrame,
    *,
    neighbours: Mapping[int, Sequence[Mapping[str, Any]]],
    path: Path,
    offsets: StampOffsets,
    **options: Any,
) -> pd.Series:
    """Write the stamps of some galaxies and return their signal-to-noise."""
    signal_to_noise = []
    with open(path, "r+b") as file:
        for row, galaxy in zip(galaxies.index, galaxies.to_dict("records")):
            near = neighbours.get(galaxy["number"], ())
            observation = observe(galaxy, neighbours=near, **options)
            write_stamp(file, offsets.observed[row], observation.image)
            if offsets.noise_free is not None:
                write_stamp(file, offsets.noise_free[row], observation.noise_free)
            signal_to_noise.append(observation.signal_to_noise)
    return pd.Series(signal_to_noise, galaxies.index)


@contextlib.contextmanager
def _worker_map(processes: int) -> Iterator[Callable]:
    """Yield a function like `map` whose work is distributed to processes, in any order."""
    if processes == 1:
        yield map
        return
    # Forked processes start immediately, where new ones would import GalSim for seconds. They are
    # forked before files and progress bars are open, whose threads and locks they must not inherit.
    with multiprocessing.get_context("fork").Pool(processes) as pool:
        yield pool.imap_unordered
