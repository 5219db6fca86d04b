"""HDF5 files and JSON of the workflow, written or edited by tests with their checksums."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

import h5py

from cosmodag.checksums import append, make_record
from cosmodag.json_files import OWN_KEYS, write_json


@contextlib.contextmanager
def hdf5_file(path: str | Path, mode: str) -> Iterator[h5py.File]:
    """Yield an HDF5 file to write or to edit, which gets a new checksum when it is closed."""
    with h5py.File(path, mode) as file:
        yield file
    append(path, make_record(path))


def edit_json(path: Path, **changes) -> None:
    """Change keys of a JSON file of the workflow as if it had been written so."""
    content = json.loads(path.read_text())
    files = [path.parent / name for name in content["record"].get("files", {})]
    lists = content["record"].get("lists", ())
    content = {key: value for key, value in content.items() if key not in OWN_KEYS} | changes
    write_json(path, content, files=files, lists=lists)


def content(path: Path) -> bytes:
    """Return the bytes of a file without its record, which contains names of other files."""
    return path.read_bytes().rpartition(b"\ncosmodag {")[0]
