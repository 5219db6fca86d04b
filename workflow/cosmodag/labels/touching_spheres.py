"""Growth of empty spheres until four tracers hold them."""

import numba
import numpy as np

from cosmodag.labels.cell_list import CellList
from cosmodag.labels.neighbours import first_touched, nearest_within

MOST_STEPS = 200


def grow_spheres(
    cells: CellList, minimum_radius: float, spacing: float
) -> tuple[np.ndarray, np.ndarray]:
    """Grow empty spheres from a lattice of starting points.

    From each point the sphere grows as VoidFinder's do: away from its nearest tracer until a
    second touches, away from both until a third, then a fourth (El-Ad & Piran 1997; Douglass et
    al. 2022). It then climbs on, giving up the tracer that holds it least, until its centre lies
    between its four tracers and no larger empty sphere stands next to it. Both the first sphere
    held by four tracers and the last are kept: the last are the largest, the first follow the
    shape of irregular voids.

    An empty sphere of the minimum radius holds every lattice point nearer to its centre than half
    a lattice diagonal, and that point's nearest tracer is no nearer than the radius less this
    distance; points with a nearer tracer are left out.

    Parameters
    ----------
    cells : CellList
        The tracers.
    minimum_radius : float
        Smallest sphere to keep, in Mpc/h.
    spacing : float
        Distance between starting points in Mpc/h.

    Returns
    -------
    centre : (S, 3) float64 array
        In Mpc/h, inside the box; each sphere once.
    radius : (S,) float64 array
        Distance from each centre to its nearest tracer in Mpc/h, at least the minimum and below
        half of the box; largest first.
    """
    shape = np.maximum(np.ceil(cells.box_size / spacing), 1).astype(np.int64)
    lattice = cells.box_size / shape
    clearance = max(minimum_radius - 0.5 * np.sqrt((lattice**2).sum()), 0.25 * minimum_radius)
    empty = np.flatnonzero(_clear_points(cells, shape, lattice, clearance))
    starts = (np.stack(np.unravel_index(empty, shape), axis=1) + 0.5) * lattice
    centre, radius, held_by = _grow(starts, cells, cells.box_size.min() / 2)

    kept = np.flatnonzero(radius >= minimum_radius)
    _, first = np.unique(np.sort(held_by[kept], axis=1), axis=0, return_index=True)
    kept = kept[first]
    kept = kept[np.argsort(-radius[kept], kind="stable")]
    return centre[kept], radius[kept]


@numba.njit(parallel=True, cache=True)
def _clear_points(cells: CellList, shape, lattice, clearance):
    """Which lattice points have no tracer within a distance; most fail at the first tracer."""
    clear = np.zeros(shape[0] * shape[1] * shape[2], dtype=np.bool_)
    for i in numba.prange(shape[0]):
        point, squared, image = np.empty(3), np.empty(1), np.empty(3)
        point[0] = (i + 0.5) * lattice[0]
        for j in range(shape[1]):
            point[1] = (j + 0.5) * lattice[1]
            for k in range(shape[2]):
                point[2] = (k + 0.5) * lattice[2]
                near = nearest_within(point, 0.5 * clearance, cells, squared, image) >= 0
                near = near or nearest_within(point, clearance, cells, squared, image) >= 0
                clear[(i * shape[1] + j) * shape[2] + k] = not near
    return clear


@numba.njit(parallel=True, cache=True)
def _grow(starts, cells: CellList, largest):
    """Grow a sphere from each start: row 2 n is the first sphere held, row 2 n + 1 the last.

    Radius 0 marks a sphere that nothing holds within the largest radius or inside an open box.
    """
    centres = np.empty((2 * len(starts), 3))
    radii = np.zeros(2 * len(starts))
    held_by = np.zeros((2 * len(starts), 4), dtype=np.int64)
    for n in numba.prange(len(starts)):
        centre, corners = starts[n].copy(), np.empty((4, 3))
        indices = np.empty(4, dtype=np.int64)
        held = _touch_four(centre, corners, indices, cells, largest)
        row = 2 * n
        while held and row < 2 * n + 2:
            radii[row] = _distance(centre, corners)
            centres[row] = centre
            held_by[row] = indices
            if cells.periodic:
                for axis in range(3):
                    centres[row, axis] %= cells.box_size[axis]
            held = row == 2 * n and _climb(centre, corners, indices, cells, largest)
            row += 1
    return centres, radii, held_by


