"""Sections of the report on clusters of galaxies and on predictions."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cosmodag.evaluation.formatting import number
from cosmodag.galaxies.clusters import titles
from cosmodag.galaxies.prediction.prediction_table import read_predictions
from cosmodag.json_files import read_json
from cosmodag.reporting.sections import (
    Cell,
    Section,
    SectionFigure,
    SectionTable,
    figure_address,
    interval_cell,
)


def sections(products: Sequence[Path]) -> list[Section]:
    """Return the sections on clusters and on predictions.

    Parameters
    ----------
    products : sequence of Path
        Folders ``clusters/<name>`` and files ``predictions/<name>.csv``.

    Returns
    -------
    list of Section
    """
    clusters = [cluster_section(path) for path in products if path.parent.name == "clusters"]
    return clusters + [
        prediction_section(path) for path in products if path.parent.name == "predictions"
    ]


def cluster_section(folder: Path) -> Section:
    """Return the section on a folder of clusters.

    Parameters
    ----------
    folder : Path
        Folder that `cosmodag galaxies cluster` wrote.

    Returns
    -------
    Section
    """
    content = read_json(folder / "clusters.json", "cluster the galaxies again")
    figures = [
        SectionFigure(
            figure_address(path, folder / "clusters.json"), caption, wide=name != "places"
        )
        for name, caption in titles.FIGURES.items()
        if (path := folder / "figures" / f"{name}.svg").is_file()
    ]
    facts = (
        f"Clusters of {content['n']['train']} training galaxies by run {content['run']}, assigned "
        f"to {content['n']['test']} test galaxies."
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
    """Return the table of the clusters of each method in each feature space.

    Parameters
    ----------
    content : mapping
        Content of clusters.json.

    Returns
    -------
    SectionTable
    """
    labels = content["labels"]
    caption = (
        "Clusters by method and feature space: their number, chosen on the training split, and "
        "their stability (adjusted Rand index of bootstrap samples)"
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
    for space, result in content["spaces"].items():
        if "skipped" in result:
            rows.append([titles.SPACES[space], result["skipped"], *[""] * (len(columns) - 2)])
            continue
        title = f"{titles.SPACES[space]}, {result['n_dimensions']} dimensions"
        if result["unmeasured"]["test"]:
            title += f" ({result['unmeasured']['test']} of {content['n']['test']} not measured)"
        for name, method in result["methods"].items():
            chosen = name == result["chosen"]
            cells: list[str | Cell] = [
                title,
                Cell(titles.METHODS[name], best=chosen),
                str(method["n_clusters"]),
                interval_cell(method["stability"], chosen),
                f"{method['unclustered_fraction']:.0%}",
            ]
            agreement = method.get("agreement")
            if labels and agreement:
                scores = ("balanced_accuracy", "mutual_information")
                cells += [interval_cell(agreement[score]) for score in scores]
            elif labels:
                cells += ["–", "–"]
            rows.append(cells)
    return SectionTable(f"{caption}. The most stable method is set bold.", columns, rows)


def prediction_section(path: Path) -> Section:
    """Return the section on a table of predictions.

    Parameters
    ----------
    path : Path
        Table that `cosmodag galaxies predict` wrote, with its gallery beside it.

    Returns
    -------
    Section
    """
    content = read_predictions(path)
    address = figure_address(content["figure"], path.with_suffix(".json"))
    caption = (
        "Images with the predictions and their 68 % intervals. A frame marks images outside the "
        "training distribution, whose predictions are not reliable."
    )
    return Section(
        name=f"predictions-{content['name']}",
        title=f"Predictions for {content['name']}",
        answer=str(content["sentence"]),
        figures=[SectionFigure(address, caption)],
    )
