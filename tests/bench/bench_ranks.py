"""Training on two ranks against one, each rank with one thread.

What ranks cost: adding up gradients at every step, and waiting for each other; with batch
normalisation also adding up its statistics, twice a layer. Both compute the same. The floor is two
processes that train on a half of each batch each and say nothing to each other.
"""

import contextlib
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.bench.bench_training import CASES, STEPS, make_loader
from tests.bench.harness import compare
from tests.bench.ranks_process import EPOCHS

PROCESS = Path(__file__).with_name("ranks_process.py")
BATCH = 256
NORMS = ("group", "batch")


def run(results: Path) -> None:
    """Measure training of a U-Net of void maps, with either normalisation."""
    with tempfile.TemporaryDirectory() as folder:
        make_loader(CASES[0], Path(folder))
        for norm in NORMS:
            measure(norm, str(Path(folder) / "dataset"), results)


def measure(norm: str, dataset: str, results: Path) -> None:
    """Measure with one normalisation."""
    arguments = [sys.executable, PROCESS, dataset, str(BATCH), norm]
    mpiexec = [Path(sys.executable).with_name("mpiexec"), "-n", "2"]
    with (
        training([*mpiexec, *arguments]) as two,
        training(arguments) as one,
        training([*arguments, "0", "2"], [*arguments, "1", "2"]) as halves,
    ):
        compare(
            "training_ranks" if norm == "group" else f"training_ranks_{norm}_norm",
            {"two ranks": two, "one rank": one},
            ours="two ranks",
            floor=halves,
            equal=lambda losses: math.isclose(*losses.values(), rel_tol=1e-5),
            goal=1.8,
            work=CASES[0].batch * STEPS * EPOCHS,
            unit="examples",
            notes={"network": "unet", "norm": norm, "batch": BATCH},
            threads=1,
            results=results,
        )


@contextlib.contextmanager
def training(*commands: list) -> Iterator[Callable[[], float]]:
    """Start processes; give a function that lets all train and returns the first's loss."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with contextlib.ExitStack() as stack:
        processes = [
            subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env=environment,
            )
            for command in commands
        ]
        for process in processes:
            stack.callback(process.wait, timeout=60)
            stack.callback(process.stdin.close)

        def train() -> float:
            for process in processes:
                process.stdin.write("\n")
                process.stdin.flush()
            losses = [float(process.stdout.readline()) for process in processes]
            return losses[0]

        yield train
