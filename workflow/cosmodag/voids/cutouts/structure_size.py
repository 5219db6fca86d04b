"""The extent of voids, which decides how far apart independent regions of a box must lie."""

from cosmodag.cutouts.box_files import BoxFiles


def largest_radius(files: BoxFiles) -> float:
    """Return the radius of the largest void of all boxes and labels in use.

    Parameters
    ----------
    files : BoxFiles
        Grids and labels of the same boxes.

    Returns
    -------
    float
        Effective radius in Mpc/h; 0 without voids.
    """
    catalogues = (files.labels_file[label].get("voids") for label in files.labels)
    radii = [
        catalogue[box]["radius"]
        for catalogue in catalogues
        if catalogue is not None
        for box in files.boxes
        if box in catalogue and "radius" in catalogue[box]
    ]
    return max((float(each[:].max()) for each in radii if len(each)), default=0.0)
