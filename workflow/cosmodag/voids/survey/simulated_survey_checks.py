"""Checks of simulated surveys in the section `voids` of a configuration before the first job."""

import itertools
from collections.abc import Mapping

from cosmodag.schema_errors import ConfigError
from cosmodag.voids.box_cells import is_observed
from cosmodag.voids.survey.survey_checks import check_mask_file, check_sky

Keys = tuple[str, ...]

FROM_GALAXIES = ("spheres", "underdensity", "watershed")
"""Labels that are found among the galaxies, which are not all there in a survey."""


def check_simulated_survey(keys: Keys, simulation: Mapping) -> None:
    """Check the survey of a simulation; headers of files that exist are read.

    Parameters
    ----------
    keys : tuple of str
        Place of the simulation in the configuration.
    simulation : mapping
        The completed simulation.

    Raises
    ------
    ConfigError
        Settings contradict each other, or a file does not have what is to be read from it.
    """
    survey, keys = simulation["survey"], (*keys, "survey")
    if "redshift_space_axis" in simulation:
        raise ConfigError(
            (*keys[:-1], "redshift_space_axis"),
            "the survey has lines of sight of its own; remove this key",
        )
    if ("redshifts" in survey) != ("densities" in survey):
        raise ConfigError(keys, "redshifts and densities belong together; give both or none")
    redshifts = survey.get("redshifts", [])
    if any(low >= high for low, high in itertools.pairwise(redshifts)):
        raise ConfigError((*keys, "redshifts"), f"{redshifts} do not ascend")
    if len(redshifts) != len(survey.get("densities", [])):
        raise ConfigError(
            (*keys, "densities"),
            f"{len(survey['densities'])} for {len(redshifts)} redshifts; give one for each",
        )
    if redshifts and not any(survey["densities"]):
        raise ConfigError((*keys, "densities"), "no density is above 0")
    if redshifts and "fall_off" in survey:
        raise ConfigError((*keys, "fall_off"), "has no effect beside redshifts; remove one of them")
    if survey["minimum_redshift"] >= survey["maximum_redshift"]:
        raise ConfigError(
            (*keys, "minimum_redshift"),
            f"{survey['minimum_redshift']} is not below maximum_redshift "
            f"{survey['maximum_redshift']}",
        )
    measured = len(survey.get("randoms", {}).get("columns", ())) == 3 and "fall_off" not in survey
    if not (redshifts or measured or survey["maximum_redshift"] < 20):
        raise ConfigError(
            (*keys, "maximum_redshift"), "where the survey ends is unknown; give this key"
        )
    if "dec" in survey and survey["dec"][0] >= survey["dec"][1]:
        raise ConfigError((*keys, "dec"), f"{survey['dec']} is no range; give [low, high]")
    if "randoms" in survey:
        check_sky((*keys, "randoms"), survey["randoms"], survey["randoms"]["cz"])
    if "mask" in survey:
        check_mask_file((*keys, "mask"), survey["mask"])


def check_observed(section: Mapping) -> None:
    """Check what is made from boxes that a survey observes.

    Parameters
    ----------
    section : mapping
        The completed section.

    Raises
    ------
    ConfigError
        A stage does not support boxes of which a part is unknown.
    """

    def observed(kind: str, name: str) -> bool:
        return is_observed(section["sources"][section[kind][name]["source"]])

    for name, grid in section["grids"].items():
        if observed("grids", name) and grid["method"] != "cic":
            raise ConfigError(
                ("voids", "grids", name, "method"),
                "galaxies are compared with the selection of a survey by cic; remove this key",
            )
    for name, labels in section["labels"].items():
        for finder in FROM_GALAXIES:
            if observed("labels", name) and finder in labels:
                raise ConfigError(
                    ("voids", "labels", name, finder),
                    "the source is observed by a survey, which does not have all galaxies; give a "
                    "finder of the matter",
                )
    for name, statistics in section["statistics"].items():
        if observed("labels", statistics["labels"]):
            raise ConfigError(
                ("voids", "statistics", name, "labels"),
                "statistics need whole boxes, but the source is observed by a survey; give other "
                "labels",
            )
    for name, cutouts in section["cutouts"].items():
        if observed("grids", cutouts["grid"]) and not cutouts["cubes"]:
            raise ConfigError(
                ("voids", "cutouts", name, "cubes"),
                "a survey has no common line of sight of maps; give true",
            )
    for name, run in section["runs"].items():
        cutouts = section["datasets"][run["dataset"]].get("cutouts")
        if cutouts is None or run["task"]["name"] == "map":
            continue
        if observed("grids", section["cutouts"][cutouts]["grid"]):
            raise ConfigError(
                ("voids", "runs", name, "task", "name"),
                f"{run['task']['name']} needs whole boxes, but a survey observes a part of them; "
                "give map",
            )
