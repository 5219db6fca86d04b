"""A dataset folder, opened once for all that read it."""

import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from cosmodag.datasets.folder import open_maps, read_description, read_index
from cosmodag.datasets.maps import Maps
from cosmodag.errors import InputError
from cosmodag.provenance import file_hash

CLASS_SUFFIX = "_class"
"""Ending of index columns whose classes stand for values, such as ``redshift_class``."""


@dataclasses.dataclass(frozen=True)
class Dataset:
    """A dataset folder, as ``cosmodag split`` writes it, with its description.

    Parameters
    ----------
    folder : pathlib.Path
        Folder of shards, index.parquet and dataset.json.
    description : mapping
        Contents of dataset.json.

    Examples
    --------
    >>> dataset = Dataset.open("dataset")  # doctest: +SKIP
    >>> dataset.x_channels  # doctest: +SKIP
    ['overdensity']
    """

    folder: Path
    description: Mapping

    @classmethod
    def open(cls, folder: str | os.PathLike) -> "Dataset":
        """Read the description of a dataset folder.

        Parameters
        ----------
        folder : path-like
            The dataset folder.

        Raises
        ------
        InputError
            If the folder has no readable dataset.json.
        """
        return cls(Path(folder), read_description(folder))

    @property
    def sha256(self) -> str:
        """SHA-256 of dataset.json, which contains the hashes of all other files."""
        return file_hash(self.folder / "dataset.json")

    @property
    def x_channels(self) -> list[str]:
        """Names of the channels of the input."""
        return self.description["x_channels"]

    @property
    def y_channels(self) -> list[str]:
        """Names of the channels of the target maps; empty where there are none."""
        return self.description["y_channels"]

    @property
    def x_shape(self) -> tuple[int, ...]:
        """Shape of the input of one example, channels last."""
        return tuple(self.description["shapes"]["x"])

    @property
    def y_shape(self) -> tuple[int, ...]:
        """Shape of the target maps of one example, channels last."""
        return tuple(self.description["shapes"]["y"])

    @property
    def statistics(self) -> dict:
        """Statistics of the training split: per channel, per transform and per index column."""
        return self.description["statistics"]

    @property
    def groups(self) -> dict[str, list[str]]:
        """Names of the independent groups of each split."""
        return self.description["groups"]

    @property
    def is_lazy(self) -> bool:
        """Whether examples are cut out of grids when they are read, instead of stored in shards."""
        return bool(self.description.get("cubes"))

    def index(self, split: str | None = None) -> pd.DataFrame:
        """Read the index of a split, or of the whole dataset; row i belongs to example i."""
        return read_index(self.folder, split)

    def maps(self, split: str) -> Maps:
        """Open the input and target maps of a split."""
        return open_maps(self.folder, split, self.description, self.index(split))

    def class_values(self, column: str) -> list[float] | None:
        """Return the physical values of the classes of an index column.

        Examples files have them in the attribute named after the column: the values of
        ``redshift_class`` are in ``redshifts``.

        Parameters
        ----------
        column : str
            Name of a column of classes.

        Returns
        -------
        list of float or None
            Values in ascending order; None if the dataset does not define them.

        Raises
        ------
        InputError
            If the values differ between examples files or do not ascend.
        """
        name = f"{column.removesuffix(CLASS_SUFFIX)}s"
        files = self.description["examples"]
        if not column.endswith(CLASS_SUFFIX) or name not in files[0]:
            return None
        values = [file[name] for file in files]
        if any(other != values[0] for other in values) or np.any(np.diff(values[0]) <= 0):
            raise InputError(
                f"dataset: the {name} of its examples files are {values}; cut all with the same "
                "grid of values, ascending"
            )
        return [float(value) for value in values[0]]
