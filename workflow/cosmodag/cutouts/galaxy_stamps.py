"""Examples of galaxies: stamps of one size with what is known of each."""

import os
import zlib
from collections.abc import Iterable, Sequence

import h5py
import numpy as np
from tqdm import tqdm

from cosmodag.cutouts.examples_file import create_examples, write_index
from cosmodag.cutouts.padding import border_noise, to_side
from cosmodag.errors import InputError
from cosmodag.files import whole_file
from cosmodag.sources.stamps_file import Stamp, describe_stamps, read_stamps

CONDITIONS = ("psf", "noise")
DROPPED = {"number", "side"}
"""Columns of a stamp that an example has no use for, or under another name."""
RENAMED = {"redshift": "source_redshift"}


def cut_galaxies(
    stamps_file: str | os.PathLike,
    output: str | os.PathLike,
    *,
    side: int = 128,
    padding: str = "noise",
    flux_unit: float = 0.003,
    conditions: Sequence[str] = (),
    seed: int = 1,
) -> int:
    """Bring stamps to one size and write them as an examples file.

    The index holds a row an example: id, group (the object shown), stamp_side (pixels before), and
    whatever is known of the stamp, such as magnitude, radius, psf and noise.

    Parameters
    ----------
    stamps_file
        What `simulate_stamps` wrote.
    output
        Examples file to write.
    side
        Pixels a side of an example; larger stamps are cropped, smaller ones padded.
    padding
        See `to_side`.
    flux_unit
        Nanomaggies that a pixel's value of 1 stands for: about the noise, so that an inverse
        hyperbolic sine is linear in the noise and logarithmic in the light.
    conditions
        What the network is told besides, each as a plane of one value after those of the bands: psf
        (full width at half maximum in pixels) and noise (logarithm of the noise in r in flux
        units).
    seed
        Of the noise that is padded, which follows from it and the stamp's name.

    Returns
    -------
    int
        Number of examples.

    Raises
    ------
    InputError
        A stamp is not finite, or what it should tell of is not known.
    """
    if odd := set(conditions) - set(CONDITIONS):
        raise InputError(f"conditions: {min(odd)!r} is none of {', '.join(CONDITIONS)}")
    count, bands, pixel = describe_stamps(stamps_file)
    with whole_file(output) as partial, h5py.File(partial, "w") as file:
        x, y = create_examples(
            file,
            experiment="galaxies",
            count=count,
            x_shape=(side, side, len(bands) + len(conditions)),
            y_shape=(1,),
            x_channels=[*(f"{band}_image" for band in bands), *conditions],
            y_channels=["stamp_side"],
        )
        file.attrs.update({"padding": padding, "flux_unit": flux_unit, "pixel": pixel})
        rows = []
        stamps: Iterable[Stamp] = read_stamps(stamps_file)
        for place, stamp in enumerate(tqdm(stamps, total=count, unit="stamp", disable=None)):
            _check(stamps_file, stamp)
            rng = np.random.default_rng((seed, zlib.crc32(stamp.id.encode())))
            row = _described(stamp)
            image = to_side(stamp.image, side, padding=padding, rng=rng) / np.float32(flux_unit)
            told = [_condition(name, row, pixel, flux_unit) for name in conditions]
            planes = np.broadcast_to(np.array(told, np.float32), (side, side, len(told)))
            x[place] = np.concatenate([np.moveaxis(image, 0, -1), planes], axis=-1)
            y[place] = row["stamp_side"]
            rows.append(row)
        write_index(file, {name: np.array([row[name] for row in rows]) for name in rows[0]})
    return count


def _described(stamp: Stamp) -> dict:
    """The row of a stamp in the index."""
    known = {RENAMED.get(key, key): v for key, v in stamp.known.items() if key not in DROPPED}
    names = {"id": stamp.id, "group": stamp.object, "stamp_side": min(stamp.image.shape[1:])}
    _, noise = border_noise(stamp.image)
    return names | known | {"measured_noise": float(noise[len(noise) // 2])}


def _condition(name: str, row: dict, pixel: float, flux_unit: float) -> float:
    """The value of a plane that tells of the point-spread function or the noise."""
    if name == "noise":
        return float(np.log(row["noise"] / flux_unit))
    return row["psf"] / pixel


def _check(stamps_file: str | os.PathLike, stamp: Stamp) -> None:
    if not np.isfinite(stamp.image).all():
        raise InputError(
            f"{stamps_file}: stamp {stamp.id} holds values that are not finite; leave it out"
        )
