"""Voids as basins of a smoothed density."""

import bisect
import itertools
import time

import numba
import numpy as np
import pytest

from cosmodag.errors import InputError
from cosmodag.gridding.mass_assignment import assign_mass
from cosmodag.voids.finders.cross_match import match_spheres
from cosmodag.voids.finders.flooding import flood
from cosmodag.voids.finders.region_shapes import measure_regions
from cosmodag.voids.finders.smoothing import smooth
from cosmodag.voids.finders.watershed import Watershed, find_watershed_voids

from .planted import remove_spheres, scatter_spheres, wrapped

SHAPE = (7, 9, 6)
STEPS = [step for step in itertools.product((-1, 0, 1), repeat=3) if any(step)]


def random_field(shape, seed, scale=1.0):
    """Return a positive random field, smoothed by a Gaussian of a scale in cells."""
    noise = np.random.default_rng(seed).normal(size=shape)
    smoothed = smooth(noise, np.array(shape, float), scale)
    return (1 + 0.3 * smoothed / smoothed.std()).clip(0.01).astype(np.float32)


def cells_around(cell, shape, periodic):
    """Return the cells that touch a cell."""
    for step in STEPS:
        place = tuple(np.add(cell, step))
        if periodic:
            yield tuple(np.mod(place, shape))
        elif all(0 <= index < n for index, n in zip(place, shape)):
            yield place


def descend(density, inside, periodic):
    """Return the minimum that the way of steepest descent from each cell leads to."""
    bottoms = {}
    for cell in zip(*np.nonzero(inside)):
        way = cell
        while True:
            near = [c for c in cells_around(way, density.shape, periodic) if inside[c]]
            lowest = min([way, *near], key=lambda c: density[c])
            if lowest == way:
                break
            way = lowest
        bottoms[cell] = way
    return bottoms


def reaches_deeper(density, inside, periodic, minimum, level):
    """Return whether water from a minimum reaches a deeper cell at a level."""
    pool, wet = [minimum], {minimum}
    while pool:
        for cell in cells_around(pool.pop(), density.shape, periodic):
            if cell not in wet and inside[cell] and density[cell] <= level:
                pool.append(cell)
                wet.add(cell)
    return min(density[cell] for cell in wet) < density[minimum]


def outflow(density, inside, periodic, minimum):
    """Return the lowest level at which water from a minimum reaches a deeper cell."""
    levels = np.append(np.sort(density[inside]), np.inf)
    return levels[
        bisect.bisect_left(
            range(len(levels) - 1),
            True,
            key=lambda n: reaches_deeper(density, inside, periodic, minimum, levels[n]),
        )
    ]


@pytest.mark.parametrize("periodic", [True, False])
@pytest.mark.parametrize("masked", [True, False])
def test_basins_and_ridges_are_those_of_walks_and_floods_by_hand(periodic, masked):
    density = random_field(SHAPE, seed=1)
    inside = np.ones(SHAPE, bool)
    if masked:
        inside[4:6] = inside[:, :, 3] = False
    basins = flood(density, lowest_ridge=0, inside=inside, periodic=periodic)
    assert len(basins.ridge) > 2
    assert (basins.rows[~inside] == -1).all()
    bottoms = descend(density, inside, periodic)
    for cell, bottom in bottoms.items():
        assert basins.minimum[basins.rows[cell]] == np.ravel_multi_index(bottom, SHAPE)
    for minimum, ridge in zip(basins.minimum, basins.ridge):
        bottom = np.unravel_index(minimum, SHAPE)
        assert ridge == pytest.approx(outflow(density, inside, periodic, bottom))


def test_basins_join_over_low_ridges_unless_these_are_high_above_both_minima():
    row = np.array([0.04, 0.16, 0.09, 0.8, 0.01, 0.16, 0.0025, 0.9], np.float32).reshape(-1, 1, 1)
    rows = [
        flood(row, lowest_ridge=0.2, height=height, periodic=True).rows.ravel().tolist()
        for height in (None, np.full(row.shape, 0.15, np.float32))
    ]
    assert rows[0] == [1, 1, 1, 0, 0, 0, 0, 0]
    assert rows[1] == [2, 2, 2, 1, 1, 0, 0, 0]


