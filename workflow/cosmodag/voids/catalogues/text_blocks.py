"""Blocks of whole lines of text files."""

import zlib
from collections.abc import Iterator
from pathlib import Path

from cosmodag.errors import InputError
from cosmodag.input_files import open_bytes

BLOCK = 1 << 23
"""Bytes that are parsed together."""
LONGEST_LINE = 1 << 20
"""Bytes of the longest line of a table."""
CURE = "give a table of numbers in text"


def read_blocks(path: Path) -> Iterator[bytes]:
    """Yield blocks of whole lines, in which all lines end with a newline alone.

    Parameters
    ----------
    path : pathlib.Path
        The file, which may be compressed by gzip or bzip2.

    Raises
    ------
    InputError
        If the file cannot be read to its end, is not text, or has a line of more than 1 MB.
    """
    try:
        with open_bytes(path, CURE) as file:
            rest = b""
            while block := file.read(BLOCK):
                if block.startswith((b"\xff\xfe", b"\xfe\xff")):
                    raise InputError(f"{path}: text in UTF-16; save it as UTF-8")
                if b"\0" in block:
                    raise InputError(f"{path}: not text in UTF-8 (null characters); {CURE}")
                whole, newline, end = block.rpartition(b"\n")
                if not newline:
                    rest += end
                else:
                    yield (rest + whole + newline).replace(b"\r\n", b"\n")
                    rest = end
                if len(rest) > LONGEST_LINE:
                    raise InputError(
                        f"{path}: a line of more than {LONGEST_LINE} bytes; {CURE}, one row per "
                        "galaxy"
                    )
            if b"\r" in rest.rstrip():
                raise InputError(
                    f"{path}: lines end with a carriage return alone; save it with newlines"
                )
            if rest:
                yield rest.replace(b"\r\n", b"\n") + b"\n"
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path}: cannot be read to its end ({error}); copy it again") from None


def leading_comments(path: Path) -> str:
    """Return the comments before the first row of a text file.

    Parameters
    ----------
    path : pathlib.Path
        The file.

    Returns
    -------
    str
        One comment per line, without the marks of comments.

    Raises
    ------
    InputError
        If the file cannot be read.
    """
    comments = []
    for line in next(read_blocks(path), b"").removeprefix(b"\xef\xbb\xbf").split(b"\n"):
        if is_row(line):
            break
        comments.append(line.decode("utf-8", "replace").lstrip("# "))
    return "\n".join(comments)


def is_row(line: bytes) -> bool:
    """Return whether a line is neither empty nor a comment."""
    return bool(line.strip()) and not line.lstrip().startswith(b"#")
