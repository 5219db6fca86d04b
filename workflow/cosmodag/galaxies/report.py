"""Sections of the report on clusters of galaxies and on predictions."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cosmodag.evaluation.formatting import number
from cosmodag.galaxies.clusters import titles
from cosmodag.galaxies.prediction.prediction_table import read_prediction
from cosmodag.reporting.sections import (
    Cell,
    Section,
    SectionFigure,
    SectionTable,
    data_address,
    interval_cell,
)


def sections(products: Sequence[Path]) -> list[Section]:
    """Return the sections on clusters (folders) and on predictions (tables).

    Parameters
    ----------
    products : sequence of Path
        Folders ``clusters/<name>`` and files ``predictions/<name>.csv``.
    """
    clusters = [cluster_section(path) for path in products if path.parent.name == "clusters"]
    return clusters + [
        prediction_section(path) for path in products if path.parent.name == "predictions"
    ]


def cluster_section(folder: Path) -> Section:
    """Return the section on one folder of clusters."""
    content = json.loads((folder / "clusters.json").read_text())
    figures = [
        SectionFigure(data_address(path), caption, wide=name != "places")
        for name, caption in titles.FIGURES.items()
        if (path := folder / "figures" / f"{name}.svg").is_file()
    ]
    facts = (
        f"Clusters of {content['n']['train']} training examples by run {content['run']}, which are "
        f"assigned to {content['n']['test']} test examples."
    )
    caution = (
        "k-means divides even a single cloud, and may do so stably; a mixture may find one "
        "cluster, and HDBSCAN finds none where no regions of lower density separate the galaxies."
    )
    return Section(
        name=f"clusters-{folder.name}",
        title=f"Clusters {folder.name}: which clusters do galaxies form?",
        answer=content["sentence"],
        paragraphs=[facts, caution],
        figures=figures,
        tables=[cluster_table(content)],
        command="cosmodag galaxies cluster --run RUN --dataset DATASET --output CLUSTERS",
        provenance=content["provenance"],
    )


def cluster_table(content: Mapping[str, Any]) -> SectionTable:
    """Return the table of the clusters of each method in each space."""
    labels = content["labels"]
    caption = (
        "Clusters by method and feature space: their number, chosen on the training split, and "
        "their stability (adjusted Rand index of bootstrap replicas)"
    )
    columns = ["Space", "Method", "Clusters", "Stability", "In no cluster"]
    if labels:
        chance = 1 / len(labels["test"]) if labels["test"] else None
        caption += (
            f"; agreement with {labels['column'].replace('_', ' ')} on the test split, where "
            f"chance has a balanced accuracy of {number(chance)} and a mutual information of 0"
        )
        columns += ["Balanced accuracy", "Adjusted mutual information"]
    rows: list[list[str | Cell]] = []
    for space, each in content["spaces"].items():
        if "skipped" in each:
            rows.append([titles.SPACES[space], each["skipped"], *[""] * (len(columns) - 2)])
            continue
        title = f"{titles.SPACES[space]}, {each['size']} dimensions"
        if each["unmeasured"]["test"]:
            title += f" ({each['unmeasured']['test']} of {content['n']['test']} not measured)"
        for method, result in each["methods"].items():
            chosen = method == each["chosen"]
            cells: list[str | Cell] = [
                title,
                Cell(titles.METHODS[method], best=chosen),
                str(result["number"]),
                interval_cell(result["stability"], chosen),
                f"{result['alone']:.0%}",
            ]
            agreement = result.get("agreement")
            if labels and agreement:
                names = ("balanced_accuracy", "mutual_information")
                cells += [interval_cell(agreement[name]) for name in names]
            elif labels:
                cells += ["–", "–"]
            rows.append(cells)
    return SectionTable(f"{caption}. The most stable method is set bold.", columns, rows)


def prediction_section(path: Path) -> Section:
    """Return the section on one table of predictions."""
    content = read_prediction(path)
    caption = (
        "Images with the predictions and their 68 % intervals. A frame marks images outside the "
        "training distribution, whose predictions are not reliable."
    )
    return Section(
        name=f"predictions-{content['name']}",
        title=f"Predictions for {content['name']}",
        answer=str(content["sentence"]),
        figures=[SectionFigure(data_address(content["figure"]), caption)],
    )
