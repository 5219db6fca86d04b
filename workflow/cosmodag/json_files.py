"""JSON files of the workflow, which carry a record of their inputs and a checksum as last keys."""

import json
import os
from collections.abc import Iterable, Mapping, Sequence

from cosmodag import input_files
from cosmodag.checksums import make_record, require, stamp
from cosmodag.files import whole_file
from cosmodag.hashes import HOLE

OWN_KEYS = ("record", "checksum")


def write_json(
    path: str | os.PathLike,
    content: Mapping,
    *,
    inputs: Iterable[str | os.PathLike] = (),
    files: Iterable[str | os.PathLike] = (),
    lists: Iterable[str] = (),
) -> None:
    """Write indented JSON with a checksum, whole or not at all; NaN is refused.

    Parameters
    ----------
    path : path-like
        File to write.
    content : mapping
        Keys and values.
    inputs, files : iterable of path-like
        Files that the content was made from, and files that belong to it, see
        `cosmodag.checksums.make_record`.
    lists : iterable of str
        Keys whose values give the SHA-256 of further such files by their names.
    """
    record = make_record(path, inputs, files)
    record |= {"lists": list(lists)} if lists else {}
    whole = {**content, "record": record, "checksum": f"cosmodag sha256 {HOLE}"}
    text = json.dumps(whole, indent=2, sort_keys=False, allow_nan=False)
    with whole_file(path) as partial:
        partial.write_text(text + "\n")
        stamp(partial)


def read_json(path: str | os.PathLike, cure: str, *, keys: Sequence[str] = ()) -> dict:
    """Read and verify JSON that `write_json` wrote, without the record and the checksum.

    Parameters
    ----------
    path : path-like
        File to read.
    cure : str
        What to do about a file that is missing or damaged, for the error.
    keys : sequence of str
        Keys that the file must have.

    Raises
    ------
    InputError
        If the file is missing, is no JSON, lacks a key or was altered.
    """
    content = input_files.read_json(path, cure=cure, keys=keys)
    require(path, cure)
    return {key: value for key, value in content.items() if key not in OWN_KEYS}
