"""Draw the figures of README and documentation.

    python -m docs.figures pipeline             docs/images/pipeline.svg
    python -m docs.figures results results      docs/images/results.svg and voids.svg

The pipeline follows from what the experiments declare, the others from the results of `make run`.
"""

import argparse
import io
import json
from pathlib import Path
from xml.sax.saxutils import escape

from cosmodag import experiments

IMAGES = Path(__file__).parent / "images"
WIDTH, ROW, TOP = 1000, 62, 56
LEFT, SHARED, RIGHT = 130, 646, 812
"""Left edges of the experiments' stages, the shared stages and the stages after training, in px."""
CHIP, GAP = 84, 12
AFTER_TRAINING = ("cluster", "predict", "verdict")
APART = ("completeness", "find", "match", "statistics", "transfer")
"""Stages on whose products no network is trained."""
SHARED_STAGES = ("split", "train", "baselines", "evaluate", "report")
OWN, COMMON, INK, PALE = "#3f51b5", "#00796b", "#263238", "#607d8b"


def pipeline() -> str:
    """Return the pipeline of all experiments as SVG."""
    declared = [experiments.find(name) for name in experiments.names()]
    height = TOP + ROW * len(declared) + 20
    parts = [
        _text(LEFT, 30, "stages of each experiment", PALE),
        _text(SHARED, 30, "shared by all", PALE),
        _text(RIGHT, 30, "after training", PALE),
        _frame(SHARED, TOP - 8, 130, height - TOP - 4),
    ]
    step = (height - TOP - 20) / len(SHARED_STAGES)
    x = SHARED + 65
    for place, stage in enumerate(SHARED_STAGES):
        y = TOP + step * (place + 0.5)
        parts.append(_chip(SHARED + 15, y, stage, COMMON, 100))
        if place:
            parts.append(_arrow(x, y - step + 15, x, y - 16))
    for row, experiment in enumerate(declared):
        y = TOP + ROW * (row + 0.5)
        parts.append(_text(16, y + 5, experiment.name, INK, "bold"))
        before = [stage for stage in experiment.stages if stage not in (*AFTER_TRAINING, *APART)]
        after = [stage for stage in experiment.stages if stage in AFTER_TRAINING]
        for left, stages in ((LEFT, before), (RIGHT, after)):
            for place, stage in enumerate(stages):
                parts.append(_chip(left + place * (CHIP + GAP), y, stage, OWN, CHIP))
        end = LEFT + len(before) * (CHIP + GAP) - GAP
        parts.append(_arrow(end + 3, y, SHARED - 3, y))
        if after:
            parts.append(_arrow(SHARED + 133, y, RIGHT - 3, y))
    marker = (
        '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
        f'markerHeight="7" orient="auto"><path d="M0 0 8 4 0 8z" fill="{PALE}"/></marker></defs>'
    )
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        'font-family="Helvetica, Arial, sans-serif" font-size="14">',
        "<title>Stages of the experiments, from sources to the report</title>",
        marker,
        f'<rect width="{WIDTH}" height="{height}" rx="8" fill="#fff"/>',
        *parts,
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _frame(x: float, y: float, width: float, height: float) -> str:
    return (
        f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="8" fill="none" '
        f'stroke="{PALE}" stroke-dasharray="4 3"/>'
    )


def _chip(x: float, y: float, label: str, colour: str, width: float) -> str:
    return (
        f'<rect x="{x:g}" y="{y - 15:g}" width="{width}" height="30" rx="6" fill="{colour}" '
        f'fill-opacity="0.1" stroke="{colour}"/>'
        f'<text x="{x + width / 2:g}" y="{y + 5:g}" text-anchor="middle" fill="{INK}">'
        f"{escape(label)}</text>"
    )


def _arrow(x1: float, y1: float, x2: float, y2: float) -> str:
    return (
        f'<path d="M{x1:g} {y1:g} {x2:g} {y2:g}" stroke="{PALE}" fill="none" '
        'marker-end="url(#head)"/>'
    )


def _text(x: float, y: float, text: str, colour: str, weight: str = "normal") -> str:
    return f'<text x="{x:g}" y="{y:g}" fill="{colour}" font-weight="{weight}">{escape(text)}</text>'


