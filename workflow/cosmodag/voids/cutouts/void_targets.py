"""What the sub-boxes of one slab have to learn of a void catalogue: counts, volumes, centres."""

import dataclasses

import numpy as np

from cosmodag.gridding.mass_assignment import assign_mass


@dataclasses.dataclass(frozen=True)
class SlabVoids:
    """Voids whose centres lie in one slab, seen from the windows cut out of it.

    Lengths are in cells of the galaxy grid. Windows stand on a lattice of rows and columns, so
    that one comparison of all voids with each row and each column serves every window.

    Attributes
    ----------
    rows : numpy.ndarray, shape (row positions, M)
        Distance of each centre from the lower edge of each row of windows.
    columns : numpy.ndarray, shape (column positions, M)
    volume : numpy.ndarray, shape (M,)
        Volumes in (Mpc/h)^3.
    side : int
        Side of the windows.
    """

    rows: np.ndarray
    columns: np.ndarray
    volume: np.ndarray
    side: int

    def counts(self) -> tuple[np.ndarray, np.ndarray]:
        """Number and summed volume of the voids with lower edge ≤ centre < upper edge.

        Returns
        -------
        count : numpy.ndarray, shape (row positions, column positions), int64
        volume : numpy.ndarray, same shape, float64
            In (Mpc/h)^3.
        """
        in_rows = ((self.rows >= 0) & (self.rows < self.side)).astype(np.float64)
        in_columns = ((self.columns >= 0) & (self.columns < self.side)).astype(np.float64)
        count = in_rows @ in_columns.T
        return count.astype(np.int64), (in_rows * self.volume) @ in_columns.T

    def centre_map(self, row: int, column: int, factor: int) -> np.ndarray:
        """Cloud-in-cell map of the centres for the window at (row, column) of the lattice.

        The map is a cut-out of the map of the whole slab: centres within half a pixel outside the
        window reach into it, and those just inside reach out of it.

        Parameters
        ----------
        row, column : int
            Place of the window in the lattice.
        factor : int
            Cells to a pixel of the map.

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
            # One more pixel on each side takes what the centres near an edge spread over it.
            position = np.stack([y[near], x[near]], axis=1) + factor
            assign_mass(position, plane, (pixels * factor,) * 2, method="cic", periodic=False)
        return plane[1:-1, 1:-1]


def voids_in_slab(
    position: np.ndarray,
    volume: np.ndarray,
    cells: tuple[int, int, int],
    axis: int,
    offset: int,
    depth: int,
    row_positions: np.ndarray,
    column_positions: np.ndarray,
    side: int,
    *,
    periodic: bool,
) -> SlabVoids:
    """Select the voids of the slab [offset, offset + depth) along the line of sight.

    Parameters
    ----------
    position : numpy.ndarray, shape (M, 3)
        Void centres in cells of the galaxy grid.
    volume : numpy.ndarray, shape (M,)
        Volumes in (Mpc/h)^3.
    cells : tuple of int
        Shape of the galaxy grid.
    axis : int
        Line of sight; the other two axes become rows and columns in their order.
    offset, depth : int
        Lower edge and depth of the slab in cells.
    row_positions, column_positions : numpy.ndarray of int
        Lower edges of the windows in cells.
    side : int
        Side of the windows in cells.
    periodic : bool
        Whether the box repeats, so that centres count from its other images too.
    """
    rows, columns = (other for other in range(3) if other != axis)
    along = _distance(position[:, axis], [offset], depth, cells[axis], periodic)[0]
    inside = (along >= 0) & (along < depth)
    position, volume = position[inside], volume[inside]
    return SlabVoids(
        rows=_distance(position[:, rows], row_positions, side, cells[rows], periodic),
        columns=_distance(position[:, columns], column_positions, side, cells[columns], periodic),
        volume=volume,
        side=side,
    )


def _distance(
    position: np.ndarray, edges: np.ndarray | list[int], window: int, cells: int, periodic: bool
) -> np.ndarray:
    """Distance from each lower edge; in a periodic box that of the image nearest to the window."""
    distance = position[np.newaxis, :] - np.asarray(edges, dtype=np.float64)[:, np.newaxis]
    if periodic:
        distance %= cells
        distance[distance > (window + cells) / 2] -= cells
    return distance
