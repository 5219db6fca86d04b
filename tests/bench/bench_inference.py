"""Inference on a whole box, against the same network fed one tensor that stays in memory.

What a box costs beside the network: assigning galaxies, reading overlapping windows, the transform,
averaging, and finding the voids. Without symmetries, which would repeat the network alone.
COSMODAG_BENCH_BOX sets the cells per side of the box (128), in windows of 32 cells.
"""

import os
import tempfile
from pathlib import Path

import numpy as np
import torch

from cosmodag.evaluation.trained_run import TrainedRun
from cosmodag.memory import keep_freed_memory
from cosmodag.threads import numba_threads
from cosmodag.training.precision import forward
from cosmodag.training.reproducible import reproducible
from cosmodag.training.settings import TrainingSettings
from cosmodag.voids.catalogues.box_coordinates import BoxCoordinates
from cosmodag.voids.catalogues.galaxy_catalogue import GalaxyChunk
from cosmodag.voids.grids.box_grid import grid_box
from cosmodag.voids.prediction.run_input import run_input
from tests.bench.harness import compare
from tests.void_runs import CELL_SIZE, CELLS, CUBES, cubes, train

GOAL = 0.8
FACTOR = 2
NETWORK = {"name": "unet3d", "width": 16, "levels": 2}


def run(results: Path) -> None:
    """Measure with one thread and with two."""
    keep_freed_memory()  # as the command does
    cells = int(os.environ.get("COSMODAG_BENCH_BOX", "128"))
    settings = CUBES | {"model": NETWORK, "augment": None}
    with tempfile.TemporaryDirectory() as folder:
        trained = train(Path(folder), cubes(CELLS, FACTOR), settings, epochs=1)
        for threads in (1, 2):
            measure(TrainedRun(trained.run, device="cpu", threads=threads), cells, threads, results)


def measure(trained: TrainedRun, cells: int, threads: int, results: Path) -> None:
    """Compare a box with as many windows of one batch."""
    made = run_input(trained)
    box = BoxCoordinates(box_size=cells * CELL_SIZE)
    random = np.random.default_rng(0)
    position = random.uniform(0, cells * CELL_SIZE, (cells**3 // 3, 3)).astype(np.float32)
    windows = (2 * cells // CELLS) ** 3
    training = TrainingSettings.from_dict(trained.description["training"])
    batch = training.batch_size
    resident = torch.from_numpy(
        np.log1p(random.exponential(size=(batch, 1, *(CELLS,) * 3)).astype(np.float32))
    )
    resident = resident.contiguous(memory_format=torch.channels_last_3d)

    def whole_box() -> int:
        with numba_threads(threads):
            grid = grid_box([GalaxyChunk(position, None)], box, (cells,) * 3, method=made.method)
            prediction = made.predict(trained, grid)
            prediction.voids(0.5)
        return prediction.maps[0].probability.size * 8 * FACTOR**3 // CELLS**3

    @torch.no_grad()
    def network() -> int:
        with reproducible(training.deterministic, threads):
            for start in range(0, windows, batch):
                forward(trained.model, resident[: windows - start], training)
        return windows

    compare(
        f"void_cube_{threads}",
        {"whole box": whole_box, "resident tensor": network},
        ours="whole box",
        equal=lambda counts: len(set(counts.values())) == 1,
        goal=GOAL,
        work=cells**3,
        unit="cells",
        notes={"cells": cells, "windows": windows, "network": NETWORK},
        threads=threads,
        results=results,
    )
