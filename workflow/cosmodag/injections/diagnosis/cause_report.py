"""Sentence, table and figure of the causes of a difference between the classes."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

from cosmodag.evaluation.drawing import NETWORK, QUIET, WARM, drawing
from cosmodag.evaluation.evaluation import Table
from cosmodag.evaluation.formatting import bounds, number
from cosmodag.injections.diagnosis.quantities import CAUSES, PIPELINE

CAPTION = (
    "Probability that a quantity of an injected object exceeds that of a real one of the same "
    "brick, with 95 % intervals over bricks; equal classes have 0.5. Grey: as measured. Blue: as "
    "tested; quantities other than those of the catalogue at equal catalogue entries. Ochre: "
    "significant after adjustment for the number of quantities."
)
TABLE = (
    "Quantities of stamps and catalogue by class: medians of real and of injected objects, and of "
    "injected ones with the catalogue distribution of the real ones (weighted); AUC as tested with "
    "its interval over bricks; p-value adjusted for the number of quantities; decrease of the AUC "
    "of a cross-fitted classifier without the cause."
)


def cause_sentence(found: Mapping[str, Any]) -> str:
    """Return the sentence of the report on the causes.

    Parameters
    ----------
    found : mapping
        Result of `cosmodag.injections.diagnosis.causes.find_causes`.

    Returns
    -------
    str
        One or two sentences.
    """
    n_quantities = len(found["quantities"])
    if not found["causes"]:
        return (
            f"None of {n_quantities} measured quantities differs between the classes at the "
            f"{100 * found['level']:.0f} % level, so no cause is named."
        )
    first, *others = found["causes"]
    strongest = max(
        (row for row in found["quantities"] if row["cause"] == first and row["significant"]),
        key=lambda row: abs(row["z"]),
    )
    measured = (
        f"{strongest['quantity']} of injected objects has a median of "
        f"{number(strongest['injected'])} against {number(strongest['real'])} of real ones, "
        f"AUC {number(strongest['auc_adjusted']['value'])}, "
        f"p = {strongest['p_value']:.1g} adjusted for {n_quantities} quantities"
    )
    sentence = f"Cause: {CAUSES[first].name}, a {CAUSES[first].kind} ({measured})."
    for kind in dict.fromkeys(CAUSES[key].kind for key in others):
        names = ", ".join(CAUSES[key].name for key in others if CAUSES[key].kind == kind)
        sentence += f" Further {kind}: {names}."
    after = found["auc"]["after"]
    auc = f"a classifier of the quantities reaches an AUC of {number(after['value'])}"
    if interval := bounds(after):
        auc += f" ({interval})"
    verb = "still differ" if found["distinguishable_after"] else "no longer differ"
    return (
        f"{sentence} Once injected objects are weighted to the catalogue distribution of real "
        f"ones, the classes {verb}: {auc}."
    )


def cause_table(found: Mapping[str, Any]) -> Table:
    """Return the table of the quantities, the most significant first.

    Parameters
    ----------
    found : mapping
        Result of `cosmodag.injections.diagnosis.causes.find_causes`.

    Returns
    -------
    Table
    """
    rows = [
        [
            row["quantity"],
            CAUSES[row["cause"]].name,
            *(number(row[name]) for name in ("real", "injected", "reweighted")),
            _with_bounds(row["auc_adjusted"]),
            f"{row['p_value']:.2g}" + (" *" if row["significant"] else ""),
            number(row["importance"], sign=True),
        ]
        for row in _sorted(found["quantities"])
    ]
    columns = ["quantity", "cause", "real", "injected", "weighted", "AUC", "p", "importance"]
    return Table(TABLE, columns, rows)


def draw_causes(path: str | os.PathLike, found: Mapping[str, Any]) -> None:
    """Draw the AUC of each quantity with its interval, faults of the pipeline above.

    Parameters
    ----------
    path : path
        SVG file to write.
    found : mapping
        Result of `cosmodag.injections.diagnosis.causes.find_causes`.
    """
    order = sorted(
        found["quantities"],
        key=lambda row: (CAUSES[row["cause"]].kind != PIPELINE, [*CAUSES].index(row["cause"])),
    )
    with drawing(path, 5.4, 0.6 + 0.19 * len(order)) as figure:
        axes = figure.subplots()
        axes.axvline(0.5, color=QUIET, lw=0.8)
        for y, row in enumerate(reversed(order)):
            ink = WARM if row["significant"] else NETWORK
            for name, colour, shift in (("auc", QUIET, -0.25), ("auc_adjusted", ink, 0)):
                auc = row[name]
                if auc["value"] is None:
                    continue
                if auc["low"] is not None:
                    axes.plot([auc["low"], auc["high"]], [y + shift] * 2, color=colour, lw=1)
                axes.plot(auc["value"], y + shift, "o", color=colour, ms=3)
        labels = [row["quantity"] for row in reversed(order)]
        axes.set_yticks(range(len(order)), labels, fontsize=6.5)
        axes.set(xlabel="AUC of the quantity", xlim=(0, 1))


def _sorted(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the rows by descending significance."""
    return sorted(rows, key=lambda row: -abs(row["z"]))


def _with_bounds(interval: Mapping[str, float | None]) -> str:
    """Return a value with its interval."""
    text = bounds(interval)
    return number(interval["value"]) + (f" ({text})" if text else "")
