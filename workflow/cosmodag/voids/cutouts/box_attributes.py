"""Attributes of examples files on the boxes, by which inference repeats how they were made."""

from typing import Any

import numpy as np

from cosmodag.cutouts.box_files import BoxFiles
from cosmodag.voids.cutouts.structure_size import largest_radius


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
        galaxies in (Mpc/h)⁻³.
    """
    return {
        "cell_size": files.cell_size,
        "structure_size": largest_radius(files),
        "method": str(files.grid.attrs["method"]),
        "boxes": files.boxes,
        "number_density": np.asarray(files.grid.attrs["particles"]) / files.box_size.prod(),
    }
