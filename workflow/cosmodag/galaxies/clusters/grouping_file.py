"""Groups of latents, kept so that latents of other examples can be told theirs."""

import os
from typing import NamedTuple

import h5py
import numpy as np

from cosmodag.errors import InputError
from cosmodag.files import whole_file
from cosmodag.galaxies.clusters.groupings import KINDS, Grouping
from cosmodag.galaxies.clusters.outliers import Surroundings
from cosmodag.hdf5 import open_kind

KIND = "grouping"


class KeptGrouping(NamedTuple):
    """Groups of a run's latents.

    Attributes
    ----------
    run : str
        Name of the run whose latents these are.
    model : str
        SHA-256 of its model.pt.
    method : str
        A key of `KINDS`.
    in_use : numpy.ndarray, shape (L,), bool
        Numbers of the latent that were grouped by.
    grouping : Grouping
    surroundings : Surroundings
        Training examples, to tell what is unlike them.
    """

    run: str
    model: str
    method: str
    in_use: np.ndarray
    grouping: Grouping
    surroundings: Surroundings

    def predict(self, latents: np.ndarray) -> np.ndarray:
        """Return the group of each latent (N, L), (N,) int, -1 for those in none."""
        return self.grouping.predict(self._used(latents))

    def outlier_score(self, latents: np.ndarray) -> np.ndarray:
        """Return how far from training each latent (N, L) lies, (N,); see `Surroundings.score`."""
        return self.surroundings.score(self._used(latents))

    def rarity(self, latents: np.ndarray) -> np.ndarray:
        """Return the part of training examples that lie as far out or farther, (N,)."""
        return self.surroundings.rarity(self._used(latents))

    def _used(self, latents: np.ndarray) -> np.ndarray:
        if latents.ndim != 2 or latents.shape[1] != len(self.in_use):
            raise InputError(
                f"latents of shape {latents.shape}: the grouping is of {len(self.in_use)} numbers, "
                f"those of the run {self.run}; encode with that run"
            )
        return np.asarray(latents[:, self.in_use], np.float64)


def write_grouping(path: str | os.PathLike, kept: KeptGrouping) -> None:
    """Write groups as HDF5: plain arrays, from which nothing but numbers is read."""
    with whole_file(path) as partial, h5py.File(partial, "w") as file:
        file.attrs.update(
            {"kind": KIND, "run": kept.run, "model": kept.model, "method": kept.method}
        )
        file["in_use"] = kept.in_use
        for name in ("grouping", "surroundings"):
            part = getattr(kept, name)
            for field in part._fields:
                file[f"{name}/{field}"] = getattr(part, field)


def read_grouping(path: str | os.PathLike) -> KeptGrouping:
    """Read what `write_grouping` wrote.

    Raises
    ------
    InputError
        If the file is missing, of another kind, or of a method that is not known.
    """
    with open_kind(path, KIND) as file:
        method = file.attrs["method"]
        if method not in KINDS:
            raise InputError(f"{path}: its method {method!r} is none of {', '.join(KINDS)}")
        parts = {
            name: kind(*(file[f"{name}/{field}"][:] for field in kind._fields))
            for name, kind in (("grouping", KINDS[method]), ("surroundings", Surroundings))
        }
        return KeptGrouping(
            file.attrs["run"], file.attrs["model"], method, file["in_use"][:], **parts
        )
