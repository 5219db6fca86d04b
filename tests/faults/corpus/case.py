"""What a case of the corpus is, and ways to damage any file."""

import functools
import os
import socket
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

Words = Sequence[object]


@dataclass(frozen=True)
class Case:
    """A bad input with the outcome that it must have.

    Attributes
    ----------
    name : str
        Kind of input, a slash, and what is wrong, such as "csv/decimal commas".
    make : callable
        Writes the input into an empty folder and returns the words of the command line.
    words : sequence of str
        Texts that the message must contain: the culprit and the cause.
    listed : callable, optional
        For a bad item among good ones: checks, in the folder, that the item is listed and that the
        good ones are used. Without it, the input must be refused.
    """

    name: str
    make: Callable[[Path], Words]
    words: Sequence[str] = ()
    listed: Callable[[Path], None] | None = None

    @property
    def kind(self) -> str:
        """Kind of input."""
        return self.name.partition("/")[0]


def truncated(path: Path, fraction: float) -> Path:
    """Cut a file to a fraction of its length."""
    content = path.read_bytes()
    path.write_bytes(content[: int(fraction * len(content))])
    return path


def special(path: Path, kind: str) -> Path:
    """Replace a file by something that is no regular file."""
    path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    elif kind == "loop":
        path.symlink_to(path.name)
    elif kind == "gone":
        path.symlink_to("nowhere")
    elif kind == "socket":
        here = Path.cwd()
        os.chdir(path.parent)  # the path of a socket is short
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
        os.chdir(here)
    return path


REPEATED = ("--path", "--source", "--pilots", "--randoms")
"""Options that may be given more than once."""


def last_given(words: Words) -> list[str]:
    """Return the words of a command line without options that are given again further on."""
    texts = [str(word) for word in words]
    kept: list[str] = []
    for place, word in enumerate(texts):
        option = word.startswith("--") and word not in REPEATED
        value_of = texts[place - 1] if place and texts[place - 1].startswith("--") else None
        again = word if option else value_of if value_of not in (None, *REPEATED) else None
        later = texts[place + 1 :] if option else texts[place:]
        if again is None or again not in later:
            kept.append(word)
    return kept


SPECIAL = ("folder", "pipe", "device", "loop", "gone", "socket")
GARBAGE = {
    "nothing": b"",
    "zeros": bytes(6000),
    "noise": bytes((i * 7919 + i // 3) % 256 for i in range(7000)),
    "text": b"This is no data file.\n" * 300,
    "a web page": b"<!DOCTYPE html>\n<html><body><h1>404 Not Found</h1></body></html>\n" * 50,
    "a Git LFS pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:"
    + b"0" * 64
    + b"\nsize 12345\n",
}
"""Contents of files that are not what their names say."""


def unusable_files(
    prefix: str, name: str, command: Callable[[Path], Words], *, folders: bool = True
) -> Iterator[Case]:
    """Yield cases of a file that is not what its name says, or no regular file.

    Parameters
    ----------
    prefix : str
        Beginning of the names of the cases.
    name : str
        Name of the file, which the message must contain.
    command : callable
        Returns the words of the command line for the path of the file.
    folders : bool
        Whether a folder of that name is a bad input, too.
    """

    def make(folder: Path, write: Callable[[Path], object]) -> Words:
        path = folder / "in" / name
        path.parent.mkdir(exist_ok=True)
        write(path)
        return command(path)

    for kind, content in GARBAGE.items():
        write = functools.partial(Path.write_bytes, data=content)
        yield Case(f"{prefix}{kind}", functools.partial(make, write=write), [name])
    for kind in SPECIAL:
        if folders or kind != "folder":
            write = functools.partial(special, kind=kind)
            yield Case(f"{prefix}{kind}", functools.partial(make, write=write), [name])
