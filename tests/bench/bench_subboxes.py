"""Projected sub-boxes at the published overlap, against summing each box from the grid.

The published protocol cuts 22³ = 10,648 boxes of 224³ cells, 37 apart, out of 1050³ cells (4.6 GB).
By default such boxes are cut out of 525³ cells, into which 9³ = 729 of them fit. There a cell is in
57 boxes on average, in the full grid in 103: the default understates the gain.
COSMODAG_BENCH_CELLS=1050 measures the full grid, which takes 6 GB of memory and 20 minutes.

Both run on one thread, since NumPy's sums do.
"""

import os
from pathlib import Path

import numba
import numpy as np

from cosmodag.cutouts.window_positions import window_positions
from cosmodag.cutouts.window_sums import window_sums
from cosmodag.threads import numba_threads
from tests.bench.harness import compare

SIDE, STRIDE, PUBLISHED_POSITIONS = 224, 37, 22
GOAL = 50
SAMPLED = slice(None, None, 16)
"""Pixels of each map that are kept to compare results; the maps themselves share one buffer."""


def run(results: Path) -> None:
    """Measure at the size that the environment asks for."""
    cells = int(os.environ.get("COSMODAG_BENCH_CELLS", "525"))
    random = np.random.default_rng(0)
    grid = np.empty((cells,) * 3, dtype=np.float32)
    for plane in grid:
        random.standard_exponential(out=plane, dtype=np.float32)
    fit = len(window_positions(cells, SIDE, STRIDE))
    positions = window_positions(cells, SIDE, STRIDE, count=min(fit, PUBLISHED_POSITIONS))
    with numba_threads(1):
        compare(
            f"sub_boxes_{cells}",
            {
                "window sums": lambda: window_maps(grid, positions),
                "numpy, each box": lambda: each_box_by_numpy(grid, positions),
            },
            ours="window sums",
            floor=lambda: stream(grid, positions),
            equal=agree,
            threads=1,
            goal=GOAL,
            notes={
                "cells": cells,
                "side": SIDE,
                "stride": STRIDE,
                "depth": SIDE,
                "sub_boxes": len(positions) ** 3,
            },
            results=results,
        )


def window_maps(grid: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """All maps by sums along the line of sight that boxes share."""
    maps = np.empty((SIDE, SIDE), dtype=np.float32)
    samples = []
    for (plane,) in window_sums(grid, 2, positions, SIDE):
        for i in positions:
            for j in positions:
                maps[...] = plane[i : i + SIDE, j : j + SIDE]
                samples.append(maps[SAMPLED, SAMPLED].copy())
    return np.array(samples)


def each_box_by_numpy(grid: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """All maps, each summed from the grid by NumPy."""
    maps = np.empty((SIDE, SIDE), dtype=np.float32)
    samples = []
    for k in positions:
        for i in positions:
            for j in positions:
                grid[i : i + SIDE, j : j + SIDE, k : k + SIDE].sum(axis=2, out=maps)
                samples.append(maps[SAMPLED, SAMPLED].copy())
    return np.array(samples)


def stream(grid: np.ndarray, positions: np.ndarray) -> float:
    """What cannot be avoided: read every cell of the grid once, and write every map once."""
    maps = np.empty((SIDE, SIDE), dtype=np.float32)
    for _ in range(len(positions) ** 3):
        maps[...] = grid[0, :SIDE, :SIDE]
    return _total(grid.reshape(-1))


@numba.njit(parallel=True, cache=True, fastmath={"reassoc"})
def _total(values):
    total = 0.0
    for n in numba.prange(values.size):
        total += values[n]
    return total


def agree(results: dict[str, np.ndarray]) -> bool:
    """Whether all contenders found the same maps; float32 sums of 224 cells differ by rounding."""
    ours = results["window sums"]
    return all(np.allclose(maps, ours, rtol=1e-5) for maps in results.values())
