"""Cubes files: the fields of coeval boxes at one redshift, for a batch of realizations.

``density`` (S, n, n, n), ``neutral_fraction`` (S, F, n, n, n) and ``brightness_temperature``
(S, F, A, n, n, n), float32, for S realizations, F escape fractions and A lines of sight. Cubes lie
in one stretch of bytes each, since they are read whole.
"""

import dataclasses
import os
from collections.abc import Mapping

import h5py
import numpy as np

from cosmodag.hdf5 import open_kind

FIELDS = ("brightness_temperature", "density", "neutral_fraction")
NO_AXIS = -1
"""Line of sight of a brightness temperature without velocities."""


@dataclasses.dataclass(frozen=True)
class CubesHeader:
    """What a cubes file says about its cubes.

    Attributes
    ----------
    redshift
        Of all cubes.
    box_size
        Side of the periodic box, comoving Mpc.
    cells
        A side.
    realizations
        (S,) numbers; universe 3 of seed 5 is called "s5-0003".
    escape_fractions
        (F,), ascending.
    axes
        (A,) lines of sight along which velocities shift the brightness temperature.
    hubble, omega_m
        Of the cosmology.
    engine
        What made the cubes.
    seed
        That the universes were drawn from; 0 where there was none. It tells universes of several
        simulations apart.
    """

    redshift: float
    box_size: float
    cells: int
    realizations: tuple[int, ...]
    escape_fractions: tuple[float, ...]
    axes: tuple[int, ...]
    hubble: float
    omega_m: float
    engine: str
    seed: int = 0

    @property
    def names(self) -> list[str]:
        """Names of the realizations."""
        return [universe_name(self.seed, number) for number in self.realizations]

    def shape(self, field: str) -> tuple[int, ...]:
        """Shape of a field's dataset."""
        leading = {
            "density": (len(self.realizations),),
            "neutral_fraction": (len(self.realizations), len(self.escape_fractions)),
            "brightness_temperature": (
                len(self.realizations),
                len(self.escape_fractions),
                len(self.axes),
            ),
        }
        return (*leading[field], *(self.cells,) * 3)


def universe_name(seed: int, number: int) -> str:
    """Return the name of the universe of a number that was drawn from a seed."""
    return f"s{seed}-{number:04d}"


def universe_seed(seed: int, number: int) -> int:
    """Return the seed of its own that the universe of a number is drawn from."""
    return int(np.random.default_rng([seed, number]).integers(2**31))


def create_cubes(
    file: h5py.File, header: CubesHeader, fields: tuple[str, ...] = FIELDS
) -> Mapping[str, h5py.Dataset]:
    """Lay out a cubes file and give the datasets of its fields to fill.

    Parameters
    ----------
    file
        Open for writing.
    header
        What the file shall say.
    fields
        Those of `FIELDS` that it shall hold.
    """
    file.attrs["kind"] = "cubes"
    file.attrs.update(dataclasses.asdict(header))
    return {name: file.create_dataset(name, header.shape(name), np.float32) for name in fields}


class CubesFile:
    """A cubes file, opened for reading; to be used in a ``with`` statement.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    InputError
        The file is missing, truncated or of another kind.

    Attributes
    ----------
    header : CubesHeader
    fields : tuple of str
        Those that the file holds.
    """

    def __init__(self, path: str | os.PathLike):
        self.name = str(path)
        self._file = open_kind(path, "cubes")
        known = {field.name for field in dataclasses.fields(CubesHeader)}
        values = {name: _plain(value) for name, value in self._file.attrs.items() if name in known}
        self.header = CubesHeader(**values)
        self.fields = tuple(name for name in FIELDS if name in self._file)

    def __enter__(self) -> "CubesFile":
        return self

    def __exit__(self, *error) -> None:
        self._file.close()

    def read(self, field: str, *place: int) -> np.ndarray:
        """Read one cube.

        Parameters
        ----------
        field
            One of `fields`.
        place
            Its realization, escape fraction and line of sight, as far as the field has them: their
            order in the file.

        Returns
        -------
        (n, n, n) float32
        """
        return self._file[field][place]


def _plain(value: object) -> object:
    """An attribute as text, a number or a tuple."""
    if isinstance(value, np.ndarray):
        return tuple(value.tolist())
    return value.item() if isinstance(value, np.generic) else value
