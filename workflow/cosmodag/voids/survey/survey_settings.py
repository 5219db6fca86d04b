"""A simulated survey from the key `survey` of a simulation of the section ``voids.sources``."""

from collections.abc import Mapping
from typing import Any

from cosmodag.voids.catalogues.sky_catalogue import SkyCatalogue
from cosmodag.voids.survey.simulated_survey import SimulatedSurvey


def simulated_survey(entry: Mapping[str, Any]) -> SimulatedSurvey:
    """Return the survey by which boxes are observed.

    Parameters
    ----------
    entry : mapping
        Completed settings.

    Raises
    ------
    InputError
        As `SimulatedSurvey` and `SkyCatalogue`.
    """
    settings = dict(entry)
    if "randoms" in entry:
        limits = {key: entry[key] for key in ("minimum_redshift", "maximum_redshift")}
        settings["randoms"] = SkyCatalogue(**entry["randoms"], **limits)
    if "mask" in entry:
        settings |= {"mask": entry["mask"]["path"], "mask_column": entry["mask"].get("column")}
    return SimulatedSurvey(**settings)
