"""Voids as unions of empty spheres."""

import numpy as np
import pytest
from scipy.spatial import Delaunay, cKDTree

from cosmodag.errors import InputError
from cosmodag.voids.finders import empty_spheres, sphere_growth
from cosmodag.voids.finders.cross_match import match_spheres
from cosmodag.voids.finders.empty_spheres import find_empty_spheres, fraction_outside
from cosmodag.voids.finders.sphere_merging import overlap_fraction
from cosmodag.voids.finders.wall_galaxies import is_wall_galaxy

from .planted import remove_spheres, scatter_spheres, wrapped

BOX = np.array([60.0, 80.0, 70.0])


def random_tracers(box_size, count, seed=0):
    """Return uniformly distributed tracers."""
    return np.random.default_rng(seed).uniform(0, 1, (count, 3)) * box_size


@pytest.mark.parametrize("periodic", [True, False])
@pytest.mark.parametrize("wall_only", [True, False])
def test_every_sphere_touches_its_nearest_tracer_and_contains_none(periodic, wall_only):
    tracers = random_tracers(BOX, 2000)
    voids = find_empty_spheres(
        tracers, BOX, periodic=periodic, minimum_radius=6.0, wall_only=wall_only
    )
    walls = tracers[is_wall_galaxy(tracers, BOX, periodic=periodic)] if wall_only else tracers
    nearest, _ = cKDTree(walls, boxsize=BOX if periodic else None).query(voids.sphere_position)
    assert len(voids) > 5
    np.testing.assert_allclose(nearest, voids.sphere_radius, rtol=1e-9)


def test_every_sphere_touches_four_tracers():
    tracers = random_tracers(BOX, 2000)
    voids = find_empty_spheres(tracers, BOX, periodic=True, minimum_radius=6.0, wall_only=False)
    nearest, _ = cKDTree(tracers, boxsize=BOX).query(voids.sphere_position, k=4)
    np.testing.assert_allclose(nearest[:, 3], voids.sphere_radius, rtol=1e-7)


def test_no_larger_empty_sphere_exists():
    """The largest empty sphere of a periodic box is the largest circumsphere of Delaunay."""
    side = 50.0
    tracers = random_tracers(side, 600, seed=3)
    images = np.concatenate([tracers + side * np.array(s) for s in np.ndindex(3, 3, 3)]) - side
    corners = images[Delaunay(images).simplices]
    corners = corners[np.abs(np.linalg.det(corners[:, 1:] - corners[:, :1])) > 1e-6]
    edges = corners[:, 1:] - corners[:, :1]
    offset = np.linalg.solve(2 * edges, (edges**2).sum(axis=2)[..., None])[..., 0]
    centre, radius = corners[:, 0] + offset, np.linalg.norm(offset, axis=1)
    inside = ((centre >= 0) & (centre < side)).all(axis=1)
    voids = find_empty_spheres(
        tracers, np.full(3, side), periodic=True, minimum_radius=5.0, wall_only=False
    )
    assert voids.radius[0] == pytest.approx(radius[inside].max(), rel=1e-9)


def test_maximal_spheres_overlap_by_at_most_a_tenth():
    voids = find_empty_spheres(random_tracers(BOX, 2000), BOX, periodic=True, minimum_radius=6.0)
    for n in range(1, len(voids)):
        distance = np.linalg.norm(wrapped(voids.position[:n] - voids.position[n], BOX), axis=1)
        for m in range(n):
            assert overlap_fraction(distance[m], voids.radius[n], voids.radius[m]) <= 0.1


def test_joined_spheres_overlap_their_void_by_half():
    voids = find_empty_spheres(random_tracers(BOX, 2000), BOX, periodic=True, minimum_radius=6.0)
    assert len(voids.sphere_radius) > len(voids)
    for position, radius, void in zip(
        voids.sphere_position, voids.sphere_radius, voids.sphere_void
    ):
        distance = np.linalg.norm(wrapped(position - voids.position[void], BOX))
        assert overlap_fraction(distance, radius, voids.radius[void]) >= 0.5


def test_a_shifted_periodic_box_has_the_same_voids():
    tracers = random_tracers(BOX, 2000)
    shift = np.array([13.0, 71.0, 29.0])
    voids = find_empty_spheres(tracers, BOX, periodic=True, minimum_radius=6.0)
    moved = find_empty_spheres((tracers + shift) % BOX, BOX, periodic=True, minimum_radius=6.0)
    # The lattice of starting points is not shifted, so small spheres may differ.
    large = voids.radius > 7.5
    match = match_spheres(
        moved.position,
        moved.radius,
        (voids.position[large] + shift) % BOX,
        voids.radius[large],
        BOX,
        periodic=True,
        maximum_offset=1e-6,
    )
    assert large.sum() > 5
    assert match.completeness == 1


