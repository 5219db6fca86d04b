"""Cubes files of one batch of universes, opened together: one a redshift."""

import contextlib
import os
from collections.abc import Iterator, Sequence

import numpy as np

from cosmodag.errors import InputError
from cosmodag.reionization.cubes.cubes_file import CubesFile, CubesHeader

ALIKE = ("box_size", "cells", "realizations", "escape_fractions", "axes", "hubble", "omega_m")
"""What cubes files of one batch must have in common."""


class CubeBoxes:
    """Cubes of several redshifts of the same universes, as boxes that sub-boxes are cut out of.

    Attributes
    ----------
    files : list of CubesFile
        By redshift, ascending.
    header : CubesHeader
        Of the first file; what `ALIKE` names holds for all.
    name, boxes, groups, box_size, cell_size, cells, periodic
        As in `cosmodag.cutouts.sub_box_lattice.Boxes`; a box is a universe, whatever its redshift.
    """

    periodic = True

    def __init__(self, files: Sequence[CubesFile]):
        self.files = sorted(files, key=lambda file: file.header.redshift)
        self.header = self.files[0].header
        for file in self.files:
            for key in ALIKE:
                found, expected = getattr(file.header, key), getattr(self.header, key)
                if found != expected:
                    raise InputError(
                        f"{file.name}: {key} {found} differs from {expected} of "
                        f"{self.files[0].name}: simulate or read both alike"
                    )
        if len(set(self.redshifts)) < len(self.files):
            raise InputError(f"{self.files[0].name}: another file has the same redshift: give one")
        self.name = self.files[0].name
        self.boxes = self.groups = self.header.names
        self.cells = (self.header.cells,) * 3
        self.box_size = np.full(3, self.header.box_size * self.header.hubble)
        self.cell_size = self.box_size / self.cells

    @property
    def redshifts(self) -> list[float]:
        """Redshifts of the files."""
        return [file.header.redshift for file in self.files]

    def cosmology(self, box: int) -> dict[str, float]:
        """Nothing: one cosmology is the same for all."""
        return {}

    def temperature_place(self, axis: int) -> tuple[int, int]:
        """Which cube of brightness temperature serves a line of sight, and what distorts it.

        Returns
        -------
        place : int
            Its place in the file.
        distorted : int
            The axis along which velocities shift it, -1 for none.
        """
        axes = self.header.axes
        place = axes.index(axis) if axis in axes else 0
        return place, axes[place]


@contextlib.contextmanager
def open_cubes(paths: Sequence[str | os.PathLike]) -> Iterator[CubeBoxes]:
    """Open the cubes files of one batch.

    Raises
    ------
    InputError
        None is given, one cannot be used, or they are not of the same universes.
    """
    if not paths:
        raise InputError("no cubes file is given: cutouts need at least one")
    with contextlib.ExitStack() as stack:
        yield CubeBoxes([stack.enter_context(CubesFile(path)) for path in paths])


def escape_places(header: CubesHeader, wanted: Sequence[float] | None, name: str) -> list[int]:
    """Places in a file of the escape fractions wanted, ascending; all where none is named.

    Raises
    ------
    InputError
        One is not in the file.
    """
    known = header.escape_fractions
    places = []
    for value in sorted(known if wanted is None else wanted):
        near = [place for place, other in enumerate(known) if abs(other - value) < 1e-6]
        if not near:
            raise InputError(
                f"{name}: no cubes of escape fraction {value:g}; there are "
                f"{', '.join(f'{other:g}' for other in known)}: change the key escape_fractions"
            )
        places += near
    return places
