"""HDF5 files of clusters in a latent space, which assign new examples to clusters."""

import os
from typing import NamedTuple

import numpy as np

from cosmodag.errors import InputError
from cosmodag.galaxies.clusters.cluster_models import MODELS, ClusterModel
from cosmodag.galaxies.clusters.outliers import OutlierReference
from cosmodag.hdf5 import create_file, open_kind

KIND = "cluster_model"
FILE_NAME = "cluster_model.h5"


class LatentClusters(NamedTuple):
    """Clusters in the latent space of a run.

    Attributes
    ----------
    run : str
        Name of the run.
    model_hash : str
        SHA-256 of its model.pt.
    method : str
        A key of `MODELS`.
    active : numpy.ndarray, shape (L,), bool
        Latent dimensions that are used.
    clusters : ClusterModel
    outliers : OutlierReference
        Training examples, to measure outlier scores.
    """

    run: str
    model_hash: str
    method: str
    active: np.ndarray
    clusters: ClusterModel
    outliers: OutlierReference

    def predict(self, latents: np.ndarray) -> np.ndarray:
        """Return the cluster of each example.

        Parameters
        ----------
        latents : numpy.ndarray, shape (N, L)
            Latents of the same run.

        Returns
        -------
        numpy.ndarray, shape (N,), int64
            -1 for examples in no cluster.

        Raises
        ------
        InputError
            If the latents have another number of dimensions.
        """
        return self.clusters.predict(self._active_dimensions(latents))

    def outlier_score(self, latents: np.ndarray) -> np.ndarray:
        """Return the outlier scores of examples, see `OutlierReference.score`.

        Parameters
        ----------
        latents : numpy.ndarray, shape (N, L)

        Returns
        -------
        numpy.ndarray, shape (N,), float64

        Raises
        ------
        InputError
            If the latents have another number of dimensions.
        """
        return self.outliers.score(self._active_dimensions(latents))

    def rarity(self, latents: np.ndarray) -> np.ndarray:
        """Return the empirical p-values of outlier scores, see `OutlierReference.rarity`.

        Parameters
        ----------
        latents : numpy.ndarray, shape (N, L)

        Returns
        -------
        numpy.ndarray, shape (N,), float64

        Raises
        ------
        InputError
            If the latents have another number of dimensions.
        """
        return self.outliers.rarity(self._active_dimensions(latents))

    def _active_dimensions(self, latents: np.ndarray) -> np.ndarray:
        """Return the latent dimensions that are used."""
        if latents.ndim != 2 or latents.shape[1] != len(self.active):
            raise InputError(
                f"latents of shape {latents.shape}: the clusters are of the run {self.run} with "
                f"{len(self.active)} latent dimensions; encode with that run"
            )
        return np.asarray(latents[:, self.active], np.float64)


def write_clusters(path: str | os.PathLike, clusters: LatentClusters) -> None:
    """Write clusters as HDF5 with plain arrays.

    Parameters
    ----------
    path : path-like
        File to write.
    clusters : LatentClusters
    """
    with create_file(path, KIND) as file:
        file.attrs.update(
            {
                "run": clusters.run,
                "model": clusters.model_hash,
                "method": clusters.method,
            }
        )
        file["active"] = clusters.active
        for name in ("clusters", "outliers"):
            for field, values in getattr(clusters, name)._asdict().items():
                file[f"{name}/{field}"] = values


def read_clusters(path: str | os.PathLike) -> LatentClusters:
    """Read a file that `write_clusters` wrote.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    LatentClusters

    Raises
    ------
    InputError
        If the file is missing, of another kind, or its method is unknown.
    """
    with open_kind(path, KIND) as file:
        method = file.attrs["method"]
        if method not in MODELS:
            raise InputError(f"{path}: its method {method!r} is none of {', '.join(MODELS)}")
        model, reference = MODELS[method], OutlierReference
        return LatentClusters(
            run=file.attrs["run"],
            model_hash=file.attrs["model"],
            method=method,
            active=file["active"][:],
            clusters=model(*(file[f"clusters/{field}"][:] for field in model._fields)),
            outliers=reference(*(file[f"outliers/{field}"][:] for field in reference._fields)),
        )
