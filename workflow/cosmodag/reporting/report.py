"""The report: one page that opens offline, with every run beside the simple methods."""

import base64
import json
import os
import re
import shlex
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path

import jinja2

from cosmodag import experiments
from cosmodag.evaluation import formatting, names
from cosmodag.evaluation.prediction_tables import read_application
from cosmodag.evaluation.runs import Run, by_experiment
from cosmodag.files import whole_file
from cosmodag.galaxies.evaluation import signal_scores
from cosmodag.reporting.latent_scan import draw_scan, scans
from cosmodag.reporting.selection_tables import read_selections

FOLDER = Path(__file__).parent
WORDING = ("title", "question", "background", "original", "tasks")
"""What the report shows of an experiment's declaration."""

# Inks of the figures' style, and what they become on a dark page.
_INKS = {
    "#1f2a33": "#e4e9ed",
    "#9aa5ae": "#73808b",
    "#d8dee3": "#36414b",
    "#2f6690": "#7fb2dc",
    "#7c8790": "#98a4ae",
    "#c8863c": "#e0aa6a",
}

# Order in which a run's figures are shown; others follow by name.
_ORDER = (
    "slices",
    "maps",
    "ionization",
    "reconstructions",
    "similarity",
    "latents",
    "numbers",
    "signal",
    "values",
    "confusion",
    "scores",
    "redshifts",
    "coherence",
    "bubbles",
    "saliency",
    "roc",
    "magnitudes",
    "gallery",
    "attention",
    "reliability",
    "calibration",
    "learning",
)
_GROUPED = ("places", *(f"members_{space}" for space in names.SPACES), "outliers")
"""Figures of groups, in the order in which they are shown."""
_WIDE = ("slices", "maps", "ionization", "reconstructions", "scores", "gallery", "saliency")


def write_report(
    output: str | os.PathLike,
    runs: Sequence[str | os.PathLike],
    *,
    verdicts: Sequence[str | os.PathLike] = (),
    cuts: Sequence[str | os.PathLike] = (),
    clusters: Sequence[str | os.PathLike] = (),
    applications: Sequence[str | os.PathLike] = (),
    wording: Mapping[str, Mapping] | None = None,
) -> None:
    """Write the report of all runs as one HTML file without any outside reference.

    Parameters
    ----------
    output
        File to write, such as results/report.html.
    runs : sequence of path
        Folders of evaluated runs, in the order in which they are shown.
    verdicts : sequence of path
        Verdicts of two-sample tests, each with the figure of its controls beside it.
    cuts : sequence of path
        Tables of what the cuts of selections removed, see `read_selections`.
    clusters : sequence of path
        Folders of groups of galaxies.
    applications : sequence of path
        Tables of what networks say of other stamps, each with its gallery beside it.
    wording : mapping from experiment to mapping, optional
        `title`, `question`, `background`, `original` and `tasks` (a question for each task) in
        place of those that the experiment declares. All may be absent.
    """
    selections = read_selections(cuts)
    judged = [read_verdict(path) for path in verdicts]
    groups = [read_clusters(path) for path in clusters]
    applied = [read_application(path) for path in applications]
    experiments = [
        {
            "name": name,
            "words": {**read_wording(name), **(wording or {}).get(name, {})},
            "runs": found,
            "protocols": protocol_rows(found),
            "verdicts": [each for each in judged if each["experiment"] == name],
            "clusters": [each for each in groups if each["experiment"] == name],
            "applications": [
                each | {"address": data_address(each["figure"])}
                for each in applied
                if each["experiment"] == name
            ],
            "selections": [each for each in selections if each.experiment == name],
            "scans": [
                {"sizes": sizes, "address": picture_address(draw_scan(sizes))}
                for sizes in scans(found)
            ],
        }
        for name, found in by_experiment(runs).items()
    ]
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.globals.update(
        mean=statistics.fmean,
        number=formatting.number,
        bounds=formatting.bounds,
        duration=formatting.duration,
        learned=learned,
        percent=formatting.percent,
        deciding_error=signal_scores.deciding_error,
        told_by_signal=signal_scores.told,
        score_title=names.score_title,
        baseline_title=lambda name: names.BASELINES.get(name, name.replace("_", " ")),
        figures_of=figures_of,
        best_in_row=best_in_row,
        space_title=names.SPACES.get,
        method_title=names.GROUPINGS.get,
        commands_of=commands_of,
        pretty=lambda value: json.dumps(value, ensure_ascii=False),
    )
    page = environment.get_template("report.html.jinja").render(
        experiments=experiments, style=(FOLDER / "report.css").read_text()
    )
    with whole_file(output) as partial:
        partial.write_text(page, encoding="utf-8")


