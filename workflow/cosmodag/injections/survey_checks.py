"""Check of the survey that an entry of a configuration reads."""

from collections.abc import Mapping

from cosmodag.schema_errors import ConfigError, nearest

Keys = tuple[str, ...]

SIMULATED_BANDS = ("g", "r", "z")
"""Bands of simulated bricks, and of injections into one image."""


def check_survey(keys: Keys, entry: Mapping, section: Mapping) -> None:
    """Check that an entry names a survey of its source if this is a simulation, and else none.

    Parameters
    ----------
    keys : tuple of str
        Place of the entry in the configuration, for messages.
    entry : mapping
        The entry, with the keys `source` and perhaps `survey`.
    section : mapping
        The completed section.

    Raises
    ------
    ConfigError
    """
    ((kind, source),) = section["sources"][entry["source"]].items()
    if kind == "simulation":
        known = source["surveys"]
        if "survey" not in entry:
            raise ConfigError((*keys, "survey"), f"missing; known: {', '.join(known)}")
        if entry["survey"] not in known:
            raise ConfigError(
                (*keys, "survey"),
                f"{entry['survey']!r} is not a survey of the source {entry['source']!r}"
                f"{nearest(entry['survey'], known)}",
            )
    elif "survey" in entry:
        raise ConfigError(
            (*keys, "survey"),
            f"the source {entry['source']!r} is not a simulation of surveys; remove it",
        )
