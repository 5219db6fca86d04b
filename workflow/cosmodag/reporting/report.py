"""The report: one page that opens offline, with every run beside the simple methods."""

import importlib
import json
import os
import shlex
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path

import jinja2

from cosmodag import experiments
from cosmodag.evaluation import formatting, names
from cosmodag.evaluation.runs import Run, by_experiment
from cosmodag.files import whole_file
from cosmodag.reporting.latent_scan import draw_scan, scans
from cosmodag.reporting.sections import Section, SectionFigure, data_address, picture_address

FOLDER = Path(__file__).parent
WORDING = ("title", "question", "background", "original")
"""What the report shows of an experiment's declaration."""


def write_report(
    output: str | os.PathLike,
    runs: Sequence[str | os.PathLike],
    *,
    products: Sequence[str | os.PathLike] = (),
    wording: Mapping[str, Mapping] | None = None,
) -> None:
    """Write the report of all runs as one HTML file without any outside reference.

    Parameters
    ----------
    output
        File to write, such as results/report.html.
    runs : sequence of path
        Folders of evaluated runs, in the order in which they are shown.
    products : sequence of path
        Other results of the experiments, <experiment>/<section>/…, such as clusters and verdicts.
    wording : mapping from experiment to mapping, optional
        `title`, `question`, `background`, `original` and `tasks` (a question for each task) in
        place of those that the experiment declares. All may be absent.
    """
    experiments_shown = [
        {
            "name": name,
            "words": {**read_wording(name), **(wording or {}).get(name, {})},
            "runs": group,
            "protocols": protocol_rows(group),
            "sections": sections_of(name, products),
            "scans": [
                {"sizes": sizes, "address": picture_address(draw_scan(sizes))}
                for sizes in scans(group)
            ],
        }
        for name, group in by_experiment(runs).items()
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
        score_title=names.score_title,
        baseline_title=names.baseline_title,
        figures_of=figures_of,
        best_in_row=best_in_row,
        commands_of=commands_of,
        pretty=lambda value: json.dumps(value, ensure_ascii=False),
    )
    page = environment.get_template("report.html.jinja").render(
        experiments=experiments_shown, style=(FOLDER / "report.css").read_text()
    )
    with whole_file(output) as partial:
        partial.write_text(page, encoding="utf-8")


def sections_of(experiment: str, products: Sequence[str | os.PathLike]) -> list[Section]:
    """Return the sections that an experiment adds to its chapter.

    Parameters
    ----------
    experiment : str
    products : sequence of path
        Results of all experiments; a path belongs to the experiment whose name is one of its parts.
    """
    if experiment not in experiments.names() or not experiments.find(experiment).report:
        return []
    module, _, function = experiments.find(experiment).report.partition(":")
    own = [path for path in map(Path, products) if experiment in path.parts]
    return getattr(importlib.import_module(module), function)(own)


def read_wording(experiment: str) -> dict:
    """The words that an experiment declares; else its name alone."""
    if experiment not in experiments.names():
        bare = {"title": experiment.capitalize(), "question": "", "background": ""}
        return {**bare, "original": "", "tasks": {}}
    declared = experiments.find(experiment)
    tasks = {name: task.question for name, task in declared.tasks.items()}
    return {key: getattr(declared, key) for key in WORDING} | {"tasks": tasks}


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


def figures_of(run: Run) -> list[SectionFigure]:
    """Return the figures of a run in the order of its metrics."""
    return [
        SectionFigure(data_address(run.folder / "figures" / f"{name}.svg"), **figure)
        for name, figure in run.metrics["figures"].items()
    ]


def best_in_row(run: Run, score: str) -> set[str]:
    """Predictors of the best value of a score that has a better and a worse."""
    better = names.better(score)
    if better is None:
        return set()
    values = {"network": run.metrics["scores"][score]["value"]} | {
        name: scores[score]["value"] for name, scores in run.metrics["baselines"].items()
    }
    values = {name: value for name, value in values.items() if value is not None}
    if not values:
        return set()
    best = (min if better == "lower" else max)(values.values())
    return {name for name, value in values.items() if abs(value - best) < 5e-4}


def commands_of(run: Run) -> list[str]:
    """Commands that train and score such a run by hand."""
    words = ["cosmodag", "train", "--dataset", "DATASET", "--output", "RUN"]
    for key in ("task", "model", "training", "transform", "augment", "noise", "seed"):
        value = run.description.get(key)
        if value is not None:
            words += [f"--{key}", value if isinstance(value, str) else json.dumps(value)]
    return [shlex.join(words), "cosmodag evaluate --dataset DATASET --run RUN"]
