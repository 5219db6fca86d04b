"""Projections of one slab of a box, and the maps of the sub-boxes that are cut out of it."""

import dataclasses
from collections.abc import Iterator

import numpy as np

from cosmodag.cutouts.box_files import BoxFiles
from cosmodag.cutouts.sub_box_plan import Lattice
from cosmodag.cutouts.window_sums import block_means, transverse_axes, window_sums
from cosmodag.errors import InputError
from cosmodag.voids.cutouts.void_targets import SlabVoids, voids_in_slab


@dataclasses.dataclass(frozen=True)
class SubBoxShape:
    """Lengths of a sub-box and of its maps.

    Attributes
    ----------
    side, depth : int
        In cells, across and along the line of sight.
    layers : int
        Equal parts of the depth, one input channel each.
    factor : int
        Cells to a pixel of the target maps.
    """

    side: int
    depth: int
    layers: int = 1
    factor: int = 4

    def __post_init__(self):
        for name in ("side", "depth", "layers", "factor"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} is {getattr(self, name)}: it must be at least 1")
        if self.depth % self.layers:
            raise InputError(
                f"depth {self.depth} cells does not divide into layers: {self.layers} equal parts: "
                "choose a multiple"
            )
        if self.side % self.factor:
            raise InputError(
                f"side {self.side} cells does not divide by factor {self.factor}: choose a multiple"
            )

    @property
    def x_channels(self) -> list[str]:
        """Names of the input channels."""
        if self.layers == 1:
            return ["overdensity"]
        return [f"overdensity_{layer}" for layer in range(self.layers)]

    @property
    def pixels(self) -> int:
        """Side of the target maps."""
        return self.side // self.factor


@dataclasses.dataclass(frozen=True)
class Slab:
    """What the sub-boxes at one place along the line of sight share.

    Attributes
    ----------
    shape : SubBoxShape
    places : numpy.ndarray, shape (N, 2)
        Place of each sub-box in the lattice of rows and columns.
    corners : numpy.ndarray, shape (N, 2)
        Lower edges of each sub-box along rows and columns, in cells.
    overdensity : numpy.ndarray, shape (rows, columns, layers), float32
        Galaxy overdensity averaged over each layer.
    fractions : dict of str to numpy.ndarray
        For each label the fraction of the sight line inside voids, averaged over the pixel that
        begins at each cell.
    voids : dict of str to SlabVoids
    """

    shape: SubBoxShape
    places: np.ndarray
    corners: np.ndarray
    overdensity: np.ndarray
    fractions: dict[str, np.ndarray]
    voids: dict[str, SlabVoids]

    def __len__(self) -> int:
        return len(self.places)

    def maps(self, part: slice) -> tuple[np.ndarray, np.ndarray]:
        """Input and target maps of some of the sub-boxes.

        Returns
        -------
        x : numpy.ndarray, shape (n, side, side, layers), float32
        y : numpy.ndarray, shape (n, pixels, pixels, 2 labels), float32
            Fraction and centres of each label.
        """
        side, factor, pixels = self.shape.side, self.shape.factor, self.shape.pixels
        count = len(self.places[part])
        x = np.empty((count, side, side, self.shape.layers), dtype=np.float32)
        y = np.empty((count, pixels, pixels, 2 * len(self.voids)), dtype=np.float32)
        for n, ((i, j), place) in enumerate(zip(self.corners[part], self.places[part])):
            x[n] = self.overdensity[i : i + side, j : j + side]
            for k, (label, voids) in enumerate(self.voids.items()):
                y[n, ..., 2 * k] = self.fractions[label][
                    i : i + side : factor, j : j + side : factor
                ]
                y[n, ..., 2 * k + 1] = voids.centre_map(*place, factor)
        return x, y


def count_voids(voids: dict[str, SlabVoids], places: np.ndarray) -> dict[str, np.ndarray]:
    """Number and summed volume of the voids centred in each sub-box, as columns of the index.

    Parameters
    ----------
    voids : dict of str to SlabVoids
        Voids of the slab for each label.
    places : numpy.ndarray, shape (N, 2)
        Place of each sub-box in the lattice of rows and columns.
    """
    columns = {}
    for label, found in voids.items():
        count, volume = found.counts()
        columns[f"count_{label}"] = count[tuple(places.T)]
        columns[f"volume_{label}"] = volume[tuple(places.T)]
    return columns


def voids_at(
    files: BoxFiles, box: int, lattice: Lattice, offset: int, shape: SubBoxShape
) -> dict[str, SlabVoids]:
    """Voids of each label in the slab at `offset` along the line of sight."""
    found = {}
    for label in files.labels:
        position, volume = files.voids(box, label)
        found[label] = voids_in_slab(
            position / files.cell_size,
            volume,
            files.cells,
            lattice.axis,
            offset,
            shape.depth,
            lattice.rows,
            lattice.columns,
            shape.side,
            periodic=files.periodic,
        )
    return found


def slabs_of(
    files: BoxFiles, box: int, lattice: Lattice, shape: SubBoxShape, *, wrap: bool
) -> Iterator[Slab]:
    """Project one box along one line of sight, slab by slab.

    Parameters
    ----------
    files : BoxFiles
    box : int
        Number of the box in the grid file.
    lattice : Lattice
    shape : SubBoxShape
    wrap : bool
        Whether sub-boxes pass the end of the box.

    Yields
    ------
    Slab
        In the order of `lattice.offsets`; those without sub-boxes are left out.
    """
    axis = lattice.axis
    rows, columns = transverse_axes(axis)
    used = np.unique(lattice.chosen[:, 0])
    offsets = lattice.offsets[used]
    beyond = shape.side if wrap else 0

    def projections(mesh, ratios, layers):
        sums = window_sums(mesh, axis, offsets, shape.depth, layers=layers, ratio=ratios[axis])
        for planes in sums:
            fine = planes.repeat(ratios[rows], axis=1).repeat(ratios[columns], axis=2)
            mean = fine * (layers / shape.depth)
            yield np.pad(mean, ((0, 0), (0, beyond), (0, beyond)), mode="wrap")

    masses = projections(files.grid_mesh(box), (1, 1, 1), shape.layers)
    masks = [
        projections(files.mask_mesh(box, label), files.mask_ratio(label), 1)
        for label in files.labels
    ]
    mean_mass = files.mean_mass(box)
    for place, offset, mass, *inside in zip(used, offsets, masses, *masks):
        chosen = lattice.chosen[lattice.chosen[:, 0] == place, 1:]
        yield Slab(
            shape=shape,
            places=chosen,
            corners=np.stack([lattice.rows[chosen[:, 0]], lattice.columns[chosen[:, 1]]], axis=1),
            overdensity=np.ascontiguousarray(
                (mass / mean_mass - 1).transpose(1, 2, 0), dtype=np.float32
            ),
            fractions={
                label: block_means(plane[0], shape.factor)
                for label, plane in zip(files.labels, inside)
            },
            voids=voids_at(files, box, lattice, offset, shape),
        )
