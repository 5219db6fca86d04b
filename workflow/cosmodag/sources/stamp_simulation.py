"""Simulated stamps of galaxies, a batch a file, drawn by several processes."""

import functools
import multiprocessing
import os
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from tqdm import tqdm

from cosmodag.sources.stamp_law import RANGES, draw_galaxies
from cosmodag.sources.stamp_rendering import BANDS, observed_stamp
from cosmodag.sources.stamps_file import write_stamps

CHUNK = 32
"""Galaxies that are handed to a process at once."""


def simulate_stamps(
    output: str | os.PathLike,
    *,
    first: int = 0,
    count: int = 1,
    seed: int = 1,
    law: str = "cosmos",
    pixel: float = 0.1,
    sides: Sequence[int] = (48, 96),
    psf: Sequence[float] = (0.2, 0.4),
    noise: Sequence[float] = (0.001, 0.006),
    processes: int = 1,
    **ranges: Sequence[float],
) -> None:
    """Simulate galaxies and write their stamps with what they were drawn from.

    A galaxy depends on the seed, its number and the ranges alone: not on the batch that it is in,
    nor on the number of processes.

    Parameters
    ----------
    output
        Stamps file to write.
    first, count
        Number of the first galaxy, and how many.
    seed, law, sides, psf, noise
        See `draw_galaxies`.
    pixel
        Arcsec a pixel.
    processes
        Processes that draw.
    **ranges
        Least and largest magnitude, radius, sersic_index, axis_ratio, bulge_fraction, redshift.

    Raises
    ------
    InputError
        As `draw_galaxies` and `observed_stamp`.
    """
    galaxies = draw_galaxies(
        range(first, first + count),
        seed=seed,
        law=law,
        ranges={name: ranges.get(name) or RANGES[name] for name in {*RANGES, *ranges}},
        psf=psf,
        noise=noise,
        sides=sides,
    )
    names = [f"s{seed}-{number:06d}" for number in galaxies["number"]]
    drawn = _drawn(galaxies.to_dict("records"), seed, pixel, processes)
    write_stamps(
        output,
        galaxies.assign(id=names),
        tqdm(drawn, total=count, desc="galaxies", unit="galaxy", disable=None),
        bands=BANDS,
        pixel=pixel,
    )


def _drawn(
    galaxies: Sequence[Mapping], seed: int, pixel: float, processes: int
) -> Iterator[tuple[np.ndarray, float]]:
    """Image and signal-to-noise of each galaxy in turn, whoever draws it."""
    draw = functools.partial(observed_stamp, seed=seed, pixel=pixel)
    if processes == 1:
        yield from map(draw, galaxies)
        return
    # Processes are started anew: a copy of one that has threads may wait for them for ever.
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        yield from pool.imap(draw, galaxies, chunksize=CHUNK)
