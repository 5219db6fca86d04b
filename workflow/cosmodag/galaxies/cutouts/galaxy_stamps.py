"""Examples of galaxies: stamps of one size with their metadata."""

import os
import zlib
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from cosmodag.cutouts.examples_file import create_examples, keep_first, write_index
from cosmodag.datasets.content import CONTENT, content_hashes
from cosmodag.datasets.sky import HALF_SIDE
from cosmodag.errors import InputError
from cosmodag.galaxies.stamps.stamps_file import Stamp, StampCollection, select_bands
from cosmodag.hdf5 import create_file
from cosmodag.imaging.band_channels import IMAGE, NOISE_FREE, band_channels
from cosmodag.imaging.padding import border_noise, crop_or_pad, fill_masked, shrink
from cosmodag.rejections import Rejections, rejections_path

CURE = "repair them, or set max_rejected of the source"
MIN_GOOD = 0.5
"""Fraction of the pixels of each band that a stamp must have."""
LARGER = ("crop", "shrink")
DROPPED = {"number", "side"}
"""Columns of a stamp that the index of examples does not have."""


class Example(NamedTuple):
    """A stamp as an example for networks.

    Attributes
    ----------
    x : numpy.ndarray, shape (S, S, C), float32
        Bands in units of the flux unit, then the planes of the observing conditions.
    row : dict
        Row of the index.
    noise_free : numpy.ndarray, shape (S, S, B), float32, optional
        Bands without noise, if they are known.
    """

    x: np.ndarray
    row: dict[str, Any]
    noise_free: np.ndarray | None


def cut_galaxies(
    stamps: StampCollection,
    output: str | os.PathLike,
    *,
    bands: Sequence[str] | None = None,
    side: int = 128,
    larger: str = "crop",
    padding: str = "noise",
    flux_unit: float = 0.003,
    conditions: Sequence[str] = (),
    seed: int = 1,
) -> int:
    """Crop or pad stamps to one size and write them as an examples file.

    The index has one row per example: id, group (the object shown), stamp_side (pixels before),
    measured_noise, and the metadata of the stamp, such as magnitude, radius, psf and noise. Stamps
    with positions on the sky also have half_side, half of their side in arcsec. If the stamps have
    noise-free images, these are the targets.

    Parameters
    ----------
    stamps : StampCollection
        Simulated or real stamps, see `open_stamps_file` and `open_path_list`.
    output : path-like
        Examples file to write.
    bands : sequence of str, optional
        Bands of the examples, in order; by default those of the stamps.
    side : int
        Side of the examples in pixels.
    larger : {"crop", "shrink"}
        Whether larger stamps are cropped about their centre or shrunk by averaging pixels.
    padding : {"noise", "zeros"}
        How smaller stamps are padded, see `crop_or_pad`.
    flux_unit : float
        Flux in nanomaggies that a pixel value of 1 stands for. With about the noise per pixel, an
        inverse hyperbolic sine is linear in the noise and logarithmic in bright pixels.
    conditions : sequence of str
        Further channels of one value: "psf", the full width at half maximum of the point-spread
        function in pixels; "noise", the logarithm of the noise in the middle band in flux units;
        and other numeric columns of the stamps, such as a redshift of a catalogue.
    seed : int
        Seed of the padded noise, which also depends on the name of the stamp.

    Returns
    -------
    int
        Number of examples. Stamps that cannot be used are listed in a table beside the file, see
        `cosmodag.rejections`.

    Raises
    ------
    InputError
        If a setting or an observing condition is unknown, or too many stamps cannot be used, for
        example because of pixels that are not finite.
    """
    if larger not in LARGER:
        raise InputError(f"larger {larger!r}: choose from {', '.join(LARGER)}")
    if bands is not None:
        stamps = select_bands(stamps, bands)
    n_stamps, bands, files = stamps.n_stamps, stamps.bands, [rejections_path(output)]
    with create_file(output, "examples", inputs=stamps.paths, files=files) as file:
        x, y = create_examples(
            file,
            experiment="galaxies",
            count=n_stamps,
            x_shape=(side, side, len(bands) + len(conditions)),
            y_shape=(side, side, len(bands)) if stamps.has_noise_free else (1,),
            x_channels=[*band_channels(bands, IMAGE), *conditions],
            y_channels=(
                band_channels(bands, NOISE_FREE) if stamps.has_noise_free else ["stamp_side"]
            ),
        )
        file.attrs.update({"padding": padding, "larger": larger, "flux_unit": flux_unit})
        file.attrs["pixel"] = stamps.pixel
        for column, values in stamps.classes.items():
            file.attrs[f"{column}s"] = list(range(len(values)))
            file.attrs[f"{column}_names"] = [str(value) for value in values]
        rows = []
        rejections = stamps.rejections or Rejections("stamps")
        usable = usable_stamps(stamps, rejections)
        progress = tqdm(usable, total=n_stamps, unit="stamp", disable=None)
        for position, stamp in enumerate(progress):
            example = cut_stamp(
                stamp,
                stamps,
                side=side,
                larger=larger,
                padding=padding,
                flux_unit=flux_unit,
                conditions=conditions,
                seed=seed,
            )
            x[position] = example.x
            noise_free = example.noise_free
            y[position] = example.row["stamp_side"] if noise_free is None else noise_free
            rows.append(example.row)
        rejections.check(stamps.name, n_stamps, CURE)
        keep_first(file, len(rows))
        rejections.record(file.attrs)
        write_index(file, {name: np.array([row[name] for row in rows]) for name in rows[0]})
        rejections.write(output)
    return len(rows)