def test_spheres_of_an_open_box_stay_inside_it():
    voids = find_empty_spheres(random_tracers(BOX, 2000), BOX, periodic=False, minimum_radius=6.0)
    assert ((voids.sphere_position >= 0) & (voids.sphere_position <= BOX)).all()
    assert fraction_outside(voids.sphere_position, voids.sphere_radius, BOX).max() <= 0.1


def test_a_sphere_centred_on_a_face_is_half_outside():
    outside = fraction_outside(np.array([[0.0, 30.0, 30.0]]), np.array([10.0]), BOX)
    np.testing.assert_allclose(outside, 0.5)


def covered_fraction(points, voids, box_size):
    """Return the fraction of points inside the spheres of the largest void."""
    spheres = voids.sphere_void == 0
    offset = points[:, None] - voids.sphere_position[spheres]
    distance = np.linalg.norm(wrapped(offset, box_size), axis=2)
    return (distance < voids.sphere_radius[spheres]).any(axis=1).mean()


def test_the_union_covers_a_dumbbell_that_no_sphere_does():
    side = 100.0
    tracers = random_tracers(side, 60_000)

    def in_dumbbell(points):
        x, y, z = (points - 50).T
        lobes = np.minimum((x - 12) ** 2, (x + 12) ** 2) + y**2 + z**2 < 14**2
        return lobes | ((np.abs(x) < 12) & (y**2 + z**2 < 12**2))

    tracers = tracers[~in_dumbbell(tracers)]
    points = random_tracers(side, 20_000, seed=1)
    points = points[in_dumbbell(points)]
    box_size = np.full(3, side)
    voids = find_empty_spheres(tracers, box_size, periodic=True, wall_only=False)
    largest = np.linalg.norm(points - voids.position[0], axis=1) < voids.radius[0]
    assert largest.mean() < 0.7
    union = np.zeros(len(points), dtype=bool)
    for position, radius in zip(voids.sphere_position, voids.sphere_radius):
        union |= np.linalg.norm(points - position, axis=1) < radius
    assert union.mean() > 0.95


def test_the_union_covers_an_ellipsoid_that_no_sphere_does():
    side = 100.0
    axes = np.array([18.0, 12.0, 12.0])
    tracers = random_tracers(side, 60_000)
    tracers = tracers[(((tracers - 50) / axes) ** 2).sum(axis=1) > 1]
    points = random_tracers(side, 40_000, seed=1)
    points = points[(((points - 50) / axes) ** 2).sum(axis=1) < 1]
    voids = find_empty_spheres(
        tracers, np.full(3, side), periodic=True, minimum_radius=8.0, wall_only=False
    )
    largest = np.linalg.norm(points - voids.position[0], axis=1) < voids.radius[0]
    assert largest.mean() < 0.75
    assert covered_fraction(points, voids, np.full(3, side)) > 0.93
    assert voids.volume[0] == pytest.approx(4 / 3 * np.pi * axes.prod(), rel=0.15)


def test_completeness_and_purity_of_planted_voids_are_one():
    rng = np.random.default_rng(5)
    side, radii = 150.0, np.linspace(12, 20, 8)
    centres = scatter_spheres(rng, radii, side, separation=1.1)
    tracers = remove_spheres(rng.uniform(0, side, (80_000, 3)), centres, radii, side)
    voids = find_empty_spheres(tracers, np.full(3, side), periodic=True, wall_only=False)
    large = voids.radius > 12
    match = match_spheres(
        voids.position[large],
        voids.radius[large],
        centres,
        radii,
        np.full(3, side),
        periodic=True,
        maximum_offset=0.2,
    )
    assert match.completeness == 1
    assert match.purity == 1
    assert np.abs(match.radius_ratio - 1).mean() < 0.02


@pytest.mark.slow
def test_completeness_and_purity_of_150_voids_among_a_million_tracers_are_one():
    rng = np.random.default_rng(6)
    side, radii = 500.0, rng.uniform(12, 30, 150)
    centres = scatter_spheres(rng, radii, side, separation=1.02)
    tracers = remove_spheres(rng.uniform(0, side, (1_480_000, 3)), centres, radii, side)
    assert len(tracers) > 1_380_000
    voids = find_empty_spheres(tracers, np.full(3, side), periodic=True, wall_only=False)
    large = voids.radius > 12
    match = match_spheres(
        voids.position[large],
        voids.radius[large],
        centres,
        radii,
        np.full(3, side),
        periodic=True,
        maximum_offset=0.2,
    )
    assert match.completeness == 1
    assert match.purity == 1
    assert np.abs(match.radius_ratio - 1).mean() < 0.02


