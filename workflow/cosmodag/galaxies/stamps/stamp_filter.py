"""Selection of the files of a folder whose stamps have a given shape, as two lists."""

import collections
import logging
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from tqdm import tqdm

from cosmodag.errors import InputError
from cosmodag.failures import printable
from cosmodag.file_patterns import files_below
from cosmodag.files import whole_file
from cosmodag.galaxies.stamps.path_list import line_fault, write_path_list
from cosmodag.galaxies.stamps.stamp_headers import EXTENSIONS, StampHeader, read_header

logger = logging.getLogger(__name__)

CHUNK = 256
"""Files that a thread reads in one go."""


def filter_stamps(
    folder: str | os.PathLike,
    accepted: str | os.PathLike,
    rejected: str | os.PathLike,
    *,
    shape: Sequence[int] = (3, 256, 256),
    bands: Sequence[str] | None = None,
    accept_larger: bool = False,
    dataset: str = "images",
    threads: int = 1,
) -> tuple[int, int]:
    """List the files of a folder and its subfolders whose stamps have a given shape.

    Parameters
    ----------
    folder : path-like
        Folder to search for files with one of `EXTENSIONS`.
    accepted : path-like
        List to write, one path per line, sorted.
    rejected : path-like
        List to write, one path and reason per line, separated by a tab.
    shape : sequence of int
        Number of bands, height and width.
    bands : sequence of str, optional
        Required names of the bands, for files that record them; any by default.
    accept_larger : bool
        Whether to accept larger stamps, which can be cropped or shrunk later.
    dataset : str
        Name of the dataset of stamps in HDF5 files.
    threads : int
        Threads that read headers. They help where files respond slowly, as on a network disk; on a
        local disk one thread is fastest.

    Returns
    -------
    accepted, rejected : int
        Numbers of files.

    Raises
    ------
    InputError
        If there are no files or none is accepted; in the latter case both lists are written first.
    """
    paths = list_stamp_files(folder)
    good, bad = select_files(
        paths,
        shape=shape,
        bands=bands,
        accept_larger=accept_larger,
        dataset=dataset,
        threads=threads,
    )
    with whole_file(rejected) as partial:
        lines = [f"{printable(path)}\t{reason}\n" for path, reason in bad]
        partial.write_text("".join(lines), encoding="utf-8")
    write_path_list(accepted, good, files=[rejected])
    logger.info(
        "%d of %d files have stamps of %s%s",
        len(good),
        len(paths),
        " × ".join(map(str, shape)),
        " or larger" * accept_larger,
    )
    if not good:
        raise InputError(
            f"{folder}: {describe_rejections(bad)}; change the keys shape, accept_larger or bands"
        )
    return len(good), len(bad)


def list_stamp_files(folder: str | os.PathLike) -> list[str]:
    """Return the paths of the stamp files in a folder and its subfolders, sorted.

    Parameters
    ----------
    folder : path-like

    Returns
    -------
    list of str

    Raises
    ------
    InputError
        If the folder is missing or has no file with one of `EXTENSIONS`.
    """
    found = files_below(folder, "give a folder of images")
    paths = [path for path in found if path.lower().endswith(EXTENSIONS)]
    if not paths:
        raise InputError(
            f"{folder}: no file that ends in one of {', '.join(EXTENSIONS)}; give a folder of "
            "images"
        )
    return paths


def select_files(
    paths: Sequence[str],
    *,
    shape: Sequence[int],
    bands: Sequence[str] | None = None,
    accept_larger: bool = False,
    dataset: str = "images",
    threads: int = 1,
) -> tuple[list[str], list[tuple[str, str]]]:
    """Separate files whose stamps have a given shape from others.

    Parameters
    ----------
    paths : sequence of str
        Files to inspect.
    shape, bands, accept_larger, dataset, threads
        See `filter_stamps`.

    Returns
    -------
    accepted : list of str
        Paths.
    rejected : list of tuple of str
        Paths and reasons.
    """
    chunks = [paths[start : start + CHUNK] for start in range(0, len(paths), CHUNK)]

    def inspect(path: str) -> str | None:
        if fault := line_fault(path):
            return fault
        try:
            header = read_header(path, dataset)
        except InputError as error:
            return str(error).removeprefix(f"{path}: ")
        return rejection_reason(header, shape, bands, accept_larger)

    with ThreadPoolExecutor(threads) as pool:
        inspected = tqdm(
            pool.map(lambda chunk: [inspect(path) for path in chunk], chunks),
            total=len(chunks),
            unit=f"{CHUNK} files",
            disable=None,
        )
        reasons = [reason for chunk in inspected for reason in chunk]
    accepted = [path for path, reason in zip(paths, reasons) if reason is None]
    return accepted, [(path, reason) for path, reason in zip(paths, reasons) if reason is not None]


def describe_rejections(rejected: Sequence[tuple[str, str]]) -> str:
    """Return a message that no file is accepted, with the most frequent reason.

    Parameters
    ----------
    rejected : sequence of tuple of str
        Paths and reasons.

    Returns
    -------
    str
    """
    (reason, count), *_ = collections.Counter(reason for _, reason in rejected).most_common(1)
    return f"none of {len(rejected)} files is accepted ({count} of them: {reason})"


def rejection_reason(
    header: StampHeader, shape: Sequence[int], bands: Sequence[str] | None, accept_larger: bool
) -> str | None:
    """Return the reason to reject a file, None to accept it.

    Parameters
    ----------
    header : StampHeader
        Header of the file.
    shape, bands, accept_larger
        See `filter_stamps`.

    Returns
    -------
    str or None
    """
    actual, expected = (" × ".join(map(str, lengths)) for lengths in (header.shape, shape))
    if header.shape[0] != shape[0]:
        return f"{actual}: {header.shape[0]} bands instead of {shape[0]}"
    fits = header.shape[1:] == tuple(shape[1:])
    if accept_larger:
        fits = all(length >= least for length, least in zip(header.shape[1:], shape[1:]))
    if not fits:
        return f"{actual} is not {expected}{' or larger' * accept_larger}"
    if bands and header.bands and set(header.bands) != set(bands):
        return f"bands {', '.join(header.bands)} instead of {', '.join(bands)}"
    return None