def usable_stamps(stamps: StampCollection, rejections: Rejections) -> Iterator[Stamp]:
    """Yield the stamps of a collection that can be used, and reject the others.

    Parameters
    ----------
    stamps : StampCollection
    rejections : Rejections
        Stamps that are left out: those with few pixels that are finite, those whose point-spread
        function has no width above 0, and those smaller than it.

    Yields
    ------
    Stamp
        Pixels that are masked or not finite are replaced by noise, see `fill_masked`.
    """
    for stamp in stamps.stamps:
        side = min(stamp.image.shape[1:])
        psf = stamp.metadata.get("psf")
        good = np.isfinite(stamp.image)
        centre = [slice((n - 1) // 2, n // 2 + 1) for n in stamp.image.shape[1:]]
        if good.mean(axis=(1, 2)).min() < MIN_GOOD:
            reason = f"{np.sum(~good)} pixels are masked or not finite; leave it out"
        elif not good[:, centre[0], centre[1]].any():
            reason = "its central pixels are masked or not finite; leave it out"
        elif psf is not None and not (_is_number(psf) and 0 < psf < np.inf):
            reason = f"its psf is {psf}, no length in arcsec above 0; correct it, or leave it out"
        elif psf is not None and psf / stamps.pixel > side:
            reason = (
                f"its {side} pixels are less than its point-spread function of {psf:g} arcsec; "
                "leave it out"
            )
        else:
            yield stamp._replace(image=fill_masked(stamp.image))
            continue
        rejections.add(stamps.name, f"stamp {stamp.id}", reason)


def cut_stamp(
    stamp: Stamp,
    stamps: StampCollection,
    *,
    side: int,
    larger: str,
    padding: str,
    flux_unit: float,
    conditions: Sequence[str],
    seed: int = 1,
) -> Example:
    """Crop or pad one stamp, see `usable_stamps`.

    Parameters
    ----------
    stamp : Stamp
    stamps : StampCollection
        The collection that the stamp is part of.
    side, larger, padding, flux_unit, conditions, seed
        See `cut_galaxies`.

    Returns
    -------
    Example

    Raises
    ------
    InputError
        If an observing condition is unknown.
    """
    rng = np.random.default_rng((seed, zlib.crc32(stamp.id.encode())))
    row = _index_row(stamp)
    if padding == "noise" and not stamps.has_noise_free:
        # Padded noise differs between copies of one picture, so that the picture itself is hashed.
        (row[CONTENT],) = content_hashes(np.moveaxis(stamp.image, 0, -1)[np.newaxis])

    def limited(image: np.ndarray) -> np.ndarray:
        return shrink(image, side) if larger == "shrink" else image

    def resized(image: np.ndarray, padding: str) -> np.ndarray:
        image = crop_or_pad(image, side, padding=padding, rng=rng) / np.float32(flux_unit)
        return np.moveaxis(image, 0, -1)

    image = limited(stamp.image)
    pixel = stamps.pixel * stamp.image.shape[1] / image.shape[1]
    if "ra" in row:
        row[HALF_SIDE] = min(side, max(image.shape[1:])) * pixel / 2
    values = np.array([_condition(name, row, pixel, flux_unit) for name in conditions], np.float32)
    planes = np.broadcast_to(values, (side, side, len(values)))
    x = np.concatenate([resized(image, padding), planes], axis=-1)
    noise_free = stamp.noise_free
    if noise_free is not None:
        noise_free = resized(limited(noise_free), "zeros")
    return Example(x, row, noise_free)


def _is_number(value: object) -> bool:
    """Return whether a value is a number."""
    return isinstance(value, int | float | np.number)


def _index_row(stamp: Stamp) -> dict[str, Any]:
    """Return the row of a stamp in the index."""
    metadata = {key: value for key, value in stamp.metadata.items() if key not in DROPPED}
    names = {"id": stamp.id, "group": stamp.object, "stamp_side": min(stamp.image.shape[1:])}
    _, noise = border_noise(stamp.image)
    measured = float(noise[len(noise) // 2])
    return {"noise": measured} | metadata | names | {"measured_noise": measured}


def _condition(name: str, row: dict[str, Any], pixel: float, flux_unit: float) -> float:
    """Return the value of the channel of an observing condition."""
    if name not in row:
        raise InputError(
            f"conditions: the {name} of {row['id']} is unknown; set psf at its source, or name a "
            "column of its catalogue"
        )
    value = row[name]
    if isinstance(value, str) or not np.isfinite(value):
        raise InputError(f"conditions: the {name} of {row['id']} is {value!r}, not a number")
    if name == "noise":
        return float(np.log(max(value, 1e-3 * flux_unit) / flux_unit))
    return value / pixel if name == "psf" else float(value)