def test_volume_of_an_isolated_void_is_that_of_its_sphere():
    rng = np.random.default_rng(5)
    tracers = remove_spheres(rng.uniform(0, 80, (40_000, 3)), [[40.0] * 3], [15.0], 80.0)
    voids = find_empty_spheres(
        tracers, np.full(3, 80.0), periodic=True, minimum_radius=14.0, wall_only=False
    )
    assert len(voids) == 1
    assert voids.volume[0] == pytest.approx(4 / 3 * np.pi * 15**3, rel=0.05)


def test_wall_galaxies_have_a_near_third_neighbour():
    tracers = random_tracers(BOX, 3000)
    for periodic in (True, False):
        tree = cKDTree(tracers, boxsize=BOX if periodic else None)
        third = tree.query(tracers, k=4)[0][:, 3]
        expected = third <= third.mean() + 1.5 * third.std()
        np.testing.assert_array_equal(is_wall_galaxy(tracers, BOX, periodic=periodic), expected)


def test_three_tracers_have_no_empty_sphere():
    voids = find_empty_spheres(random_tracers(BOX, 3), BOX, periodic=False, wall_only=True)
    assert len(voids) == 0
    assert voids.volume.shape == (0,)


@pytest.mark.parametrize(
    ("tracers", "message"),
    [
        (np.empty((0, 3)), "no tracer"),
        (np.full((5, 3), np.nan), "NaN"),
        (random_tracers(BOX * 1.5, 1000), "outside the box"),
    ],
)
def test_invalid_tracers_are_refused(tracers, message):
    with pytest.raises(InputError, match=message):
        find_empty_spheres(tracers, BOX, periodic=True)


@pytest.mark.data
@pytest.mark.slow
def test_voids_of_real_galaxies_match_those_of_vast(data_folder):
    galaxies = np.loadtxt(data_folder / "voids" / "gadget_sim_100_256_wall.dat") + 50
    from astropy.table import Table

    vast = Table.read(data_folder / "voids" / "gadget_VAST-VoidFinder_MAXIMALS.fits")
    centres = np.stack([vast[axis] for axis in "xyz"], axis=1).astype(float) + 50
    radius = np.asarray(vast["radius"], dtype=float)
    box_size = np.full(3, 100.0)
    voids = find_empty_spheres(galaxies % box_size, box_size, periodic=True)
    match = match_spheres(
        voids.sphere_position,
        voids.sphere_radius,
        centres,
        radius,
        box_size,
        periodic=True,
        maximum_offset=0.3,
    )
    assert voids.radius[0] >= radius.max()
    assert np.median(match.radius_ratio) == pytest.approx(1, abs=0.02)


def test_spheres_grown_in_blocks_are_those_grown_at_once(monkeypatch):
    tracers = random_tracers(BOX, 3000, seed=6)
    whole = find_empty_spheres(tracers, BOX, periodic=True, minimum_radius=5.0)
    monkeypatch.setattr(sphere_growth, "BLOCK_POINTS", 2000)
    parts = find_empty_spheres(tracers, BOX, periodic=True, minimum_radius=5.0)
    for name in ("position", "radius", "volume", "sphere_position", "sphere_radius"):
        np.testing.assert_array_equal(getattr(parts, name), getattr(whole, name))


def test_a_lattice_far_too_fine_for_the_tracers_is_refused_before_it_is_made():
    with pytest.raises(InputError, match=r"grow from .*e\+\d+ points, .* times as large"):
        find_empty_spheres(
            random_tracers(1000.0, 5000), [1000.0] * 3, periodic=True, minimum_radius=0.1
        )


def test_spheres_of_a_survey_do_not_depend_on_those_that_grow_far_outside(monkeypatch):
    cells, side = np.array([24, 32, 28]), 2.5
    place = (np.indices(cells).reshape(3, -1).T + 0.5) * side
    survey = (((place - BOX / 2) ** 2).sum(axis=1) < 28**2).reshape(cells)
    survey[12, 16, 14] = False  # a hole, as of a bright star
    tracers = random_tracers(BOX, 3000)
    tracers = tracers[survey[tuple((tracers / side).astype(int).T)]]
    settings = {"periodic": False, "minimum_radius": 6.0, "survey": survey}
    voids = find_empty_spheres(tracers, BOX, **settings)
    monkeypatch.setattr(empty_spheres, "_around", lambda survey, *_: np.ones_like(survey))
    everywhere = find_empty_spheres(tracers, BOX, **settings)
    assert len(voids) > 5
    np.testing.assert_allclose(voids.position, everywhere.position)
    np.testing.assert_allclose(voids.radius, everywhere.radius)
