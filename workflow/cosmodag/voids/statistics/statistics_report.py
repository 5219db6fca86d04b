"""Section of the report on the statistics of voids."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cosmodag.evaluation.formatting import number
from cosmodag.json_files import read_json
from cosmodag.reporting.sections import Section, SectionFigure, SectionTable, figure_address
from cosmodag.voids.statistics.sentences import with_error

CAVEATS = (
    "R is the radius of the sphere of a void's volume. Errors are standard errors from the scatter "
    "between boxes, which includes that of their cosmologies. The theory is the volume-conserving "
    "excursion set with the linear power spectrum of each box and the barrier of the threshold of "
    "the matter. It is a scale to compare with, not a truth: the matter has cells of finite size, "
    "voids near the smallest radius are missed, the search moves a sphere to where it is largest, "
    "which the theory does not, and spheres of this threshold have not reached shell crossing."
)
CAPTION = (
    "Number of voids per ln R with the excursion-set theory; overdensity of matter around their "
    "centres with fits of the universal profile; cross-correlation of voids and galaxies; and "
    "ellipticities from the galaxies in them."
)


def statistics_section(folder: Path) -> Section:
    """Return the section on a folder of statistics.

    Parameters
    ----------
    folder : Path
        Folder that `cosmodag voids statistics` wrote.

    Returns
    -------
    Section
    """
    record = folder / "statistics.json"
    content = read_json(record, "measure the statistics again")
    return Section(
        name=f"statistics-{folder.name}",
        title=f"Statistics {folder.name}: how many voids are there, of which profile?",
        answer=content["sentence"],
        paragraphs=[CAVEATS],
        figures=[SectionFigure(figure_address(folder / "statistics.svg", record), CAPTION)],
        tables=[summary_table(content["samples"]), size_table(content["samples"])],
        command="cosmodag voids statistics --labels LABELS --galaxies GALAXIES --matter MATTER"
        " --output STATISTICS",
        provenance=content["provenance"],
    )


def summary_table(samples: Mapping[str, Mapping[str, Any]]) -> SectionTable:
    """Return the table with one row per sample of voids.

    Parameters
    ----------
    samples : mapping
        `samples` of statistics.json.
    """
    columns = [
        *("Voids", "Number", "Median R in Mpc/h", "Fraction of the volume", "Number over theory"),
        *("Fit to the matter", "Rms residual", "Ellipticity", "By chance alone"),
    ]
    rows = []
    for each in samples.values():
        fit = each["fits"].get("matter")
        shape = each["ellipticity"]
        rows.append(
            [
                each["title"],
                str(each["n_voids"]),
                number(each["median_radius"]),
                with_error(each["volume_fraction"]),
                with_error(each["theory"]["ratio"]) if each["theory"] else "–",
                _fit_text(fit) if fit else "–",
                number(fit["rms_residual"]) if fit else "–",
                with_error(shape["measured"]),
                with_error(shape["chance"]),
            ]
        )
    return SectionTable(
        "Voids by how they were found. The number over the theory is the mean of the bins below "
        "with enough voids; the ellipticity by chance is that of the same galaxies in random "
        "directions from the centre.",
        columns,
        rows,
    )


def size_table(samples: Mapping[str, Mapping[str, Any]]) -> SectionTable:
    """Return the table with one row per bin of the size function of each sample.

    Parameters
    ----------
    samples : mapping
        `samples` of statistics.json.
    """
    rows = [
        [
            each["title"],
            f"{number(row['lower_mpc_h'])} to {number(row['upper_mpc_h'])}",
            str(row["n_voids"]),
            _millionths(row["dn_dlnr_h3_mpc3"], row["error_h3_mpc3"]),
            _millionths(row.get("theory_h3_mpc3"), None),
            with_error({"value": row.get("ratio"), "error": row.get("ratio_error")}),
        ]
        for each in samples.values()
        for row in each["sizes"]
    ]
    columns = ["Voids", "R in Mpc/h", "Number", "dn/dlnR", "Theory", "Ratio"]
    caption = "Size functions; dn/dlnR and theory are in 10⁻⁶ (Mpc/h)⁻³."
    return SectionTable(caption, columns, rows)


def _millionths(value: float | None, error: float | None) -> str:
    """Return a density in 10⁻⁶ (Mpc/h)⁻³."""
    scaled = (None if each is None else each * 1e6 for each in (value, error))
    return with_error(dict(zip(("value", "error"), scaled)))


def _fit_text(fit: Mapping[str, float]) -> str:
    """Return the parameters of a universal profile."""
    return (
        f"δc {number(fit['central_overdensity'])}, rs/rv "
        f"{number(fit['scale_radius'] / fit['wall_radius'])}, α {number(fit['inner_slope'])}, "
        f"β {number(fit['outer_slope'])}, rv/R {number(fit['wall_radius'])}"
    )
