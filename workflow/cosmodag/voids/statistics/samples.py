"""Samples of voids whose statistics are measured: by each label, and found without the truth."""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

from cosmodag.voids.finders.box_inputs import BoxInputs
from cosmodag.voids.finders.box_labels import label_box
from cosmodag.voids.finders.labels_file import read_voids
from cosmodag.voids.finders.underdense_spheres import CELLS_PER_RADIUS, find_underdense_spheres
from cosmodag.voids.finders.void_catalogue import VoidCatalogue
from cosmodag.voids.grids.grid_file import read_grid

if TYPE_CHECKING:
    from cosmodag.voids.fields.matter_trees import MatterTrees

FOUND_GALAXIES, FOUND_MATTER = "found_galaxies", "found_matter"
"""Samples of voids that are found without the truth."""
TITLES = {
    "matter_spheres": "spheres in the matter",
    "matter": "regions of low matter density",
    "matter_tidal": "regions that matter leaves along all axes",
    "matter_watershed": "basins of the matter",
    "spheres": "unions of empty spheres among the galaxies",
    "underdensity": "spheres among the galaxies",
    "watershed": "basins of the galaxies",
    "catalogue": "the given catalogue",
    FOUND_GALAXIES: "found among the galaxies",
    FOUND_MATTER: "found in reconstructed matter",
}
RADIUS = 10.0
"""Smallest radius of a void in Mpc/h where neither settings nor definitions state one."""


@dataclass(frozen=True)
class Sample:
    """A sample of voids.

    Attributes
    ----------
    name : str
        A label, `FOUND_GALAXIES` or `FOUND_MATTER`.
    settings : mapping
        Settings of the finder.
    """

    name: str
    settings: Mapping[str, Any]

    @property
    def title(self) -> str:
        """What the voids are."""
        return TITLES[self.name]

    @property
    def matter_threshold(self) -> float | None:
        """Mean overdensity of matter in voids that are spheres; None for other definitions."""
        of_matter = self.name in ("matter_spheres", FOUND_MATTER)
        return self.settings["threshold"] if of_matter else None


@dataclass(frozen=True)
class Box:
    """A box and the open files that contain it.

    Attributes
    ----------
    name : str
        Name of the box.
    labels : h5py.File
        Labels file.
    inputs : BoxInputs
        Galaxies and, where known, matter.
    grid : path-like or None
        Grid file of the galaxies.
    """

    name: str
    labels: h5py.File
    inputs: BoxInputs
    grid: str | os.PathLike | None


def choose_samples(
    labels: h5py.File,
    *,
    threshold: float,
    matter_threshold: float | None,
    minimum_radius: float | None,
) -> Iterator[Sample]:
    """Yield a sample for each label, and those of the voids that are found without the truth.

    Parameters
    ----------
    labels : h5py.File
        Labels file.
    threshold : float
        Mean overdensity of the galaxies in spheres that are voids.
    matter_threshold : float or None
        Mean overdensity of the reconstructed matter in such spheres; None if none is reconstructed.
    minimum_radius : float or None
        Smallest radius of these spheres in Mpc/h; by default the smallest of the labels, or 10.
    """
    radii = []
    for label in map(str, labels.attrs["labels"]):
        sample = Sample(label, json.loads(labels[label].attrs["settings"]))
        radii += [sample.settings["minimum_radius"]] if "minimum_radius" in sample.settings else []
        yield sample
    radius = {"minimum_radius": minimum_radius or min(radii, default=RADIUS)}
    yield Sample(FOUND_GALAXIES, {"threshold": threshold, **radius})
    if matter_threshold is not None:
        yield Sample(FOUND_MATTER, {"threshold": matter_threshold, **radius})


def find_sample(sample: Sample, box: Box, trees: "MatterTrees | None") -> VoidCatalogue:
    """Return the voids of a sample in a box.

    Parameters
    ----------
    sample : Sample
        The sample.
    box : Box
        The box.
    trees : MatterTrees or None
        Reconstruct the matter for `FOUND_MATTER`.

    Raises
    ------
    InputError
        The settings do not suit the box, or the box has no galaxies.
    """
    box_size = box.inputs.box_size
    if sample.name == FOUND_GALAXIES:
        label = next(map(str, box.labels.attrs["labels"]))
        shape = box.labels[label]["mask"].shape[1:]
        enough = CELLS_PER_RADIUS * box_size.max() / sample.settings["minimum_radius"]
        settings = {**sample.settings, "cells": max(*shape, int(np.ceil(enough)))}
        return label_box("underdensity", settings, box.inputs, box.name, shape)[1]
    if sample.name == FOUND_MATTER and trees is not None and box.grid is not None:
        mass, header = read_grid(box.grid, box.name)
        mean = np.float32(header.mean_density[header.boxes.index(box.name)])
        matter = trees.reconstruct(mass / mean - 1, box_size)
        return find_underdense_spheres(matter, box_size, **sample.settings)
    return read_voids(box.labels.filename, sample.name, box.name)
