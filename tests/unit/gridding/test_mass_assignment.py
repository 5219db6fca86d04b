"""Mass assignment conserves mass, follows its definition and does not depend on threads."""

import itertools
import tracemalloc

import numpy as np
import pytest

from cosmodag import provenance
from cosmodag.errors import InputError
from cosmodag.gridding.cells import METHODS
from cosmodag.gridding.mass_assignment import assign_mass
from cosmodag.gridding.tiles import Workspace

ROUNDING = 4e-5
"""Fraction of a mass per cell: offsets within cells are rounded to 2**-16 of a cell."""


def reference(positions, shape, box_size, method, *, periodic=True, weights=None, offset=0.0):
    """Mass assignment by its definition: the overlap of each cloud with each cell."""
    cell = np.broadcast_to(box_size, (len(shape),)) / shape
    grid = np.zeros(shape)
    weights = np.ones(len(positions)) if weights is None else weights.astype(float)
    cloud = {
        "ngp": lambda d: (np.abs(d) < 0.5) * 1.0,
        "cic": lambda d: np.clip(1 - np.abs(d), 0, None),
        "tsc": lambda d: np.where(
            np.abs(d) < 0.5, 0.75 - d**2, np.clip(1.5 - np.abs(d), 0, None) ** 2 / 2
        ),
    }[method]
    s = positions.astype(float) / cell + offset
    for shift in itertools.product((-1, 0, 1), repeat=len(shape)):
        cells = np.floor(s).astype(int) + shift
        share = np.prod(cloud(s - cells - 0.5), axis=1) * weights
        if periodic:
            cells %= shape
        else:
            cells = np.clip(cells, 0, np.array(shape) - 1)
        np.add.at(grid, tuple(cells.T), share)
    return grid


def particles(rng, n_particles, box_size, dtype=np.float32):
    box_size = np.atleast_1d(box_size)
    positions = (rng.random((n_particles, len(box_size))) * box_size).astype(dtype)
    return np.minimum(positions, np.nextafter(box_size.astype(dtype), dtype(0)))


@pytest.fixture
def rng():
    return np.random.default_rng(20240)


CASES = [
    # n_particles, shape, box: dense, non-cubic, sparse, thinner than a stencil, two-dimensional
    (5000, (16, 16, 16), (10.0, 10.0, 10.0)),
    (5000, (37, 18, 25), (100.0, 50.0, 61.0)),
    (50, (40, 40, 40), (1.0, 1.0, 1.0)),
    (300, (1, 2, 3), (1.0, 2.0, 3.0)),
    (3000, (33, 20), (7.0, 5.0)),
]


@pytest.mark.parametrize("periodic", [True, False])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("n_particles", "shape", "box"), CASES)
def test_grid_is_the_overlap_of_clouds_with_cells(rng, n_particles, shape, box, method, periodic):
    positions = particles(rng, n_particles, box)
    grid = assign_mass(positions, np.zeros(shape), box, method=method, periodic=periodic)
    expected = reference(positions, shape, box, method, periodic=periodic)
    tolerance = 1 if method == "ngp" else ROUNDING * max(1, np.sqrt(expected.max()))
    assert np.abs(grid - expected).max() <= tolerance
    assert np.count_nonzero(np.abs(grid - expected) > 1e-2) <= n_particles // 500


@pytest.mark.parametrize("periodic", [True, False])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("weighted", [False, True])
def test_mass_is_conserved(rng, method, dtype, periodic, weighted):
    positions = particles(rng, 20_000, (30.0, 20.0, 10.0), dtype)
    weights = rng.random(len(positions)).astype(dtype) if weighted else None
    mass = len(positions) if weights is None else weights.sum(dtype=np.float64)
    for shape in ((24, 24, 24), (90, 60, 40)):
        grid = np.zeros(shape, dtype)
        assign_mass(
            positions, grid, (30.0, 20.0, 10.0), weights=weights, method=method, periodic=periodic
        )
        assert grid.sum(dtype=np.float64) == pytest.approx(mass, rel=1e-6)


