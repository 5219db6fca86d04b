"""Baseline: voids that a finder finds among the galaxies of the whole box.

They are spheres of low mean galaxy density, projected as the targets are. A network sees sub-boxes,
at whose faces voids are cut; a finder has no such limit. Its density threshold is chosen on the
validation split, where its maps also become probabilities and its counts expected counts.
"""

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from operator import itemgetter
from typing import Any

import numpy as np
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LinearRegression

from cosmodag.errors import InputError
from cosmodag.evaluation import map_scores
from cosmodag.evaluation.baselines.examples import Examples, LeftOut, Predictions
from cosmodag.threads import numba_threads
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

NAME = "box_finder"
THRESHOLDS = (-0.8, -0.85, -0.875)
"""Mean overdensities of galaxies inside a sphere that are tried on the validation split."""
RADII = (5.0, 7.0, 10.0)
"""Smallest radii in Mpc/h that are tried where the definition of the target has none."""
OF_GALAXIES = "underdensity"
"""The label that this finder itself defines."""

Settings = Mapping[str, Any]
"""Settings of `find_underdense_spheres`."""


@dataclass(frozen=True)
class BoxFinder:
    """The finder on the whole boxes of examples.

    Parameters
    ----------
    sources : mapping from {"grid", "labels"} to sequence of path
        Files of the boxes, see `whole_boxes.open_whole_boxes`.
    label : str
        Label that the examples are scored on.
    """

    sources: Sources
    label: str
    _found: dict[tuple, VoidCatalogue] = field(default_factory=dict, repr=False)

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

    def try_each(
        self, thresholds: Sequence[float], see: Callable[[Settings], np.ndarray]
    ) -> Iterator[tuple[Settings, np.ndarray]]:
        """Yield the settings that suit the boxes, with what is seen of their voids.

        Parameters
        ----------
        thresholds : sequence of float
            Mean overdensities to try.
        see : callable
            Takes settings and returns maps or numbers.

        Raises
        ------
        InputError
            No settings suit the boxes.
        """
        refused = []
        trials = self.trials(thresholds)
        for settings in trials:
            try:
                seen = see(settings)
            except InputError as error:
                refused.append(error)
                continue
            yield settings, seen
        if len(refused) == len(trials):
            raise refused[0]

    def find(
        self, examples: Examples, settings: Settings
    ) -> Iterator[tuple[WholeBox, VoidCatalogue]]:
        """Yield each box of the examples with its voids, which are searched for once."""
        for box in open_whole_boxes(self.sources, self.label, examples.index):
            files = box.files
            key = (files.name, box.number, *settings.items())
            if key not in self._found:
                overdensity = box.galaxies(self.label, settings["minimum_radius"])
                self._found[key] = find_underdense_spheres(
                    overdensity, files.box_size, periodic=files.periodic, **settings
                )
            yield box, self._found[key]

    def maps(self, examples: Examples, settings: Settings) -> np.ndarray:
        """Return the fraction of each pixel inside voids, shaped like `y`, float32."""
        maps = np.empty(examples.y.shape, np.float32)
        for box, voids in self.find(examples, settings):
            files, index = box.files, examples.index.iloc[box.rows]
            mask = voxelize_spheres(
                voids.position,
                voids.radius,
                files.labels_file[self.label]["mask"].shape[1:],
                files.box_size,
                periodic=files.periodic,
            )
            maps[box.rows] = map_mesh(mask, index, examples.y.shape[1:], files.cells)
        return maps

    def numbers(self, examples: Examples, settings: Settings, quantity: str) -> np.ndarray:
        """Return the count or the volume of the voids centred in each sub-box, (N, 1) float64."""
        numbers = np.empty((len(examples.index), 1))
        for box, voids in self.find(examples, settings):
            numbers[box.rows, 0] = count_voids(voids, examples.index.iloc[box.rows])[quantity]
        return numbers


