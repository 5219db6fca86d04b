"""Voids of all samples in all boxes of a source, measured box by box."""

import contextlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from tqdm import tqdm

from cosmodag.cosmology.background import Growth
from cosmodag.errors import InputError
from cosmodag.hdf5 import open_kind
from cosmodag.threads import numba_threads
from cosmodag.voids.catalogues.galaxies_file import describe_boxes
from cosmodag.voids.finders.box_inputs import BoxInputs
from cosmodag.voids.statistics.box_measurements import (
    BoxGalaxies,
    VoidMeasurements,
    measure_voids,
)
from cosmodag.voids.statistics.excursion_set import Spectrum
from cosmodag.voids.statistics.samples import Box, Sample, choose_samples, find_sample

if TYPE_CHECKING:
    from cosmodag.voids.fields.matter_trees import MatterTrees

Path = str | os.PathLike


class Batch(NamedTuple):
    """Files of one batch of boxes.

    Attributes
    ----------
    labels, galaxies : path-like
        Labels file and galaxies file.
    matter : path-like or None
        Grid file of the matter.
    grid : path-like or None
        Grid file of the galaxies, in which the matter is reconstructed.
    """

    labels: Path
    galaxies: Path
    matter: Path | None = None
    grid: Path | None = None


@dataclass(frozen=True)
class MeasuredBox:
    """The voids of one box.

    Attributes
    ----------
    name : str
        Name of the box.
    volume : float
        Its volume in (Mpc/h)³.
    spectrum : tuple of two numpy.ndarray, shape (n,), or None
        Wavenumbers in h/Mpc and linear power in (Mpc/h)³ at the redshift of the box; None where it
        is not known.
    voids : dict from str to VoidMeasurements
        Measurements by sample.
    """

    name: str
    volume: float
    spectrum: Spectrum | None
    voids: dict[str, VoidMeasurements]


def measure_boxes(
    batches: Sequence[Batch],
    settings: dict[str, Any],
    *,
    trees: "MatterTrees | None" = None,
    threads: int | None = None,
) -> tuple[list[Sample], list[MeasuredBox]]:
    """Find and measure the voids of all boxes; memory is that of one box.

    Parameters
    ----------
    batches : sequence of Batch
        Files of the boxes.
    settings : dict
        Arguments of `choose_samples`.
    trees : MatterTrees, optional
        Reconstruct the matter in the grids of the batches.
    threads : int, optional
        Threads of the finders; numba's number of threads by default.

    Returns
    -------
    samples : list of Sample
        Samples of voids.
    boxes : list of MeasuredBox
        What was measured in each box.

    Raises
    ------
    InputError
        A file cannot be read, files of a batch have different boxes, or labels differ.
    """
    samples: list[Sample] = []
    boxes: list[MeasuredBox] = []
    with numba_threads(threads), contextlib.ExitStack() as stack:
        progress = stack.enter_context(tqdm(desc="boxes", unit="box", disable=None))
        for batch in batches:
            with (
                open_kind(batch.labels, "labels") as labels,
                BoxInputs(batch.galaxies, batch.matter) as inputs,
            ):
                own = list(choose_samples(labels, **settings))
                if samples and own != samples:
                    raise InputError(f"{batch.labels}: has other labels than {batches[0].labels}")
                samples = own
                if missing := sorted(set(map(str, labels.attrs["boxes"])) ^ set(inputs.boxes)):
                    raise InputError(
                        f"{batch.labels} and {batch.galaxies} contain different boxes "
                        f"({missing[0]} …): give the files of one batch in the same place"
                    )
                known = describe_boxes(batch.galaxies)
                for name in inputs.boxes:
                    box = Box(name, labels, inputs, batch.grid)
                    boxes.append(_measure(box, samples, trees, known[name]))
                    progress.update()
    return samples, boxes


def _measure(
    box: Box, samples: Sequence[Sample], trees: "MatterTrees | None", attributes: dict[str, Any]
) -> MeasuredBox:
    """Find and measure the voids of one box."""
    inputs = box.inputs
    galaxies = BoxGalaxies(*inputs.galaxies(box.name), inputs.box_size, inputs.periodic)
    matter = inputs.matter_overdensity(box.name) if inputs.has_matter else None
    voids = {
        sample.name: measure_voids(find_sample(sample, box, trees), galaxies, matter)
        for sample in samples
    }
    volume = float(inputs.box_size.prod())
    return MeasuredBox(box.name, volume, _spectrum(attributes), voids)


def _spectrum(attributes: dict[str, Any]) -> Spectrum | None:
    """Return the linear power spectrum of a simulated box at its redshift."""
    if "linear_power" not in attributes:
        return None
    wavenumber, power = np.asarray(attributes["linear_power"], np.float64)
    growth = Growth(float(attributes["omega_m"])).first_order(float(attributes["redshift"]))
    return wavenumber, power * growth**2
