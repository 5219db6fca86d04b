"""HDF5 files that users give: whole files, and datasets whose values all exist.

HDF5 replaces values that do not exist by fill values without a word: where the source of a virtual
dataset is gone, where an external file is cut, and where a dataset was created but never written.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import h5py

from cosmodag.errors import InputError
from cosmodag.input_files import check_file

_DEPTH = 8
"""Virtual datasets of virtual datasets that are followed."""


@contextlib.contextmanager
def open_hdf5(path: str | os.PathLike, *, cure: str = "copy the file again") -> Iterator[h5py.File]:
    """Open an HDF5 file for reading; errors while it is read are reported as errors of the file.

    Parameters
    ----------
    path : path-like
        The file.
    cure : str
        What the user can do if the file is missing or damaged, for error messages.

    Yields
    ------
    h5py.File

    Raises
    ------
    InputError
        If the file is missing, is not a regular file, or cannot be read completely.
    """
    check_file(path, cure)
    try:
        with h5py.File(path, "r") as file:
            yield file
    except InputError:
        raise
    except MemoryError:
        raise InputError(f"{path}: its data are larger than the memory; {cure}") from None
    except (OSError, RuntimeError, KeyError, ValueError, TypeError, OverflowError) as error:
        reason = " ".join(str(error).split())  # HDF5 breaks the line at the time.
        raise InputError(f"{path}: not a complete HDF5 file ({reason}); {cure}") from error


def find_dataset(group: h5py.Group, name: str, *, cure: str) -> h5py.Dataset | None:
    """Return a dataset of a group, if all its values exist.

    Parameters
    ----------
    group : h5py.Group
        Group or file.
    name : str
        Path of the dataset in the group.
    cure : str
        What the user can do about a dataset that cannot be used, for error messages.

    Returns
    -------
    h5py.Dataset or None
        None if the group has nothing of this name.

    Raises
    ------
    InputError
        If the name leads to a group or to a link whose target is gone, or if values of the dataset
        do not exist.
    """
    found = find_object(group, name, cure=cure)
    if found is None:
        return None
    path = f"{group.file.filename}: {name}"
    if not isinstance(found, h5py.Dataset):
        raise InputError(f"{path} is a {_kind(found)}, not a dataset; {cure}")
    if reason := _incomplete(found):
        raise InputError(f"{path} {reason}; {cure}")
    return found


def find_object(
    group: h5py.Group, name: str, *, cure: str
) -> h5py.Group | h5py.Dataset | h5py.Datatype | None:
    """Return what a name in a group leads to, None if there is no such name.

    Parameters
    ----------
    group, name, cure
        See `find_dataset`.

    Returns
    -------
    h5py.Group, h5py.Dataset, h5py.Datatype or None

    Raises
    ------
    InputError
        If the name leads to a link whose target is gone.
    """
    parts = [part for part in name.split("/") if part]
    here = group.file if name.startswith("/") else group
    for part in parts:
        if not isinstance(here, h5py.Group):
            return None
        link = here.get(part, getlink=True)
        if link is None:
            return None
        try:
            here = here[part]
        except (KeyError, OSError, RuntimeError):
            raise InputError(f"{group.file.filename}: {name} {_broken(link)}; {cure}") from None
    return here


def numbers_of(dataset: h5py.Dataset, *, cure: str, logical: bool = False) -> h5py.Dataset:
    """Return a dataset if it consists of real numbers.

    Parameters
    ----------
    dataset : h5py.Dataset
    cure : str
        What the user can do about another type, for the error message.
    logical : bool
        Whether truth values are allowed as well.

    Returns
    -------
    h5py.Dataset

    Raises
    ------
    InputError
        If the dataset consists of text, complex numbers, truth values, structures or nothing.
    """
    if dataset.shape is None or dataset.dtype.kind not in ("fiub" if logical else "fiu"):
        content = "is empty" if dataset.shape is None else f"consists of {_type_name(dataset)}"
        raise InputError(
            f"{dataset.file.filename}: {dataset.name.lstrip('/')} {content}, not of numbers; {cure}"
        )
    return dataset


def _type_name(dataset: h5py.Dataset) -> str:
    """Return the type of the values of a dataset in words."""
    dtype = dataset.dtype
    if h5py.check_string_dtype(dtype):
        return "text"
    names = {"c": "complex numbers", "b": "truth values", "V": "structures", "O": "objects"}
    return names.get(dtype.kind, str(dtype))


def _kind(found: object) -> str:
    """Return the kind of an HDF5 object."""
    return "group" if isinstance(found, h5py.Group) else "named type"


def _broken(link: h5py.HardLink | h5py.SoftLink | h5py.ExternalLink) -> str:
    """Return the reason why a link leads nowhere."""
    if isinstance(link, h5py.ExternalLink):
        return f"is a link to {link.path} in {link.filename}, which is missing"
    if isinstance(link, h5py.SoftLink):
        return f"is a link to {link.path}, which is missing"
    return "cannot be opened"


def _incomplete(dataset: h5py.Dataset, depth: int = _DEPTH) -> str | None:
    """Return why values of a dataset do not exist, None if all do."""
    if not dataset.size:
        return None
    folder = Path(dataset.file.filename).parent
    if dataset.is_virtual:
        return _missing_source(dataset, folder, depth)
    if dataset.external:
        return _missing_bytes(dataset)
    if dataset.chunks is not None:
        n_chunks = 1
        for length, chunk in zip(dataset.shape, dataset.chunks):
            n_chunks *= -(-length // chunk)
        n_written = dataset.id.get_num_chunks()
        if n_written < n_chunks:
            return f"was not written completely ({n_written} of {n_chunks} chunks)"
    elif not dataset.id.get_storage_size():
        return "was never written"
    return None


def _missing_source(dataset: h5py.Dataset, folder: Path, depth: int) -> str | None:
    """Return which source of a virtual dataset does not exist."""
    if not depth:
        return "is a virtual dataset of virtual datasets without end"
    n_mapped = 0
    for source in dataset.virtual_sources():
        name = source.file_name.replace("%b", "0")
        paths = [folder / name, Path(name)] if name != "." else [Path(dataset.file.filename)]
        path = next((path for path in paths if path.exists()), None)
        where = f"{source.dset_name} in {source.file_name}"
        if path is None:
            return f"is a virtual dataset of {where}, which is missing"
        check_file(path)
        try:
            with h5py.File(path, "r") as file:
                found = file.get(source.dset_name.replace("%b", "0"))
                if not isinstance(found, h5py.Dataset):
                    return f"is a virtual dataset of {where}, which is missing"
                if reason := _incomplete(found, depth - 1):
                    return f"is a virtual dataset of {where}, which {reason}"
                if not _covers(found, source):
                    return f"is a virtual dataset of {where}, which is smaller than expected"
        except (OSError, RuntimeError):
            return f"is a virtual dataset of {where}, which cannot be read"
        n_mapped += _n_selected(source.vspace, dataset.size)
    return None if n_mapped >= dataset.size else "is a virtual dataset with values of no source"


def _covers(found: h5py.Dataset, source: h5py._hl.vds.VDSmap) -> bool:
    """Return whether a source of a virtual dataset has all values that are taken from it."""
    shape, selection = found.shape, source.src_space
    if selection.get_select_type() == h5py.h5s.SEL_ALL:
        return found.size >= _n_selected(source.vspace, found.size)
    try:
        _, last = selection.get_select_bounds()
    except (RuntimeError, ValueError):  # unlimited
        return True
    return len(last) == len(shape) and all(end < length for end, length in zip(last, shape))


def _n_selected(selection: h5py.h5s.SpaceID, size: int) -> int:
    """Return the number of values that a selection covers; `size` for all, or without limit."""
    if selection.get_select_type() == h5py.h5s.SEL_ALL:
        return size
    try:
        selected = selection.get_select_npoints()
    except (RuntimeError, ValueError):
        return size
    return size if selected < 0 else selected


def _missing_bytes(dataset: h5py.Dataset) -> str | None:
    """Return which external file of a dataset is missing or too short."""
    needed = dataset.size * dataset.dtype.itemsize
    for name, offset, size in dataset.external:
        path = Path(name)  # HDF5 searches it in the working directory
        length = min(size, needed)
        if not path.is_file():
            return f"lies in the external file {name}, which is missing"
        if path.stat().st_size < offset + length:
            return f"lies in the external file {name}, which is truncated"
        needed -= length
    return None if needed <= 0 else "lies in external files that are too small"
