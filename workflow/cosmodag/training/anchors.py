"""Columns that are logarithms of what a stamp shows: where a network's outputs may begin."""

import math

from cosmodag.datasets.dataset import Dataset
from cosmodag.training.scalar_tasks import ScalarTask


def anchors(task: ScalarTask, dataset: Dataset) -> list[tuple[int, str, float, float]]:
    """Return what the outputs of a task follow from the flux and the radius of a stamp.

    Parameters
    ----------
    task : ScalarTask
        Of whose columns `magnitude` (AB) and `log_radius` (log10 of arcsec) are such logarithms.
    dataset : Dataset
        The dataset; its examples files say what a value of 1 stands for (flux_unit,
        nanomaggies) and how large a pixel is (pixel, arcsec). Where they do not there are none.

    Returns
    -------
    list of tuple
        Number of the output, "flux" or "radius", and slope and offset of the output, as the task
        standardises it, in the natural logarithm of the flux in the stamp's unit or of the radius
        in pixels.
    """
    files = dataset.description["examples"]
    if not all(file.get("flux_unit") and file.get("pixel") for file in files):
        return []
    if getattr(task, "distribution", None) == "negative_binomial":  # of counts, by a factor each
        return []
    unit, pixel = files[0]["flux_unit"], files[0]["pixel"]
    known = {
        "magnitude": ("flux", -2.5 / math.log(10), 22.5 - 2.5 * math.log10(unit)),
        "log_radius": ("radius", 1 / math.log(10), math.log10(pixel)),
    }
    each = task.outputs // len(task.target["columns"])  # with a spread beside each mean, two
    found = []
    for number, column in enumerate(task.target["columns"]):
        if column in known:
            measure, slope, zero = known[column]
            mean, std = task.mean[number].item(), task.std[number].item()
            found.append((each * number, measure, slope / std, (zero - mean) / std))
    return found
