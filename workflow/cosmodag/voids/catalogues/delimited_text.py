"""Tables of numbers in text files, separated by commas or white space.

The fields of each row are counted. A row with more or fewer fields than the table has columns, as
decimal commas or lost values make, would otherwise be read as other numbers.
"""

import csv
import io
import re
from collections.abc import Iterator, MutableMapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from cosmodag.errors import InputError
from cosmodag.input_files import decoded
from cosmodag.rejections import LISTED
from cosmodag.voids.catalogues.table_columns import refuse_transposed
from cosmodag.voids.catalogues.text_blocks import CURE, LONGEST_LINE, is_row, read_blocks

_NEWLINE, _RETURN, _SPACE, _TAB, _COMMA, _QUOTE = b'\n\r \t,"'

_FORTRAN = re.compile(r"(?<=[\d.])[dD](?=[-+]?\d+\s*$)")
"""Exponents of double precision, as in 1.5D+02."""

Problems = MutableMapping[int, str]
"""Reasons why rows cannot be used, by the number of the row from 0."""


class TextTable(NamedTuple):
    """Columns of a table in a text file.

    Attributes
    ----------
    path : pathlib.Path
        The file, which may be compressed by gzip.
    comma : bool
        Whether fields are separated by commas rather than white space.
    names : list
        Names of the columns; numbers from 0 if the file does not name them.
    has_header : bool
        Whether the first line that is no comment names the columns.
    """

    path: Path
    comma: bool
    names: list[str | int]
    has_header: bool

    def read(
        self, selected: Sequence[int], chunk_rows: int, problems: Problems
    ) -> Iterator[list[np.ndarray]]:
        """Read columns chunk by chunk.

        Parameters
        ----------
        selected : sequence of int
            Indices of the columns.
        chunk_rows : int
            Largest number of rows per chunk.
        problems : mapping of int to str
            Gets the reason for each row that is not a row of numbers; its values are NaN.

        Yields
        ------
        list of numpy.ndarray, shape (rows,)
            One array per column.

        Raises
        ------
        InputError
            If the file cannot be read or is not text.
        """
        n_rows = 0
        for number, block in enumerate(read_blocks(self.path)):
            if number == 0:
                block = self._without_header(block)
            if b"#" in block:
                block = self._without_comments(block)
            block, n_lines = self._with_equal_rows(block, n_rows, problems)
            if n_lines:
                columns = self._parse(block, selected, n_rows, problems)
                for start in range(0, len(columns[0]), chunk_rows):
                    yield [column[start : start + chunk_rows] for column in columns]
            n_rows += n_lines
        if isinstance(self.names[0], int):
            refuse_transposed(self.path, self.names[0], (n_rows, len(self.names)))

    def _without_header(self, block: bytes) -> bytes:
        """Return the first block without the lines up to the header, and without comments."""
        lines = block.removeprefix(b"\xef\xbb\xbf").split(b"\n")
        first = next((i for i, line in enumerate(lines) if is_row(line)), len(lines))
        return b"\n".join(lines[first + self.has_header :])

    def _without_comments(self, block: bytes) -> bytes:
        """Return a block without comments: the end of a line, between commas only whole lines."""
        lines = block.split(b"\n")
        if self.comma:
            return b"\n".join(line for line in lines if not line.lstrip().startswith(b"#"))
        return b"\n".join(line.partition(b"#")[0] for line in lines)

    def _with_equal_rows(
        self, block: bytes, first_row: int, problems: Problems
    ) -> tuple[bytes, int]:
        """Return a block in which rows of another length are empty, and its number of rows."""
        counts, filled = _field_counts(block, self.comma)
        wrong = filled & (counts != len(self.names))
        if wrong.any():
            row = np.cumsum(filled) - 1 + first_row
            lines = block.split(b"\n")
            empty = (b"," if self.comma else b" ").join([b"nan"] * len(self.names))
            for line in np.flatnonzero(wrong):
                _note(
                    problems,
                    int(row[line]),
                    f"{counts[line]} fields instead of {len(self.names)}; use points as decimal "
                    "marks and one separator",
                )
                lines[line] = empty
            block = b"\n".join(lines)
        return block, int(filled.sum())

    def _parse(
        self, block: bytes, selected: Sequence[int], first_row: int, problems: Problems
    ) -> list[np.ndarray]:
        """Return columns of a block of rows of equal length."""
        import pandas

        try:
            frame = pandas.read_csv(
                io.BytesIO(block),
                header=None,
                names=list(range(len(self.names))),
                usecols=sorted(set(selected)),
                index_col=False,
                sep="," if self.comma else r"\s+",
                encoding_errors="replace",
                low_memory=False,
            )
        except (ValueError, OverflowError) as error:  # also EmptyDataError and ParserError
            reason = " ".join(str(error).split())
            raise InputError(f"{self.path}: not a table of numbers ({reason}); {CURE}") from None
        for column in frame:
            values = frame[column]
            if values.dtype.kind in "fiub":
                continue
            numbers = pandas.to_numeric(
                values.astype(str).str.replace(_FORTRAN, "e", regex=True).where(values.notna()),
                errors="coerce",
            )
            for place in np.flatnonzero(numbers.isna() & values.notna()):
                text = repr(str(values.iloc[place])[:40])
                reason = f"{self.names[column]} is {text}, not a number"
                _note(problems, first_row + int(place), reason)
            frame[column] = numbers.astype(np.float64)
        return [frame[column].to_numpy() for column in selected]


