"""Checks of the transfer functions in the section `injections` of a configuration."""

from collections.abc import Mapping

from cosmodag.injections.survey_checks import SIMULATED_BANDS, check_survey
from cosmodag.injections.transfer.variables import edges_fault, variables
from cosmodag.schema_errors import ConfigError, nearest


def check_transfer(section: Mapping) -> None:
    """Check the surveys, bands and edges of transfer functions.

    Parameters
    ----------
    section : mapping
        The completed section.

    Raises
    ------
    ConfigError
    """
    for name, entry in section["transfer"].items():
        keys = ("injections", "transfer", name)
        check_survey(keys, entry, section)
        ((kind, _),) = section["sources"][entry["source"]].items()
        for band in entry["bands"] if kind != "survey" else ():
            if band not in SIMULATED_BANDS:
                known = ", ".join(SIMULATED_BANDS)
                raise ConfigError((*keys, "bands"), f"{band!r} is not simulated; known: {known}")
        if kind != "survey" and entry["depth"] != "invvar":
            raise ConfigError(
                (*keys, "depth"),
                f"catalogues of simulated injections have no column {entry['depth']}; give invvar",
            )
        if entry["reference"] not in entry["bands"]:
            raise ConfigError(
                (*keys, "reference"),
                f"{entry['reference']!r} is not among the bands"
                f"{nearest(entry['reference'], entry['bands'])}",
            )
        names = [each.name for each in variables(entry["bands"], entry["reference"])]
        if fault := edges_fault(entry["edges"], names):
            raise ConfigError((*keys, "edges", fault[0]), fault[1])
