"""Examples of galaxies: stamps of one size with what is known of each."""

import os
import zlib
from collections.abc import Sequence
from typing import NamedTuple

import h5py
import numpy as np
from tqdm import tqdm

from cosmodag.cutouts.examples_file import create_examples, write_index
from cosmodag.errors import InputError
from cosmodag.files import whole_file
from cosmodag.galaxies.stamps.stamps_file import Stamp, Stamps
from cosmodag.imaging.band_channels import IMAGE, NOISE_FREE, band_channels
from cosmodag.imaging.padding import border_noise, crop_or_pad, shrink

CONDITIONS = ("psf", "noise")
LARGER = ("crop", "shrink")
DROPPED = {"number", "side"}
"""Columns of a stamp that an example has no use for, or under another name."""


def cut_galaxies(
    stamps: Stamps,
    output: str | os.PathLike,
    *,
    side: int = 128,
    larger: str = "crop",
    padding: str = "noise",
    flux_unit: float = 0.003,
    conditions: Sequence[str] = (),
    seed: int = 1,
) -> int:
    """Bring stamps to one size and write them as an examples file.

    The index holds a row an example: id, group (the object shown), stamp_side (pixels before), and
    whatever is known of the stamp, such as magnitude, radius, psf and noise. Where stamps were kept
    without noise too, that is the target: a plane a band.

    Parameters
    ----------
    stamps
        Simulated ones, or those of a folder: see `open_stamps` and `open_folder`.
    output
        Examples file to write.
    side
        Pixels a side of an example; smaller stamps are padded.
    larger
        "crop" cuts larger stamps about the middle, "shrink" averages their pixels.
    padding
        See `crop_or_pad`.
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
    if larger not in LARGER:
        raise InputError(f"larger {larger!r}: choose from {', '.join(LARGER)}")
    settings = {"padding": padding, "larger": larger, "flux_unit": flux_unit}
    count, bands = stamps.count, stamps.bands
    with whole_file(output) as partial, h5py.File(partial, "w") as file:
        x, y = create_examples(
            file,
            experiment="galaxies",
            count=count,
            x_shape=(side, side, len(bands) + len(conditions)),
            y_shape=(side, side, len(bands)) if stamps.noiseless else (1,),
            x_channels=[*band_channels(bands, IMAGE), *conditions],
            y_channels=band_channels(bands, NOISE_FREE) if stamps.noiseless else ["stamp_side"],
        )
        file.attrs.update(settings | {"pixel": stamps.pixel})
        rows = []
        for place, stamp in enumerate(tqdm(stamps.each, total=count, unit="stamp", disable=None)):
            cut = cut_stamp(stamp, stamps, side=side, conditions=conditions, seed=seed, **settings)
            x[place] = cut.x
            y[place] = cut.row["stamp_side"] if cut.light is None else cut.light
            rows.append(cut.row)
        write_index(file, {name: np.array([row[name] for row in rows]) for name in rows[0]})
    return count


class Cut(NamedTuple):
    """An example: its input `x` (S, S, C) float32, its row in the index, and its light (S, S, B)
    where that is known.
    """

    x: np.ndarray
    row: dict
    light: np.ndarray | None


def cut_stamp(
    stamp: Stamp,
    stamps: Stamps,
    *,
    side: int,
    larger: str,
    padding: str,
    flux_unit: float,
    conditions: Sequence[str],
    seed: int = 1,
) -> Cut:
    """Bring one of some stamps to a size; parameters and errors as those of `cut_galaxies`."""
    _check(stamps, stamp)
    rng = np.random.default_rng((seed, zlib.crc32(stamp.id.encode())))
    row = _described(stamp)

    def shrinks(image: np.ndarray) -> np.ndarray:
        return shrink(image, side) if larger == "shrink" else image

    def sized(image: np.ndarray, padding: str) -> np.ndarray:
        image = crop_or_pad(image, side, padding=padding, rng=rng) / np.float32(flux_unit)
        return np.moveaxis(image, 0, -1)

    image = shrinks(stamp.image)
    pixel = stamps.pixel * stamp.image.shape[1] / image.shape[1]
    told = np.array([_condition(name, row, pixel, flux_unit) for name in conditions], np.float32)
    planes = np.broadcast_to(told, (side, side, len(told)))
    x = np.concatenate([sized(image, padding), planes], axis=-1)
    return Cut(x, row, None if stamp.light is None else sized(shrinks(stamp.light), "zeros"))


def _described(stamp: Stamp) -> dict:
    """The row of a stamp in the index."""
    known = {key: value for key, value in stamp.known.items() if key not in DROPPED}
    names = {"id": stamp.id, "group": stamp.object, "stamp_side": min(stamp.image.shape[1:])}
    _, noise = border_noise(stamp.image)
    measured = float(noise[len(noise) // 2])
    return {"noise": measured} | known | names | {"measured_noise": measured}


def _condition(name: str, row: dict, pixel: float, flux_unit: float) -> float:
    """The value of a plane that tells of the point-spread function or the noise."""
    if name not in row:
        raise InputError(
            f"conditions: the {name} of {row['id']} is not known; say it at its source"
        )
    if name == "noise":
        return float(np.log(max(row["noise"], 1e-3 * flux_unit) / flux_unit))
    return row["psf"] / pixel


def _check(stamps: Stamps, stamp: Stamp) -> None:
    if bad := int(np.sum(~np.isfinite(stamp.image))):
        raise InputError(
            f"{stamps.name}: stamp {stamp.id} holds {bad} pixels that are not finite; mask them or "
            "leave it out"
        )
    if stamp.known.get("psf", 0) / stamps.pixel > min(stamp.image.shape[1:]):
        raise InputError(
            f"{stamps.name}: stamp {stamp.id} of {min(stamp.image.shape[1:])} pixels is smaller "
            f"than its point-spread function of {stamp.known['psf']:g} arcsec; leave it out"
        )
