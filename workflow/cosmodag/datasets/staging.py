"""A copy of a dataset on a local disk of the node that trains on it."""

import contextlib
import logging
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from cosmodag.datasets.dataset import Dataset
from cosmodag.files import whole_folder
from cosmodag.output_kinds import DATASET

log = logging.getLogger(__name__)


@contextlib.contextmanager
def staged(
    dataset: Dataset,
    staging: str | os.PathLike | None,
    *,
    name: str = "",
    first: bool = True,
    wait: Callable[[], object] = lambda: None,
) -> Iterator[Dataset]:
    """Copy a dataset to a local disk of this node, and remove the copy at the end.

    If the disk has no room, the dataset is read in place and a warning is logged. Datasets of
    cubes, which only list files elsewhere, are always read in place.

    Parameters
    ----------
    dataset : Dataset
        The dataset.
    staging : path-like or None
        Folder on the node's disk; None copies nothing.
    name : str
        Suffix that distinguishes copies of the same dataset on one node.
    first : bool
        Whether this process of the node makes and removes the copy.
    wait : callable
        Barrier of all processes that train together.

    Yields
    ------
    Dataset
        The copy, or the dataset itself.
    """
    if staging is None or dataset.is_lazy:
        yield dataset
        return
    copy = Path(staging) / f"cosmodag-{dataset.sha256[:16]}{name}"
    if first:
        _copy(dataset.folder, copy)
    wait()
    try:
        yield Dataset.open(copy) if (copy / "dataset.json").is_file() else dataset
    finally:
        if first:
            shutil.rmtree(copy, ignore_errors=True)


def _copy(folder: Path, copy: Path) -> None:
    try:
        with whole_folder(copy, DATASET) as partial:
            shutil.copytree(folder, partial, dirs_exist_ok=True)
    except OSError as error:
        log.warning(
            "%s: no copy of the dataset (%s); it is read from %s", copy, error.strerror, folder
        )
    else:
        log.info("dataset copied to %s", copy)
