"""Growth of empty spheres until four tracers hold them."""

import numba
import numpy as np

from cosmodag.voids.finders.cell_list import CellList
from cosmodag.voids.finders.neighbours import first_touched, nearest_within
from cosmodag.voids.finders.voxelize import voxelize_spheres

MOST_STEPS = 200
FIRST_STEP = 0.2  # of the radius: tracers are met within about a step, and few twice
HASH_FACTOR = np.uint64(0x9E3779B97F4A7C15)


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
    reach = np.full(len(cells.position), clearance)
    near = voxelize_spheres(cells.position, reach, shape, cells.box_size, periodic=cells.periodic)
    starts = (np.argwhere(near == 0) + 0.5) * lattice
    largest = cells.box_size.min() / 2
    first = _once_each(*_grow_all(starts, clearance, cells, largest))
    last = _climb_all(*first[1:], cells, largest)
    radius, centre, _, _ = _once_each(*(np.concatenate(pair) for pair in zip(first, last)))
    kept = np.flatnonzero(radius >= minimum_radius)
    kept = kept[np.argsort(-radius[kept], kind="stable")]
    centre = centre[kept] % cells.box_size if cells.periodic else centre[kept]
    return centre, radius[kept]


def _once_each(radius, centre, corners, indices) -> tuple[np.ndarray, ...]:
    """Keep the held spheres (radius above 0), and one of those that the same tracers hold."""
    held = np.flatnonzero(radius > 0)
    names = np.sort(indices[held], axis=1).astype(np.uint64)
    key = np.zeros(len(held), dtype=np.uint64)
    for slot in range(4):
        key = (key + names[:, slot]) * HASH_FACTOR
        key ^= key >> np.uint64(32)
    _, first = np.unique(key, return_index=True)
    return tuple(array[held[first]] for array in (radius, centre, corners, indices))


@numba.njit(parallel=True, cache=True)
def _grow_all(starts, clearance, cells: CellList, largest):
    """Grow a sphere from each start until four tracers hold it; radius 0 where none do."""
    radius, centre = np.zeros(len(starts)), starts.copy()
    corners = np.empty((len(starts), 4, 3))
    indices = np.empty((len(starts), 4), dtype=np.int64)
    for n in numba.prange(len(starts)):
        if _touch_four(centre[n], clearance, corners[n], indices[n], cells, largest):
            radius[n] = _distance(centre[n], corners[n])
    return radius, centre, corners, indices


@numba.njit(parallel=True, cache=True)
def _climb_all(centre, corners, indices, cells: CellList, largest):
    """Move held spheres on to where they are largest; radius 0 for those that get lost."""
    radius, centre = np.zeros(len(centre)), centre.copy()
    corners, indices = corners.copy(), indices.copy()
    for n in numba.prange(len(centre)):
        if _climb(centre[n], corners[n], indices[n], cells, largest):
            radius[n] = _distance(centre[n], corners[n])
    return radius, centre, corners, indices


@numba.njit(cache=True, nogil=True)
def _touch_four(centre, clearance, corners, indices, cells: CellList, largest):
    """Grow a sphere in place until four tracers hold it; False if they do not."""
    squared, direction = np.empty(1), np.empty(3)
    indices[0], reach = -1, clearance
    while indices[0] < 0 and reach < largest:
        reach *= 1.3
        indices[0] = nearest_within(centre, reach, cells, squared, corners[0])
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
    t, found = first_touched(
        centre, direction, touching, largest, FIRST_STEP * radius, cells, image
    )
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
