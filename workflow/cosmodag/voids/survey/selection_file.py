"""Selection functions in HDF5: the group `selection` of each box of a galaxies file.

Its datasets are the `completeness` of each pixel, and `distance` and `density` of the radial
selection. Its attributes are `pixels` with their `resolution`, the `corner` of the box and
`minimum_selection`, see `cosmodag.voids.survey.simulated_survey.BoxSelection`.
"""

import h5py
import numpy as np

from cosmodag.imaging.sky_pixels import SkyPixels
from cosmodag.voids.survey.footprint import Footprint, Pixels
from cosmodag.voids.survey.selection import SurveySelection
from cosmodag.voids.survey.simulated_survey import BoxSelection

GROUP = "selection"
RINGS, HEALPIX = "rings", "healpix"
"""Kinds of pixels: `SkyPixels` and `HealpixPixels`."""


def write_selection(box: h5py.Group, placed: BoxSelection) -> None:
    """Write the selection function of a box.

    Parameters
    ----------
    box : h5py.Group
        The box.
    placed : BoxSelection
        The selection function, and the place of the box in it.
    """
    group = box.create_group(GROUP)
    footprint, pixels = placed.selection.footprint, placed.selection.footprint.pixels
    rings = isinstance(pixels, SkyPixels)
    group.attrs.update(
        footprint=footprint.name,
        pixels=RINGS if rings else HEALPIX,
        resolution=getattr(pixels, "n_rings" if rings else "nside"),
        corner=placed.corner,
        minimum_selection=placed.minimum_selection,
    )
    group.create_dataset("completeness", data=footprint.completeness, compression="gzip")
    group["distance"], group["density"] = placed.selection.distance, placed.selection.density


def read_selection(box: h5py.Group) -> BoxSelection:
    """Read the selection function of a box.

    Parameters
    ----------
    box : h5py.Group
        Box with the group `selection`.

    Returns
    -------
    BoxSelection
        Its footprint has no outline.
    """
    group = box[GROUP]
    resolution = int(group.attrs["resolution"])
    footprint = Footprint(
        str(group.attrs["footprint"]),
        _pixels(str(group.attrs["pixels"]), resolution),
        group["completeness"][:],
        np.empty((0, 3)),
    )
    selection = SurveySelection(footprint, group["distance"][:], group["density"][:])
    corner = np.asarray(group.attrs["corner"], np.float64)
    return BoxSelection(selection, corner, float(group.attrs["minimum_selection"]))


def _pixels(kind: str, resolution: int) -> Pixels:
    """Return the pixels of a kind and a resolution."""
    if kind == RINGS:
        return SkyPixels(resolution)
    from cosmodag.voids.survey.sky_mask import HealpixPixels

    return HealpixPixels(resolution)
