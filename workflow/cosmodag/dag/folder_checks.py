"""Checks of the names of the folders that a configuration gives for what jobs write."""

import os
import re
from collections.abc import Mapping

from cosmodag.schema_errors import ConfigError, shown

FOLDERS = {"results": False, "scratch": False, "staging": True}
"""Keys of folders, and whether variables of the environment are replaced in their values."""
LONGEST_NAME = 255
"""Bytes of the name of a file or folder on file systems of Linux."""
LONGEST_PATH = 4096
"""Bytes of a path on Linux."""
BELOW = 1024
"""Bytes of it for the names of files below a folder."""


def check(config: Mapping) -> None:
    """Refuse folders in which no job could write, or that are not those that were meant.

    Parameters
    ----------
    config : mapping
        The completed configuration.

    Raises
    ------
    ConfigError
        A folder is the root of the file system, its name is too long, or the name contains ``~`` or
        a variable of the environment that is not replaced.
    """
    for key, variables in FOLDERS.items():
        if config[key] and (fault := _fault(config[key], variables)):
            raise ConfigError((key,), f"{shown(config[key])} {fault}")


def _fault(folder: str, variables: bool) -> str | None:
    """Return what is wrong with the name of a folder, and what to give instead."""
    first, *_ = parts = folder.split("/")
    if first.startswith("~"):
        home = os.path.expanduser(folder)
        meant = f"{shown(home)}, or " if home != folder else ""
        return (
            f"begins with ~, which is not replaced by a home folder; give {meant}"
            f"{shown(f'./{folder}')} for a folder of this name"
        )
    if not variables and (variable := re.search(r"\$\w+", folder)):
        return f"contains {variable[0]}, which is not replaced by its value; give the path in full"
    if not os.path.abspath(folder).strip("/"):
        return "is the root of the file system; give a folder below it, such as /data/results"
    longest = max(_n_bytes(part) for part in parts)
    if longest > LONGEST_NAME:
        return (
            f"contains a name of {longest} bytes, and file systems allow {LONGEST_NAME}; give a "
            "shorter name"
        )
    if (n_bytes := _n_bytes(os.path.abspath(folder))) > LONGEST_PATH - BELOW:
        return (
            f"is a path of {n_bytes} bytes, and files below it need paths of at most "
            f"{LONGEST_PATH}; give one of at most {LONGEST_PATH - BELOW}"
        )
    return None


def _n_bytes(name: str) -> int:
    """Return the length of a name in bytes."""
    return len(name.encode("utf-8", "surrogatepass"))
