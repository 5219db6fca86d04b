"""Cubes files: coeval fields at one redshift for a batch of realizations.

The HDF5 file contains ``density`` of shape (S, n, n, n), ``neutral_fraction`` of shape
(S, F, n, n, n) and ``brightness_temperature`` of shape (S, F, A, n, n, n), all float32, for S
realizations, F escape fractions and A lines of sight. The datasets are contiguous since cubes are
read whole.

Where parameters are drawn for each realization, the attributes contain their values, see
`CubesHeader`; a file then has one redshift per realization, or one escape fraction, or both.
"""

import dataclasses
import os
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

import h5py
import numpy as np

from cosmodag.hdf5 import open_kind
from cosmodag.reionization.cubes.realizations import realization_name

FIELDS = ("brightness_temperature", "density", "neutral_fraction")
"""Datasets of a cubes file: brightness temperature in mK, density contrast, neutral fraction."""
DRAWS = ("drawn", "log_drawn", "drawn_values", "draw")
"""Attributes of files with drawn parameters alone."""
NO_AXIS = -1
"""Line of sight of a brightness temperature without redshift-space distortions."""


class Universe(NamedTuple):
    """What the cubes of one simulation have in common at all redshifts and escape fractions.

    Attributes
    ----------
    realization : int
        Index of the realization of the initial conditions.
    variant : str
        Values of other parameters, such as "M_TURN=8.7", where a folder of cubes is a scan of them;
        otherwise empty.
    """

    realization: int
    variant: str = ""

    def __str__(self) -> str:
        return f"realization {self.realization}" + f" ({self.variant})" * bool(self.variant)


