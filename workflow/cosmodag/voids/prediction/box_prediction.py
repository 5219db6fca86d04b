"""What inference on a box needs of a trained run, and what it gives."""

import abc
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import h5py
import numpy as np
import pandas as pd
from astropy.io import fits
from numpy.typing import ArrayLike
from scipy import ndimage

from cosmodag.errors import InputError
from cosmodag.evaluation.trained_run import TrainedRun
from cosmodag.voids.cutouts.box_attributes import MINIMUM
from cosmodag.voids.cutouts.map_shape import MapShape
from cosmodag.voids.grids.box_grid import BoxGrid
from cosmodag.voids.prediction.void_maps import VoidMaps

METHOD = "cic"
"""Mass assignment of datasets that do not record it, the default of `cosmodag voids grid`."""
TOLERANCE = 0.01
"""Largest relative difference between the cells of a box and those of training."""
LEAST_SEEN = 0.2
"""Fraction of a window inside a survey, below which little can be inferred from it."""


def physical_memory() -> int:
    """Return the bytes of memory of this machine."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


@dataclass(frozen=True)
class BoxPrediction(abc.ABC):
    """Probability of a void in a box, as maps of its layers.

    Attributes
    ----------
    maps : sequence of VoidMaps
        One or more sets of maps, of which the first is drawn.
    """

    maps: Sequence[VoidMaps]

    KIND: ClassVar[str]
    """Kind of its HDF5 file."""
    LAYERS: ClassVar[str]
    """What its layers are, for messages."""

    @abc.abstractmethod
    def voids(self, threshold: float, divide: float | None = None) -> pd.DataFrame:
        """Return the catalogue of the regions where the probability is at least a threshold.

        With `divide`, a length in Mpc/h, they are divided at ridges of the smoothed probability.
        """

    def warnings(self, voids: pd.DataFrame) -> list[str]:
        """Return what to know of a catalogue that `voids` returned."""
        return []

    @abc.abstractmethod
    def write(self, file: h5py.File) -> None:
        """Write the probability and the galaxy overdensity to an HDF5 file."""

    @abc.abstractmethod
    def images(self) -> list[fits.ImageHDU | fits.BinTableHDU]:
        """Return the probability as images, with the tables that belong to them."""


@dataclass(frozen=True)
class BoxInput(abc.ABC):
    """How the input of a run was made from galaxies.

    Attributes
    ----------
    shape : MapShape
        Lengths of its windows in cells.
    cell_size : float
        Side of a cell in Mpc/h.
    method : {"ngp", "cic", "tsc"}
        Mass assignment.
    fields : tuple of str
        Fields beside the galaxies.
    minimum_selection : float or None
        Of a run on a simulated survey, the expected density in units of the highest one below which
        cells are unknown.
    """

    shape: MapShape
    cell_size: float
    method: str
    fields: tuple[str, ...] = ()
    minimum_selection: float | None = None

    PIXELS: ClassVar[str]
    """What it predicts the probability in, for messages."""
    LENGTHS: ClassVar[Sequence[str]]
    """Lengths that a dataset records."""
    OPTIONAL: ClassVar[Sequence[str]] = ()
    """Lengths that datasets of earlier versions do not record."""

    @classmethod
    def read(cls, examples: Mapping[str, Any], folder: str | os.PathLike) -> Self:
        """Return how the examples of one file of a dataset were made.

        Parameters
        ----------
        examples : mapping
            Attributes of the examples file, from dataset.json.
        folder : path-like
            Folder of the dataset, for the message.

        Raises
        ------
        InputError
            The dataset does not record a length or the cells.
        """
        missing = [name for name in (*cls.LENGTHS, "cell_size") if name not in examples]
        if missing:
            raise InputError(
                f"{folder}: does not record {missing[0]} of {examples['file']}; cut, split and "
                "train again"
            )
        names = [name for name in (*cls.LENGTHS, *cls.OPTIONAL) if name in examples]
        return cls(
            shape=cls.window({name: examples[name] for name in names}),
            cell_size=float(np.mean(examples["cell_size"])),
            method=examples.get("method", METHOD),
            fields=tuple(examples.get("fields", ())),
            minimum_selection=examples.get(MINIMUM),
        )

    @staticmethod
    def window(lengths: Mapping[str, int]) -> MapShape:
        """Return the lengths of a window from those that a dataset records."""
        return MapShape(**lengths)

    @property
    @abc.abstractmethod
    def window_axes(self) -> set[int]:
        """Axes along which windows have to cover the box."""

    @abc.abstractmethod
    def along(self, axes: Sequence[int] | None) -> Self:
        """Return the input for other lines of sight than the default, which None stands for.

        Raises
        ------
        InputError
            There are no such lines of sight.
        """

    @abc.abstractmethod
    def predict(self, run: TrainedRun, grid: BoxGrid) -> BoxPrediction:
        """Predict a box by a trained run.

        Parameters
        ----------
        run : TrainedRun
            The run.
        grid : BoxGrid
            Galaxies of the box and the fields of the run.
        """

    @abc.abstractmethod
    def overdensity(self, x: np.ndarray) -> np.ndarray:
        """Return the galaxy overdensity of examples in cells as large as those of `VoidMaps`.

        Parameters
        ----------
        x : numpy.ndarray, shape (n, …, channels), float32
            Input of the network.
        """

    def cells(self, box_size: ArrayLike, name: str) -> tuple[int, int, int]:
        """Return the numbers of cells of a box, which are whole pixels along each axis.

        Parameters
        ----------
        box_size : array-like, shape (3,)
            Sides of the box in Mpc/h.
        name : str
            The catalogue, for the message.

        Returns
        -------
        tuple of int, shape (3,)

        Raises
        ------
        InputError
            The side of a cell would differ by more than 1 % from that of training, or a window does
            not fit into the box.
        """
        sides = np.asarray(box_size, np.float64)
        pixel = self.shape.factor * self.cell_size
        cells = self.shape.factor * np.maximum(np.rint(sides / pixel).astype(int), 1)
        if np.any(np.abs(sides / cells / self.cell_size - 1) > TOLERANCE):
            part = pixel * np.maximum(np.floor(sides / pixel), 1)
            needs_periodic = bool(self.fields or self.shape.margin_depth)
            raise InputError(
                f"{name}: sides of {sides.tolist()} Mpc/h are not whole numbers of {self.PIXELS} "
                f"of {pixel:g} Mpc/h to within {100 * TOLERANCE:g} %, which the run was trained "
                "on; "
                + (
                    "train on cells that divide them, or choose a run without fields and margins "
                    "and a part of the catalogue"
                    if needs_periodic
                    else "choose a part of the catalogue"
                )
                + f" with box_size: {part.tolist()} and periodic: false"
            )
        n_bytes = 4 * (2 + len(self.fields)) * math.prod(map(int, cells))
        if n_bytes > (memory := physical_memory()):
            raise InputError(
                f"{name}: the box of {' x '.join(f'{side:g}' for side in sides)} Mpc/h, the unit "
                f"of box_size whatever that of the file, has {' x '.join(map(str, cells))} cells "
                f"of {self.cell_size:.3g} Mpc/h, as in training, and these take "
                f"{n_bytes / 1e9:.3g} GB with the fields of the run, of {memory / 1e9:.3g} GB of "
                "memory; check box_size, or choose a part of the catalogue"
            )
        least = max(self.shape.side, self.shape.input_depth)
        if cells.min() < least:
            raise InputError(
                f"{name}: the box of {sides.tolist()} Mpc/h is smaller than the windows of "
                f"{least * self.cell_size:g} Mpc/h that the run was trained on; choose a larger "
                "box, or a run with smaller windows"
            )
        nx, ny, nz = cells.tolist()
        return nx, ny, nz

    def warnings(self, run: TrainedRun, grid: BoxGrid) -> list[str]:
        """Return what to know of windows: opposite faces that do not touch, or little of a survey.

        Parameters
        ----------
        run : TrainedRun
            The run.
        grid : BoxGrid
            The box.
        """
        side, known = self.shape.side, grid.known
        if known is not None:
            share = ndimage.uniform_filter(known.astype(np.float32), side, mode="constant").max()
            if share < LEAST_SEEN:
                return [
                    f"the survey fills at most {share:.1%} of a window of "
                    f"{side * self.cell_size:g} Mpc/h, so that the network sees hardly anything: "
                    "the probabilities are not reliable"
                ]
        whole = grid.periodic and all(grid.cells[axis] == side for axis in self.window_axes)
        if whole or run.description["model"].get("padding") != "circular":
            return []
        return [
            f"{run.folder} was trained with padding: circular on windows of "
            f"{side * self.cell_size:g} Mpc/h, which do not cover this box: the probabilities are "
            "less reliable"
        ]
