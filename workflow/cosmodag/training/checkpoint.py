"""Checkpoints that survive an interruption at any moment.

Each file is written to a temporary name, flushed and renamed. Its name contains the SHA-256 of its
content, so that a damaged file is recognized and the previous one is used.
"""

import hashlib
import io
import logging
import os
import time
import zipfile
from pathlib import Path

import torch

from cosmodag.checksums import require_named
from cosmodag.errors import InputError
from cosmodag.files import whole_file
from cosmodag.output_kinds import OWNER

log = logging.getLogger(__name__)


class Checkpoints:
    """The last checkpoints of a run, in one folder.

    Parameters
    ----------
    folder : path-like or None
        Folder of the checkpoints, named by a hash of all that they depend on, so that changed
        settings lead to another folder. None keeps no checkpoints.
    seconds : float
        Seconds after which the next checkpoint is due.
    steps : int, optional
        Steps after which the next checkpoint is due, in addition.
    keep : int
        Number of checkpoints to keep.
    owner : path-like, optional
        Folder of the run, which is recorded beside the checkpoints.
    """

    def __init__(
        self,
        folder: str | os.PathLike | None,
        *,
        seconds: float = 60.0,
        steps: int | None = None,
        keep: int = 2,
        owner: str | os.PathLike | None = None,
    ):
        self.folder = Path(folder) if folder is not None else None
        self.seconds, self.steps, self.keep = seconds, steps, keep
        self.owner = owner
        self.saved_at = time.monotonic()
        self.saved_step: int | None = None

    def due(self, step: int) -> bool:
        """Return whether a checkpoint is due after a number of steps."""
        if self.steps and step % self.steps == 0:
            return True
        return time.monotonic() - self.saved_at >= self.seconds

    def save(self, state: dict, step: int) -> None:
        """Write a checkpoint and remove all but the last `keep`.

        Parameters
        ----------
        state : dict
            Tensors, numbers, strings, lists and dictionaries only.
        step : int
            Number of steps taken so far.
        """
        self.saved_at, self.saved_step = time.monotonic(), step
        if self.folder is None:
            return
        content = pack(state)
        digest = hashlib.sha256(content).hexdigest()
        name = f"{time.time_ns():020d}-step{step}-{digest}.pt"
        mark = self.folder / OWNER
        if self.owner is not None and not mark.is_file():
            with whole_file(mark) as partial:
                partial.write_text(f"{os.path.abspath(self.owner)}\n")
        with whole_file(self.folder / name) as partial:
            partial.write_bytes(content)
        for old in self.files()[self.keep :]:
            old.unlink()

    def files(self) -> list[Path]:
        """Return the files of the checkpoints, the latest first."""
        return sorted(self.folder.glob("[0-9]*.pt"), reverse=True) if self.folder else []

    def latest(self) -> bytes:
        """Return the content of the latest undamaged checkpoint; empty if there is none.

        Damaged files are skipped with a warning. Partial files of interrupted writes are removed.
        """
        if self.folder is None:
            return b""
        for partial in self.folder.glob(".*.pt"):
            partial.unlink()
        for path in self.files():
            content = path.read_bytes()
            if hashlib.sha256(content).hexdigest() == path.stem.rpartition("-")[2]:
                return content
            log.warning("checkpoint %s is damaged; falling back to the previous one", path)
        return b""

    def clear(self) -> None:
        """Remove all checkpoints, and their folder if nothing else is in it."""
        for path in self.files():
            path.unlink()
        if self.folder is not None:
            (self.folder / OWNER).unlink(missing_ok=True)
        if self.folder is not None and self.folder.is_dir() and not any(self.folder.iterdir()):
            self.folder.rmdir()


def pack(state: dict) -> bytes:
    """Return a state in torch's format; equal states give equal bytes.

    Written to a file, the archive would contain the name of that file.

    Parameters
    ----------
    state : dict
        Tensors, numbers, strings, lists and dictionaries only.
    """
    buffer = io.BytesIO()
    torch.save(state, buffer)
    return buffer.getvalue()


def read_weights(path: str | os.PathLike) -> dict[str, torch.Tensor]:
    """Read weights, such as model.pt of a run; beside a run.json they must be those it names.

    Raises
    ------
    InputError
        If the file is missing, was altered, or contains no weights.
    """
    path = Path(path)
    if path.with_name("run.json").is_file():
        require_named(path, path.with_name("run.json"), "train the run again")
    try:
        content = path.read_bytes()
        # torch does not compare the checksums inside its archives.
        damaged = zipfile.ZipFile(io.BytesIO(content)).testzip()
        if damaged is None:
            return unpack(content)
    except (OSError, RuntimeError, ValueError, zipfile.BadZipFile) as error:
        damaged = str(error)
    raise InputError(f"{path}: not readable as weights ({damaged}); train the run again")


def unpack(content: bytes) -> dict:
    """Return the state in bytes of torch's format, on the CPU; pickled code is refused."""
    return torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
