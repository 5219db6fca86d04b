"""Which files of a folder hold stamps of the wanted shape: two lists, accepted and rejected."""

import collections
import logging
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tqdm import tqdm

from cosmodag.errors import InputError
from cosmodag.files import whole_file
from cosmodag.galaxies.stamps.stamp_headers import ENDINGS, Header, read_header

logger = logging.getLogger(__name__)

SHARE = 256
"""Files that a thread reads before it takes more."""


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
    """List the files of a folder, with all below it, whose stamps have a shape.

    Parameters
    ----------
    folder
        Folder to search for files that end in one of `ENDINGS`.
    accepted
        List to write: a path a line, in order.
    rejected
        List to write: a path and the reason a line, with a tab between.
    shape
        Bands, height and width.
    bands
        Names that a file which names its bands must have; any by default.
    accept_larger
        Whether to accept larger stamps as well, to be cropped when they are cut out.
    dataset
        Name of the stacks in HDF5 files.
    threads
        Threads that read headers: of use where files answer slowly, as over a network. On a disk
        that answers at once they wait for each other, and one is quicker.

    Returns
    -------
    accepted, rejected : int
        Number of files.

    Raises
    ------
    InputError
        There is no file, or none is accepted; both lists have been written then.
    """
    paths = stamp_files(folder)
    good, bad = sort_files(
        paths,
        shape=shape,
        bands=bands,
        accept_larger=accept_larger,
        dataset=dataset,
        threads=threads,
    )
    with whole_file(accepted) as partial:
        partial.write_text("".join(f"{path}\n" for path in good))
    with whole_file(rejected) as partial:
        partial.write_text("".join(f"{path}\t{reason}\n" for path, reason in bad))
    wanted = " × ".join(map(str, shape))
    logger.info(
        "%d of %d files hold stamps of %s%s",
        len(good),
        len(paths),
        wanted,
        " or larger" * accept_larger,
    )
    if not good:
        raise InputError(f"{folder}: {none_of(bad)}; change the keys shape, accept_larger or bands")
    return len(good), len(bad)


def stamp_files(folder: str | os.PathLike) -> list[str]:
    """Return the paths of the stamps in a folder and all below it, in order of name.

    Raises
    ------
    InputError
        There is no folder, or no file that ends as stamps do.
    """
    paths = list(_files(Path(folder)))
    if not paths:
        raise InputError(f"{folder}: no file that ends in one of {', '.join(ENDINGS)}")
    return paths


def sort_files(
    paths: Sequence[str],
    *,
    shape: Sequence[int],
    bands: Sequence[str] | None = None,
    accept_larger: bool = False,
    dataset: str = "images",
    threads: int = 1,
) -> tuple[list[str], list[tuple[str, str]]]:
    """Tell files that hold stamps of a shape from others; parameters as in `filter_stamps`.

    Returns
    -------
    accepted : list of str
    rejected : list of tuple of str
        Path and reason.
    """
    shares = [paths[start : start + SHARE] for start in range(0, len(paths), SHARE)]

    def look(share: Sequence[str]) -> list[str | None]:
        return [_reason(path, tuple(shape), bands, accept_larger, dataset) for path in share]

    with ThreadPoolExecutor(threads) as pool:
        looked = tqdm(
            pool.map(look, shares), total=len(shares), unit=f"{SHARE} files", disable=None
        )
        reasons = [reason for share in looked for reason in share]
    good = [path for path, reason in zip(paths, reasons) if reason is None]
    return good, [(path, reason) for path, reason in zip(paths, reasons) if reason is not None]


def none_of(rejected: Sequence[tuple[str, str]]) -> str:
    """Say that no file is accepted, and what most of them lack."""
    (often, count), *_ = collections.Counter(reason for _, reason in rejected).most_common(1)
    return f"none of {len(rejected)} files is accepted ({count} of them: {often})"


def reason_to_reject(
    header: Header, shape: tuple[int, ...], bands: Sequence[str] | None, accept_larger: bool
) -> str | None:
    """Say why a file is not what is wanted; None if it is."""
    found, wanted = (" × ".join(map(str, each)) for each in (header.shape, shape))
    if header.shape[0] != shape[0]:
        return f"{found}: {header.shape[0]} bands where {shape[0]} are wanted"
    fits = header.shape[1:] == shape[1:]
    if accept_larger:
        fits = all(length >= least for length, least in zip(header.shape[1:], shape[1:]))
    if not fits:
        return f"{found} is not {wanted}{' or larger' * accept_larger}"
    if bands and header.bands and set(header.bands) != set(bands):
        return f"bands {', '.join(header.bands)} where {', '.join(bands)} are wanted"
    return None


def _reason(path, shape, bands, accept_larger, dataset) -> str | None:
    try:
        header = read_header(path, dataset)
    except InputError as error:
        return str(error).removeprefix(f"{path}: ")
    return reason_to_reject(header, shape, bands, accept_larger)


def _files(folder: Path) -> Iterator[str]:
    """Paths of the stamps in a folder and all below it, in order of name."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise InputError(f"{folder}: cannot be read ({error.strerror})") from None
    for entry in entries:
        if entry.is_dir():
            yield from _files(Path(entry.path))
        elif entry.name.lower().endswith(ENDINGS):
            yield entry.path
