"""A search for voids from an entry of the section ``voids.void_catalogues``."""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

from cosmodag.voids.catalogues.box_coordinates import BoxCoordinates
from cosmodag.voids.catalogues.galaxy_catalogue import GalaxyCatalogue
from cosmodag.voids.catalogues.sky_catalogue import SkyCatalogue
from cosmodag.voids.survey.tracers import BoxTracers, SurveyTracers, Tracers
from cosmodag.voids.survey.void_search import VoidSearch

FILES = ("format", "table", "max_rejected")
"""Settings of all files."""
SKY = (*FILES, "cz", "minimum_redshift", "maximum_redshift")
"""Settings of galaxies and randoms on the sky."""
BOX = ("box_size", "unit", "hubble", "origin", "periodic")
"""Settings of the coordinates in a box."""


def search_of(entry: Mapping[str, Any]) -> VoidSearch:
    """Return how voids are found.

    Parameters
    ----------
    entry : mapping
        An entry of the section; absent keys and None stand for the defaults.

    Raises
    ------
    InputError
        As `VoidSearch`.
    """
    return VoidSearch(**_given(entry, [field.name for field in fields(VoidSearch)]))


def tracers_of(entry: Mapping[str, Any]) -> Tracers:
    """Return the galaxies among which voids are found.

    Parameters
    ----------
    entry : mapping
        An entry of the section; absent keys and None stand for the defaults.

    Raises
    ------
    InputError
        The settings of a catalogue contradict each other.
    """
    galaxies = _given(entry, ("path", "columns", "weight", "cut"))
    if entry.get("box_size") is not None:
        coordinates = BoxCoordinates(**_given(entry, BOX))
        return BoxTracers(
            GalaxyCatalogue(coordinates=coordinates, **galaxies, **_given(entry, FILES))
        )
    shared = _given(entry, SKY)
    catalogue = SkyCatalogue(**galaxies, **shared)
    randoms, mask = entry.get("randoms"), entry.get("mask")
    return SurveyTracers(
        galaxies=catalogue,
        randoms=randoms
        and SkyCatalogue(**{"columns": catalogue.columns} | _given(randoms, randoms) | shared),
        mask=mask and mask["path"],
        mask_column=mask and mask.get("column"),
        **_given(entry, ("omega_m", "minimum_completeness")),
    )


def _given(entry: Mapping[str, Any], keys: Iterable[str]) -> dict[str, Any]:
    """Return the settings of these keys that are given."""
    return {key: entry[key] for key in keys if entry.get(key) is not None}
