"""Sections of the report on void catalogues and on statistics of voids."""

from collections.abc import Sequence
from pathlib import Path

from cosmodag.reporting.sections import Section
from cosmodag.voids.statistics.statistics_report import statistics_section
from cosmodag.voids.survey.void_report import void_section

MAKERS = {"void_catalogues": void_section, "statistics": statistics_section}
"""What makes the section on a result, by the folder of such results."""


def sections(products: Sequence[Path]) -> list[Section]:
    """Return the sections on the results of the experiment apart from its runs.

    Parameters
    ----------
    products : sequence of Path
        Folders of results, such as ``void_catalogues/<name>`` and ``statistics/<name>``.
    """
    return [MAKERS[path.parent.name](path) for path in products if path.parent.name in MAKERS]
