"""What the statistics of voids say, in words."""

from collections.abc import Mapping
from typing import Any

from cosmodag.evaluation.formatting import number


def summarize(samples: Mapping[str, Mapping[str, Any]], n_boxes: int) -> str:
    """Return a sentence on the numbers of voids, and one on each comparison with the theory.

    Parameters
    ----------
    samples : mapping from str to mapping
        Numbers of each sample, see `sample_statistics.SampleStatistics`.
    n_boxes : int
        Number of boxes.
    """
    counts = [f"{each['n_voids'] or 'no'} ({each['title']})" for each in samples.values()]
    plural = "box" if n_boxes == 1 else "boxes"
    sentences = [f"Voids in {n_boxes} {plural}: {', '.join(counts)}."]
    for each in samples.values():
        theory = each["theory"]
        if theory and theory["n_bins"]:
            bins = "bin" if theory["n_bins"] == 1 else "bins"
            first, *_, last = 2 * [row for row in each["sizes"] if row["in_mean"]]
            sentences.append(
                f"Number per size over that of the excursion-set theory ({each['title']}): "
                f"{with_error(theory['ratio'])}, the mean of {theory['n_bins']} {bins}, from "
                f"{number(first['ratio'])} at {_middle(first)} to {number(last['ratio'])} at "
                f"{_middle(last)} Mpc/h."
            )
    return " ".join(sentences)


def _middle(size_bin: Mapping[str, float]) -> str:
    """Return the geometric middle of a bin in Mpc/h."""
    return f"{(size_bin['lower_mpc_h'] * size_bin['upper_mpc_h']) ** 0.5:.3g}"


def with_error(value: Mapping[str, float | None]) -> str:
    """Return a value with its standard error, "0.61 ± 0.02"; a dash where it is not defined.

    Examples
    --------
    >>> with_error({"value": 0.614, "error": 0.02}), with_error({"value": None, "error": None})
    ('0.614 ± 0.020', '–')
    """
    if value["value"] is None or value["error"] is None:
        return number(value["value"])
    return f"{number(value['value'])} ± {number(value['error'])}"
