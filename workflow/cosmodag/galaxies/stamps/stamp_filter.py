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
from cosmodag.galaxies.stamps.header_table import write_header_table
from cosmodag.galaxies.stamps.path_list import line_fault, write_path_list
from cosmodag.galaxies.stamps.stamp_format import StampFormat
from cosmodag.galaxies.stamps.stamp_headers import (
    ANY_FORMAT,
    EXTENSIONS,
    StampHeader,
    read_header,
)

logger = logging.getLogger(__name__)

NOT_READ = (".tif", ".tiff", ".webp", ".gif", ".bmp", ".jp2", ".npy", ".npz", ".fits.xz", ".asdf")
"""Extensions of images in other formats."""
CHUNK = 256
"""Files that a thread reads in one go."""


def filter_stamps(
    folder: str | os.PathLike,
    accepted: str | os.PathLike,
    rejected: str | os.PathLike,
    *,
    headers: str | os.PathLike | None = None,
    shape: Sequence[int] = (3, 256, 256),
    accept_larger: bool = False,
    stamp_format: StampFormat = ANY_FORMAT,
    threads: int = 1,
) -> tuple[int, int]:
    """List the files of a folder and its subfolders whose stamps have a given shape.

    Parameters
    ----------
    folder : path-like
        Folder to search for files with one of `EXTENSIONS`, or with the names of images that the
        format has a pattern for.
    accepted : path-like
        List to write, one path per line, sorted.
    rejected : path-like
        List to write, one path and reason per line, separated by a tab.
    headers : path-like, optional
        Table to write of the headers of the accepted files, see `write_header_table`.
    shape : sequence of int
        Number of bands, height and width.
    accept_larger : bool
        Whether to accept larger stamps, which can be cropped or shrunk later.
    stamp_format : StampFormat
        Format of the files. Files that record their bands must have those of the format.
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
        If there are no files or none is accepted; in the latter case all lists are written first.
    """
    paths, others = list_stamp_files(folder, stamp_format)
    found, bad = select_files(
        paths,
        shape=shape,
        accept_larger=accept_larger,
        stamp_format=stamp_format,
        threads=threads,
        with_planes=False,
    )
    bad = sorted([*bad, *others])
    with whole_file(rejected) as partial:
        lines = [f"{printable(path)}\t{reason}\n" for path, reason in bad]
        partial.write_text("".join(lines), encoding="utf-8")
    write_path_list(accepted, list(found), files=[rejected])
    if headers is not None:
        write_header_table(headers, found)
    logger.info(
        "%d of %d files have stamps of %s%s",
        len(found),
        len(paths),
        " × ".join(map(str, shape)),
        " or larger" * accept_larger,
    )
    if not found:
        raise InputError(
            f"{folder}: {describe_rejections(bad)}; change the keys shape, accept_larger or bands"
        )
    return len(found), len(bad)


def list_stamp_files(
    folder: str | os.PathLike, stamp_format: StampFormat = ANY_FORMAT
) -> tuple[list[str], list[tuple[str, str]]]:
    """Return the stamp files in a folder and its subfolders, and images that are not read.

    Parameters
    ----------
    folder : path-like
    stamp_format : StampFormat
        Its pattern of images, if it has one, decides which files are stamps.

    Returns
    -------
    stamps : list of str
        Paths, sorted.
    others : list of tuple of str
        Paths of images in formats that are not read, with the reason.

    Raises
    ------
    InputError
        If the folder is missing or has no stamp file.
    """
    found = list(files_below(folder, "give a folder of images"))
    paths = [path for path in found if path.lower().endswith(EXTENSIONS)]
    if stamp_format.files:
        pattern = stamp_format.files["image"]
        paths = [path for path in paths if stamp_format.galaxy_name(path)]
        if not paths:
            raise InputError(f"{folder}: no file is named {pattern}; change files.image")
        companions = {
            companion
            for path in paths
            for plane in stamp_format.files
            for companion in stamp_format.plane_files(path, plane)
        }
        reason = f"its name is not {pattern}, and it belongs to no image"
        return paths, [
            (path, reason)
            for path in found
            if path.lower().endswith(EXTENSIONS) and path not in companions
        ]
    reason = f"its format is not read; convert it to FITS, or to PNG ({', '.join(EXTENSIONS)})"
    others = [(path, reason) for path in found if path.lower().endswith(NOT_READ)]
    if not paths:
        raise InputError(
            f"{folder}: no file that ends in one of {', '.join(EXTENSIONS)}; give a folder of "
            "images"
        )
    return paths, others


def select_files(
    paths: Sequence[str],
    *,
    shape: Sequence[int],
    accept_larger: bool = False,
    stamp_format: StampFormat = ANY_FORMAT,
    threads: int = 1,
    with_planes: bool = True,
) -> tuple[dict[str, StampHeader], list[tuple[str, str]]]:
    """Separate files whose stamps have a given shape from others.

    Parameters
    ----------
    paths : sequence of str
        Files to inspect.
    shape, accept_larger, stamp_format, threads
        See `filter_stamps`.
    with_planes : bool
        Whether to return the planes of FITS files, which take the memory of whole headers.

    Returns
    -------
    accepted : dict from str to StampHeader
        Headers by path.
    rejected : list of tuple of str
        Paths and reasons.
    """
    chunks = [paths[start : start + CHUNK] for start in range(0, len(paths), CHUNK)]

    def inspect(path: str) -> StampHeader | str:
        if fault := line_fault(path):
            return fault
        try:
            header = read_header(path, stamp_format, shape[0])
        except InputError as error:
            return str(error).removeprefix(f"{path}: ")
        reason = rejection_reason(header, shape, stamp_format.bands, accept_larger)
        if reason is not None:
            return reason
        return header if with_planes else header._replace(planes={})

    with ThreadPoolExecutor(threads) as pool:
        inspected = tqdm(
            pool.map(lambda chunk: [inspect(path) for path in chunk], chunks),
            total=len(chunks),
            unit=f"{CHUNK} files",
            disable=None,
        )
        results = [result for chunk in inspected for result in chunk]
    accepted, rejected = {}, []
    for path, result in zip(paths, results):
        if isinstance(result, str):
            rejected.append((path, result))
        else:
            accepted[path] = result
    return accepted, rejected


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
    named = bool(bands and header.bands)
    if header.shape[0] < shape[0] or (header.shape[0] != shape[0] and not named):
        return f"{actual}: {header.shape[0]} bands instead of {shape[0]}"
    fits = header.shape[1:] == tuple(shape[1:])
    if accept_larger:
        fits = all(length >= least for length, least in zip(header.shape[1:], shape[1:]))
    if not fits:
        return f"{actual} is not {expected}{' or larger' * accept_larger}"
    if bands and header.bands and not set(bands) <= set(header.bands):
        return f"bands {', '.join(header.bands)} instead of {', '.join(bands)}"
    return None
