"""Catalogues of spheres: voids and haloes with a centre and a radius."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from cosmodag.errors import InputError
from cosmodag.voids.catalogues.tables import Column, read_columns
from cosmodag.voids.catalogues.units import complain_outside, mpc_over_h, three

# Enough spheres to be sure that they spread over a periodic box.
_MANY = 50


def read_spheres(
    path: str | os.PathLike,
    *,
    box_size: float | Sequence[float],
    columns: Sequence[Column] = ("x", "y", "z", "radius"),
    format: str | None = None,
    table: str | int | None = None,
    unit: str = "Mpc/h",
    hubble: float | None = None,
    origin: float | Sequence[float] = 0.0,
    periodic: bool = True,
    minimum_radius: float = 0.0,
) -> tuple[np.ndarray, np.ndarray]:
    """Read the centres and radii of voids or haloes.

    Parameters
    ----------
    path
        A table, or what VAST's VoidFinder writes (its MAXIMALS FITS file, as it is).
    box_size
        Side length, or one per axis, in Mpc/h.
    columns
        Names or numbers of x, y, z and radius.
    format, table
        As in `cosmodag.voids.catalogues.tables.read_columns`.
    unit, hubble, origin
        As in `cosmodag.voids.catalogues.catalogues.read_catalogue`; `unit` also of the radii.
    periodic
        Whether opposite faces touch; then centres are wrapped into 0 <= x < box_size. In an open
        box, centres may lie outside by less than their radius.
    minimum_radius
        Smallest radius kept, in Mpc/h.

    Returns
    -------
    position : (M, 3) float32
        Centres in Mpc/h from `origin`.
    radius : (M,) float32
        Radii in Mpc/h.

    Raises
    ------
    InputError
        The table cannot be read; there are no spheres; a number is not finite or a radius not
        positive; centres or radii do not fit the box, as with other units.
    """
    path = Path(path)
    scale = mpc_over_h(path, unit, hubble)
    sides, corner = three("box_size", box_size), three("origin", origin)
    if len(columns) != 4:
        raise InputError(f"{path}: 'columns' must name x, y, z and radius, not {list(columns)}")
    chunks = [
        np.stack(c, axis=1).astype(np.float64)
        for c in read_columns(path, columns, format=format, table=table)
    ]
    spheres = np.concatenate(chunks) * scale if chunks else np.empty((0, 4))
    position, radius = spheres[:, :3] - corner, spheres[:, 3]
    if len(spheres) == 0:
        raise InputError(f"{path}: no spheres")
    faulty = ~np.isfinite(spheres).all(axis=1) | ~(radius > 0)
    if faulty.any():
        raise InputError(
            f"{path}: {np.count_nonzero(faulty)} of {len(spheres)} spheres have a coordinate that "
            "is NaN or infinite or a radius that is not positive, the first in row "
            f"{int(np.argmax(faulty))} (from 0); remove them"
        )
    _check_scale(path, position, radius, sides, corner, unit, periodic)
    keep = radius >= minimum_radius
    if not keep.any():
        raise InputError(
            f"{path}: no sphere of radius {minimum_radius:g} Mpc/h or more; radii run from "
            f"{radius.min():.4g} to {radius.max():.4g} Mpc/h"
        )
    position, radius = position[keep], radius[keep].astype(np.float32)
    if periodic:
        position = np.mod(position, sides)
    position = position.astype(np.float32)
    if periodic:
        position[position >= sides.astype(np.float32)] = 0.0
    return position, radius


def _check_scale(path, position, radius, sides, corner, unit, periodic) -> None:
    """Radii and centres against the box."""
    if radius.max() > 0.5 * sides.max():
        raise InputError(
            f"{path}: radii reach {radius.max():.4g} Mpc/h in a box of {sides.max():g} Mpc/h: "
            f"perhaps another unit than {unit} or another box_size?"
        )
    # Finders of periodic boxes leave centres beyond the faces, never beyond a radius.
    reach = radius[:, None]
    outside = ((position < -reach) | (position > sides + reach)).any(axis=1)
    filled = np.ptp(position, axis=0).max() / sides.max()
    if outside.any() or (len(radius) >= _MANY and filled < (0.8 if periodic else 0.4)):
        complain_outside(
            f"{path}: centres",
            fraction=float(outside.mean()),
            low=position.min(axis=0) + corner,
            high=position.max(axis=0) + corner,
            sides=sides,
            corner=corner,
            unit=unit,
        )
