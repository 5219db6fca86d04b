"""The cubes files of one batch of realizations, one file per redshift, opened together."""

import contextlib
import logging
import os
from collections.abc import Iterator, Sequence

import numpy as np

from cosmodag.errors import InputError
from cosmodag.reionization.cubes.cubes_file import CubesFile, CubesHeader

logger = logging.getLogger(__name__)

COMMON_ATTRIBUTES = (
    "box_size",
    "cells",
    "realizations",
    "escape_fractions",
    "axes",
    "variants",
    "hubble",
    "omega_m",
    "drawn",
    "log_drawn",
)
"""Attributes that must be the same in all cubes files of a batch."""


class CubeBatch:
    """Cubes of the same realizations at different redshifts, as boxes to cut sub-boxes from.

    The class implements `cosmodag.cutouts.sub_box_lattice.Boxes`: a box is a realization.

    Parameters
    ----------
    files : sequence of CubesFile
        Open files, one per redshift.

    Attributes
    ----------
    files : list of CubesFile
        Files in ascending order of redshift, or of their draw.
    header : CubesHeader
        Attributes of the first file; the `COMMON_ATTRIBUTES` apply to all files.
    name : str
        Path of the first file.
    boxes, groups : list of str
        Names of the universes, and of their realizations, which are independent of each other.
    box_size, cell_size : numpy.ndarray, shape (3,), float64
        Sides of the box and of a cell in Mpc/h.
    cells : tuple of int, length 3
        Cells along each axis.
    periodic : bool
        True.

    Raises
    ------
    InputError
        If the files have different attributes or the same redshift.
    """

    periodic = True

    def __init__(self, files: Sequence[CubesFile]) -> None:
        self.files = sorted(files, key=lambda file: (file.header.redshift, file.header.draw))
        _keep_common(self.files)
        self.header = self.files[0].header
        self.name = self.files[0].name
        for file in self.files:
            for key in COMMON_ATTRIBUTES:
                value, expected = getattr(file.header, key), getattr(self.header, key)
                if value != expected:
                    raise InputError(
                        f"{file.name}: {key} {value} differs from {expected} in {self.name}: "
                        "simulate or read both files with the same parameters"
                    )
        if len({(file.header.redshift, file.header.draw) for file in files}) < len(self.files):
            raise InputError(
                f"{self.name}: another file has the same redshift or draw: remove one of them"
            )
        self.boxes, self.groups = self.header.names, self.header.groups
        self.cells = (self.header.cells,) * 3
        self.box_size = np.full(3, self.header.box_size * self.header.hubble)
        self.cell_size = self.box_size / self.cells

    @property
    def redshifts(self) -> list[float]:
        """Redshifts of the cubes, ascending."""
        if "redshift" in self.header.drawn:
            return sorted(z for file in self.files for z in file.header.values_of("redshift"))
        return [file.header.redshift for file in self.files]

    def cosmology(self, box: int) -> dict[str, float]:
        """Return no parameters, since all realizations have the same cosmology."""
        return {}

    def temperature_index(self, axis: int) -> tuple[int, int]:
        """Return which brightness temperature to use for a line of sight.

        Parameters
        ----------
        axis : int
            Line of sight: an axis from 0 to 2.

        Returns
        -------
        index : int
            Position of the cube along the dimension of lines of sight: that of `axis`, or the first
            if the files have no cube for `axis`.
        distorted_axis : int
            Axis of the redshift-space distortions of that cube, -1 for none.
        """
        axes = self.header.axes
        index = axes.index(axis) if axis in axes else 0
        return index, axes[index]


def _keep_common(files: Sequence[CubesFile]) -> None:
    """Leave out realizations that a folder of cubes lacks at one of the redshifts."""
    universes = [set(file.header.universes) for file in files]
    common = set.intersection(*universes)
    others = sorted(set.union(*universes) - common)
    if others and common and all(file.header.engine == "files" for file in files):
        logger.warning(
            "%s: not in the files of all redshifts, so left out: %s",
            files[0].name,
            ", ".join(map(str, others)),
        )
        for file in files:
            file.keep(common)


@contextlib.contextmanager
def open_cube_batch(paths: Sequence[str | os.PathLike]) -> Iterator[CubeBatch]:
    """Open the cubes files of one batch of realizations.

    Parameters
    ----------
    paths : sequence of path
        Cubes files, one per redshift.

    Yields
    ------
    CubeBatch
        The open files.

    Raises
    ------
    InputError
        If there is no path, a file cannot be read, or the files are of different realizations.
    """
    if not paths:
        raise InputError("no cubes file: cutouts need at least one")
    with contextlib.ExitStack() as stack:
        yield CubeBatch([stack.enter_context(CubesFile(path)) for path in paths])


def escape_fraction_indices(
    header: CubesHeader, escape_fractions: Sequence[float] | None, name: str
) -> list[int]:
    """Return the positions of escape fractions in a cubes file.

    Parameters
    ----------
    header : CubesHeader
        Attributes of the file.
    escape_fractions : sequence of float or None
        Escape fractions to select; None selects all.
    name : str
        Path of the file, for error messages.

    Returns
    -------
    list of int
        Positions, ascending.

    Raises
    ------
    InputError
        If the file has no cubes of an escape fraction.
    """
    available = header.escape_fractions
    if "escape_fraction" in header.drawn and escape_fractions is not None:
        raise InputError(
            f"{name}: each realization has its own escape fraction, so none can be selected: "
            "remove the key escape_fractions"
        )
    indices = []
    for value in sorted(available if escape_fractions is None else escape_fractions):
        matches = [i for i, other in enumerate(available) if abs(other - value) < 1e-6]
        if not matches:
            raise InputError(
                f"{name}: no cubes of escape fraction {value:g}; there are "
                f"{', '.join(f'{other:g}' for other in available)}: change the key "
                "escape_fractions"
            )
        indices += matches
    return indices
