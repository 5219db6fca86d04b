"""Training on two ranks against one, each rank with one thread.

What ranks cost: adding up gradients and the statistics of batch normalisation at every step, and
waiting for each other. Both compute the same.
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

PROCESS = Path(__file__).with_name("ranks_process.py")


def run(results: Path) -> None:
    """Measure an epoch of a U-Net of void maps."""
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        make_loader(CASES[0], Path(folder))
        dataset = Path(folder) / "dataset"
        compare(
            "training_ranks",
            {
                "two ranks": stack.enter_context(epochs(2, dataset)),
                "one rank": stack.enter_context(epochs(1, dataset)),
            },
            ours="two ranks",
            equal=lambda losses: math.isclose(*losses.values(), rel_tol=1e-5),
            goal=1.8,
            work=CASES[0].batch * STEPS,
            unit="examples",
            notes={"network": "unet", "batch": CASES[0].batch, "steps": STEPS},
            threads=1,
            results=results,
        )


@contextlib.contextmanager
def epochs(ranks: int, dataset: Path) -> Iterator[Callable[[], float]]:
    """Start ranks; give a function that lets them train an epoch and returns its loss."""
    launcher = [Path(sys.executable).with_name("mpiexec"), "-n", str(ranks)] if ranks > 1 else []
    process = subprocess.Popen(
        [*launcher, sys.executable, PROCESS, dataset],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )

    def epoch() -> float:
        process.stdin.write("\n")
        process.stdin.flush()
        return float(process.stdout.readline())

    try:
        yield epoch
    finally:
        process.stdin.close()
        process.wait(timeout=60)
