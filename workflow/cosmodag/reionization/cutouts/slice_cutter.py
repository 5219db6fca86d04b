"""The slices of one cube along all lines of sight, with their targets and index columns."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from cosmodag.cutouts.sub_box_index import index_columns
from cosmodag.cutouts.sub_box_lattice import SubBoxLattice
from cosmodag.reionization.cubes.cubes_file import CubesFile
from cosmodag.reionization.cubes.neutral_fraction import estimate_neutral_fraction
from cosmodag.reionization.cubes.realizations import realization_seed
from cosmodag.reionization.cutouts.cube_batch import CubeBatch
from cosmodag.reionization.cutouts.instrument import Instrument, observe
from cosmodag.reionization.cutouts.patches import cut_patches, plane_sums, planes_nonzero
from cosmodag.reionization.simulation.parameters import LOG


class Slices(NamedTuple):
    """Slices of one cube along one line of sight, valid until the next ones are cut.

    Attributes
    ----------
    x : numpy.ndarray, shape (N, side, side, channels), float32
        Input images.
    y : numpy.ndarray, shape (N, side, side, 1) or (N, 1)
        Ionized fraction of each cell, or neutral fraction of the slice.
    columns : dict from str to numpy.ndarray, shape (N,)
        Columns of the index.
    """

    x: np.ndarray
    y: np.ndarray
    columns: dict[str, np.ndarray]


@dataclass(frozen=True)
class SliceCutter:
    """Cuts slices from the cubes of a batch.

    Parameters
    ----------
    batch : CubeBatch
        Open cubes files.
    lattices : list of SubBoxLattice
        Positions of the slices, one lattice per line of sight.
    channels : tuple of str
        Fields of the input images.
    ionized_target : bool
        Whether the target is the map of the ionized fraction.
    instrument : Instrument
        Effect on the brightness temperature.
    threads : int
        Threads of the Fourier transforms.
    """

    batch: CubeBatch
    lattices: list[SubBoxLattice]
    channels: tuple[str, ...]
    ionized_target: bool
    instrument: Instrument
    threads: int
    _arrays: dict[tuple, np.ndarray] = field(default_factory=dict, repr=False, compare=False)

    @property
    def side(self) -> int:
        """Side of a slice in cells."""
        return self.lattices[0].geometry.side

    def cut(self, file: CubesFile, realization: int, escape_fraction: int) -> Iterator[Slices]:
        """Yield the slices of one cube, one line of sight after the other.

        Parameters
        ----------
        file : CubesFile
            Cubes file of the redshift.
        realization, escape_fraction : int
            Positions of the cube in the file.

        Yields
        ------
        Slices
            All slices along one line of sight.
        """
        neutral = self.neutral(file, realization, escape_fraction)
        sums = plane_sums(neutral)
        mean = sums[0].sum() / neutral.size
        fields = {"neutral_fraction": neutral}
        if "density" in self.channels:
            fields["density"] = self._read(file, "density", realization)
        parameters = file.header.parameters(realization)
        for lattice in self.lattices:
            index, distorted_axis = self.batch.temperature_index(lattice.axis)
            cubes = dict(fields)
            if "brightness_temperature" in self.channels:
                cubes["brightness_temperature"] = self._read(
                    file, "brightness_temperature", realization, escape_fraction, index
                )
            if self.side == len(neutral):
                neutral_sums = sums[lattice.axis, lattice.offsets[lattice.chosen[:, 0]]]
            else:
                neutral_sums = self._patches([neutral], lattice).sum((1, 2, 3), dtype=np.float64)
            nonzero = self._nonzero(cubes.get("brightness_temperature", neutral), lattice)
            if "brightness_temperature" in self.channels:
                cubes["brightness_temperature"] = observe(
                    cubes["brightness_temperature"],
                    self.instrument,
                    axis=lattice.axis,
                    cell_size=self.batch.cell_size[0],
                    redshift=parameters.get("redshift", file.header.redshift),
                    omega_m=file.header.omega_m,
                    threads=self.threads,
                )
            x = self._patches([cubes[channel] for channel in self.channels], lattice, "x")
            columns = self._index_columns(file, realization, escape_fraction, lattice)
            columns |= {
                "neutral_fraction": np.full(len(x), mean),
                "slice_neutral_fraction": neutral_sums / self.side**2,
                "all_zero": (~nonzero).astype(np.int64),
                "distorted_axis": np.full(len(x), distorted_axis),
            }
            if self.ionized_target:
                y = 1 - self._patches([neutral], lattice)
            else:
                y = columns["slice_neutral_fraction"][:, None]
            yield Slices(x, y, columns)

    def neutral(self, file: CubesFile, realization: int, escape_fraction: int) -> np.ndarray:
        """Return the neutral fraction of one cube, shape (n, n, n), float32.

        Parameters
        ----------
        file : CubesFile
            Cubes file of the redshift.
        realization, escape_fraction : int
            Positions of the cube in the file.

        Returns
        -------
        numpy.ndarray
            In files without neutral fraction, an estimate from the brightness temperature, see
            `estimate_neutral_fraction`.
        """
        if "neutral_fraction" in file.fields:
            return self._read(file, "neutral_fraction", realization, escape_fraction)
        temperature = file.read("brightness_temperature", realization, escape_fraction, 0)
        density = file.read("density", realization) if "density" in file.fields else None
        return estimate_neutral_fraction(temperature, density, file.header)

    def _read(self, file: CubesFile, name: str, *index: int) -> np.ndarray:
        """Read a cube into the memory of the last one of the same field."""
        return file.read(name, *index, out=self._array(name, (file.header.cells,) * 3))

    def _array(self, name: str, shape: tuple[int, ...]) -> np.ndarray:
        """Return memory of this name and shape, cleared by the system only once."""
        if (name, shape) not in self._arrays:
            self._arrays[name, shape] = np.empty(shape, np.float32)
        return self._arrays[name, shape]

    def _patches(
        self, cubes: Sequence[np.ndarray], lattice: SubBoxLattice, name: str = "other"
    ) -> np.ndarray:
        """Return the patches of a lattice, shape (N, side, side, channels), float32."""
        corners = lattice.corners()
        patches = self._array(name, (len(corners), self.side, self.side, len(cubes)))
        for channel, cube in enumerate(cubes):
            cut_patches(cube, lattice.axis, corners, self.side, patches[..., channel])
        return patches

    def _nonzero(self, cube: np.ndarray, lattice: SubBoxLattice) -> np.ndarray:
        """Return whether each patch of a lattice has a value other than 0, shape (N,), bool."""
        if self.side == len(cube):
            return planes_nonzero(cube, lattice.axis, lattice.offsets[lattice.chosen[:, 0]])
        return np.asarray(self._patches([cube], lattice).any(axis=(1, 2, 3)))

    def _index_columns(
        self, file: CubesFile, realization: int, escape_fraction: int, lattice: SubBoxLattice
    ) -> dict[str, np.ndarray]:
        """Return the index of the slices of one cube along one line of sight."""
        header = file.header
        columns = index_columns(self.batch, realization, lattice)
        count = len(lattice)
        depth = lattice.offsets[lattice.chosen[:, 0]]
        values = {
            "redshift": header.redshift,
            "escape_fraction": header.escape_fractions[escape_fraction],
        } | header.parameters(realization)
        box = self.batch.boxes[realization]
        place = f"{box}/draw{header.draw}" if "redshift" in header.drawn else box
        cube = f"{place}/z{values['redshift']:05.2f}/f{values['escape_fraction']:.3f}"
        cube = f"{cube}/a{lattice.axis}"
        names = [f"{cube}/i{cell:03d}" for cell in depth]
        if self.side < header.cells:
            rows = lattice.rows[lattice.chosen[:, 1]]
            patch_columns = lattice.columns[lattice.chosen[:, 2]]
            names = [
                f"{name}/p{row:03d}-{column:03d}"
                for name, row, column in zip(names, rows, patch_columns)
            ]
        values |= {f"{LOG}{name}": np.log10(values[name]) for name in header.log_drawn}
        columns |= {
            "id": np.array(names),
            **{name: np.full(count, value) for name, value in values.items()},
            "slice": depth,
        }
        if lattice.geometry.regions is None:  # otherwise regions of one seed are in several splits
            seed = realization_seed(header.seed, header.realizations[realization])
            columns["seed"] = np.full(count, seed)
        return columns