def results(folder: Path) -> str:
    """Draw the headline score of every run beside its best baseline, with 95 % intervals.

    Parameters
    ----------
    folder : pathlib.Path
        Results of a configuration.

    Returns
    -------
    str
        The figure as SVG.
    """
    from cosmodag.evaluation.drawing import NETWORK, QUIET, drawing
    from cosmodag.evaluation.names import score_title

    runs = [json.loads(path.read_text()) for path in sorted(folder.glob("*/runs/*/metrics.json"))]
    if not runs:
        raise SystemExit(f"{folder}: no run with metrics.json; `make run` makes them")
    svg = io.BytesIO()
    with drawing(svg, 7.2, 0.7 + 0.27 * len(runs)) as figure:
        axes = figure.subplots()
        for place, metrics in enumerate(reversed(runs)):
            headline, best = metrics["headline"], metrics["strongest_baseline"]
            for colour, shift, score in (
                (QUIET, -0.14, metrics["baselines"][best][headline]),
                (NETWORK, 0.14, metrics["scores"][headline]),
            ):
                if score["low"] is not None:
                    axes.plot([score["low"], score["high"]], [place + shift] * 2, color=colour)
                axes.plot(score["value"], place + shift, "o", color=colour, ms=4)
        labels = [f"{m['experiment']}/{m['run']}: {score_title(m['headline'])}" for m in runs]
        axes.set_yticks(range(len(runs)), labels[::-1])
        axes.set(ylim=(-0.6, len(runs) - 0.4), xlabel="score on the test set")
        handles = [axes.plot([], [], "o-", color=colour, ms=4)[0] for colour in (NETWORK, QUIET)]
        place = {"loc": "lower center", "bbox_to_anchor": (0.5, 1), "ncols": 2}
        axes.legend(handles, ["network", "best baseline"], **place)
    return svg.getvalue().decode()


def voids(folder: Path) -> str:
    """Draw maps of galaxies, true voids and predicted voids of the run `unet` as SVG.

    Examples are at the 5th, 50th and 95th percentile of the Brier score, none picked by hand.
    """
    import h5py
    import numpy as np
    import pandas as pd

    from cosmodag.evaluation.drawing import DENSITY, PROBABILITY, drawing, hide_frames

    dataset = folder / "voids" / "datasets" / "slabs"
    index = pd.read_parquet(dataset / "index.parquet").query("split == 'test'").set_index("id")
    with h5py.File(folder / "voids" / "runs" / "unet" / "predictions.h5") as file:
        names, predicted, truth = file["id"].asstr()[:], file["probability"][:], file["truth"][:]
    error = ((predicted - truth) ** 2).mean((1, 2))
    places = [round(percentile * (len(error) - 1)) for percentile in (0.05, 0.5, 0.95)]
    chosen = np.argsort(error, kind="stable")[places]
    svg = io.BytesIO()
    with drawing(svg, 7.2, 6.4) as figure:
        axes = figure.subplots(len(chosen), 3)
        for line, place in zip(axes, chosen):
            where = index.loc[names[place]]
            x = np.load(dataset / f"xtest_{where['shard']}.npy", mmap_mode="r")[where["row"]]
            line[0].imshow(np.arcsinh(x.mean(-1) + 1).T, origin="lower", cmap=DENSITY)
            for axis, image in zip(line[1:], (truth[place], predicted[place])):
                axis.imshow(image.T, origin="lower", cmap=PROBABILITY, vmin=0, vmax=1)
        hide_frames(axes)
        titles = ("galaxies", "sight lines inside voids", "predicted probability")
        for axis, title in zip(axes[0], titles):
            axis.set_title(title)
    return svg.getvalue().decode()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    commands = parser.add_subparsers(dest="figure", required=True)
    commands.add_parser("pipeline", help="the stages of all experiments")
    drawn = commands.add_parser("results", help="scores of all runs, and maps of voids")
    drawn.add_argument("folder", type=Path, help="folder of results")
    options = parser.parse_args()
    if options.figure == "pipeline":
        (IMAGES / "pipeline.svg").write_text(pipeline())
    else:
        (IMAGES / "results.svg").write_text(results(options.folder))
        (IMAGES / "voids.svg").write_text(voids(options.folder))


if __name__ == "__main__":
    main()
