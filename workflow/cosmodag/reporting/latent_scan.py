"""Comparison of runs whose latents differ in size."""

import io
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from cosmodag.evaluation.drawing import NETWORK, WARM, drawing
from cosmodag.evaluation.formatting import number
from cosmodag.evaluation.names import score_title
from cosmodag.evaluation.runs import Run
from cosmodag.reporting.sections import Cell, Section, SectionFigure, SectionTable, picture_address

FEWEST = 3
"""Sizes from which on runs make a scan."""
SCORES = ("explained_variance", "light_explained_variance", "ssim")
BESIDE = "principal"


class Size(NamedTuple):
    """Scores of runs with latents of one size.

    Attributes
    ----------
    size : int
    runs : list of str
        Names of the runs, which differ in their seed or their settings.
    network, principal : dict of str to list of float
        Each run's scores of `SCORES`, as far as they were taken, and those of as many principal
        components.
    active, components : list of float
        Each run's active dimensions, and principal components that explain 99.9 % of the variance.
    """

    size: int
    runs: list[str]
    network: dict[str, list[float]]
    principal: dict[str, list[float]]
    active: list[float]
    components: list[float]

    @property
    def behind(self) -> dict[str, bool]:
        """Whether the runs' mean lies below that of the principal components, by score."""
        return {
            name: np.mean(values) < np.mean(self.principal[name])
            for name, values in self.network.items()
        }


def scans(runs: Sequence[Run]) -> list[list[Size]]:
    """Return runs by the dataset that they were scored on and the size of their latent.

    Returns
    -------
    list
        For each dataset with three sizes or more, its sizes in rising order.
    """
    found: dict[str, dict[int, list[Run]]] = {}
    for run in runs:
        if run.metrics["task"] == "latent" and BESIDE in run.metrics["baselines"]:
            sizes = found.setdefault(run.metrics["provenance"]["data"], {})
            sizes.setdefault(run.metrics["latent"]["size"], []).append(run)
    return [
        [_size(size, sizes[size]) for size in sorted(sizes)]
        for sizes in found.values()
        if len(sizes) >= FEWEST
    ]


def _size(size: int, runs: Sequence[Run]) -> Size:
    metrics = [run.metrics for run in runs]
    scores = [name for name in SCORES if all(name in each["scores"] for each in metrics)]
    return Size(
        size,
        [each["run"] for each in metrics],
        {name: [each["scores"][name]["value"] for each in metrics] for name in scores},
        {name: [each["baselines"][BESIDE][name]["value"] for each in metrics] for name in scores},
        [each["latent"]["active_units"]["value"] for each in metrics],
        [each["latent"]["components"]["value"] for each in metrics],
    )


def scan_section(sizes: Sequence[Size]) -> Section:
    """Return the section of the report that compares the sizes of a scan."""
    scores = list(sizes[0].network)
    columns = ["Latent dimensions", "Runs"]
    for name in scores:
        columns += [f"{score_title(name)}: network", "principal components"]
    columns += ["Active dimensions", "Components with 99.9 % of the variance"]
    rows: list[list[str | Cell]] = []
    for size in sizes:
        cells: list[str | Cell] = [str(size.size), str(len(size.runs))]
        for name in scores:
            behind = size.behind[name]
            cells += [
                Cell(number(float(np.mean(size.network[name]))), best=not behind),
                Cell(number(float(np.mean(size.principal[name]))), best=bool(behind)),
            ]
        cells += [number(float(np.mean(each))) for each in (size.active, size.components)]
        rows.append(cells)
    listed = ", ".join(str(size.size) for size in sizes)
    caption = (
        "Scores on the test split by latent dimensions: each run (blue) and as many principal "
        "components (ochre); to the right the active dimensions, and the principal components that "
        "explain 99.9 % of the latent's variance. Lines connect means over runs."
    )
    return Section(
        "latent-scan-" + "-".join(sizes[0].runs[:1]),
        f"Latents of {listed} dimensions compared",
        paragraphs=[
            "A fit to an image's noise raises scores against the noisy image and lowers those "
            "against the noise-free image, where it is known."
        ],
        figures=[SectionFigure(picture_address(draw_scan(sizes)), caption)],
        tables=[SectionTable("Means over runs; the better one is set bold", columns, rows)],
    )


def draw_scan(sizes: Sequence[Size]) -> str:
    """Return an SVG of the scores and the active dimensions against the size of the latent."""
    scores = [name for name in SCORES if all(name in each.network for each in sizes)]
    picture = io.BytesIO()
    with drawing(picture, 3.1 * (len(scores) + 1), 3.0) as figure:
        *panels, last = figure.subplots(1, len(scores) + 1)
        for axis, name in zip(panels, scores):
            _points(axis, sizes, [each.network[name] for each in sizes], NETWORK, "o", "network")
            beside = [each.principal[name] for each in sizes]
            _points(axis, sizes, beside, WARM, "s", "principal components")
            axis.set(ylabel=score_title(name))
        panels[0].legend(fontsize=7)
        _points(last, sizes, [each.active for each in sizes], NETWORK, "o", "active")
        _points(last, sizes, [each.components for each in sizes], WARM, "^", "explain 99.9 %")
        last.set(ylabel="latent dimensions", yscale="log")
        last.legend(fontsize=7)
        for axis in (*panels, last):
            axis.set_xscale("log", base=2)
            axis.set_xticks([each.size for each in sizes], [str(each.size) for each in sizes])
            axis.minorticks_off()
            axis.set_xlabel("latent dimensions")
    return picture.getvalue().decode()


def _points(axis, sizes: Sequence[Size], values: list[list[float]], ink, mark, label) -> None:
    """Plot each run as a point, and a line through the means."""
    at = [each.size for each in sizes]
    axis.plot(at, [np.mean(each) for each in values], color=ink, linewidth=1)
    places = np.repeat(at, [len(each) for each in values])
    axis.plot(places, np.concatenate(values), mark, color=ink, markersize=3.5, label=label)