def test_many_particles_of_one_cell_lose_no_mass_in_float32():
    positions = np.full((3_000_000, 3), 0.3, np.float32)
    grid = assign_mass(positions, np.zeros((32, 32, 32), np.float32), 10.0)
    assert grid.sum(dtype=np.float64) == pytest.approx(len(positions), rel=1e-6)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("periodic", [True, False])
def test_grids_are_identical_for_any_number_of_threads(rng, method, periodic):
    clump = rng.normal(5.0, 0.2, (30_000, 3)).clip(0, 9.99)
    positions = np.concatenate([clump, rng.random((30_000, 3)) * 10]).astype(np.float32)
    grids = [
        assign_mass(
            positions, np.zeros((50, 46, 48), np.float32), 10.0,
            method=method, periodic=periodic, threads=threads,
        )
        for threads in (1, 2, 5)
    ]  # fmt: skip
    assert np.array_equal(grids[0], grids[1])
    assert np.array_equal(grids[0], grids[2])


def test_chunks_sum_to_the_whole_catalogue(rng):
    positions = particles(rng, 30_000, (10.0,) * 3)
    weights = rng.random(30_000).astype(np.float32)
    whole = assign_mass(positions, np.zeros((20, 20, 20)), 10.0, weights=weights)
    chunked, workspace = np.zeros((20, 20, 20)), Workspace()
    for rows in np.array_split(np.arange(30_000), 7):
        assign_mass(positions[rows], chunked, 10.0, weights=weights[rows], workspace=workspace)
    np.testing.assert_allclose(chunked, whole, rtol=1e-9)


def test_a_workspace_serves_different_grids(rng):
    workspace = Workspace()
    for shape, method in (((64, 64, 64), "tsc"), ((8, 8, 8), "ngp"), ((30, 40), "cic")):
        positions = particles(rng, 4000, (5.0,) * len(shape))
        shared = assign_mass(positions, np.zeros(shape), 5.0, method=method, workspace=workspace)
        fresh = assign_mass(positions, np.zeros(shape), 5.0, method=method)
        assert np.array_equal(shared, fresh)


@pytest.mark.parametrize("method", METHODS)
def test_translated_positions_give_the_translated_grid(rng, method):
    positions = rng.random((4000, 3)) * 16
    grid = assign_mass(positions, np.zeros((16, 16, 16)), 16.0, method=method)
    translated = assign_mass(
        (positions + np.array([3, 0, 15])) % 16, np.zeros((16, 16, 16)), 16.0, method=method
    )
    np.testing.assert_allclose(translated, np.roll(grid, (3, 15), (0, 2)), atol=1e-9)


@pytest.mark.parametrize("method", METHODS)
def test_rotated_positions_give_the_rotated_grid(rng, method):
    positions = particles(rng, 3000, (8.0, 12.0, 16.0))
    grid = assign_mass(positions, np.zeros((8, 24, 20)), (8.0, 12.0, 16.0), method=method)
    rotated = assign_mass(
        positions[:, ::-1], np.zeros((20, 24, 8)), (16.0, 12.0, 8.0), method=method
    )
    np.testing.assert_allclose(rotated, grid.transpose(), atol=1e-9)


@pytest.mark.parametrize("method", METHODS)
def test_a_lattice_gives_a_uniform_grid(method):
    axis = (np.arange(48) + 0.25) / 2
    positions = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), -1).reshape(-1, 3)
    grid = assign_mass(positions, np.zeros((24, 24, 24)), 24.0, method=method)
    np.testing.assert_allclose(grid, 8, atol=8 * ROUNDING)


def test_a_particle_at_a_centre_stays_in_its_cell():
    grid = assign_mass(np.array([[2.5, 0.5, 3.5]]), np.zeros((4, 4, 4)), 4.0)
    assert grid[2, 0, 3] == pytest.approx(1)


@pytest.mark.parametrize("method", METHODS)
def test_offset_moves_clouds(rng, method):
    positions = particles(rng, 2000, (10.0,) * 3)
    for offset in (0.5, -0.5, 0.2):
        grid = assign_mass(positions, np.zeros((12, 12, 12)), 10.0, method=method, offset=offset)
        expected = reference(positions, (12, 12, 12), 10.0, method, offset=offset)
        assert np.count_nonzero(np.abs(grid - expected) > 1e-3) <= (4 if method == "ngp" else 0)


