"""Simulated stamps of galaxies, a batch a file, drawn by several processes."""

import contextlib
import functools
import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence

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
    noiseless: bool = False,
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
    noiseless
        Whether each image is kept without its noise besides.
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
    draw = functools.partial(observed_stamp, seed=seed, pixel=pixel)
    with _processes(processes) as each:
        drawn = each(draw, galaxies.to_dict("records"))
        write_stamps(
            output,
            galaxies.assign(id=names),
            tqdm(drawn, total=count, desc="galaxies", unit="galaxy", disable=None),
            bands=BANDS,
            pixel=pixel,
            noiseless=noiseless,
        )


@contextlib.contextmanager
def _processes(number: int) -> Iterator[Callable]:
    """Give a `map` whose work is shared by processes, in order whoever does it."""
    if number == 1:
        yield map
        return
    # Copies of this process start at once, where new ones would import GalSim for seconds. They are
    # made before there is a file or a progress bar, whose threads and locks they must not inherit.
    with multiprocessing.get_context("fork").Pool(number) as pool:
        yield functools.partial(pool.imap, chunksize=CHUNK)
