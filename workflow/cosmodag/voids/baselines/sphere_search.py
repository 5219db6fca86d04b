"""Search for spherical voids in a density of whole boxes, judged on the validation split."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import numpy as np

from cosmodag.errors import InputError
from cosmodag.evaluation.baselines.examples import Examples, Predictions
from cosmodag.voids.baselines.box_examples import BoxExamples
from cosmodag.voids.baselines.calibration import CALIBRATIONS
from cosmodag.voids.baselines.sub_box_maps import count_voids, map_mesh
from cosmodag.voids.baselines.whole_boxes import (
    Sources,
    WholeBox,
    open_whole_boxes,
    read_definition,
)
from cosmodag.voids.finders.underdense_spheres import find_underdense_spheres
from cosmodag.voids.finders.void_catalogue import VoidCatalogue
from cosmodag.voids.finders.voxelize import voxelize_spheres

log = logging.getLogger(__name__)

RADII = (5.0, 7.0, 10.0)
"""Smallest radii in Mpc/h that are tried where the definition of the target has none."""

Settings = Mapping[str, Any]
"""Settings of `find_underdense_spheres`."""
Density = Callable[[WholeBox, float], np.ndarray]
"""Takes a box and the smallest radius in Mpc/h, returns the overdensity to search in."""


@dataclass(frozen=True)
class SphereSearch:
    """The search for voids of low mean density in the whole boxes of examples.

    Each box is searched once with the same settings.

    Parameters
    ----------
    sources : mapping from {"grid", "labels"} to sequence of path
        Files of the boxes, see `whole_boxes.open_whole_boxes`.
    label : str
        Label that the examples are scored on.
    density : callable
        Returns the overdensity of a box.
    """

    sources: Sources
    label: str
    density: Density
    _found: dict[tuple, VoidCatalogue | InputError] = field(default_factory=dict, repr=False)

    def trials(self, thresholds: Sequence[float]) -> list[Settings]:
        """Return the settings to try, with the radii of the definition of the target.

        Parameters
        ----------
        thresholds : sequence of float
            Mean overdensities to try.
        """
        definition = read_definition(self.sources, self.label)
        limits = ("minimum_radius", "maximum_radius")
        radii: Settings = {key: definition[key] for key in limits if key in definition}
        each = [radii] if "minimum_radius" in radii else [{"minimum_radius": r} for r in RADII]
        return [{"threshold": t, **radius} for radius in each for t in thresholds]

    def find(self, box: WholeBox, trials: Sequence[Settings]) -> list[VoidCatalogue | InputError]:
        """Return the voids of a box by each of the settings, or why they do not suit the box."""
        keys = [(*box.key, *settings.items()) for settings in trials]
        new = [(key, s) for key, s in zip(keys, trials) if key not in self._found]
        for radius, same in groupby(new, lambda each: each[1]["minimum_radius"]):
            overdensity = self.density(box, radius)
            for key, settings in same:
                self._found[key] = _find(overdensity, box, settings)
        return [self._found[key] for key in keys]

    def see(
        self, examples: Examples, quantity: str, trials: Sequence[Settings]
    ) -> list[np.ndarray | InputError]:
        """Return what the examples see of the voids by each of the settings.

        Parameters
        ----------
        examples : Examples
        quantity : {"fraction", "count", "volume"}
            The fraction of each pixel inside voids, shaped like `y`, float32, or the number or the
            volume of the voids centred in each sub-box, (N,) float64.
        trials : sequence of mapping
            Settings.

        Returns
        -------
        list of numpy.ndarray or InputError
            Why the settings do not suit the boxes, in the place of the fractions or numbers.
        """
        maps = quantity == "fraction"
        shape = examples.y.shape if maps else (len(examples.index),)
        dtype = np.float32 if maps else np.float64
        seen: list[np.ndarray | InputError] = [np.empty(shape, dtype) for _ in trials]
        for box in open_whole_boxes(self.sources, self.label, examples.index):
            index = examples.index.iloc[box.rows]
            for number, voids in enumerate(self.find(box, trials)):
                values = seen[number]
                if isinstance(values, InputError):
                    continue
                if isinstance(voids, InputError):
                    seen[number] = voids
                elif maps:
                    mesh = self.mask(box, voids)
                    values[box.rows] = map_mesh(mesh, index, shape[1:], box.files.cells)
                else:
                    values[box.rows] = count_voids(voids, index)[quantity]
        return seen

    def mask(self, box: WholeBox, voids: VoidCatalogue) -> np.ndarray:
        """Return the mask of voids on the mesh of the label, uint8."""
        return voxelize_spheres(
            voids.position,
            voids.radius,
            box.mesh_shape(self.label),
            box.files.box_size,
            periodic=box.files.periodic,
        )


def predict_by_spheres(
    search: SphereSearch, examples: BoxExamples, thresholds: Sequence[float]
) -> Predictions:
    """Predict masks, or numbers, by the voids of a search, with the settings best on validation.

    Parameters
    ----------
    search : SphereSearch
    examples : BoxExamples
    thresholds : sequence of float
        Mean overdensities to try.

    Raises
    ------
    InputError
        No settings suit the boxes.
    """
    calibration_of = CALIBRATIONS[examples.quantity]
    valid, test = (examples.splits[split] for split in ("valid", "test"))
    trials = search.trials(thresholds)
    seen = search.see(valid, examples.quantity, trials)
    suitable = [(s, each) for s, each in zip(trials, seen) if not isinstance(each, InputError)]
    if not suitable:
        raise next(each for each in seen if isinstance(each, InputError))
    losses = [calibration_of.loss(each, valid.y) for _, each in suitable]
    settings, on_valid = suitable[int(np.argmin(losses))]
    log.info("spheres in whole boxes: %s, loss %.3f on validation", settings, min(losses))
    calibration = calibration_of(on_valid, valid.y)
    (on_test,) = search.see(test, examples.quantity, [settings])
    if isinstance(on_test, InputError):
        raise on_test
    predicted, on_test = (calibration.predict(each) for each in (on_valid, on_test))
    return Predictions(predicted, on_test, calibration.spread)


def _find(overdensity: np.ndarray, box: WholeBox, settings: Settings) -> VoidCatalogue | InputError:
    """Return the voids of a box, or why the settings do not suit it."""
    try:
        return find_underdense_spheres(
            overdensity, box.files.box_size, periodic=box.files.periodic, **settings
        )
    except InputError as error:
        return error
