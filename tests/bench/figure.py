"""One figure of all ratios to the best peer."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cosmodag.files import whole_file


def draw(records: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Draw `ratio_to_best_peer` of each record as a bar, its goal as a tick; write a PNG."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    shown = [record for record in records if record["ratio_to_best_peer"] is not None][::-1]
    figure, axes = pyplot.subplots(figsize=(8, 1.2 + 0.28 * len(shown)), layout="constrained")
    for place, record in enumerate(shown):
        ratio, goal = record["ratio_to_best_peer"], record["goal"]
        missed = goal is not None and ratio < goal
        axes.barh(place, ratio, color="#c98a4b" if missed else "#4b7bab", height=0.7)
        axes.text(ratio, place, f" {ratio:.2f} × {record['best_peer']}", va="center", fontsize=7)
        if goal is not None:
            axes.plot([goal, goal], [place - 0.4, place + 0.4], color="black", lw=1.5)
    axes.set_yticks(range(len(shown)), [_label(record) for record in shown], fontsize=7)
    axes.axvline(1, color="grey", lw=0.8)
    axes.set_xscale("log")
    axes.margins(x=0.25)
    axes.set_xlabel("speed relative to the best peer (black tick: goal)")
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    with whole_file(path) as partial:
        figure.savefig(partial, dpi=150, format="png")
    pyplot.close(figure)


def _label(record: Mapping[str, Any]) -> str:
    return f"{record['name']} ({record['threads']} threads)"
