"""Simulated stamps of galaxies, a batch a file, drawn by several processes."""

import contextlib
import functools
import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pandas as pd
from tqdm import tqdm

from cosmodag.files import whole_file
from cosmodag.galaxies.simulation.stamp_law import RANGES, draw_galaxies
from cosmodag.galaxies.simulation.stamp_rendering import BANDS, observed_stamp
from cosmodag.galaxies.stamps.stamps_file import Places, add_column, create_stamps, put_stamp

PARCEL = 32
"""Most galaxies that are handed to a process at once."""


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
    galaxies["id"] = [f"s{seed}-{number:06d}" for number in galaxies["number"]]
    with _processes(processes) as each, whole_file(output) as partial:
        places = create_stamps(partial, galaxies, bands=BANDS, pixel=pixel, noiseless=noiseless)
        draw = functools.partial(_draw, path=partial, places=places, seed=seed, pixel=pixel)
        signal_to_noise = pd.Series(0.0, galaxies.index)
        with tqdm(total=count, desc="galaxies", unit="galaxy", disable=None) as bar:
            for drawn in each(draw, _parcels(galaxies)):
                signal_to_noise.update(drawn)
                bar.update(len(drawn))
        add_column(partial, "signal_to_noise", signal_to_noise)


def _parcels(galaxies: pd.DataFrame) -> list[pd.DataFrame]:
    """Deal galaxies by Sersic index, so that few processes tabulate the same one."""
    return [
        alike.iloc[first : first + PARCEL]
        for _, alike in galaxies.groupby("sersic_index")
        for first in range(0, len(alike), PARCEL)
    ]


def _draw(
    galaxies: pd.DataFrame, *, path: Path, places: Places, seed: int, pixel: float
) -> pd.Series:
    """Draw galaxies into their places in the file; give their signal-to-noise."""
    signal_to_noise = []
    with open(path, "r+b") as file:
        for row, galaxy in zip(galaxies.index, galaxies.to_dict("records")):
            seen = observed_stamp(galaxy, seed=seed, pixel=pixel)
            put_stamp(file, places.pixels[row], seen.image)
            if places.light is not None:
                put_stamp(file, places.light[row], seen.light)
            signal_to_noise.append(seen.signal_to_noise)
    return pd.Series(signal_to_noise, galaxies.index)


@contextlib.contextmanager
def _processes(number: int) -> Iterator[Callable]:
    """Give a `map` whose work is shared by processes, in the order in which it is done."""
    if number == 1:
        yield map
        return
    # Copies of this process start at once, where new ones would import GalSim for seconds. They are
    # made before there is a file or a progress bar, whose threads and locks they must not inherit.
    with multiprocessing.get_context("fork").Pool(number) as pool:
        yield pool.imap_unordered
