"""Columns of tables, as users name them."""

import re
from collections.abc import Sequence, Sized
from difflib import get_close_matches
from pathlib import Path

import numpy as np

from cosmodag.errors import InputError

Column = str | int
Columns = list[np.ndarray]
Table = str | int | None

CURE = "copy the file again, or give another"
_FEW_ROWS = 16
"""Rows of a table that are too few for a catalogue, but not for the coordinates of one."""


def split_component(column: Column) -> tuple[Column, int | None]:
    """Split `name[i]` into name and i."""
    if isinstance(column, str) and column.endswith("]"):
        name, _, component = column[:-1].rpartition("[")
        if name and component.isdecimal():
            return name, int(component)
    return column, None


def column_name(path: Path, column: Column, names: Sequence[Column]) -> Column:
    """Return the name of a column that is given by name or by index, if the table has it once.

    A number in brackets after a name, as in ``x(17)``, may be left out.
    """
    name = names[column_index(path, column, len(names))] if isinstance(column, int) else column
    if isinstance(name, str) and name not in names:
        numbered = re.compile(re.escape(name) + r"\(\d+\)")
        name = next((other for other in names if numbered.fullmatch(str(other))), name)
    if name not in names:
        raise missing_error(path, "column", column, names)
    if list(names).count(name) > 1:
        raise InputError(f"{path}: its columns name '{name}' twice; rename one of them")
    return name


def column_index(path: Path, column: Column, width: int) -> int:
    """Return the index of a column, if it is below the number of columns."""
    if not isinstance(column, int) or not 0 <= column < width:
        raise InputError(f"{path}: no column {column}: its {width} columns count from 0")
    return column


def missing_error(path: Path, kind: str, name: Column, names: Sequence[Column]) -> InputError:
    """Return the error for a missing column or table, with the nearest names in any case."""
    texts = [str(other) for other in names]
    folded = {text.casefold(): text for text in reversed(texts)}
    nearest = get_close_matches(str(name).casefold(), folded, n=3, cutoff=0.4)
    nearest = [folded[text] for text in nearest]
    hint = f"nearest: {', '.join(nearest)}" if nearest else f"it has: {', '.join(texts[:12])}"
    return InputError(f"{path}: no {kind} '{name}'; {hint}; choose a {kind} that it has")


def first_line(error: Exception) -> str:
    """Return the first line of the message of a library's error."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def refuse_transposed(path: Path, column: Column, shape: tuple[int, ...]) -> None:
    """Refuse an array with a row per coordinate rather than per galaxy."""
    if len(shape) == 2 and 0 < shape[0] < _FEW_ROWS < shape[1]:
        raise InputError(
            f"{path}: column '{column}' is taken from an array of shape {shape[0]} x {shape[1]}, "
            f"with a row per coordinate; give it transposed, with a row per galaxy, {shape[1]} x "
            f"{shape[0]}"
        )


def common_length(path: Path, columns: Sequence[Column], arrays: Sequence[Sized]) -> int:
    """Return the number of rows of columns that are stored as separate arrays.

    Raises
    ------
    InputError
        The columns differ in length.
    """
    lengths = {len(array) for array in arrays}
    if len(lengths) > 1:
        raise InputError(
            f"{path}: columns {list(columns)} differ in length: {sorted(lengths)}; "
            "choose columns of one table"
        )
    return lengths.pop()
