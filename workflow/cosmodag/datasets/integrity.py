"""Verification that the files of a dataset are those that were written."""

import os
from pathlib import Path

from cosmodag.datasets.folder import read_description
from cosmodag.errors import InputError
from cosmodag.provenance import file_hash


def verify_dataset(folder: str | os.PathLike) -> int:
    """Compare every file of a dataset with its SHA-256 in dataset.json.

    Grids and labels that cubes are cut from are files of the dataset too.

    Parameters
    ----------
    folder : path-like
        The dataset folder.

    Returns
    -------
    int
        Number of verified files.

    Raises
    ------
    InputError
        If files are missing or altered; all of them are named.
    """
    folder = Path(folder)
    description = read_description(folder)
    hashes = description["shards"] | description["index"]
    for source in description.get("cubes", []):
        hashes |= source["sha256"]
    missing = [name for name in hashes if not (folder / name).is_file()]
    altered = [
        name
        for name, sha256 in hashes.items()
        if name not in missing and file_hash(folder / name) != sha256
    ]
    faults = [f"{name} is missing" for name in missing]
    faults += [f"{name} was altered" for name in altered]
    if faults:
        raise InputError(f"{folder}: {', '.join(faults)}: split anew")
    return len(hashes)
