"""Slices of cubes across a line of sight: what a universe looks like at one redshift."""

import dataclasses
import os
from collections.abc import Iterator, Sequence

import h5py
import numpy as np
from tqdm import tqdm

from cosmodag.cutouts.examples_file import create_examples, join_columns, write_index
from cosmodag.cutouts.sub_box_index import index_columns
from cosmodag.cutouts.sub_box_lattice import SubBoxGeometry, SubBoxLattice, sub_box_lattices
from cosmodag.errors import InputError
from cosmodag.files import whole_file
from cosmodag.reionization.cubes.cubes_file import FIELDS, CubesFile, universe_seed
from cosmodag.reionization.cutouts.cube_boxes import CubeBoxes, escape_places, open_cubes
from cosmodag.reionization.cutouts.instrument import Instrument, observe
from cosmodag.reionization.cutouts.patches import cut_patches, plane_sums, planes_filled

TARGETS = ("none", "ionized")


def cut_slices(
    cubes_files: Sequence[str | os.PathLike],
    output: str | os.PathLike,
    *,
    channels: Sequence[str] = ("brightness_temperature",),
    target: str = "none",
    side: int | None = None,
    stride: int | None = None,
    stride_depth: int = 1,
    axes: Sequence[int] = (0, 1, 2),
    maximum: int | None = None,
    universes: int | None = None,
    escape_fractions: Sequence[float] | None = None,
    regions: Sequence[int] | None = None,
    buffer: float = 0.0,
    mean_subtraction: bool = False,
    beam: float = 0.0,
    wedge: float = 0.0,
    threads: int = 1,
) -> int:
    """Cut slices, whole or in patches, out of cubes and write them as an examples file.

    The classes of an example are the places of its redshift and its escape fraction among those of
    the files. Slices without neutral gas, which tell nothing but that, are kept and flagged in the
    column `all_zero`. Cubes are published as 64 blocks too: in 200³ cells, those are the patches of
    side 50.

    Parameters
    ----------
    cubes_files : sequence of path
        Of the same universes, one a redshift.
    output : path
        Examples file to write.
    channels : sequence of str
        Of `FIELDS`: mK, contrast and fraction.
    target : {"none", "ionized"}
        "ionized" is 1 - neutral fraction, or 1 where the brightness temperature is exactly 0 if
        that is all there is.
    side : int, optional
        Of a patch in cells; the whole slice by default.
    stride : int, optional
        Distance of neighbouring patches in cells; `side` by default.
    stride_depth : int
        Distance of neighbouring slices in cells.
    axes : sequence of int
        Lines of sight. Along one that the file has no temperature for, its first is cut.
    maximum : int, optional
        Most slices or patches of a cube over all lines of sight, evenly spaced.
    universes : int, optional
        How many to cut, from the first of the files; all by default.
    escape_fractions : sequence of float, optional
        Those to be cut; all by default.
    regions : sequence of int, shape (3,), optional
        Cut each universe into so many disjoint regions along x, y and z, each a group of its own,
        where there are too few universes; patches that lie in more than one are dropped.
    buffer : float
        Smallest distance between patches of different regions in Mpc/h.
    mean_subtraction, beam, wedge
        What the instrument does to the brightness temperature, see `Instrument`.
    threads : int
        Threads of the instrument's transforms.

    Returns
    -------
    int
        Number of examples.

    Raises
    ------
    InputError
        Files disagree or lack a field, or patches do not fit.
    """
    instrument = Instrument(mean_subtraction, beam, wedge)
    with open_cubes(cubes_files) as boxes:
        _check_fields(boxes, channels, target)
        side = boxes.header.cells if side is None else side
        geometry = SubBoxGeometry(
            side=side,
            depth=1,
            stride=side if stride is None else stride,
            stride_depth=stride_depth,
            axes=axes,
            regions=regions,
            buffer=buffer,
            maximum=maximum,
        )
        lattices = sub_box_lattices(boxes, geometry)
        cutter = _Cutter(
            boxes=boxes,
            lattices=lattices,
            side=side,
            channels=tuple(channels),
            ionized=target == "ionized",
            instrument=instrument,
            universes=range(len(boxes.boxes))[:universes],
            escapes=escape_places(boxes.header, escape_fractions, boxes.name),
            named_regions=regions is not None,
            threads=threads,
        )
        with whole_file(output) as partial, h5py.File(partial, "w") as file:
            return cutter.fill(file)


