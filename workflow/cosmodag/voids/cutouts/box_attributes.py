"""Attributes of examples files on the boxes, by which inference repeats how they were made."""

from typing import Any

import numpy as np

from cosmodag.cutouts.box_files import BoxFiles
from cosmodag.cutouts.survey_channels import SELECTION
from cosmodag.voids.cutouts.structure_size import largest_radius

MINIMUM = "minimum_selection"
"""Attribute of the density below which cells of a survey are unknown."""


def box_attributes(files: BoxFiles) -> dict[str, Any]:
    """Return the attributes of an examples file that describe its boxes.

    Parameters
    ----------
    files : BoxFiles
        Grids and labels of the same boxes.

    Returns
    -------
    dict
        `cell_size` (Mpc/h along each axis), `structure_size` (radius of the largest void, Mpc/h),
        `method` of the mass assignment, and for each of the `boxes` the `number_density` of its
        galaxies in (Mpc/h)⁻³; of a simulated survey for a completeness of 1, and
        `minimum_selection`, the expected density in units of the highest one below which cells are
        unknown.
    """
    attributes = files.grid.attrs
    return {
        "cell_size": files.cell_size,
        "structure_size": largest_radius(files),
        "method": str(attributes["method"]),
        "boxes": files.boxes,
        "number_density": attributes["number_density"]
        if SELECTION in files.fields
        else np.asarray(attributes["particles"]) / files.box_size.prod(),
        **({MINIMUM: attributes[MINIMUM]} if SELECTION in files.fields else {}),
    }