def wells(side, cells, centres, radii, floor=0.1):
    """Return an overdensity with a parabolic well about each centre, and the mean elsewhere."""
    cell = side / cells
    axes = np.meshgrid(*[(np.arange(cells) + 0.5) * cell] * 3, indexing="ij")
    points = np.stack(axes, -1)
    density = np.ones((cells,) * 3)
    for centre, radius in zip(centres, radii):
        squared = (wrapped(points - centre, side) ** 2).sum(-1) / radius**2
        density = np.minimum(density, floor + (1 - floor) * squared)
    return (density - 1).astype(np.float32)


CENTRES = np.array([[2.0, 50.0, 98.0], [30.0, 25.0, 30.0], [60.0, 75.0, 55.0]])
RADII = np.array([22.0, 18.0, 15.0])
PLAIN = Watershed(smoothing=0.5, minimum_radius=5)


def test_planted_wells_are_found_with_their_centres_and_volumes():
    field = wells(100.0, 50, CENTRES, RADII)
    voids = find_watershed_voids(field, [100.0] * 3, PLAIN)
    edge = RADII * np.sqrt(0.6 / 0.9)  # where the density reaches that of the threshold, 0.7
    assert len(voids) == 3
    assert np.abs(wrapped(voids.position - CENTRES, 100.0)).max() < 0.2
    np.testing.assert_allclose(voids.radius, edge, atol=0.3)
    np.testing.assert_array_equal(np.bincount(voids.rows[voids.rows >= 0]) * 8, voids.volume)
    np.testing.assert_allclose(voids.contrast, 10, rtol=0.15)
    assert np.isinf(voids.significance).all()
    assert voids.ellipticity.max() < 0.03


def test_voids_move_with_the_field_across_the_faces():
    field = random_field((20, 24, 28), seed=3, scale=2.0) - 1
    sides = np.array([40.0, 48.0, 56.0])
    settings = Watershed(smoothing=2.0, minimum_radius=4)
    shift = (13, 7, 25)
    here = find_watershed_voids(field, sides, settings)
    there = find_watershed_voids(np.roll(field, shift, (0, 1, 2)), sides, settings)
    assert len(here) == len(there) > 3
    match = match_spheres(
        (here.position + 2.0 * np.array(shift)) % sides,
        here.radius,
        there.position,
        there.radius,
        sides,
        periodic=True,
    )
    assert match.completeness == 1
    assert match.offset.max() < 1e-3
    np.testing.assert_allclose(match.radius_ratio, 1, atol=1e-6)


def test_cells_outside_a_survey_belong_to_no_void_and_do_not_join_voids():
    """A gap through a well leaves two voids, and its overdensities of 0 make no ridge."""
    field = wells(100.0, 50, [[50.0] * 3], [25.0])
    weight = np.ones_like(field)
    weight[24:26] = 0
    voids = find_watershed_voids(field * weight, [100.0] * 3, PLAIN, weight=weight, periodic=False)
    assert len(voids) == 2
    assert (voids.rows[24:26] == -1).all()
    assert (voids.rows[23, 25, 25], voids.rows[26, 25, 25]) in [(0, 1), (1, 0)]
    np.testing.assert_allclose(voids.contrast, 10, rtol=0.15)


def tracers(random, density, side):
    return random.uniform(0, side, (random.poisson(density * side**3), 3)).astype(np.float32)


def overdensity(position, side, cells):
    grid = np.zeros((cells,) * 3, np.float32)
    assign_mass(position, grid, np.full(3, side), method="cic", periodic=True)
    return grid / grid.mean() - 1


