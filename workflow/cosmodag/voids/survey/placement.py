"""The place of a simulated box in a survey."""

import numpy as np

from cosmodag.errors import InputError
from cosmodag.voids.survey.expected_counts import lattice, survey_limits
from cosmodag.voids.survey.selection import SurveySelection

STEPS, FEWEST_STEPS = 24, 4
"""Steps per side of the box in which its place is searched: the most, and the fewest for a survey
that is much larger than the box."""
MOST_POINTS = 2**22
"""Points of the survey at which the expected density is evaluated."""


def place_box(
    selection: SurveySelection, box_size: float, minimum_selection: float = 0.0
) -> np.ndarray:
    """Return the lower corner of a box that covers as much of a survey as it can.

    The sides of the box are along the axes of the comoving coordinates of the observer. Among
    places that cover the same volume, to within a step, the one in their middle is chosen.

    Parameters
    ----------
    selection : SurveySelection
        Selection function of the survey.
    box_size : float
        Side of the box in Mpc/h.
    minimum_selection : float
        Expected density, in units of the highest one, below which a place is outside the survey.

    Returns
    -------
    numpy.ndarray, shape (3,), float64
        Corner in Mpc/h, with the observer at 0.

    Raises
    ------
    InputError
        No place of the survey is dense enough.
    """
    low, high = survey_limits(selection)
    sides = np.maximum(high - low, 1e-3 * box_size)
    fitting = box_size * np.cbrt(MOST_POINTS / sides.prod())
    steps = max(min(STEPS, int(fitting)), FEWEST_STEPS)
    cell = box_size / steps
    nx, ny, nz = np.ceil(sides / cell).astype(int).tolist()
    origin = (low + high - cell * np.array([nx, ny, nz])) / 2
    density = selection.density_at(lattice(slice(0, nx), (nx, ny, nz), cell, 1) + origin)
    known = density > minimum_selection * selection.density.max()
    if not known.any():
        raise InputError(
            f"{selection.footprint.name}: no place of the survey has an expected density above "
            f"{minimum_selection:g} of the highest one; give a smaller minimum_selection or box"
        )
    # On all sides the box may reach out of the survey.
    volume = np.pad(known.reshape(nx, ny, nz), steps).astype(np.int64)
    for axis in range(3):
        total = np.cumsum(volume, axis)
        total = np.concatenate([np.zeros_like(total.take([0], axis)), total], axis)
        n_places = total.shape[axis] - steps
        volume = total.take(range(steps, steps + n_places), axis)
        volume -= total.take(range(n_places), axis)
    best = np.argwhere(volume == volume.max())
    middle = best[np.argmin(((best - best.mean(0)) ** 2).sum(1))]
    return origin + cell * (middle - steps)
