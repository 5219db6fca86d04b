"""Mass assignment of ten million float32 positions against Pylians, PySCo and abacusutils."""

import importlib

import numba
import numpy as np

from cosmodag.gridding.mass_assignment import assign_mass
from cosmodag.gridding.tiles import Workspace
from tests.bench.harness import compare

PARTICLES = 10_000_000
LATTICE = 216  # particles along an axis of the ordered input: 10,077,696 in all
BOX = 1.0  # as PySCo wants it
GOALS = {256: {1: 4.5, 2: 7.0}, 512: {1: 2.5, 2: 4.0}}
GOAL_ORDERED = 0.9
GOAL_TSC = 1.3


def run(results):
    """Compare CIC of random, clustered and ordered positions, and TSC of random ones."""
    inputs = {"random": random_positions(), "clustered": clustered_positions()}
    for cells in (256, 512):
        grids = _Grids(cells)
        for threads in (1, 2):
            for order, positions in inputs.items():
                _cic(order, positions, grids, threads, results)
            _ordered(lattice_positions(), grids, threads, results)
            _tsc(inputs["random"], grids, threads, results)


def random_positions():
    """Uniform positions in no order."""
    return np.random.default_rng(1).random((PARTICLES, 3), dtype=np.float32)


def clustered_positions():
    """Four in five particles in 20,000 clumps of very different mass, in no order."""
    rng = np.random.default_rng(2)
    clumped = PARTICLES * 4 // 5
    mass = rng.pareto(1.0, 20_000) + 1
    owner = rng.choice(len(mass), clumped, p=mass / mass.sum())
    centres = rng.random((len(mass), 3))
    radius = 0.002 * (mass / np.median(mass)) ** (1 / 3)
    clumps = centres[owner] + rng.normal(size=(clumped, 3)) * radius[owner, None]
    positions = np.concatenate([clumps, rng.random((PARTICLES - clumped, 3))])
    rng.shuffle(positions)
    return _into_box(positions % 1)


def lattice_positions():
    """Positions of a simulation's start: a lattice in memory order, slightly displaced."""
    axis = (np.arange(LATTICE, dtype=np.float32) + np.float32(0.5)) / LATTICE
    lattice = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), -1).reshape(-1, 3)
    displaced = np.random.default_rng(3).normal(0, 0.1 / LATTICE, lattice.shape)
    return _into_box((lattice + displaced) % 1)


class _Grids:
    """A grid per contender, touched once, so that none pays for new memory."""

    def __init__(self, cells):
        self.cells = cells
        self._grids = {}

    def zeroed(self, name):
        if name not in self._grids:
            self._grids[name] = np.empty((self.cells,) * 3, np.float32)
        self._grids[name].fill(0)
        return self._grids[name]


def _cic(order, positions, grids, threads, results):
    cells = grids.cells
    half = np.float32(0.5 / cells)
    corner = _into_box((positions.astype(np.float64) - half) % 1)
    workspace = Workspace()
    contenders = {
        "cosmodag": lambda: _ours(positions, grids, "cic", threads, workspace),
        "Pylians": _pylians(corner, grids),
        "PySCo": _pysco(positions, cells, threads),
        "plain numba loop": lambda: plain_cic(positions, grids.zeroed("plain")),
    }
    if (order, cells, threads) == ("random", 256, 1):  # slowest by far: once is enough
        contenders["numpy.bincount"] = lambda: bincount_cic(positions, cells)
    contenders["cosmodag"]()
    compare(
        f"cic_{order}_{cells}_threads{threads}",
        contenders,
        ours="cosmodag",
        floor=lambda: _floor(positions, grids, threads),
        equal=_same_grids,
        threads=threads,
        goal=GOALS[cells][threads],
        work=len(positions),
        unit="particles",
        notes={"cells": cells, "extra_memory_of_positions": workspace.bytes / positions.nbytes},
        results=results,
    )


def _ordered(positions, grids, threads, results):
    workspace = Workspace()
    compare(
        f"cic_ordered_{grids.cells}_threads{threads}",
        {
            "cosmodag": lambda: _ours(positions, grids, "cic", threads, workspace),
            "plain numba loop": lambda: plain_cic(positions, grids.zeroed("plain")),
        },
        ours="cosmodag",
        floor=lambda: _floor(positions, grids, threads),
        equal=_same_grids,
        threads=threads,
        goal=GOAL_ORDERED,
        work=len(positions),
        unit="particles",
        notes={"cells": grids.cells},
        results=results,
    )