def read_verdict(path: str | os.PathLike) -> dict:
    """A verdict of a two-sample test, with `address`, that of the figure of its controls."""
    path = Path(path)
    return json.loads(path.read_text()) | {"address": data_address(path.with_suffix(".svg"))}


def read_clusters(folder: str | os.PathLike) -> dict:
    """Groups of galaxies, with `name`, that of their folder, and `figures` with their addresses."""
    folder = Path(folder)
    figures = [
        {
            "name": path.stem,
            "caption": names.figure_caption(path.stem),
            "address": data_address(path),
            "wide": path.stem != "places",
        }
        for path in (folder / "figures" / f"{name}.svg" for name in _GROUPED)
        if path.is_file()
    ]
    found = json.loads((folder / "clusters.json").read_text())
    return found | {"name": folder.name, "figures": figures}


def read_wording(experiment: str) -> dict:
    """The words that an experiment declares; else its name alone."""
    if experiment not in experiments.names():
        bare = {"title": experiment.capitalize(), "question": "", "background": ""}
        return {**bare, "original": "", "tasks": {}}
    declared = experiments.find(experiment)
    return {key: getattr(declared, key) for key in WORDING}


def protocol_rows(runs: Sequence[Run]) -> list[Run]:
    """Runs to set side by side where some were split at random and others honestly."""
    protocols = {run.metrics["protocol"] for run in runs}
    if len(protocols) < 2:
        return []
    tasks = {run.metrics["task"] for run in runs if run.metrics["protocol"] != "group"}
    compared = [run for run in runs if run.metrics["task"] in tasks]
    return sorted(compared, key=lambda run: (run.metrics["task"], run.metrics["protocol"]))


def learned(run: Run) -> str:
    """What the network was trained on, which is not always what it is scored on."""
    task = run.description.get("task", {})
    return task.get("channel") or ", ".join(task.get("columns", [])) or run.metrics["target"]


def figures_of(run: Run) -> list[dict[str, str]]:
    """Figures of a run in reading order, each with its name, caption and data address."""

    def place(path: Path) -> tuple[int, str]:
        kind = path.stem.partition("_")[0]
        return (_ORDER.index(kind) if kind in _ORDER else len(_ORDER)), path.stem

    return [
        {
            "name": path.stem,
            "caption": names.figure_caption(path.stem),
            "address": data_address(path),
            "wide": path.stem in _WIDE,
        }
        for path in sorted(run.figures, key=place)
    ]


def data_address(path: str | os.PathLike) -> str:
    """A figure as a data address, its inks following the page into the dark.

    As an image it stays sealed off: nothing inside it can run or fetch.
    """
    return picture_address(Path(path).read_text(encoding="utf-8"))


def picture_address(text: str) -> str:
    """An SVG picture as a data address, see `data_address`."""
    text = re.sub(r"<metadata>.*?</metadata>", "", text[text.index("<svg") :], flags=re.DOTALL)
    for light in _INKS:
        text = text.replace(light, f"var(--{light[1:]},{light})")
    dark = ";".join(f"--{light[1:]}:{ink}" for light, ink in _INKS.items())
    style = f"<style>@media (prefers-color-scheme:dark){{svg{{{dark}}}}}</style>"
    text = re.sub(r"(<svg[^>]*>)", rf"\1{style}", text, count=1)
    return "data:image/svg+xml;base64," + base64.b64encode(text.encode()).decode()


def best_in_row(run: Run, score: str) -> set[str]:
    """Predictors of the best value of a score that has a better and a worse."""
    plain = names.split_score(score)[1]
    if plain not in names.RANKED:
        return set()
    values = {"network": run.metrics["scores"][score]["value"]} | {
        name: scores[score]["value"] for name, scores in run.metrics["baselines"].items()
    }
    values = {name: value for name, value in values.items() if value is not None}
    if not values:
        return set()
    best = (min if plain in names.LESS_IS_BETTER else max)(values.values())
    return {name for name, value in values.items() if abs(value - best) < 5e-4}


def commands_of(run: Run) -> list[str]:
    """Commands that train and score such a run by hand."""
    words = ["cosmodag", "train", "--dataset", "DATASET", "--output", "RUN"]
    for key in ("task", "model", "training", "transform", "augment", "noise", "seed"):
        value = run.description.get(key)
        if value is not None:
            words += [f"--{key}", value if isinstance(value, str) else json.dumps(value)]
    return [shlex.join(words), "cosmodag evaluate --dataset DATASET --run RUN"]
