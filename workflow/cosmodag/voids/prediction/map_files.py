"""Files of void maps and of the voids in them, in the formats of the field."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from astropy.io import fits
from astropy.table import Table

from cosmodag.files import whole_file
from cosmodag.hdf5 import create_file
from cosmodag.imaging.fits_files import write_fits
from cosmodag.voids.prediction.void_maps import VoidMaps

LENGTH_UNIT = ("LENUNIT", "Mpc/h", "comoving unit of all lengths")
"""Card of headers; in units of the FITS standard h would be an hour."""


def write_map_file(
    path: str | os.PathLike,
    maps: Sequence[VoidMaps],
    attributes: Mapping[str, Any],
    inputs: Sequence[str | os.PathLike] = (),
) -> None:
    """Write void maps as HDF5, one group per line of sight.

    Parameters
    ----------
    path : path-like
        File to write, of the kind ``void_maps``.
    maps : sequence of VoidMaps
        Maps along each line of sight.
    attributes : mapping from str to object
        Attributes of the file.
    inputs : sequence of path-like
        Files that the maps are made from.
    """
    with create_file(path, "void_maps", inputs=inputs) as file:
        file.attrs.update(attributes)
        for each in maps:
            group = file.create_group(each.letter)
            rows, columns = each.transverse
            group.attrs.update(
                rows=rows, columns=columns, pixel_size=each.pixel_size, corner=each.corner
            )
            for name in ("probability", "overdensity"):
                values = getattr(each, name)
                group.create_dataset(
                    name, data=values, chunks=(1, *values.shape[1:]), compression="gzip"
                )
            group["lower"], group["upper"] = each.lower, each.upper


def write_map_images(
    path: str | os.PathLike, maps: Sequence[VoidMaps], cards: Sequence[tuple[str, Any, str]]
) -> None:
    """Write void maps as FITS images (slab, row, column), with a table of the slabs for each.

    Parameters
    ----------
    path : path-like
        File to write. The extensions ``PROBABILITY_Z`` and ``SLABS_Z`` contain the maps and the
        faces of the slabs for a line of sight along z.
    maps : sequence of VoidMaps
        Maps along each line of sight.
    cards : sequence of tuple
        Further keys of the primary header, with values and comments.
    """
    hdus = fits.HDUList([fits.PrimaryHDU()])
    hdus[0].header.extend([LENGTH_UNIT, *cards])
    for each in maps:
        name = each.letter.upper()
        image = fits.ImageHDU(each.probability, name=f"PROBABILITY_{name}")
        image.header.extend(_image_cards(each))
        slabs = Table({"lower": each.lower, "upper": each.upper})
        table = fits.table_to_hdu(slabs)
        table.name = f"SLABS_{name}"
        table.header.extend([LENGTH_UNIT, ("AXIS", each.letter, "line of sight")])
        hdus += [image, table]
    write_fits(path, hdus)


def write_void_tables(
    csv: str | os.PathLike, image: str | os.PathLike, voids: pd.DataFrame
) -> None:
    """Write a catalogue of voids as CSV and as FITS table.

    Parameters
    ----------
    csv, image : path-like
        Files to write.
    voids : pandas.DataFrame
        Catalogue, see `find_regions`.
    """
    with whole_file(csv) as partial:
        voids.to_csv(partial, index=False, float_format="%.6g")
    columns = {
        name: values.to_numpy(str if name == "axis" else None) for name, values in voids.items()
    }
    table = fits.table_to_hdu(Table(columns))
    table.name = "VOIDS"
    table.header.append(LENGTH_UNIT)
    write_fits(image, fits.HDUList([fits.PrimaryHDU(), table]))


def _image_cards(maps: VoidMaps) -> list[tuple[str, Any, str]]:
    """Return the keys of a header on the place of the pixels; FITS counts axes from the last."""
    rows, columns = maps.transverse
    depth = float(maps.upper[0] - maps.lower[0])
    first = maps.corner + maps.pixel_size / 2
    axes = (
        (columns, first[1], maps.pixel_size[1]),
        (rows, first[0], maps.pixel_size[0]),
        (maps.letter, maps.lower[0] + depth / 2, depth),
    )
    cards: list[tuple[str, Any, str]] = [LENGTH_UNIT, ("AXIS", maps.letter, "line of sight")]
    for number, (letter, centre, step) in enumerate(axes, 1):
        cards += [
            (f"CTYPE{number}", letter.upper(), ""),
            (f"CRPIX{number}", 1.0, ""),
            (f"CRVAL{number}", float(centre), "centre of the first pixel"),
            (f"CDELT{number}", float(step), "side of a pixel"),
        ]
    if len(maps) > 1 and not np.isclose(maps.lower[-1] - maps.lower[-2], depth):
        cards.append(("OVERLAP", True, f"last slab begins at {maps.lower[-1]:g}"))
    return cards