def open_text_table(path: Path, *, comma: bool, has_header: bool = False) -> TextTable:
    """Find the columns of a table in a text file.

    Parameters
    ----------
    path : pathlib.Path
        The file, which may be compressed by gzip.
    comma : bool
        Whether fields are separated by commas rather than white space. In a table separated by
        commas, the first line that is no comment names the columns, unless it consists of numbers.
        Otherwise the last comment before it with a word per column does, or else the line itself
        if it has no number.
    has_header : bool
        Whether the first line that is no comment names the columns in any case.

    Returns
    -------
    TextTable

    Raises
    ------
    InputError
        If the file cannot be read, is not text, or has no rows.
    """
    block = next(read_blocks(path), b"")
    text = decoded(path, block[:LONGEST_LINE].rpartition(b"\n")[0], CURE)
    comments: list[str] = []
    for line in text.splitlines():
        if not line.strip():
            continue
        if not line.lstrip().startswith("#"):
            break
        comments.append(line)
    else:
        raise InputError(f"{path}: it has no rows; {CURE}")
    if comma:
        fields = next(csv.reader([line]))
        if not has_header and all(map(_is_number, fields)):
            headers = [next(csv.reader([comment.lstrip("# ")]), []) for comment in comments]
            return TextTable(path, True, _names(headers, len(fields)), False)
        names: list[str | int] = [name.strip().strip('"') for name in fields]
        for separator, words in ((";", "semicolons"), ("\t", "tabulators")):
            if len(names) == 1 and separator in line:
                raise InputError(
                    f"{path}: its columns {line.split(separator)} are separated by {words}, not by "
                    "commas; save it with commas, or set format: text for white space"
                )
        return TextTable(path, True, names, True)
    row = line.partition("#")[0].split()
    if any("," in word for word in row) and all(word.endswith(",") for word in row[:-1]):
        raise InputError(
            f"{path}: its columns {line.split(',')} are separated by commas, not by white space; "
            "set format: csv"
        )
    if has_header:
        return TextTable(path, False, [name.strip('"') for name in row], True)
    names = _names([comment.lstrip("# ").split() for comment in comments], len(row))
    if isinstance(names[0], int) and not any(map(_is_number, row)):
        return TextTable(path, False, list(row), True)
    return TextTable(path, False, names, False)


def _names(comments: list[list[str]], n_columns: int) -> list[str | int]:
    """Return the words of the last comment with a name per column, or else numbers from 0."""
    for words in reversed(comments):
        is_statement = any(word == "=" or _is_number(word) for word in words)
        if len(words) == n_columns and not is_statement:
            return [word.strip() for word in words]
    return list(range(n_columns))


def _field_counts(block: bytes, comma: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return for each line of a block the number of its fields, and whether it has any."""
    if b'"' in block:
        return _quoted_counts(block, comma)
    content = np.frombuffer(block, np.uint8)
    ends = np.flatnonzero(content == _NEWLINE)
    if not len(ends):
        return np.zeros(0, int), np.zeros(0, bool)
    starts = np.concatenate([[0], ends[:-1] + 1])
    blank = (content == _SPACE) | (content == _TAB) | (content == _RETURN) | (content == _NEWLINE)
    first = ~blank
    first[1:] &= blank[:-1]  # first characters of words
    filled = np.add.reduceat(first, starts, dtype=np.int64)
    if not comma:
        return filled, filled > 0
    commas = np.add.reduceat(content == _COMMA, starts, dtype=np.int64)
    return commas + 1, (filled > 0) | (commas > 0)


def _quoted_counts(block: bytes, comma: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return the same for a block with quotation marks, within which separators may lie."""
    lines = block.decode("utf-8", errors="replace").split("\n")[:-1]
    counts = np.zeros(len(lines), int)
    for number, line in enumerate(lines):
        # A quotation mark that is not closed continues on the next line: no table of numbers.
        unclosed = line.count('"') % 2
        if comma:
            fields = next(csv.reader([line]), [])
        else:
            spaced = line.replace("\t", " ").strip()
            fields = next(csv.reader([spaced], delimiter=" ", skipinitialspace=True), [])
        counts[number] = -1 if unclosed else len(fields)
    return counts, np.array([bool(line.strip()) for line in lines], bool)


def _note(problems: Problems, row: int, reason: str) -> None:
    """Note why a row cannot be used, up to the number of rows that are listed."""
    if len(problems) < LISTED:
        problems.setdefault(row, reason)


def _is_number(word: str) -> bool:
    """Return whether a word is a number."""
    try:
        float(_FORTRAN.sub("e", word))
    except ValueError:
        return False
    return True
