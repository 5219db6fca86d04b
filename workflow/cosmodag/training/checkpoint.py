"""Checkpoints that survive being interrupted at any moment.

Each file is written aside, flushed and renamed, and carries the SHA-256 of its content in its name,
so that a damaged one is recognised and the one before it is used.
"""

import hashlib
import io
import logging
import os
import time
from pathlib import Path

import torch

from cosmodag.files import whole_file

log = logging.getLogger(__name__)


class Checkpoints:
    """The last checkpoints of a run, in a folder of their own.

    Parameters
    ----------
    folder
        Where they stand, named by a hash of what they depend on: a changed setting must lead to
        another folder. None keeps no checkpoints.
    seconds, steps
        When the next one is due: after so many seconds or, unless None, after so many steps.
    keep
        How many to keep.
    """

    def __init__(
        self,
        folder: str | os.PathLike | None,
        *,
        seconds: float = 60.0,
        steps: int | None = None,
        keep: int = 2,
    ):
        self.folder = Path(folder) if folder is not None else None
        self.seconds, self.steps, self.keep = seconds, steps, keep
        self.saved_at, self.saved_step = time.monotonic(), None

    def due(self, step: int) -> bool:
        """Whether a checkpoint should be written after `step` steps."""
        if self.steps and step % self.steps == 0:
            return True
        return time.monotonic() - self.saved_at >= self.seconds

    def save(self, state: dict, step: int) -> None:
        """Write the state after `step` steps and remove all but the last `keep` checkpoints.

        Parameters
        ----------
        state
            Tensors, numbers, strings, lists and dictionaries alone.
        """
        self.saved_at, self.saved_step = time.monotonic(), step
        if self.folder is None:
            return
        content = pack(state)
        digest = hashlib.sha256(content).hexdigest()
        name = f"{time.time_ns():020d}-step{step}-{digest}.pt"
        with whole_file(self.folder / name) as partial:
            partial.write_bytes(content)
        for old in self.files()[self.keep :]:
            old.unlink()

    def files(self) -> list[Path]:
        """Return the checkpoints, the latest first."""
        return sorted(self.folder.glob("[0-9]*.pt"), reverse=True) if self.folder else []

    def latest(self) -> bytes:
        """Return the content of the latest whole checkpoint, or nothing where there is none.

        Damaged ones are passed over with a warning; what an interrupted write left is removed.
        """
        if self.folder is None:
            return b""
        for partial in self.folder.glob(".*.pt"):
            partial.unlink()
        for path in self.files():
            content = path.read_bytes()
            if hashlib.sha256(content).hexdigest() == path.stem.rpartition("-")[2]:
                return content
            log.warning("checkpoint %s is damaged; falling back to the one before it", path)
        return b""

    def clear(self) -> None:
        """Remove all checkpoints and, where nothing else stands in it, their folder."""
        for path in self.files():
            path.unlink()
        if self.folder is not None and self.folder.is_dir() and not any(self.folder.iterdir()):
            self.folder.rmdir()


def pack(state: dict) -> bytes:
    """Return `state` in torch's format; the same state always gives the same bytes.

    Written to a path, the archive would carry the name of that path.
    """
    buffer = io.BytesIO()
    torch.save(state, buffer)
    return buffer.getvalue()


def unpack(content: bytes) -> dict:
    """Return the state that `content` holds, on the CPU, refusing pickled code."""
    return torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
