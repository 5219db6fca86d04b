"""How often the right cause is named: trials with planted causes and different seeds.

``python -m tests.trials.causes --seeds 10 --bricks 50`` prints for each planted
cause in how many trials the right one was named first, in how many any was named, and in how many
the classes still differ after the reweighting. The tests run the same with fewer bricks and seeds.
"""

import argparse
from typing import NamedTuple

import numpy as np

from cosmodag.injections.bricks.brick_images import BANDS
from cosmodag.injections.diagnosis.causes import find_causes
from cosmodag.injections.diagnosis.quantities import measure
from tests.unit.injections.diagnosis.planted import CAUSES, Stamps, plant

EXPECTED = {
    "none": None,
    "index": "position",
    "position": "position",
    "psf": "psf",
    "ivar": "ivar",
    "noise": "noise",
    "sky": "sky",
    "magnitude": "magnitude",
    "colour": "colour",
    "size": "size",
    "structure": "structure",
}
"""The cause that should be named first for each planted one."""


class Trial(NamedTuple):
    """Outcome of a trial: causes by importance, and whether a difference remains."""

    causes: list[str]
    distinguishable_after: bool

    @property
    def first(self) -> str | None:
        """The cause that is named first."""
        return self.causes[0] if self.causes else None


def diagnose_stamps(stamps: Stamps, *, replicas: int = 50) -> dict:
    """Return the causes that are found in stamps."""
    index, rows = stamps.index, np.arange(len(stamps.index))
    table = measure(lambda batch: stamps.x[batch], index, rows, BANDS)
    label, groups = index["label"].to_numpy(), index["group"].to_numpy()
    return find_causes(table, label, groups, replicas=replicas)


def run_trial(causes: list[str], *, n_bricks: int, seed: int) -> dict[str, Trial]:
    """Plant causes in the same sky, and find them."""
    planted = plant(causes, n_bricks=n_bricks, seed=seed)
    found = {cause: diagnose_stamps(stamps) for cause, stamps in planted.items()}
    return {
        cause: Trial(each["causes"], each["distinguishable_after"]) for cause, each in found.items()
    }


def main() -> None:
    """Print the number of right names by cause."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--bricks", type=int, default=50)
    parser.add_argument("--causes", nargs="+", default=list(CAUSES))
    options = parser.parse_args()
    trials: dict[str, list[Trial]] = {cause: [] for cause in options.causes}
    for seed in range(options.seeds):
        for cause, trial in run_trial(options.causes, n_bricks=options.bricks, seed=seed).items():
            trials[cause].append(trial)
            print(f"seed {seed}, {cause}: {trial}", flush=True)
    for cause, of_cause in trials.items():
        right = sum(trial.first == EXPECTED[cause] for trial in of_cause)
        after = sum(trial.distinguishable_after for trial in of_cause)
        print(
            f"{cause}: right first {right}, any named {sum(bool(t.causes) for t in of_cause)}, "
            f"different after reweighting {after}, of {len(of_cause)}"
        )


if __name__ == "__main__":
    main()
