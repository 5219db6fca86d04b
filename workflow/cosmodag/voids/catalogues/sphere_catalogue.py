"""Catalogues of spheres: voids or haloes with a centre and a radius."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from cosmodag.errors import InputError
from cosmodag.rejections import Rejections
from cosmodag.voids.catalogues.box_coordinates import BoxCoordinates
from cosmodag.voids.catalogues.box_misfit import misfit_error
from cosmodag.voids.catalogues.file_headers import read_header
from cosmodag.voids.catalogues.stated_units import check_units
from cosmodag.voids.catalogues.table_columns import Column
from cosmodag.voids.catalogues.tables import read_columns

# Number of spheres from which a catalogue is expected to fill its box.
_ENOUGH_TO_FILL = 50


def read_spheres(
    path: str | os.PathLike,
    coordinates: BoxCoordinates,
    *,
    columns: Sequence[Column] = ("x", "y", "z", "radius"),
    format: str | None = None,
    table: str | int | None = None,
    minimum_radius: float = 0.0,
    rejections: Rejections | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Read the centres and radii of voids or haloes.

    Parameters
    ----------
    path : path-like
        A table, such as the MAXIMALS FITS file of VAST's VoidFinder.
    coordinates : BoxCoordinates
        Box, unit and origin of the spheres. In a periodic box, centres are wrapped into
        0 ≤ x < box_size; in an open box, they may lie outside by less than their radius.
    columns : sequence of str or int, shape (4,)
        Names or indices of the columns of x, y, z and radius.
    format, table : str, optional
        Format of the file and table in it, see `cosmodag.voids.catalogues.tables.read_columns`.
    minimum_radius : float
        Smallest radius to keep in Mpc/h.
    rejections : Rejections, optional
        Gets the spheres that are left out, since a value is text or not finite or the radius is
        not positive; by default none may be.

    Returns
    -------
    position : numpy.ndarray, shape (M, 3), float32
        Centres in Mpc/h from the lower corner of the box.
    radius : numpy.ndarray, shape (M,), float32
        Radii in Mpc/h.

    Raises
    ------
    InputError
        The table cannot be read or contains no spheres, too many spheres are left out, or centres
        or radii do not fit the box.

    Examples
    --------
    >>> coordinates = BoxCoordinates(box_size=100, origin=-50)
    >>> position, radius = read_spheres("voids.fits", coordinates)  # doctest: +SKIP
    """
    path = Path(path)
    scale = coordinates.scale(path)
    sides, corner, periodic = coordinates.sides, coordinates.corner, coordinates.periodic
    if len(columns) != 4:
        raise InputError(f"{path}: columns must name x, y, z and radius, not {list(columns)}")
    header = read_header(path, columns, format=format, table=table)
    check_units(path, header.units, columns, coordinates.unit)
    rejections = Rejections("spheres", 0) if rejections is None else rejections
    problems: dict[int, str] = {}
    chunks = [
        np.stack(chunk, axis=1).astype(np.float64)
        for chunk in read_columns(path, columns, format=format, table=table, problems=problems)
    ]
    spheres = np.concatenate(chunks) * scale if chunks else np.empty((0, 4))
    if len(spheres) == 0:
        raise InputError(f"{path}: no spheres; give a catalogue with rows")
    invalid = ~np.isfinite(spheres).all(axis=1) | ~(spheres[:, 3] > 0)
    for row in np.flatnonzero(invalid):
        found = ", ".join(f"{x:g}" for x in spheres[row] / scale)
        reason = f"({found}) is no centre with a radius above 0"
        rejections.add(path, f"row {row}", problems.get(int(row), reason))
    rejections.check(path, len(spheres), "correct or remove them, or set max_rejected")
    spheres = spheres[~invalid]
    position, radius = spheres[:, :3] - corner, spheres[:, 3]
    _check_fit(path, position, radius, coordinates)
    keep = radius >= minimum_radius
    if not keep.any():
        raise InputError(
            f"{path}: no sphere of radius {minimum_radius:g} Mpc/h or more; radii extend from "
            f"{radius.min():.4g} to {radius.max():.4g} Mpc/h; set a smaller minimum_radius"
        )
    position, radius = position[keep], radius[keep].astype(np.float32)
    if periodic:
        position = np.mod(position, sides)
    position = position.astype(np.float32)
    if periodic:
        position[position >= sides.astype(np.float32)] = 0.0
    return position, radius


def _check_fit(
    path: Path, position: np.ndarray, radius: np.ndarray, coordinates: BoxCoordinates
) -> None:
    """Refuse spheres whose radii or centres do not fit the box."""
    sides = coordinates.sides
    if radius.max() > 0.5 * sides.max():
        raise InputError(
            f"{path}: radii reach {radius.max():.4g} Mpc/h in a box of {sides.max():g} Mpc/h: "
            f"perhaps the unit is not {coordinates.unit}, or box_size is wrong?"
        )
    # Finders of periodic boxes leave centres beyond the faces, but by no more than a radius.
    reach = radius[:, None]
    outside = ((position < -reach) | (position > sides + reach)).any(axis=1)
    extent = np.ptp(position, axis=0) / sides
    longest, shortest = (0.8, 0.7) if coordinates.periodic else (0.4, 0.3)
    partly = extent.max() < longest or extent.min() < shortest
    if outside.any() or (len(radius) >= _ENOUGH_TO_FILL and partly):
        raise misfit_error(
            f"{path}: centres",
            coordinates,
            fraction_outside=float(outside.mean()),
            low=position.min(axis=0) + coordinates.corner,
            high=position.max(axis=0) + coordinates.corner,
        )