@dataclasses.dataclass(frozen=True)
class CubesHeader:
    """Attributes of a cubes file.

    Attributes
    ----------
    redshift : float
        Redshift of all cubes; 0 where each realization has its own.
    box_size : float
        Side of the periodic box in comoving Mpc.
    cells : int
        Cells per side.
    realizations : tuple of int, length S
        Indices of the realizations.
    escape_fractions : tuple of float, length F
        Escape fractions, ascending; a single 0 where each realization has its own.
    axes : tuple of int, length A
        Lines of sight of the redshift-space distortions; `NO_AXIS` where there are none.
    hubble : float
        Hubble constant h of the cosmology.
    omega_m : float
        Matter density of the cosmology.
    engine : str
        Name of the simulator, or "files" for published cubes.
    seed : int
        Seed from which the realizations were drawn, 0 where it is unknown. Realizations of
        different seeds are different.
    variants : tuple of str, length S or 0
        Variant of each realization, see `Universe`; by default all are "".
    drawn : tuple of str, length P
        Parameters that were drawn for each realization, see
        `cosmodag.reionization.simulation.priors`.
    log_drawn : tuple of str
        Those of them whose logarithm has a uniform prior.
    drawn_values : tuple of float, length S P
        Their values, those of the first realization first.
    draw : int
        Number of the draw, where realizations have several.
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
    variants: tuple[str, ...] = ()
    drawn: tuple[str, ...] = ()
    log_drawn: tuple[str, ...] = ()
    drawn_values: tuple[float, ...] = ()
    draw: int = 0

    @property
    def universes(self) -> list[Universe]:
        """Universes of the file."""
        variants = self.variants or ("",) * len(self.realizations)
        return [Universe(*pair) for pair in zip(self.realizations, variants)]

    @property
    def groups(self) -> list[str]:
        """Names of the realizations, which variants of one realization share."""
        return [realization_name(self.seed, index) for index in self.realizations]

    @property
    def names(self) -> list[str]:
        """Names of the universes."""
        return [
            "-".join(filter(None, (group, universe.variant)))
            for group, universe in zip(self.groups, self.universes)
        ]

    def parameters(self, row: int) -> dict[str, float]:
        """Return the values of the drawn parameters of a realization.

        Parameters
        ----------
        row : int
            Position of the realization.

        Returns
        -------
        dict from str to float
            Values by name; empty where nothing was drawn.
        """
        count = len(self.drawn)
        return dict(zip(self.drawn, self.drawn_values[row * count : (row + 1) * count]))

    def values_of(self, name: str) -> list[float]:
        """Return the values of a drawn parameter, one per realization."""
        return list(self.drawn_values[self.drawn.index(name) :: len(self.drawn)])

    def shape(self, field: str) -> tuple[int, ...]:
        """Return the shape of the dataset of a field.

        Parameters
        ----------
        field : str
            One of `FIELDS`.

        Returns
        -------
        tuple of int
            Shape of the dataset.
        """
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


def create_cubes(
    file: h5py.File, header: CubesHeader, fields: tuple[str, ...] = FIELDS
) -> Mapping[str, h5py.Dataset]:
    """Create the attributes and the datasets of a cubes file.

    Parameters
    ----------
    file : h5py.File
        Empty file, open for writing.
    header : CubesHeader
        Attributes of the file.
    fields : tuple of str
        Fields to create datasets for, of `FIELDS`.

    Returns
    -------
    mapping from str to h5py.Dataset
        Datasets of the fields, to be filled by the caller.
    """
    file.attrs.update(_attributes(header))
    return {name: file.create_dataset(name, header.shape(name), np.float32) for name in fields}


def keep_first_cubes(file: h5py.File, header: CubesHeader) -> None:
    """Shorten the datasets of a cubes file to the realizations of a header.

    Parameters
    ----------
    file : h5py.File
        File of `create_cubes`, open for writing, of which the first realizations remain.
    header : CubesHeader
        Attributes with these realizations.
    """
    file.attrs.pop("variants", None)
    file.attrs.update(_attributes(header))
    for name in filter(file.__contains__, FIELDS):
        file.move(name, f"{name}_announced")
        old = file[f"{name}_announced"]
        new = file.create_dataset(name, header.shape(name), np.float32)
        for row in range(len(header.realizations)):
            new[row] = old[row]
        del file[f"{name}_announced"]


class CubesFile:
    """A cubes file, open for reading; used in a ``with`` statement.

    Parameters
    ----------
    path : path
        File to open.

    Attributes
    ----------
    name : str
        Path of the file.
    header : CubesHeader
        Attributes of the file.
    fields : tuple of str
        Fields in the file, of `FIELDS`.

    Raises
    ------
    InputError
        If the file is missing, truncated or of another kind.
    """

    def __init__(self, path: str | os.PathLike) -> None:
        self.name = str(path)
        self._file = open_kind(path, "cubes")
        names = {field.name for field in dataclasses.fields(CubesHeader)}
        attributes = {
            name: _as_python(value) for name, value in self._file.attrs.items() if name in names
        }
        self.header = CubesHeader(**attributes)
        self.fields = tuple(name for name in FIELDS if name in self._file)
        self._rows = list(range(len(self.header.realizations)))

    def __enter__(self) -> "CubesFile":
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()

    def read(self, field: str, *index: int, out: np.ndarray | None = None) -> np.ndarray:
        """Read one cube.

        Parameters
        ----------
        field : str
            One of `fields`.
        *index : int
            Positions in the file of the realization, the escape fraction and the line of sight, as
            far as the field depends on them.
        out : numpy.ndarray, shape (n, n, n), float32, optional
            Array to fill, which saves the time to clear the memory of a new one.

        Returns
        -------
        numpy.ndarray, shape (n, n, n), float32
            Brightness temperature in mK, density contrast or neutral fraction.
        """
        dataset, place = self._file[field], (self._rows[index[0]], *index[1:])
        if out is None:
            return dataset[place]
        dataset.read_direct(out, place)
        return out

    def keep(self, universes: Collection[Universe]) -> None:
        """Leave out other universes than these.

        Parameters
        ----------
        universes : collection of Universe
            Universes that remain.
        """
        header = self.header
        kept = [number for number, each in enumerate(header.universes) if each in universes]
        self._rows = [self._rows[number] for number in kept]
        self.header = dataclasses.replace(
            header,
            realizations=tuple(header.realizations[number] for number in kept),
            variants=tuple(header.variants[number] for number in kept) if header.variants else (),
            drawn_values=tuple(v for row in kept for v in header.parameters(row).values()),
        )


def _attributes(header: CubesHeader) -> dict[str, Any]:
    """Return a header as attributes of a file, which lack variants and draws if it has none."""
    attributes = dataclasses.asdict(header)
    unused = () if header.variants else ("variants",)
    for name in unused if header.drawn else (*unused, *DRAWS):
        del attributes[name]
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in attributes.items()
    }


def _as_python(value: object) -> Any:
    """Return an attribute as text, number or tuple."""
    if isinstance(value, np.ndarray):
        return tuple(value.tolist())
    return value.item() if isinstance(value, np.generic) else value
