"""Whether a dataset folder is what was written."""

import os
from pathlib import Path

from cosmodag.datasets.folder import read_description
from cosmodag.errors import InputError
from cosmodag.provenance import file_hash


def verify_dataset(folder: str | os.PathLike) -> int:
    """Compare every file of a dataset with its SHA-256 in `dataset.json`.

    Grids and labels that cubes are cut from are files of the dataset too.

    Returns
    -------
    int
        Number of files verified.

    Raises
    ------
    InputError
        Files are missing or altered; all of them are named.
    """
    folder = Path(folder)
    description = read_description(folder)
    promised = description["shards"] | description["index"]
    for source in description.get("cubes", []):
        promised |= source["sha256"]
    missing = [name for name in promised if not (folder / name).is_file()]
    altered = [
        name
        for name, promise in promised.items()
        if name not in missing and file_hash(folder / name) != promise
    ]
    faults = [f"{name} is missing" for name in missing]
    faults += [f"{name} was altered" for name in altered]
    if faults:
        raise InputError(f"{folder}: {', '.join(faults)}: split anew")
    return len(promised)
