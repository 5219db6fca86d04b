"""Sections of the report: two-sample tests with controls, selections and transfer functions."""

from collections.abc import Sequence
from pathlib import Path

from cosmodag.injections.selection.selection_tables import SelectionTable, read_selections
from cosmodag.injections.transfer.transfer_report import transfer_section
from cosmodag.json_files import read_json
from cosmodag.reporting.sections import Section, SectionFigure, SectionTable, figure_address


def sections(products: Sequence[Path]) -> list[Section]:
    """Return the sections on verdicts, transfer functions and selections.

    Parameters
    ----------
    products : sequence of Path
        Files ``verdicts/<name>.json``, folders ``transfer/<name>/measured``, and tables
        ``selections/<selection>/<batch>.csv`` of what the cuts removed.
    """
    verdicts = [path for path in products if path.parent.name == "verdicts"]
    cuts = [path for path in products if path.parent.parent.name == "selections"]
    transfers = [path for path in products if path.parent.parent.name == "transfer"]
    return [
        *map(verdict_section, verdicts),
        *map(transfer_section, transfers),
        *map(selection_section, read_selections(cuts)),
    ]


def verdict_section(path: Path) -> Section:
    """Return the section on a two-sample test and its controls."""
    verdict = read_json(path, "run `cosmodag injections verdict` again")
    null = verdict["null"]
    caption = (
        "Area under the ROC curve of the test (blue), of positive controls with a known flaw "
        "(ochre), which must be detected (p < 0.001), and of the negative control without a flaw "
        "(grey), which must not. Bars are 95 % intervals over groups; inside the band, up to 0.52, "
        "classes count as indistinguishable."
    )
    permutations = (
        f"With the network of the negative control frozen, {null['rejected']:.1%} of "
        f"{null['relabellings']} label permutations were rejected at the 5 % level (95 % interval "
        f"{null['low']:.1%} to {null['high']:.1%}); 3 to 7 % are accepted."
    )
    return Section(
        name=f"verdict-{verdict['run']}",
        title=f"Two-sample test of run {verdict['run']} with its controls",
        answer=verdict["sentence"],
        outcome=verdict["outcome"],
        paragraphs=[permutations],
        figures=[SectionFigure(figure_address(path.with_suffix(".svg"), path), caption)],
    )


def selection_section(table: SelectionTable) -> Section:
    """Return the section on the objects that the cuts removed."""
    columns = ["Cut"] + [f"{name}, {kind}" for name in table.selections for kind in table.classes]
    rows = [[str(cut), *(f"{count:,}" for count in counts)] for cut, *counts in table.rows]
    return Section(
        name="cuts",
        title="Selection of objects",
        paragraphs=[
            "Both classes pass the same cuts on quantities measured in the images. An object that "
            "more than one cut rejects counts for the first."
        ],
        tables=[
            SectionTable(
                "Objects removed by each cut, and selected objects, by selection and class",
                columns,
                rows,
            )
        ],
    )
