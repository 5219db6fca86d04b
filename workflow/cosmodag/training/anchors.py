"""Output columns that are logarithms of a measured flux or radius, and how they follow from it."""

import math

from cosmodag.datasets.dataset import Dataset
from cosmodag.training.scalar_tasks import ScalarTask


def anchors(task: ScalarTask, dataset: Dataset) -> list[tuple[int, str, float, float]]:
    """Return how outputs of a task follow from flux and radius of a stamp.

    Parameters
    ----------
    task : ScalarTask
        Task whose columns ``magnitude`` (AB) and ``log_radius`` (log10 of arcsec) are logarithms of
        flux and radius.
    dataset : Dataset
        The dataset. Its examples files give the unit of pixel values (``flux_unit``, nanomaggies)
        and the size of a pixel (``pixel``, arcsec). Without them there are no anchors.

    Returns
    -------
    list of tuple
        Number of the output, "flux" or "radius", and slope and offset of the standardized output in
        the natural logarithm of the flux in the stamp's unit or of the radius in pixels.
    """
    files = dataset.description["examples"]
    if not all(file.get("flux_unit") and file.get("pixel") for file in files):
        return []
    if task.outputs_per_column is None:
        return []
    unit, pixel = files[0]["flux_unit"], files[0]["pixel"]
    logarithms = {
        "magnitude": ("flux", -2.5 / math.log(10), 22.5 - 2.5 * math.log10(unit)),
        "log_radius": ("radius", 1 / math.log(10), math.log10(pixel)),
    }
    columns = task.target["columns"]
    result = []
    for number, column in enumerate(columns):
        if column in logarithms:
            measurement, slope, zero = logarithms[column]
            mean, std = task.mean[number].item(), task.std[number].item()
            output = task.outputs_per_column * number
            result.append((output, measurement, slope / std, (zero - mean) / std))
    return result
