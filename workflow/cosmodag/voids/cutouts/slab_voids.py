"""The voids of a slab and what sub-boxes learn of them: counts, volumes and maps of centres."""

import dataclasses

import numpy as np

from cosmodag.cutouts.box_files import BoxFiles
from cosmodag.cutouts.sub_box_lattice import SubBoxLattice
from cosmodag.cutouts.window_sums import transverse_axes
from cosmodag.gridding.mass_assignment import assign_mass


@dataclasses.dataclass(frozen=True)
class SlabVoids:
    """Voids with centres in one slab, relative to the windows that are cut out of it.

    Lengths are in cells of the galaxy grid. The windows form a lattice of rows and columns, so the
    distances of all voids from each row and each column serve every window.

    Attributes
    ----------
    rows : numpy.ndarray, shape (row positions, M), float64
        Distance of each centre from the lower edge of each row of windows.
    columns : numpy.ndarray, shape (column positions, M), float64
        Distance of each centre from the lower edge of each column of windows.
    volume : numpy.ndarray, shape (M,), float64
        Volumes in (Mpc/h)³.
    side : int
        Side of the windows.
    """

    rows: np.ndarray
    columns: np.ndarray
    volume: np.ndarray
    side: int

    def counts(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the number and the total volume of the voids centred in each window.

        A centre lies in a window if lower edge ≤ centre < upper edge along rows and columns.

        Returns
        -------
        count : numpy.ndarray, shape (row positions, column positions), int64
            Number of voids.
        volume : numpy.ndarray, shape (row positions, column positions), float64
            Total volume in (Mpc/h)³.
        """
        in_rows = ((self.rows >= 0) & (self.rows < self.side)).astype(np.float64)
        in_columns = ((self.columns >= 0) & (self.columns < self.side)).astype(np.float64)
        count = in_rows @ in_columns.T
        return count.astype(np.int64), (in_rows * self.volume) @ in_columns.T

    def centre_map(self, row: int, column: int, factor: int) -> np.ndarray:
        """Return the cloud-in-cell map of the void centres of one window.

        The map is a cut-out of the map of the whole slab: centres up to half a pixel outside the
        window contribute to its edge pixels, and those just inside lose what they spread beyond it.

        Parameters
        ----------
        row, column : int
            Row and column of the window in the lattice.
        factor : int
            Cells per pixel of the map.

        Returns
        -------
        numpy.ndarray, shape (side / factor, side / factor), float32
            Voids per pixel.
        """
        reach = self.side + factor / 2
        y, x = self.rows[row], self.columns[column]
        near = (y > -factor / 2) & (y < reach) & (x > -factor / 2) & (x < reach)
        pixels = self.side // factor + 2
        plane = np.zeros((pixels, pixels), dtype=np.float32)
        if near.any():
            # A margin of one pixel takes what the centres near an edge spread beyond it.
            position = np.stack([y[near], x[near]], axis=1) + factor
            assign_mass(position, plane, (pixels * factor,) * 2, method="cic", periodic=False)
        return plane[1:-1, 1:-1]


def slab_voids(
    files: BoxFiles, box: int, lattice: SubBoxLattice, offset: int
) -> dict[str, SlabVoids]:
    """Return the voids of each label in a slab of a box.

    Parameters
    ----------
    files : BoxFiles
        Grid file and labels file.
    box : int
        Index of the box in the grid file.
    lattice : SubBoxLattice
        Lattice of the sub-boxes.
    offset : int
        Lower edge of the slab along the line of sight in cells.

    Returns
    -------
    dict from str to SlabVoids
        The voids by label.
    """
    return {
        label: select_slab(
            *_read_voids(files, box, label),
            lattice,
            offset,
            cells=files.cells,
            periodic=files.periodic,
        )
        for label in files.labels
    }


def select_slab(
    position: np.ndarray,
    volume: np.ndarray,
    lattice: SubBoxLattice,
    offset: int,
    *,
    cells: tuple[int, int, int],
    periodic: bool,
) -> SlabVoids:
    """Select the voids with centres in one slab along the line of sight.

    Parameters
    ----------
    position : numpy.ndarray, shape (M, 3), float64
        Void centres in cells of the galaxy grid.
    volume : numpy.ndarray, shape (M,), float64
        Volumes in (Mpc/h)³.
    lattice : SubBoxLattice
        Lattice of the windows, whose depth is that of the slab.
    offset : int
        Lower edge of the slab in cells.
    cells : tuple of int, shape (3,)
        Shape of the galaxy grid.
    periodic : bool
        Whether the box is periodic, so that the other images of a centre count too.

    Returns
    -------
    SlabVoids
        The selected voids.
    """
    axis, side, depth = lattice.axis, lattice.geometry.side, lattice.geometry.depth
    rows, columns = transverse_axes(axis)
    along = _distance(position[:, axis], np.array([offset]), depth, cells[axis], periodic)[0]
    inside = (along >= 0) & (along < depth)
    position, volume = position[inside], volume[inside]
    return SlabVoids(
        rows=_distance(position[:, rows], lattice.rows, side, cells[rows], periodic),
        columns=_distance(position[:, columns], lattice.columns, side, cells[columns], periodic),
        volume=volume,
        side=side,
    )


def count_voids(voids: dict[str, SlabVoids], places: np.ndarray) -> dict[str, np.ndarray]:
    """Return the number and the total volume of the voids centred in each sub-box.

    Parameters
    ----------
    voids : dict from str to SlabVoids
        Voids of the slab by label.
    places : numpy.ndarray, shape (N, 2), int64
        Row and column of each sub-box in the lattice.

    Returns
    -------
    dict from str to numpy.ndarray, shape (N,)
        Index columns `count_<label>` (int64) and `volume_<label>` (float64, (Mpc/h)³).
    """
    columns = {}
    for label, catalogue in voids.items():
        count, volume = catalogue.counts()
        columns[f"count_{label}"] = count[tuple(places.T)]
        columns[f"volume_{label}"] = volume[tuple(places.T)]
    return columns


def _read_voids(files: BoxFiles, box: int, label: str) -> tuple[np.ndarray, np.ndarray]:
    """Read the void centres of a box in cells, (M, 3), and their volumes in (Mpc/h)³, (M,)."""
    catalogue = files.labels_file[label]["voids"][files.boxes[box]]
    position = np.asarray(catalogue["position"], dtype=np.float64).reshape(-1, 3)
    return position / files.cell_size, np.asarray(catalogue["volume"], dtype=np.float64)


def _distance(
    position: np.ndarray, edges: np.ndarray, window: int, cells: int, periodic: bool
) -> np.ndarray:
    """Return the distance of each centre, or of its image nearest to a window, from each edge."""
    distance = position[np.newaxis, :] - np.asarray(edges, dtype=np.float64)[:, np.newaxis]
    if periodic:
        distance %= cells
        distance[distance > (window + cells) / 2] -= cells
    return distance
