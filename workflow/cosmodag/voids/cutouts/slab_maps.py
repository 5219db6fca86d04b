"""Projections of one slab of a box, and the maps of the sub-boxes that are cut out of it."""

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np

from cosmodag.cutouts.box_files import BoxFiles
from cosmodag.cutouts.box_mesh import BoxMesh
from cosmodag.cutouts.sub_box_lattice import SubBoxLattice
from cosmodag.cutouts.window_sums import block_means, transverse_axes, window_sums
from cosmodag.errors import InputError
from cosmodag.voids.cutouts.slab_voids import SlabVoids, slab_voids


@dataclasses.dataclass(frozen=True)
class MapShape:
    """Lengths of a sub-box and of its maps.

    Parameters
    ----------
    side, depth : int
        Lengths across and along the line of sight in cells.
    layers : int
        Number of layers of equal depth, one input channel each.
    factor : int
        Cells per pixel of the target maps along each side.

    Raises
    ------
    InputError
        A length is not positive, `layers` does not divide the depth or `factor` the side.
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
        """Side of the target maps in pixels."""
        return self.side // self.factor


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
    overdensity : numpy.ndarray, shape (rows, columns, layers), float32
        Galaxy overdensity averaged over each layer.
    fractions : dict from str to numpy.ndarray, shape (rows, columns), float64
        For each label the fraction of the sight line inside voids, averaged over the pixel that
        begins at each cell.
    voids : dict from str to SlabVoids
        Voids by label.
    """

    shape: MapShape
    places: np.ndarray
    corners: np.ndarray
    overdensity: np.ndarray
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
        x : numpy.ndarray, shape (n, side, side, layers), float32
            Overdensity in each layer.
        y : numpy.ndarray, shape (n, pixels, pixels, 2 labels), float32
            For each label the fraction of the sight line inside voids and the void centres.
        """
        side, factor, pixels = self.shape.side, self.shape.factor, self.shape.pixels
        corners, places = self.corners[selection], self.places[selection]
        x = np.empty((len(places), side, side, self.shape.layers), dtype=np.float32)
        y = np.empty((len(places), pixels, pixels, 2 * len(self.voids)), dtype=np.float32)
        for n, ((i, j), (row, column)) in enumerate(zip(corners, places)):
            x[n] = self.overdensity[i : i + side, j : j + side]
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
    planes = project_overdensity(files.grid_mesh(box), files.mean_mass(box), shape, **slabs)
    masks = [
        _project(files.mask_mesh(box, label), shape.depth, ratios=files.mask_ratio(label), **slabs)
        for label in files.labels
    ]
    for place, offset, overdensity, *mask_planes in zip(used, offsets, planes, *masks):
        chosen = lattice.chosen[lattice.chosen[:, 0] == place, 1:]
        yield Slab(
            shape=shape,
            places=chosen,
            corners=np.stack([lattice.rows[chosen[:, 0]], lattice.columns[chosen[:, 1]]], axis=1),
            overdensity=overdensity,
            fractions={
                label: block_means(plane[0], shape.factor)
                for label, plane in zip(files.labels, mask_planes)
            },
            voids=slab_voids(files, box, lattice, offset),
        )


def project_overdensity(
    mesh: BoxMesh | np.ndarray,
    mean_mass: float,
    shape: MapShape,
    *,
    axis: int,
    offsets: Sequence[int],
    margin: int = 0,
) -> Iterator[np.ndarray]:
    """Project the galaxies of one box along one line of sight, slab by slab.

    Parameters
    ----------
    mesh : BoxMesh or numpy.ndarray, shape (nx, ny, nz)
        Mass per cell.
    mean_mass : float
        Mean mass per cell.
    shape : MapShape
        Depth and layers of the slabs.
    axis : int
        Line of sight.
    offsets : sequence of int
        Lower edges of the slabs in cells, ascending.
    margin : int
        Cells by which the planes of a periodic box are continued beyond its end.

    Yields
    ------
    numpy.ndarray, shape (rows + margin, columns + margin, layers), float32
        Overdensity averaged over each layer of the slab.
    """
    for mass in _project(
        mesh, shape.depth, axis=axis, offsets=offsets, margin=margin, layers=shape.layers
    ):
        overdensity = (mass / mean_mass - 1).transpose(1, 2, 0)
        yield np.ascontiguousarray(overdensity, dtype=np.float32)


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
