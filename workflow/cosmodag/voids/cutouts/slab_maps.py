"""Projections of one slab of a box, and the maps of the sub-boxes that are cut out of it."""

import dataclasses
import itertools
from collections.abc import Iterator, Sequence

import numpy as np

from cosmodag.cutouts.box_files import BoxFiles
from cosmodag.cutouts.box_mesh import BoxMesh
from cosmodag.cutouts.sub_box_lattice import SubBoxLattice
from cosmodag.cutouts.window_sums import block_means, transverse_axes, window_sums
from cosmodag.voids.cutouts.map_shape import MapShape
from cosmodag.voids.cutouts.slab_voids import SlabVoids, slab_voids


@dataclasses.dataclass(frozen=True)
class Slab:
    """Projections and voids that the sub-boxes at one offset along the line of sight share.

    Attributes
    ----------
    shape : MapShape
        Lengths of the sub-boxes and of their maps.
    places : numpy.ndarray, shape (N, 2), int64
        Row and column of each sub-box in the lattice.
    corners : numpy.ndarray, shape (N, 2), int64
        Lower edges of each sub-box along rows and columns in cells.
    inputs : numpy.ndarray, shape (rows, columns, channels), float32
        Galaxy overdensity and fields averaged over each layer, and over the pixel of the input that
        begins at each cell.
    fractions : dict from str to numpy.ndarray, shape (rows, columns), float64
        For each label the fraction of the sight line inside voids, averaged over the pixel that
        begins at each cell.
    voids : dict from str to SlabVoids
        Voids by label.
    """

    shape: MapShape
    places: np.ndarray
    corners: np.ndarray
    inputs: np.ndarray
    fractions: dict[str, np.ndarray]
    voids: dict[str, SlabVoids]

    def __len__(self) -> int:
        return len(self.places)

    def maps(self, selection: slice) -> tuple[np.ndarray, np.ndarray]:
        """Return the input and target maps of some of the sub-boxes.

        Parameters
        ----------
        selection : slice
            The sub-boxes.

        Returns
        -------
        x : numpy.ndarray, shape (n, side / input_factor, side / input_factor, channels), float32
            Overdensity in each layer, then each field.
        y : numpy.ndarray, shape (n, pixels, pixels, 2 labels), float32
            For each label the fraction of the sight line inside voids and the void centres.
        """
        side, factor, pixels = self.shape.side, self.shape.factor, self.shape.pixels
        step, x_side = self.shape.input_factor, self.shape.x_side
        corners, places = self.corners[selection], self.places[selection]
        x = np.empty((len(places), x_side, x_side, self.inputs.shape[-1]), dtype=np.float32)
        y = np.empty((len(places), pixels, pixels, 2 * len(self.voids)), dtype=np.float32)
        for n, ((i, j), (row, column)) in enumerate(zip(corners, places)):
            x[n] = self.inputs[i : i + side : step, j : j + side : step]
            for k, (label, voids) in enumerate(self.voids.items()):
                y[n, ..., 2 * k] = self.fractions[label][
                    i : i + side : factor, j : j + side : factor
                ]
                y[n, ..., 2 * k + 1] = voids.centre_map(row, column, factor)
        return x, y


def project_slabs(
    files: BoxFiles, box: int, lattice: SubBoxLattice, shape: MapShape
) -> Iterator[Slab]:
    """Project one box along one line of sight, slab by slab.

    Parameters
    ----------
    files : BoxFiles
        Grid file and labels file.
    box : int
        Index of the box in the grid file.
    lattice : SubBoxLattice
        Lattice of the sub-boxes.
    shape : MapShape
        Lengths of the sub-boxes and of their maps.

    Yields
    ------
    Slab
        The slabs that contain sub-boxes, in the order of `lattice.offsets`.
    """
    axis = lattice.axis
    used = np.unique(lattice.chosen[:, 0])
    offsets = lattice.offsets[used]
    margin = shape.side if lattice.geometry.wrap else 0
    slabs = {"axis": axis, "offsets": offsets, "margin": margin}
    meshes = [files.grid_mesh(box), *(files.field_mesh(box, field) for field in files.fields)]
    planes = project_inputs(meshes, files.mean_mass(box), shape, **slabs)
    masks = [
        _project(files.mask_mesh(box, label), shape.depth, ratios=files.mask_ratio(label), **slabs)
        for label in files.labels
    ]
    for place, offset, inputs, *mask_planes in zip(used, offsets, planes, *masks):
        chosen = lattice.chosen[lattice.chosen[:, 0] == place, 1:]
        yield Slab(
            shape=shape,
            places=chosen,
            corners=np.stack([lattice.rows[chosen[:, 0]], lattice.columns[chosen[:, 1]]], axis=1),
            inputs=inputs,
            fractions={
                label: block_means(plane[0], shape.factor)
                for label, plane in zip(files.labels, mask_planes)
            },
            voids=slab_voids(files, box, lattice, offset),
        )


def project_inputs(
    meshes: Sequence[BoxMesh | np.ndarray],
    mean_mass: float,
    shape: MapShape,
    *,
    axis: int,
    offsets: Sequence[int],
    margin: int = 0,
) -> Iterator[np.ndarray]:
    """Project the galaxies and the fields of one box along one line of sight, slab by slab.

    Parameters
    ----------
    meshes : sequence of BoxMesh or numpy.ndarray, shape (nx, ny, nz)
        Mass per cell, then fields.
    mean_mass : float
        Mean mass per cell.
    shape : MapShape
        Depth, layers and margins of the slabs, and the pixels of the input. A margin continues at
        the other end of the box.
    axis : int
        Line of sight.
    offsets : sequence of int
        Lower edges of the slabs in cells, without margins, ascending.
    margin : int
        Cells by which the planes of a periodic box are continued beyond its end.

    Yields
    ------
    numpy.ndarray, shape (rows + margin, columns + margin, channels), float32
        Overdensity and fields averaged over each layer of the slab, and over the pixel of the input
        that begins at each cell; the last rows and columns begin none.
    """
    # One turn later, so that margins do not begin before the first cell.
    turn = meshes[0].shape[axis] if shape.margin_depth else 0
    projections = [
        _project(
            mesh,
            shape.input_depth,
            axis=axis,
            offsets=[offset + turn - shape.margin_depth for offset in offsets],
            margin=margin,
            layers=shape.input_layers,
        )
        for mesh in meshes
    ]
    for mass, *fields in zip(*projections):
        layers = [*(mass / mean_mass - 1), *itertools.chain.from_iterable(fields)]
        yield np.stack(
            [block_means(layer, shape.input_factor) for layer in layers], axis=-1, dtype=np.float32
        )


def _project(
    mesh: BoxMesh | np.ndarray,
    depth: int,
    *,
    axis: int,
    offsets: Sequence[int],
    margin: int,
    layers: int = 1,
    ratios: tuple[int, int, int] = (1, 1, 1),
) -> Iterator[np.ndarray]:
    """Average a mesh over each layer of each slab, on cells `ratios` times finer than its own."""
    rows, columns = transverse_axes(axis)
    for planes in window_sums(mesh, axis, offsets, depth, layers=layers, ratio=ratios[axis]):
        fine = planes.repeat(ratios[rows], axis=1).repeat(ratios[columns], axis=2)
        mean = fine * (layers / depth)
        yield np.pad(mean, ((0, 0), (0, margin), (0, margin)), mode="wrap")
