"""A copy of a dataset on a disk of the node that trains on it."""

import contextlib
import logging
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from cosmodag.datasets.folder import read_description
from cosmodag.files import whole_folder
from cosmodag.provenance import file_hash

log = logging.getLogger(__name__)


@contextlib.contextmanager
def staged(
    folder: str | os.PathLike,
    staging: str | os.PathLike | None,
    *,
    name: str = "",
    first: bool = True,
    wait: Callable[[], object] = lambda: None,
) -> Iterator[Path]:
    """Copy a dataset to a disk of this node, and remove the copy at the end.

    Where there is no room the dataset is read where it is, and the log says so. So are datasets of
    cubes, which only list files elsewhere.

    Parameters
    ----------
    folder
        The dataset.
    staging
        Folder on the node's disk; None copies nothing.
    name
        Tells apart those that use a copy of their own on one node.
    first
        Whether this is the process of the node that copies and removes.
    wait
        Returns once all processes that train together have called it.

    Yields
    ------
    Path
        The copy, or `folder`.
    """
    folder = Path(folder)
    if staging is None or read_description(folder).get("cubes"):
        yield folder
        return
    copy = Path(staging) / f"cosmodag-{file_hash(folder / 'dataset.json')[:16]}{name}"
    if first:
        _copy(folder, copy)
    wait()
    try:
        yield copy if (copy / "dataset.json").is_file() else folder
    finally:
        if first:
            shutil.rmtree(copy, ignore_errors=True)


def _copy(folder: Path, copy: Path) -> None:
    try:
        with whole_folder(copy) as partial:
            shutil.copytree(folder, partial, dirs_exist_ok=True)
    except OSError as error:
        log.warning(
            "%s: no copy of the dataset (%s); it is read from %s", copy, error.strerror, folder
        )
    else:
        log.info("dataset copied to %s", copy)
