"""Growth of empty spheres until four tracers lie on their surface."""

from collections.abc import Iterator

import numba
import numpy as np

from cosmodag.voids.finders.cell_list import CellList
from cosmodag.voids.finders.neighbour_search import first_tracer_met, is_inside, nearest_within
from cosmodag.voids.finders.voxelize import voxelize_spheres

MAXIMUM_MOVES = 200
"""Moves after which a sphere that still grows is dropped."""
BLOCK_POINTS = 1 << 21
"""Starting points that are handled together, of about 250 bytes each."""
FIRST_STEP = 0.2
"""First step of a search in units of the radius: a tracer is met within about one step."""
HASH_FACTOR = np.uint64(0x9E3779B97F4A7C15)


def grow_spheres(
    cells: CellList, minimum_radius: float, spacing: float, region: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Grow empty spheres from a lattice of starting points.

    From each point a sphere grows as in VoidFinder [1]_ [2]_: away from its nearest tracer until it
    touches a second, away from both until it touches a third, then a fourth. The sphere then climbs
    to a local maximum of its radius: it releases one tracer after the other, until its centre lies
    inside the tetrahedron of its four tracers. The spheres before and after the climb are both
    selected: the latter are the largest, the former follow the shape of irregular voids.

    Starting points that are too close to a tracer are skipped. Each empty sphere of the minimum
    radius still contains a starting point: one within half a lattice diagonal of its centre, whose
    nearest tracer is at least the radius less this distance away.

    Parameters
    ----------
    cells : CellList
        The tracers.
    minimum_radius : float
        Smallest radius in Mpc/h.
    spacing : float
        Distance between starting points in Mpc/h.
    region : numpy.ndarray, shape (nx, ny, nz), bool
        Cells of a mesh of the box in which centres may be, if it is not periodic.

    Returns
    -------
    centre : numpy.ndarray, shape (S, 3), float64
        Centres inside the box in Mpc/h, each sphere once.
    radius : numpy.ndarray, shape (S,), float64
        Distance from each centre to its nearest tracer in Mpc/h, descending; at least the minimum
        radius and below half of the box.

    References
    ----------
    .. [1] El-Ad & Piran 1997, ApJ 491, 421.
    .. [2] Douglass et al. 2022, JOSS 7, 4033.
    """
    shape = np.maximum(np.ceil(cells.box_size / spacing), 1).astype(np.int64)
    lattice = cells.box_size / shape
    clearance = max(minimum_radius - 0.5 * np.sqrt((lattice**2).sum()), 0.25 * minimum_radius)
    largest = cells.box_size.min() / 2
    grown = [
        _unique_spheres(*_grow_all(starts, clearance, cells, region, largest))
        for starts in _starting_points(cells, shape, clearance, region)
    ]
    radius, centre, corners, indices = _unique_spheres(*map(np.concatenate, zip(*grown)))
    climbed = _climb_all(centre, corners, indices, cells, region, largest)
    grown_once = (radius, centre, corners, indices)
    radius, centre, _, _ = _unique_spheres(*map(np.concatenate, zip(grown_once, climbed)))
    selected = np.flatnonzero(radius >= minimum_radius)
    selected = selected[np.argsort(-radius[selected], kind="stable")]
    centre = centre[selected] % cells.box_size if cells.periodic else centre[selected]
    return centre, radius[selected]


def _starting_points(
    cells: CellList, shape: np.ndarray, clearance: float, region: np.ndarray
) -> Iterator[np.ndarray]:
    """Yield the points of the lattice in a region that are away from all tracers, in blocks."""
    nx, ny, nz = shape.tolist()
    reach = np.full(len(cells.position), clearance)
    n_planes = max(BLOCK_POINTS // (ny * nz), 1)
    for first in range(0, nx, n_planes):
        planes = range(first, min(first + n_planes, nx))
        near = voxelize_spheres(
            cells.position,
            reach,
            (nx, ny, nz),
            cells.box_size,
            periodic=cells.periodic,
            planes=planes,
        )
        free = np.argwhere(near == 0)
        for start in range(0, max(len(free), 1), BLOCK_POINTS):
            points = free[start : start + BLOCK_POINTS] + np.array([first + 0.5, 0.5, 0.5])
            points *= cells.box_size / shape
            yield points[_all_inside(points, region, cells)]


@numba.njit(parallel=True, cache=True)
def _all_inside(points, region, cells: CellList):
    """Return whether each point lies in a region."""
    inside = np.empty(len(points), dtype=np.bool_)
    for n in numba.prange(len(points)):
        inside[n] = is_inside(points[n], region, cells)
    return inside


def _unique_spheres(
    radius: np.ndarray, centre: np.ndarray, corners: np.ndarray, indices: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Select spheres of positive radius, and one of those with the same four tracers."""
    positive = np.flatnonzero(radius > 0)
    tracers = np.sort(indices[positive], axis=1).astype(np.uint64)
    key = np.zeros(len(positive), dtype=np.uint64)
    for slot in range(4):
        key = (key + tracers[:, slot]) * HASH_FACTOR
        key ^= key >> np.uint64(32)
    _, first = np.unique(key, return_index=True)
    unique = positive[first]
    return radius[unique], centre[unique], corners[unique], indices[unique]


@numba.njit(parallel=True, cache=True)
def _grow_all(starts, clearance, cells: CellList, region, largest):
    """Grow a sphere from each start until it touches four tracers; radius 0 if it does not."""
    radius, centre = np.zeros(len(starts)), starts.copy()
    corners = np.empty((len(starts), 4, 3))
    indices = np.empty((len(starts), 4), dtype=np.int64)
    for n in numba.prange(len(starts)):
        if _touch_four(centre[n], clearance, corners[n], indices[n], cells, region, largest):
            radius[n] = _distance(centre[n], corners[n])
    return radius, centre, corners, indices


@numba.njit(parallel=True, cache=True)
def _climb_all(centre, corners, indices, cells: CellList, region, largest):
    """Move each sphere to a local maximum of its radius; radius 0 if there is none."""
    radius, centre = np.zeros(len(centre)), centre.copy()
    corners, indices = corners.copy(), indices.copy()
    for n in numba.prange(len(centre)):
        if _climb(centre[n], corners[n], indices[n], cells, region, largest):
            radius[n] = _distance(centre[n], corners[n])
    return radius, centre, corners, indices


@numba.njit(cache=True, nogil=True)
def _touch_four(centre, clearance, corners, indices, cells: CellList, region, largest):
    """Grow a sphere in place until it touches four tracers; return whether it does."""
    squared, direction = np.empty(1), np.empty(3)
    indices[0], reach = -1, clearance
    while indices[0] < 0 and reach < largest:
        reach *= 1.3
        indices[0] = nearest_within(centre, reach, cells, squared, corners[0])
    if indices[0] < 0:
        return False
    for touched in range(1, 4):
        _away_from(centre, corners, touched, direction)
        if not _advance(
            centre, direction, corners, touched, indices, cells, region, largest, corners[0]
        ):
            return False
    return True


@numba.njit(cache=True, nogil=True)
def _climb(centre, corners, indices, cells: CellList, region, largest):
    """Move a sphere in place to a local maximum of its radius; return whether there is one.

    While the centre lies outside the tetrahedron of the four tracers, beyond the face opposite to
    one of them, moving along the normal of that face releases this tracer and enlarges the sphere.
    """
    direction = np.empty(3)
    for _ in range(MAXIMUM_MOVES):
        released = _corner_to_release(centre, corners, direction)
        if released < 0:
            return True
        touching = corners[(released + 1) % 4].copy()
        if not _advance(
            centre, direction, corners, released, indices, cells, region, largest, touching
        ):
            return False
    return False


@numba.njit(cache=True, nogil=True)
def _advance(centre, direction, corners, slot, indices, cells: CellList, region, largest, touching):
    """Move a sphere until it meets a tracer, which takes a slot; return whether it meets one."""
    image = np.empty(3)
    radius = np.sqrt(((centre - touching) ** 2).sum())
    t, met = first_tracer_met(
        centre, direction, touching, largest, FIRST_STEP * radius, cells, region, image
    )
    if met < 0:
        return False
    for axis in range(3):
        centre[axis] += t * direction[axis]
        corners[slot, axis] = image[axis]
    indices[slot] = met
    if not is_inside(centre, region, cells):
        return False
    return np.sqrt(((centre - touching) ** 2).sum()) < largest


@numba.njit(cache=True, nogil=True)
def _away_from(centre, corners, touched, direction):
    """Set the direction in which the distances to the touched tracers grow equally."""
    if touched == 1:
        direction[:] = centre - corners[0]
    elif touched == 2:
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
    """Set `normal` to the cross product (b - a) × (c - a)."""
    ux, uy, uz = b[0] - a[0], b[1] - a[1], b[2] - a[2]
    vx, vy, vz = c[0] - a[0], c[1] - a[1], c[2] - a[2]
    normal[0] = uy * vz - uz * vy
    normal[1] = uz * vx - ux * vz
    normal[2] = ux * vy - uy * vx


@numba.njit(cache=True, nogil=True)
def _corner_to_release(centre, corners, direction):
    """Return the tracer opposite to the face that the centre is furthest beyond, or -1.

    `direction` becomes the unit normal of that face that points away from the tracer.
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
    """Return the distance to the nearest of four tracers, which differ by rounding."""
    squared = np.inf
    for corner in range(4):
        squared = min(squared, ((centre - corners[corner]) ** 2).sum())
    return np.sqrt(squared)
