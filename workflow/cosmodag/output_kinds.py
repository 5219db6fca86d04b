"""Kinds of outputs of commands, by which a command recognizes what it wrote before."""

import csv
import fnmatch
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

PARTIAL = re.compile(r"^\.(.+)\.[a-z0-9_]{8}(\.\w+)?$")
"""Name of the partial file or folder of an interrupted job, which contains its own name."""
OWNER = "run.txt"
"""File in a folder of checkpoints that contains the path of the folder of the run."""
SYSTEM = {".snakemake_timestamp", ".DS_Store"}
"""Files that others than the command put into its folder."""


@dataclass(frozen=True)
class Output:
    """An output of a command; subclasses recognize what the command wrote.

    Attributes
    ----------
    is_folder : bool
        Whether it is a folder.
    kept : bool
        Whether the command writes into an existing folder instead of replacing it.
    """

    is_folder = False
    kept = False

    def fault(self, path: Path) -> str | None:
        """Return why what is at a path is not of this command; None if it may be replaced."""
        raise NotImplementedError

    def companions(self, path: Path) -> Mapping[Path, "Output"]:
        """Return the other files that are written along with the one that is named."""
        return {}


@dataclass(frozen=True)
class Hdf5File(Output):
    """An HDF5 file with an attribute `kind`.

    Attributes
    ----------
    kind : str
        The value of the attribute.
    others : tuple of str
        Further values that it may have.
    """

    kind: str
    others: tuple[str, ...] = ()

    def fault(self, path: Path) -> str | None:
        """Return a fault unless the file is of this kind."""
        import h5py

        try:
            with h5py.File(path, "r") as file:
                found = file.attrs.get("kind")
        except OSError:
            return "it is no whole HDF5 file"
        known = (self.kind, *self.others)
        return None if found in known else f"its kind is {found!r}, not {self.kind!r}"

    def companions(self, path: Path) -> Mapping[Path, Output]:
        """Return the table of items that are left out."""
        return {path.with_suffix(".rejected.csv"): Table(("file", "item", "reason"))}


@dataclass(frozen=True)
class JsonFile(Output):
    """A JSON file with certain keys."""

    keys: tuple[str, ...]

    def fault(self, path: Path) -> str | None:
        """Return a fault unless the file is an object with all keys."""
        try:
            content = json.loads(path.read_bytes())
        except (ValueError, RecursionError):
            return "it is not JSON"
        missing = [key for key in self.keys if not isinstance(content, dict) or key not in content]
        return f"it has no key {missing[0]!r}" if missing else None


@dataclass(frozen=True)
class Table(Output):
    """A CSV or Parquet file with certain columns."""

    columns: tuple[str, ...]

    def fault(self, path: Path) -> str | None:
        """Return a fault unless the file has all columns."""
        try:
            found = _parquet_columns(path) if _starts(path, b"PAR1") else _csv_columns(path)
        except (OSError, ValueError, csv.Error):
            return "it is no table"
        missing = [name for name in self.columns if name not in found]
        return f"it has no column {missing[0]!r}" if missing else None


@dataclass(frozen=True)
class Lines(Output):
    """A text file in which every line that is no comment matches a pattern."""

    pattern: str

    def fault(self, path: Path) -> str | None:
        """Return a fault if a line does not match."""
        try:
            with open(path, encoding="utf-8") as file:
                for number, line in enumerate(file, 1):
                    if not line.startswith("# cosmodag") and not re.search(self.pattern, line):
                        return f"its line {number} is none that the command writes"
        except ValueError:
            return "it is no text"
        return None


@dataclass(frozen=True)
class MarkedFile(Output):
    """A file that contains a text among its first or last bytes."""

    mark: str

    def fault(self, path: Path) -> str | None:
        """Return a fault unless the file contains the text."""
        with open(path, "rb") as file:
            head = file.read(8192)
            file.seek(max(0, os.fstat(file.fileno()).st_size - 8192))
            found = self.mark.encode() in head or self.mark.encode() in file.read()
        return None if found else "it was not made by cosmodag"


@dataclass(frozen=True)
class Figure(MarkedFile):
    """A figure, SVG, which is written with a PDF and a table of its numbers."""

    mark: str = "cosmodag"

    def companions(self, path: Path) -> Mapping[Path, Output]:
        """Return the PDF and the numbers beside the figure."""
        return {
            path.with_suffix(".pdf"): MarkedFile(self.mark),
            path.with_suffix(".numbers.csv"): Table(("panel", "series", "kind")),
        }


@dataclass(frozen=True)
class Folder(Output):
    """A folder whose entries all have names that the command gives.

    Attributes
    ----------
    names : tuple of str
        Patterns of the names of its entries.
    marker : str
        Entry without which the folder is not of this command; empty if none is certain.
    within : mapping from str to Output
        What entries must be, by pattern of their names.
    kept : bool
        Whether the command writes into an existing folder instead of replacing it.
    """

    names: tuple[str, ...]
    marker: str = ""
    within: Mapping[str, Output] = field(default_factory=dict)
    kept: bool = False
    is_folder = True

    def fault(self, path: Path) -> str | None:
        """Return a fault if the folder contains something else."""
        entries = sorted(entry.name for entry in os.scandir(path) if entry.name not in SYSTEM)
        for name in entries:
            partial = PARTIAL.match(name)
            own = partial[1] if partial else name
            if not any(fnmatch.fnmatch(own, pattern) for pattern in self.names):
                return f"it contains {name}, which the command does not write"
            for pattern, output in self.within.items():
                applies = not partial and fnmatch.fnmatch(own, pattern)
                if applies and (fault := output.fault(path / name)):
                    return f"in {name}: {fault}"
        if self.marker and entries and self.marker not in entries:
            return f"it contains no {self.marker}"
        return None


FIGURES = Folder(("*.svg", "*.pdf", "*.numbers.csv"))
DATASET = Folder(
    ("dataset.json", "index.parquet", "dropped.csv", "[xy]*_*.npy"),
    marker="dataset.json",
    within={"dataset.json": JsonFile(("experiment", "counts", "shards"))},
)
RUN = Folder(
    (
        *("model.pt", "run.json", "history.csv", "tensorboard", "trace.json", "profile"),
        *("metrics.json", "predictions.h5", "predictions.parquet", "figures"),
    ),
    within={"run.json": JsonFile(("task", "model"))},
    kept=True,
)
ANY_FOLDER = Folder(("*", ".*"), kept=True)


def _starts(path: Path, magic: bytes) -> bool:
    with open(path, "rb") as file:
        return file.read(len(magic)) == magic


def _parquet_columns(path: Path) -> list[str]:
    from pyarrow import parquet

    return list(parquet.read_schema(path).names)


def _csv_columns(path: Path) -> list[str]:
    with open(path, newline="", encoding="utf-8") as file:
        lines = (line for line in file if not line.startswith("#"))
        return next(csv.reader(lines), [])