def test_origin_may_be_negative(rng):
    positions = particles(rng, 2000, (10.0,) * 3, np.float64)
    grid = assign_mass(positions - 5, np.zeros((8, 8, 8)), 10.0, origin=-5)
    expected = assign_mass(positions, np.zeros((8, 8, 8)), 10.0)
    np.testing.assert_allclose(grid, expected, atol=1e-3)


def test_strided_and_read_only_positions_are_taken(rng):
    table = rng.random((3000, 7)).astype(np.float32)
    expected = assign_mass(table[:, 2:5].copy(), np.zeros((8, 8, 8)), 1.0)
    table.flags.writeable = False
    assert np.array_equal(assign_mass(table[:, 2:5], np.zeros((8, 8, 8)), 1.0), expected)


def test_the_upper_edge_counts_as_inside():
    box = 999.9999
    positions = np.array([[np.float32(box)] * 3, [0, 0, 0]], np.float32)
    for periodic in (True, False):
        grid = assign_mass(positions, np.zeros((8, 8, 8)), box, periodic=periodic)
        assert grid.sum() == pytest.approx(2)


def test_extra_memory_is_below_that_of_the_positions(rng):
    positions = particles(rng, 1_000_000, (100.0,) * 3)
    grid = np.zeros((128, 128, 128), np.float32)
    assign_mass(positions[:1000], grid, 100.0, threads=2)
    tracemalloc.start()
    assign_mass(positions, grid, 100.0, threads=2)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak <= positions.nbytes


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_not_finite_positions_are_named_with_their_fraction(rng, bad):
    positions = particles(rng, 1000, (1.0,) * 3)
    positions[7, 1] = bad
    grid = np.zeros((4, 4, 4))
    with pytest.raises(InputError, match=r"0\.100% of 1000 positions are NaN or infinite"):
        assign_mass(positions, grid, 1.0)
    assert not grid.any()


def test_positions_outside_are_named_with_fraction_extent_and_hint(rng):
    positions = particles(rng, 1000, (2000.0,) * 3)
    positions[:, 1:] /= 2
    positions[:, 0] = np.linspace(0, 1999, 1000)
    grid = np.zeros((4, 4, 4))
    with pytest.raises(
        InputError, match=r"50\.000% of .* outside .*1000.*1999.*unit.*origin"
    ) as caught:
        assign_mass(positions, grid, 1000.0)
    assert "\n" not in str(caught.value)
    assert not grid.any()


@pytest.mark.parametrize(
    ("change", "culprit"),
    [
        ({"method": "pcs"}, "pcs"),
        ({"positions": np.zeros((3, 2))}, r"\(3, 2\)"),
        ({"positions": np.zeros((3, 3), int)}, "int64"),
        ({"grid": np.zeros((4, 4, 4), int)}, "int64"),
        ({"grid": np.zeros((4, 8, 4))[:, ::2]}, "contiguous"),
        ({"weights": np.ones(2)}, r"\(2,\)"),
        ({"weights": np.array([1, np.nan, 1])}, "NaN"),
        ({"box_size": (1, 1)}, "box_size"),
        ({"box_size": -1}, "positive"),
        ({"offset": 0.7}, "0.7"),
    ],
)
def test_errors_name_the_faulty_argument(change, culprit):
    arguments = {"positions": np.zeros((3, 3)), "grid": np.zeros((4, 4, 4)), "box_size": 1.0}
    with pytest.raises(InputError, match=culprit):
        assign_mass(**{**arguments, **change})


def test_a_deposit_can_be_followed_in_three_files():
    modules = provenance.imports("cosmodag.gridding.mass_assignment")
    files = {name for name in modules if name.startswith("cosmodag.gridding.")}
    assert {name.rpartition(".")[2] for name in files} == {"mass_assignment", "tiles", "cells"}