@numba.njit(cache=True, nogil=True)
def _touch_four(centre, corners, indices, cells: CellList, largest):
    """Grow a sphere in place until four tracers hold it; False if they do not."""
    squared, direction = np.empty(1), np.empty(3)
    reach = cells.cell.max()
    indices[0] = -1
    while indices[0] < 0 and reach < 2 * largest:
        indices[0] = nearest_within(centre, reach, cells, squared, corners[0])
        reach *= 2
    if indices[0] < 0:
        return False
    for held in range(1, 4):
        _away_from(centre, corners, held, direction)
        if not _advance(centre, direction, corners, held, indices, cells, largest, corners[0]):
            return False
    return True


@numba.njit(cache=True, nogil=True)
def _climb(centre, corners, indices, cells: CellList, largest):
    """Move a sphere held by four tracers in place to a local maximum of its radius.

    While the centre lies outside the tetrahedron of its tracers, beyond the face opposite to one
    of them, moving on along that face's normal lets go of that tracer and enlarges the sphere.
    """
    direction = np.empty(3)
    for _ in range(MOST_STEPS):
        released = _corner_to_release(centre, corners, direction)
        if released < 0:
            return True
        kept = corners[(released + 1) % 4].copy()
        if not _advance(centre, direction, corners, released, indices, cells, largest, kept):
            return False
    return False


@numba.njit(cache=True, nogil=True)
def _advance(centre, direction, corners, slot, indices, cells: CellList, largest, touching):
    """Move a sphere on to the next tracer, which takes a slot; False if it meets none."""
    image = np.empty(3)
    radius = np.sqrt(((centre - touching) ** 2).sum())
    t, found = first_touched(centre, direction, touching, largest, 0.2 * radius, cells, image)
    if found < 0:
        return False
    for axis in range(3):
        centre[axis] += t * direction[axis]
        corners[slot, axis] = image[axis]
        if not cells.periodic and not 0 <= centre[axis] <= cells.box_size[axis]:
            return False
    indices[slot] = found
    return np.sqrt(((centre - touching) ** 2).sum()) < largest


@numba.njit(cache=True, nogil=True)
def _away_from(centre, corners, held, direction):
    """Unit vector that keeps the distances to the first tracers alike and enlarges them."""
    if held == 1:
        direction[:] = centre - corners[0]
    elif held == 2:
        direction[:] = centre - 0.5 * (corners[0] + corners[1])
    else:
        _normal(corners[0], corners[1], corners[2], direction)
        if (direction * (centre - corners[0])).sum() < 0:
            direction[:] = -direction
    length = np.sqrt((direction**2).sum())
    if length > 0:
        direction /= length
    else:
        direction[:] = 0.0


@numba.njit(cache=True, nogil=True)
def _normal(a, b, c, normal):
    """Cross product (b - a) x (c - a)."""
    ux, uy, uz = b[0] - a[0], b[1] - a[1], b[2] - a[2]
    vx, vy, vz = c[0] - a[0], c[1] - a[1], c[2] - a[2]
    normal[0] = uy * vz - uz * vy
    normal[1] = uz * vx - ux * vz
    normal[2] = ux * vy - uy * vx


@numba.njit(cache=True, nogil=True)
def _corner_to_release(centre, corners, direction):
    """The tracer opposite to the face that the centre is furthest beyond; -1 if beyond none.

    `direction` becomes the unit normal of that face, away from the tracer.
    """
    normal = np.empty(3)
    released, furthest = -1, 0.0
    for corner in range(4):
        a, b, c = (corner + 1) % 4, (corner + 2) % 4, (corner + 3) % 4
        _normal(corners[a], corners[b], corners[c], normal)
        length = np.sqrt((normal**2).sum())
        if length == 0:
            return -1
        normal /= length
        height = (normal * (corners[corner] - corners[a])).sum()
        if height > 0:
            normal[:] = -normal
        beyond = (normal * (centre - corners[a])).sum()
        if beyond > furthest + 1e-9 * length**0.5:
            released, furthest = corner, beyond
            direction[:] = normal
    return released


@numba.njit(cache=True, nogil=True)
def _distance(centre, corners):
    """Distance to the nearest of four tracers, which rounding leaves a little apart."""
    squared = np.inf
    for corner in range(4):
        squared = min(squared, ((centre - corners[corner]) ** 2).sum())
    return np.sqrt(squared)
