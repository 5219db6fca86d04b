"""Section of the report on a transfer function of injections."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cosmodag.evaluation.formatting import number
from cosmodag.injections.transfer.completeness_model import FORMS
from cosmodag.injections.transfer.sentences import interval, interval_words
from cosmodag.json_files import read_json
from cosmodag.reporting.sections import (
    Cell,
    Section,
    SectionFigure,
    SectionTable,
    figure_address,
    interval_cell,
)

CAPTIONS = {
    "completeness": (
        "Completeness against each variable (blue, with 95 % intervals) and the mean of the model "
        "over the same injections (ochre). Last panel: fraction that was detected against the "
        "prediction by models that were fitted without these injections."
    ),
    "errors": (
        "Median of measured minus true values (blue) and scatter (ochre), and purity: the fraction "
        "of new detections that are those of injections, by measured magnitude."
    ),
    "magnitude_size": "Completeness and bias in bins of true magnitude and size.",
}
CAVEATS = (
    "Magnitudes and depths are corrected for Galactic extinction. The transfer function is that of "
    "the injected galaxies, and applies to real ones as far as injections are like them."
)


def transfer_section(folder: Path) -> Section:
    """Return the section on a transfer function.

    Parameters
    ----------
    folder : Path
        Folder ``transfer/<name>/measured`` that `cosmodag injections transfer` wrote.

    Returns
    -------
    Section
    """
    record = folder / "transfer.json"
    content = read_json(record, "measure the transfer function again")
    name = folder.parent.name
    words = interval_words(content["groups"])
    return Section(
        name=f"transfer-{name}",
        title=f"Transfer function {name}: which galaxies are detected, and how are they measured?",
        answer=content["sentence"],
        paragraphs=[f"{words[0].upper()}{words[1:]} in each bin. {CAVEATS}"],
        figures=[
            SectionFigure(figure_address(folder / f"{figure}.svg", record), caption)
            for figure, caption in CAPTIONS.items()
            if (folder / f"{figure}.svg").is_file()
        ],
        tables=[reference_table(content), model_table(content["model"])],
        command="cosmodag injections transfer MATCHES --output TRANSFER",
        provenance=content["provenance"],
    )


def reference_table(content: Mapping[str, Any]) -> SectionTable:
    """Return the table of bins of the magnitude in the reference band.

    Parameters
    ----------
    content : mapping
        Content of transfer.json.
    """
    reference = content["settings"]["reference"]
    with_size = "bias_size" in content["total"]
    columns = [f"True {reference}", "Injected", "Completeness", f"Bias of {reference}"]
    columns += [f"Scatter of {reference}", *(["Bias of the size in arcsec"] if with_size else [])]
    rows: list[list[str | Cell]] = []
    for row in content["bins"].get(reference, []):
        edges = (row[f"{reference}_lower"], row[f"{reference}_upper"])
        cells = ("completeness", f"bias_{reference}", f"scatter_{reference}")
        rows.append(
            [
                " to ".join(f"{edge:.4g}" for edge in edges),
                f"{row['n_injected']:,}",
                *(interval_cell(interval(row, each)) for each in cells),
                *([interval_cell(interval(row, "bias_size"))] if with_size else []),
            ]
        )
    return SectionTable("Transfer function by true magnitude", columns, rows)


def model_table(model: Mapping[str, Any]) -> SectionTable:
    """Return the table of models of completeness and their log losses.

    Parameters
    ----------
    model : mapping
        `model` of transfer.json.
    """
    validation = model["validation"]
    rows: list[list[str | Cell]] = []
    for form, loss in validation["log_loss"].items():
        difference = validation["improvement"].get(form)
        rows.append(
            [
                Cell(FORMS[form], best=form == model["form"]),
                number(loss),
                interval_cell(difference) if difference else "–",
            ]
        )
    return SectionTable(
        f"Models of completeness, cross-validated over {validation['n_folds']} parts of the "
        f"{validation['unit']}: mean log loss, and by how much that of the chosen model is smaller",
        ["Model", "Log loss", "Improvement"],
        rows,
    )
