"""Baselines that see the whole boxes that examples were cut out of."""

import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

from threadpoolctl import threadpool_limits

from cosmodag.errors import InputError
from cosmodag.evaluation.baselines.examples import Examples, LeftOut, Predictions
from cosmodag.threads import numba_threads
from cosmodag.voids.baselines import box_finder, matter_finder, stack, stack_ridge
from cosmodag.voids.baselines.box_examples import BoxExamples
from cosmodag.voids.baselines.box_searches import BoxSearches
from cosmodag.voids.baselines.whole_boxes import Sources

log = logging.getLogger(__name__)

Baselines = Mapping[str, Callable[..., Predictions]]

OF_BOTH: Baselines = {box_finder.NAME: box_finder.fit, matter_finder.NAME: matter_finder.fit}
OF_MAPS: Baselines = {**OF_BOTH, stack.NAME: stack.fit}
"""Baselines of maps and cubes."""
OF_NUMBERS: Baselines = {**OF_BOTH, stack_ridge.NAME: stack_ridge.fit}
"""Baselines of the number and the volume of voids."""


def fit_whole_boxes(
    baselines: Baselines,
    sources: Sources,
    splits_of: Mapping[str, Mapping[str, Examples]],
    *,
    seed: int = 0,
    threads: int | None = None,
    settings: Mapping[str, Mapping[str, Any]] | None = None,
) -> dict[str, dict[str, Predictions | LeftOut]]:
    """Fit baselines on whole boxes for one or more targets.

    Parameters
    ----------
    baselines : mapping from str to callable
        `OF_MAPS` or `OF_NUMBERS`.
    sources : mapping from {"grid", "labels", "matter"} to sequence of path
        Files of the boxes, see `whole_boxes`; empty where they are not known.
    splits_of : mapping from str to mapping from {"train", "valid", "test"} to Examples
        Examples by target, such as ``fraction_matter_spheres`` or ``count_matter_spheres``. `y`
        holds masks of a channel, or numbers (N,) of a column.
    seed : int
        Seed of samples, folds and trees.
    threads : int, optional
        Threads of finders and trees; all by default.
    settings : mapping from str to mapping, optional
        Keyword arguments by baseline, such as ``{"box_finder": {"thresholds": [-0.8]}}``.

    Returns
    -------
    dict from str to dict from str to Predictions or LeftOut
        By target and baseline.
    """
    settings = settings or {}
    searches: dict[str, BoxSearches] = {}
    fitted: dict[str, dict[str, Predictions | LeftOut]] = {}
    with numba_threads(threads), threadpool_limits(threads):
        for target, splits in splits_of.items():
            fitted[target] = {}
            for name, fit in baselines.items():
                began = time.monotonic()
                try:
                    examples = BoxExamples(sources, target, splits)
                    if examples.label not in searches:
                        searches[examples.label] = BoxSearches.of(examples, seed=seed)
                    fitted[target][name] = fit(
                        examples, searches[examples.label], seed=seed, **settings.get(name, {})
                    )
                except InputError as error:
                    fitted[target][name] = LeftOut(str(error))
                    continue
                log.info("baseline %s fitted in %.0f s", name, time.monotonic() - began)
    return fitted
