"""The headline scores of runs as a table on the terminal."""

import os
from collections.abc import Sequence

from cosmodag.evaluation.formatting import bounds, number
from cosmodag.evaluation.names import score_title
from cosmodag.evaluation.runs import by_experiment

_HEAD = ("run", "score", "network", "95 % interval", "best baseline", "", "verdict")


def summary(runs: Sequence[str | os.PathLike]) -> str:
    """A table of the headline score of each run beside its strongest baseline.

    Below it, what errors of galaxies are above a signal-to-noise.

    Parameters
    ----------
    runs : sequence of path
        Folders of evaluated runs.
    """
    rows, notes = [_HEAD], []
    for experiment, found in by_experiment(runs).items():
        for run in found:
            metrics = run.metrics
            protocol = "" if metrics["protocol"] == "group" else f" ({metrics['protocol']} split)"
            rows.append(
                (
                    f"{experiment}/{metrics['run']}{protocol}",
                    score_title(metrics["headline"]),
                    number(run.headline["value"]),
                    bounds(run.headline),
                    number(run.strongest["value"]) if run.strongest else "–",
                    (metrics["strongest_baseline"] or "").replace("_", " "),
                    metrics["outcome"],
                )
            )
            notes += [f"{experiment}/{metrics['run']}: {note}" for note in metrics["notes"]]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)) for row in rows]
    lines.insert(1, "  ".join("─" * width for width in widths))
    return "\n".join(line.rstrip() for line in [*lines, *([""] if notes else []), *notes])