def fit_maps(
    sources: Sources,
    channel: str,
    valid: Examples,
    test: Examples,
    *,
    thresholds: Sequence[float] = THRESHOLDS,
    threads: int | None = None,
) -> Predictions | LeftOut:
    """Predict masks by the fraction of each pixel inside the voids of a finder.

    The threshold is that of the largest Matthews correlation on validation, where the fraction
    becomes a probability by isotonic regression.

    Parameters
    ----------
    sources : mapping from {"grid", "labels"} to sequence of path
        Files of the boxes; empty where they are not known.
    channel : str
        Target channel, such as ``fraction_matter_spheres``.
    valid, test : Examples
        `y` holds masks.
    thresholds : sequence of float
        Mean overdensities to try.
    threads : int, optional
        Threads of the finder; numba's number of threads by default.

    Returns
    -------
    Predictions or LeftOut
        Probabilities, or why there are none.
    """
    quantity, _, label = channel.partition("_")
    if quantity != "fraction":
        return LeftOut(f"the target {channel} is not the fraction of a sight line inside voids")

    def fit(finder: BoxFinder) -> Predictions:
        tried = (
            (map_scores.largest_mcc(fraction, valid.y), settings, fraction)
            for settings, fraction in finder.try_each(thresholds, lambda s: finder.maps(valid, s))
        )
        mcc, settings, on_valid = max(tried, key=itemgetter(0))
        log.info("finder on whole boxes: %s, MCC %.3f on validation", settings, mcc)
        curve = IsotonicRegression(out_of_bounds="clip").fit(on_valid.ravel(), valid.y.ravel())
        return Predictions(
            *(
                curve.predict(each.ravel()).reshape(each.shape).astype(np.float32)
                for each in (on_valid, finder.maps(test, settings))
            )
        )

    return _fit(sources, label, fit, threads)


def fit_numbers(
    sources: Sources,
    column: str,
    valid: Examples,
    test: Examples,
    *,
    thresholds: Sequence[float] = THRESHOLDS,
    threads: int | None = None,
) -> Predictions | LeftOut:
    """Predict the number, or the volume, of voids by that of the voids of a finder.

    The prediction is linear in the number found; line and threshold are those of the least squared
    error on validation.

    Parameters
    ----------
    sources : mapping from {"grid", "labels"} to sequence of path
        Files of the boxes; empty where they are not known.
    column : str
        Target column, such as ``count_matter_spheres``.
    valid, test : Examples
        `y` holds numbers (N,).
    thresholds : sequence of float
        Mean overdensities to try.
    threads : int, optional
        Threads of the finder; numba's number of threads by default.

    Returns
    -------
    Predictions or LeftOut
        Predicted numbers, or why there are none.
    """
    quantity, _, label = column.partition("_")
    if quantity not in ("count", "volume"):
        return LeftOut(f"the target {column} is no number of voids")

    def fit(finder: BoxFinder) -> Predictions:
        def tried() -> Iterator[tuple[float, Settings, LinearRegression, np.ndarray]]:
            see = partial(finder.numbers, valid, quantity=quantity)
            for settings, found in finder.try_each(thresholds, see):
                line = LinearRegression().fit(found, valid.y)
                predicted = line.predict(found)
                yield float(np.std(predicted - valid.y)), settings, line, predicted

        error, settings, line, on_valid = min(tried(), key=itemgetter(0))
        log.info("finder on whole boxes: %s, error %.3g on validation", settings, error)
        on_test = line.predict(finder.numbers(test, settings, quantity))
        return Predictions(on_valid.astype(np.float32), on_test.astype(np.float32), error)

    return _fit(sources, label, fit, threads)


def _fit(
    sources: Sources,
    label: str,
    fit: Callable[[BoxFinder], Predictions],
    threads: int | None,
) -> Predictions | LeftOut:
    """Fit the finder, or say why it cannot be."""
    if not sources:
        return LeftOut("the files that the examples were cut out of were not given")
    if label == OF_GALAXIES:
        return LeftOut("the target is what it finds itself")
    began = time.monotonic()
    try:
        with numba_threads(threads):
            predictions = fit(BoxFinder(sources, label))
    except InputError as error:
        return LeftOut(str(error))
    log.info("baseline %s fitted in %.0f s", NAME, time.monotonic() - began)
    return predictions
