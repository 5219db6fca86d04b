"""Tables of what trained networks say of stamps, read again for the report."""

import os
from pathlib import Path

import pandas as pd


def said(table: pd.DataFrame) -> str:
    """Say in a sentence how many stamps of a table of `predict_galaxies` are to be doubted."""
    outside, warned = (int(each.sum()) for each in (table["outside"], table["warning"] != ""))
    text = f"{len(table)} {'galaxy' if len(table) == 1 else 'galaxies'}: "
    text += f"{outside} outside the training distribution"
    return text + (f", {warned - outside} more with a warning" if warned > outside else "")


def read_prediction(path: str | os.PathLike) -> dict[str, str | Path]:
    """Read what a table of `predict_galaxies` says as a whole.

    Parameters
    ----------
    path
        The table, <experiment>/predictions/<prediction>.csv.

    Returns
    -------
    dict
        `name` and `experiment`, its `sentence`, and `figure`, the gallery beside it.
    """
    path = Path(path).resolve()
    table = pd.read_csv(path, keep_default_na=False)
    return {
        "name": path.stem,
        "experiment": path.parent.parent.name,
        "sentence": f"{said(table)}.",
        "figure": path.with_suffix(".svg"),
    }