def _tsc(positions, grids, threads, results):
    """abacusutils partitions along x; the finest partition that it allows is its best."""
    workspace = Workspace()
    contenders = {"cosmodag": lambda: _ours(positions, grids, "tsc", threads, workspace)}
    for partitions in (2 * threads, 32, grids.cells // 6 * 2, grids.cells // 2):
        name = f"abacusutils, {partitions} parts"
        contenders[name] = _abacus(positions, grids, threads, partitions)
    compare(
        f"tsc_random_{grids.cells}_threads{threads}",
        contenders,
        ours="cosmodag",
        floor=lambda: _floor(positions, grids, threads),
        equal=_same_grids,
        threads=threads,
        goal=GOAL_TSC,
        work=len(positions),
        unit="particles",
        notes={"cells": grids.cells},
        results=results,
    )


def _ours(positions, grids, method, threads, workspace):
    grid = grids.zeroed("cosmodag")
    return assign_mass(positions, grid, BOX, method=method, threads=threads, workspace=workspace)


def _pylians(positions, grids):
    """Pylians puts grid points at i h: `positions` come moved by half a cell. It is serial."""
    library = _import("MAS_library")
    if library is None:
        return None

    def call():
        grid = grids.zeroed("Pylians")
        library.MA(positions, grid, BOX, "CIC", verbose=False)
        return grid

    return call


def _pysco(positions, cells, threads):
    mesh = _import("pysco.mesh")
    if mesh is None:
        return None

    def call():
        numba.set_num_threads(threads)
        return mesh.CIC(positions, cells)

    return call


def _abacus(positions, grids, threads, partitions):
    """abacusutils puts grid points at i h; its `offset` moves them to our cell centres."""
    tsc = _import("abacusnbody.analysis.tsc")
    if tsc is None:
        return None

    def call():
        grid = grids.zeroed("abacusutils")
        tsc.tsc_parallel(
            positions,
            grid,
            BOX,
            nthread=threads,
            npartition=partitions,
            wrap=False,
            offset=-0.5 * BOX / grids.cells,
        )
        return grid

    return call


def _import(name):
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


@numba.njit(cache=True)
def plain_cic(positions, grid):
    """CIC particle by particle, in the order in which they come."""
    n = grid.shape[0]
    for i in range(len(positions)):
        u = positions[i, 0] * np.float32(n) + np.float32(n - 0.5)
        v = positions[i, 1] * np.float32(n) + np.float32(n - 0.5)
        w = positions[i, 2] * np.float32(n) + np.float32(n - 0.5)
        a, b, c = np.uint32(u), np.uint32(v), np.uint32(w)
        fx, fy, fz = u - np.float32(a), v - np.float32(b), w - np.float32(c)
        gx, gy, gz = np.float32(1) - fx, np.float32(1) - fy, np.float32(1) - fz
        a0, b0, c0 = a % np.uint32(n), b % np.uint32(n), c % np.uint32(n)
        a1 = np.uint32(0) if a0 == n - 1 else a0 + np.uint32(1)
        b1 = np.uint32(0) if b0 == n - 1 else b0 + np.uint32(1)
        c1 = np.uint32(0) if c0 == n - 1 else c0 + np.uint32(1)
        grid[a0, b0, c0] += gx * gy * gz
        grid[a0, b0, c1] += gx * gy * fz
        grid[a0, b1, c0] += gx * fy * gz
        grid[a0, b1, c1] += gx * fy * fz
        grid[a1, b0, c0] += fx * gy * gz
        grid[a1, b0, c1] += fx * gy * fz
        grid[a1, b1, c0] += fx * fy * gz
        grid[a1, b1, c1] += fx * fy * fz
    return grid


def bincount_cic(positions, cells):
    """CIC by eight calls of `numpy.bincount`."""
    s = positions * np.float32(cells) - np.float32(0.5)
    first = np.floor(s).astype(np.int32)
    fraction = s - first
    grid = np.zeros(cells**3)
    for corner in np.ndindex(2, 2, 2):
        share = np.prod(np.where(corner, fraction, 1 - fraction), axis=1)
        index = np.ravel_multi_index(((first + corner) % cells).T, (cells,) * 3)
        grid += np.bincount(index, share, cells**3)
    return grid.reshape((cells,) * 3)


def _floor(positions, grids, threads):
    """Read the positions once; zero the grid, then read and write it once."""
    grid = grids.zeroed("floor")
    numba.set_num_threads(threads)
    return _stream(positions.reshape(-1), grid.reshape(-1))


@numba.njit(parallel=True, fastmath=True, cache=True)
def _stream(values, grid):
    total = np.float32(0)
    for i in numba.prange(len(values)):
        total += values[i]
    for i in numba.prange(len(grid)):
        grid[i] += total
    return total


def _same_grids(results):
    """Whether all grids agree to what float32 positions and sums allow."""
    expected = results["cosmodag"]
    return all(
        np.allclose(grid, expected, rtol=1e-3, atol=2e-3) and _same_mass(grid, expected)
        for grid in results.values()
    )


def _same_mass(grid, expected):
    return np.isclose(grid.sum(dtype=np.float64), expected.sum(dtype=np.float64), rtol=1e-4)


def _into_box(positions):
    """Positions as float32 below 1, to which rounding may have brought them."""
    return np.minimum(positions.astype(np.float32), np.nextafter(np.float32(1), np.float32(0)))
