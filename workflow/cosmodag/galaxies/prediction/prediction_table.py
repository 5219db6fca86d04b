"""Summaries of tables of predictions, for the log and the report."""

import os
from pathlib import Path

import pandas as pd

from cosmodag.checksums import require_named


def summarize(table: pd.DataFrame) -> str:
    """Return how many galaxies of a table are outside the training distribution.

    Parameters
    ----------
    table : pandas.DataFrame
        Table of `predict_galaxies`.

    Returns
    -------
    str
    """
    n_outside = int(table["outside"].sum())
    n_warnings = int((table["warning"] != "").sum())
    text = f"{len(table)} {'galaxy' if len(table) == 1 else 'galaxies'}: "
    text += f"{n_outside} outside the training distribution"
    if n_warnings > n_outside:
        text += f", {n_warnings - n_outside} more with a warning"
    return text


def read_predictions(path: str | os.PathLike) -> dict[str, str | Path]:
    """Read the summary of a table of predictions.

    Parameters
    ----------
    path : path-like
        Table <experiment>/predictions/<prediction>.csv.

    Returns
    -------
    dict
        `name` and `experiment`, a `sentence`, and `figure`, the path of the gallery.

    Raises
    ------
    InputError
        If the table was altered.
    """
    path = Path(path).resolve()
    require_named(path, path.with_suffix(".json"), "predict again")
    table = pd.read_csv(path, keep_default_na=False)
    return {
        "name": path.stem,
        "experiment": path.parent.parent.name,
        "sentence": f"{summarize(table)}.",
        "figure": path.with_suffix(".svg"),
    }