@dataclasses.dataclass(frozen=True)
class _Cutter:
    """What is cut from each cube, and how."""

    boxes: CubeBoxes
    lattices: list[SubBoxLattice]
    side: int
    channels: tuple[str, ...]
    ionized: bool
    instrument: Instrument
    universes: range
    escapes: list[int]
    named_regions: bool
    threads: int

    def fill(self, file: h5py.File) -> int:
        """Write all examples and their index; give their number."""
        boxes, header = self.boxes, self.boxes.header
        a_cube = sum(len(lattice.chosen) for lattice in self.lattices)
        cubes = len(boxes.files) * len(self.universes) * len(self.escapes)
        flat = (self.side, self.side)
        x, y = create_examples(
            file,
            experiment="reionization",
            count=cubes * a_cube,
            x_shape=(*flat, len(self.channels)),
            y_shape=(*flat, 1) if self.ionized else (1,),
            x_channels=self.channels,
            y_channels=["ionized" if self.ionized else "slice_neutral_fraction"],
        )
        file.attrs.update(
            dataclasses.asdict(self.instrument)
            | {
                "redshifts": boxes.redshifts,
                "escape_fractions": [header.escape_fractions[place] for place in self.escapes],
                "source": header.engine,
                "box_size": header.box_size,
                "cell_size": header.box_size / header.cells,
                "hubble": header.hubble,
                "omega_m": header.omega_m,
                "line_of_sight_axes": header.axes,
            }
        )
        parts, first = [], 0
        for number, cubes_file in enumerate(tqdm(boxes.files, unit="redshift", disable=None)):
            for box in self.universes:
                for rank, place in enumerate(self.escapes):
                    for maps, columns in self._cut(cubes_file, box, place):
                        here = slice(first, first + len(columns["id"]))
                        x[here] = maps
                        y[here] = (
                            columns.pop("ionized")
                            if self.ionized
                            else columns["slice_neutral_fraction"][:, None]
                        )
                        length = len(columns["id"])
                        columns["redshift_class"] = np.full(length, number)
                        columns["escape_fraction_class"] = np.full(length, rank)
                        parts.append(columns)
                        first += length
        write_index(file, join_columns(parts))
        return first

    def _cut(
        self, file: CubesFile, box: int, escape: int
    ) -> Iterator[tuple[np.ndarray, dict[str, np.ndarray]]]:
        """Slices of one cube along one line of sight after the other, and their index."""
        fields, mean = self._fields(file, box, escape), None
        for lattice in self.lattices:
            place, distorted = self.boxes.temperature_place(lattice.axis)
            cubes = dict(fields)
            if self._needs("brightness_temperature", file):
                cubes["brightness_temperature"] = file.read(
                    "brightness_temperature", box, escape, place
                )
            neutral = cubes.get("neutral_fraction")
            if neutral is None:
                neutral = (cubes["brightness_temperature"] != 0).astype(np.float32)
            if mean is None:
                mean = plane_sums(neutral, 0, np.arange(len(neutral))).sum() / neutral.size
            gas = self._sums(neutral, lattice)
            filled = self._filled(cubes.get("brightness_temperature", neutral), lattice)
            if "brightness_temperature" in self.channels:
                cubes["brightness_temperature"] = observe(
                    cubes["brightness_temperature"],
                    self.instrument,
                    axis=lattice.axis,
                    box_size=self.boxes.box_size[0],
                    redshift=file.header.redshift,
                    omega_m=file.header.omega_m,
                    threads=self.threads,
                )
            maps = self._patches([cubes[channel] for channel in self.channels], lattice)
            columns = self._columns(file, box, escape, lattice)
            columns |= {
                "neutral_fraction": np.full(len(maps), mean),
                "slice_neutral_fraction": gas / self.side**2,
                "all_zero": (~filled).astype(np.int64),
                "distorted_axis": np.full(len(maps), distorted),
            }
            if self.ionized:
                columns["ionized"] = 1 - self._patches([neutral], lattice)
            yield maps, columns

    def _fields(self, file: CubesFile, box: int, escape: int) -> dict[str, np.ndarray]:
        """Cubes that are the same whatever the line of sight."""
        cubes = {}
        if "density" in self.channels:
            cubes["density"] = file.read("density", box)
        if "neutral_fraction" in file.fields:
            cubes["neutral_fraction"] = file.read("neutral_fraction", box, escape)
        return cubes

    def _needs(self, field: str, file: CubesFile) -> bool:
        return field in self.channels or "neutral_fraction" not in file.fields

    def _patches(self, cubes: Sequence[np.ndarray], lattice: SubBoxLattice) -> np.ndarray:
        """The patches of a lattice, (N, side, side, channels) float32."""
        corners = lattice.corners()
        patches = np.empty((len(corners), self.side, self.side, len(cubes)), np.float32)
        for channel, cube in enumerate(cubes):
            cut_patches(cube, lattice.axis, corners, self.side, patches[..., channel])
        return patches

    def _sums(self, cube: np.ndarray, lattice: SubBoxLattice) -> np.ndarray:
        """Sum of each patch of a lattice, (N,) float64."""
        if self.side == len(cube):
            return plane_sums(cube, lattice.axis, lattice.offsets[lattice.chosen[:, 0]])
        return self._patches([cube], lattice).sum(axis=(1, 2, 3), dtype=np.float64)

    def _filled(self, cube: np.ndarray, lattice: SubBoxLattice) -> np.ndarray:
        """Whether each patch of a lattice holds anything but 0, (N,) bool."""
        if self.side == len(cube):
            return planes_filled(cube, lattice.axis, lattice.offsets[lattice.chosen[:, 0]])
        return self._patches([cube], lattice).any(axis=(1, 2, 3))

    def _columns(
        self, file: CubesFile, box: int, escape: int, lattice: SubBoxLattice
    ) -> dict[str, np.ndarray]:
        """Index of the slices of one cube along one line of sight."""
        header = file.header
        columns = index_columns(self.boxes, box, lattice)
        count = len(lattice.chosen)
        depth = lattice.offsets[lattice.chosen[:, 0]]
        value = header.escape_fractions[escape]
        cube = f"{self.boxes.boxes[box]}/z{header.redshift:05.2f}/f{value:.3f}/a{lattice.axis}"
        names = [f"{cube}/i{cell:03d}" for cell in depth]
        if self.side < header.cells:
            corners = zip(lattice.rows[lattice.chosen[:, 1]], lattice.columns[lattice.chosen[:, 2]])
            names = [
                f"{name}/p{row:03d}-{column:03d}" for name, (row, column) in zip(names, corners)
            ]
        columns |= {
            "id": np.array(names),
            "redshift": np.full(count, header.redshift),
            "escape_fraction": np.full(count, value),
            "slice": depth,
        }
        if not self.named_regions:  # regions of one universe are dealt to several splits
            seed = universe_seed(header.seed, header.realizations[box])
            columns["seed"] = np.full(count, seed)
        return columns


def _check_fields(boxes: CubeBoxes, channels: Sequence[str], target: str) -> None:
    """Refuse channels and targets that the files do not allow."""
    if target not in TARGETS:
        raise InputError(f"target {target!r} is not known: choose from {', '.join(TARGETS)}")
    if not channels or len(set(channels)) < len(channels):
        raise InputError(f"channels: give some of {', '.join(FIELDS)}, each once")
    for channel in channels:
        for file in boxes.files:
            if channel not in file.fields:
                raise InputError(
                    f"{file.name}: has no {channel}; there are {', '.join(file.fields)}: change "
                    "the key channels"
                )
