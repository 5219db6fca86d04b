"""The report: one page that opens offline, with every run beside the baselines."""

import importlib
import json
import os
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import jinja2

from cosmodag import experiments
from cosmodag.checksums import append, make_record
from cosmodag.evaluation import formatting, names
from cosmodag.evaluation.runs import Run, by_experiment
from cosmodag.files import whole_file
from cosmodag.reporting.latent_scan import scan_section, scans
from cosmodag.reporting.sections import (
    Cell,
    Section,
    SectionFigure,
    SectionTable,
    figure_address,
    interval_cell,
)

FOLDER = Path(__file__).parent
SHOWN = 2
"""Figures of a run that are visible before its details are opened."""


@dataclass(frozen=True)
class Chapter:
    """The part of the report on one experiment.

    Attributes
    ----------
    name, title, question, background : str
        As the experiment declares them.
    tasks : mapping from str to str
        The question of each task.
    answer : str
        The verdict that answers the question.
    runs : list of Run
    sections : list of Section
        Sections after those of the runs.
    """

    name: str
    title: str
    question: str
    background: str
    tasks: Mapping[str, str]
    answer: str
    runs: list[Run]
    sections: list[Section]


def write_report(
    output: str | os.PathLike,
    runs: Sequence[str | os.PathLike],
    *,
    products: Sequence[str | os.PathLike] = (),
) -> None:
    """Write the report of all runs as one HTML file without any outside reference.

    Parameters
    ----------
    output : path
        File to write, such as results/report.html.
    runs : sequence of path
        Folders of evaluated runs, in the order in which they are shown.
    products : sequence of path
        Other results of the experiments, <experiment>/<section>/…, such as clusters and verdicts.

    Raises
    ------
    InputError
        If a run is not evaluated.
    """
    groups = by_experiment(runs)
    for owner in filter(None, (_owner(Path(product)) for product in products)):
        groups.setdefault(owner, [])
    chapters = [make_chapter(name, group, products) for name, group in groups.items()]
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.globals.update(
        number=formatting.number,
        bounds=formatting.bounds,
        duration=formatting.duration,
        learned=learned,
        score_title=names.score_title,
        baseline_title=names.baseline_title,
        figures_of=figures_of,
        best_in_row=best_in_row,
        commands_of=commands_of,
        shown=SHOWN,
    )
    page = environment.get_template("report.html.jinja").render(
        chapters=chapters, style=(FOLDER / "report.css").read_text()
    )
    with whole_file(output) as partial:
        partial.write_text(page, encoding="utf-8")
        append(partial, make_record(output, [*_files_of(runs, products)]))


def _files_of(
    runs: Sequence[str | os.PathLike], products: Sequence[str | os.PathLike]
) -> Iterator[Path]:
    """Yield the files that stand for what a report shows."""
    yield from (Path(run) / "metrics.json" for run in runs)
    for product in map(Path, products):
        yield from sorted(product.glob("*.json")) if product.is_dir() else [product]


def make_chapter(name: str, runs: list[Run], products: Sequence[str | os.PathLike] = ()) -> Chapter:
    """Return the chapter of an experiment.

    Parameters
    ----------
    name : str
        Name of the experiment; one that is not registered has a bare chapter.
    runs : list of Run
        Its evaluated runs; there may be none where other results are shown.
    products : sequence of path
        Results of all experiments.
    """
    declared = experiments.find(name) if name in experiments.names() else None
    own = _sections(declared, products) if declared else []
    sections = [*own, *map(scan_section, scans(runs))]
    if declared and declared.study and runs:
        sections.append(Section("study", f"The study behind {name}", paragraphs=[declared.study]))
    sections += protocol_sections(runs)
    judged = [each for each in own if each.outcome or not runs]
    return Chapter(
        name,
        declared.title if declared else name.capitalize(),
        declared.question if declared else "",
        declared.background if declared and runs else "",
        {task: each.question for task, each in declared.tasks.items()} if declared else {},
        judged[0].answer if judged else runs[0].metrics["verdict"] if runs else "",
        runs,
        sections,
    )


def _sections(
    declared: experiments.Experiment, products: Sequence[str | os.PathLike]
) -> list[Section]:
    """Return the sections that an experiment adds to its chapter."""
    if not declared.report:
        return []
    module, _, function = declared.report.partition(":")
    own = [path for path in map(Path, products) if _owner(path) == declared.name]
    return getattr(importlib.import_module(module), function)(own)


def _owner(product: Path) -> str | None:
    """Return the experiment of a product: the last part of its path that names one."""
    owners = [part for part in product.parts if part in experiments.names()]
    return owners[-1] if owners else None


def protocol_sections(runs: Sequence[Run]) -> list[Section]:
    """Return the section that compares splits by group with splits at random, if runs have both."""
    if len({run.metrics["protocol"] for run in runs}) < 2:
        return []
    tasks = {run.metrics["task"] for run in runs if run.metrics["protocol"] != "group"}
    compared = [run for run in runs if run.metrics["task"] in tasks]
    rows: list[list[str | Cell]] = []
    for run in sorted(compared, key=lambda each: (each.metrics["task"], each.metrics["protocol"])):
        alone = run.baseline("index_only")
        rows.append(
            [
                run.metrics["run"],
                "by group" if run.metrics["protocol"] == "group" else "at random",
                names.score_title(run.metrics["headline"]),
                interval_cell(run.headline),
                interval_cell(alone) if alone else "–",
            ]
        )
    explanation = (
        "Examples that overlap stand on both sides of a random split. A baseline that sees only "
        "the position of an example then scores without any information about it; on a split by "
        "independent groups it cannot."
    )
    table = SectionTable(
        "The same task on a split by independent groups and on a random split",
        ["Run", "Split", "Score", "Network", "Position alone"],
        rows,
    )
    title = "Split by group and at random: what a leak would claim"
    return [Section("protocol", title, paragraphs=[explanation], tables=[table])]


def learned(run: Run) -> str:
    """Return the target that the network was trained on, which may differ from the scored one."""
    task = run.description.get("task", {})
    return task.get("channel") or ", ".join(task.get("columns", [])) or run.metrics["target"]


def figures_of(run: Run) -> list[SectionFigure]:
    """Return the figures of a run in the order of its metrics."""
    return [
        SectionFigure(
            figure_address(run.folder / "figures" / f"{name}.svg", run.folder / "metrics.json"),
            **figure,
        )
        for name, figure in run.metrics["figures"].items()
    ]


def best_in_row(run: Run, score: str) -> set[str]:
    """Return the predictors with the best value of a score; none of a score that describes."""
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
    """Return the commands that train and score such a run by hand."""
    words = ["cosmodag", "train", "--dataset", "DATASET", "--output", "RUN"]
    for key in ("task", "model", "training", "transform", "augment", "noise", "seed"):
        value = run.description.get(key)
        if value is not None:
            words += [f"--{key}", value if isinstance(value, str) else json.dumps(value)]
    return [shlex.join(words), "cosmodag evaluate --dataset DATASET --run RUN"]
