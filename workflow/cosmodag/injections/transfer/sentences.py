"""Sentences that summarize a transfer function."""

from collections.abc import Mapping
from typing import Any

from cosmodag.evaluation.formatting import bounds, number, percent


def summarize(content: Mapping[str, Any]) -> str:
    """Return the numbers of injections, the completeness and the bias in sentences.

    Parameters
    ----------
    content : mapping
        Content of transfer.json.
    """
    total, reference = content["total"], content["settings"]["reference"]
    n_used = content["n_detected"] + content["n_missed"]
    sentences = [
        f"{content['n_detected']:,} of {n_used:,} injections were detected: "
        f"{percent(interval(total, 'completeness'))}, {interval_words(content['groups'])}."
    ]
    falls = [
        f"to {100 * float(level):.0f} % at {value:.2f}"
        for level, value in content["magnitude_at_completeness"].items()
        if value is not None
    ]
    if falls:
        sentences.append(f"Completeness falls {' and '.join(falls)} in {reference}.")
    bias = interval(total, f"bias_{reference}")
    if bias["value"] is not None:
        ends = f" ({bounds(bias)})" if bounds(bias) else ""
        scatter = number(total[f"scatter_{reference}"])
        sentences.append(
            f"Measured {reference} magnitudes differ from the true ones by "
            f"{number(bias['value'], sign=True)}{ends} in the median, with a scatter of {scatter}."
        )
    if content["purity"]["value"] is not None:
        sentences.append(
            f"Of the new detections {percent(content['purity'])} are those of injections."
        )
    if content["n_ambiguous"]:
        sentences.append(
            f"{content['n_ambiguous']:,} injections are left out, since a source was there before."
        )
    if content["n_unchecked"]:
        sentences.append(
            f"For {content['n_unchecked']:,} injections there is no catalogue without injections, "
            "so whether a source was there before is not known."
        )
    return " ".join(sentences)


def interval(row: Mapping[str, float | None], name: str) -> dict[str, float | None]:
    """Return a value of a row of a table of bins, with its bounds."""
    endings = (("value", ""), ("low", "_low"), ("high", "_high"))
    return {key: row.get(f"{name}{end}") for key, end in endings}


def interval_words(groups: Mapping[str, Any]) -> str:
    """Return what intervals are made from.

    Parameters
    ----------
    groups : mapping
        `groups` of transfer.json.

    Examples
    --------
    >>> interval_words({"unit": "bricks", "n_units": 90, "n_groups": 60})
    'interval over 90 bricks in 60 groups of neighbours'
    """
    if groups["unit"] == "injections":
        return "binomial interval of one run of injections into one brick"
    words = f"interval over {groups['n_units']} {groups['unit']}"
    if groups["n_groups"] < groups["n_units"]:
        words += f" in {groups['n_groups']} groups of neighbours"
    return f"{words} of one brick" if groups["unit"] == "runs" else words
