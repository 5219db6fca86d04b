"""The deciding scores of runs as a table on the terminal."""

import os
from collections.abc import Sequence

from cosmodag.evaluation.formatting import bounds, number
from cosmodag.evaluation.names import score_title
from cosmodag.evaluation.runs import Run, by_experiment

_HEAD = ("run", "score", "network", "95 % interval", "best baseline", "", "groups", "verdict")


def summary(runs: Sequence[str | os.PathLike]) -> str:
    """Return a table of the deciding score of each target of each run beside the best baseline.

    Parameters
    ----------
    runs : sequence of path
        Folders of evaluated runs.

    Returns
    -------
    str
        Lines of text: the table, and the notes of the runs.
    """
    rows: list[tuple[str, ...]] = [_HEAD]
    notes: list[str] = []
    for experiment, group in by_experiment(runs).items():
        for run in group:
            rows += _rows(experiment, run)
            notes += [f"{experiment}/{run.metrics['run']}: {n}" for n in run.metrics["notes"]]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)) for row in rows]
    lines.insert(1, "  ".join("─" * width for width in widths))
    return "\n".join(line.rstrip() for line in [*lines, *([""] if notes else []), *notes])


def _rows(experiment: str, run: Run) -> list[tuple[str, ...]]:
    """Return one row per target of a run."""
    metrics = run.metrics
    protocol = "" if metrics["protocol"] == "group" else f" ({metrics['protocol']} split)"
    rows: list[tuple[str, ...]] = []
    for headline, target in metrics["targets"].items():
        score = metrics["scores"][headline]
        best = target["against"]
        against = number(metrics["baselines"][best][headline]["value"]) if best else "–"
        outcome = metrics["outcome"] if len(metrics["targets"]) == 1 else target["outcome"]
        note = f" ({metrics['note']})" if "note" in metrics else ""
        rows.append(
            (
                f"{experiment}/{metrics['run']}{protocol}",
                score_title(headline),
                number(score["value"]),
                bounds(score),
                against,
                (best or "").replace("_", " "),
                str(metrics["groups"]),
                f"{outcome}{note}",
            )
        )
    return rows