@pytest.mark.parametrize(("density", "smoothing"), [(0.003, 5.0), (0.01, 4.0), (0.03, 4.0)])
def test_tracers_without_clustering_have_nearly_no_significant_voids(density, smoothing):
    """At any density, about one of 300 minima is significant by chance."""
    found, minima = 0, 0
    settings = {"smoothing": smoothing, "minimum_radius": 7.0, "threshold": 0.0}
    for seed in range(4):
        field = overdensity(tracers(np.random.default_rng(seed), density, 160.0), 160.0, 48)
        for limit in (0, 2.5):
            voids = find_watershed_voids(
                field,
                [160.0] * 3,
                Watershed(minimum_significance=limit, **settings),
                density=density,
            )
            found, minima = (found + len(voids), minima) if limit else (found, minima + len(voids))
    assert minima > 50
    assert found <= 8


@pytest.fixture(scope="module")
def planted():
    """A field of tracers without 40 empty spheres, with their centres and radii."""
    radii = np.linspace(18, 10, 40)
    centres = scatter_spheres(np.random.default_rng(1), radii, 220.0, separation=1.2)
    points = tracers(np.random.default_rng(2), 0.01, 220.0)
    return overdensity(remove_spheres(points, centres, radii, 220.0), 220.0, 80), centres, radii


def test_empty_spheres_among_tracers_are_found(planted):
    field, centres, radii = planted
    voids = find_watershed_voids(field, [220.0] * 3, Watershed(), density=0.01)
    match = match_spheres(voids.position, voids.radius, centres, radii, [220.0] * 3, periodic=True)
    assert match.completeness >= 0.95
    assert match.purity >= 0.95
    assert np.median(match.offset) < 0.15
    assert np.median(match.radius_ratio) == pytest.approx(1.1, abs=0.07)
    assert (np.diff(voids.volume) <= 0).all()
    assert (voids.significance >= 2.5).all()


def test_voids_do_not_depend_on_the_number_of_threads(planted):
    results = []
    before = numba.get_num_threads()
    for threads in (1, min(2, numba.config.NUMBA_NUM_THREADS)):
        numba.set_num_threads(threads)
        results.append(find_watershed_voids(planted[0], [220.0] * 3, Watershed(), density=0.01))
    numba.set_num_threads(before)
    for name in ("position", "volume", "rows", "contrast", "significance", "ellipticity"):
        np.testing.assert_array_equal(*(getattr(voids, name) for voids in results))


def test_a_mesh_of_128_cells_takes_seconds():
    field = random_field((128, 128, 128), seed=4, scale=2.0) - 1
    settings = Watershed(smoothing=4.0)
    find_watershed_voids(field[:32, :32, :32], [64.0] * 3, settings)
    start = time.process_time()
    find_watershed_voids(field, [256.0] * 3, settings)
    assert time.process_time() - start < 10


def test_ellipticity_is_that_of_a_spheroid():
    axes = np.meshgrid(*[np.arange(60) - 29.5] * 3, indexing="ij")
    for stretch, expected in ((1.0, 0.0), (2.0, 1 - (2 / 5) ** 0.25)):
        inside = axes[0] ** 2 + axes[1] ** 2 + (axes[2] / stretch) ** 2 < 14**2
        shapes = measure_regions(np.where(inside, 0, -1), 1, np.array([60.0] * 3), periodic=False)
        assert shapes.ellipticity[0] == pytest.approx(expected, abs=0.005)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"smoothing": 0}, "smoothing 0"),
        ({"threshold": -1}, "threshold -1"),
        ({"threshold": -0.9, "ridge": 0.2}, "ridge 0.2"),
        ({"minimum_radius": 3}, "below two cells of 2 Mpc/h"),
    ],
)
def test_settings_that_fit_no_field_are_refused(settings, message):
    with pytest.raises(InputError, match=message):
        find_watershed_voids(np.zeros((8, 8, 8)), [16.0] * 3, Watershed(**settings))


def test_a_box_without_tracers_is_refused():
    with pytest.raises(InputError, match="no tracer"):
        find_watershed_voids(np.full((8, 8, 8), -1.0), [16.0] * 3, Watershed())
