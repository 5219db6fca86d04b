"""Columns of positions on the sky where Cartesian positions are expected."""

from pathlib import Path

import numpy as np

from cosmodag.errors import InputError

SURVEY = (
    "a survey needs right ascension, declination and redshift, and randoms or a mask that say "
    "where it observed: `cosmodag voids find --randoms` or `--mask`"
)
"""What a catalogue of a survey needs."""
_VELOCITIES, _REDSHIFT = (500.0, 1.5e6), 8.0
"""Range of c z in km/s, and the largest redshift, of the farthest galaxy of a survey."""
_WIDER = 3
"""Least ratio of the extents of angles in degrees and redshifts."""


def sky_error(objects: str | Path, low: np.ndarray, high: np.ndarray) -> InputError | None:
    """Return the error for columns that look like angles and redshifts rather than lengths.

    Parameters
    ----------
    objects : path-like
        File and kind of the objects, for the message.
    low, high : numpy.ndarray, shape (3,)
        Smallest and largest value of each column in the unit of the file.

    Returns
    -------
    InputError or None
        None if they may be lengths.
    """
    angles = low[0] >= -180 and high[0] <= 360 and low[1] >= -90 and high[1] <= 90
    wide = min(high[0] - low[0], high[1] - low[1]) > _WIDER * (high[2] - low[2])
    if angles and low[2] >= 0 and _VELOCITIES[0] < high[2] < _VELOCITIES[1] and not wide:
        what, option = "velocities c z in km/s", " --cz"
    elif angles and low[2] >= 0 and high[2] < _REDSHIFT and wide:
        what, option = "redshift", ""
    else:
        return None
    extents = ", ".join(f"{a:.6g} to {b:.6g}" for a, b in zip(low, high))
    return InputError(
        f"{objects}: the columns of x, y and z extend from {extents}, which looks like degrees of "
        f"right ascension, declination and {what}, not positions in a box: use `cosmodag voids "
        f"find --randoms FILE{option}`, with the randoms of the survey, or with --mask or "
        "--estimate-footprint"
    )
