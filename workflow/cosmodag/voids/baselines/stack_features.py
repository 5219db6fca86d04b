"""Features of the cells of a whole box: masks of voids and means of the reconstructed matter."""

from collections.abc import Iterator, Sequence

import numpy as np

from cosmodag import settings
from cosmodag.voids.baselines.box_searches import BoxSearches
from cosmodag.voids.baselines.sphere_search import RADII, Settings, SphereSearch
from cosmodag.voids.baselines.whole_boxes import WholeBox
from cosmodag.voids.fields.sphere_averages import sphere_averages
from cosmodag.voids.finders.void_catalogue import VoidCatalogue

FIELDS = settings.with_defaults({}, "voids/grids/*/fields")
"""Thresholds and radii: those of the fields that networks see by default."""


def find_voids(box: WholeBox, searches: BoxSearches) -> Iterator[VoidCatalogue]:
    """Yield the voids of a box by each threshold, among the galaxies and in the matter.

    Raises
    ------
    InputError
        A threshold or a radius does not suit the box.
    """
    for search, thresholds in (
        (searches.galaxies, FIELDS["thresholds"]),
        (searches.matter, FIELDS["matter_thresholds"]),
    ):
        for voids in search.find(box, _trials(search, thresholds)):
            if isinstance(voids, Exception):
                raise voids
            yield voids


def box_fields(box: WholeBox, searches: BoxSearches) -> Iterator[np.ndarray]:
    """Yield fields on the mesh of the labels.

    Parameters
    ----------
    box : WholeBox
    searches : BoxSearches

    Yields
    ------
    numpy.ndarray, shape of the mesh, uint8 or float32
        The mask of each of `find_voids`; the mean of the reconstructed matter in each radius,
        and the lowest such mean within a cube that reaches as far as the radius.
    """
    for voids in find_voids(box, searches):
        yield searches.galaxies.mask(box, voids)
    matter = searches.reconstruction.matter(box)
    yield from sphere_averages(matter, box.files.box_size, FIELDS["matter_radii"])


def _trials(search: SphereSearch, thresholds: Sequence[float]) -> list[Settings]:
    """Return settings of the finder, with a medium radius where the definition has none."""
    trials = search.trials(thresholds)
    some = trials[0]["minimum_radius"] if len(trials) == len(thresholds) else RADII[1]
    return [trial for trial in trials if trial["minimum_radius"] == some]
