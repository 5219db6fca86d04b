"""Pixels of target maps that are known, where a part of the maps is not, as outside a survey.

Examples have a further target channel, see `cosmodag.cutouts.survey_channels`. In memory, the truth
of a task is NaN where it is unknown, so that whatever overlooks this fails or becomes NaN itself.
"""

import numpy as np

LEAST_KNOWN = 0.5
"""Fraction of its cells from which a pixel is known."""


def known_pixels(truth: np.ndarray) -> np.ndarray:
    """Return which pixels are known.

    Parameters
    ----------
    truth : numpy.ndarray, any shape, bool or float
        Truth, NaN where it is unknown.

    Returns
    -------
    numpy.ndarray, bool
    """
    return np.isfinite(truth)


def flat_pixels(truth: np.ndarray, *others: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return the values of all known pixels in one row.

    Parameters
    ----------
    truth : numpy.ndarray, any shape, bool or float
        Truth, NaN where it is unknown.
    *others : numpy.ndarray, shape of `truth`
        Further values of the pixels.

    Returns
    -------
    tuple of numpy.ndarray, shape (n_known,)
        Those of `truth`, then the others.

    Examples
    --------
    >>> flat_pixels(np.array([1.0, np.nan, 0.0]), np.array([0.9, 0.5, 0.2]))
    (array([1., 0.]), array([0.9, 0.2]))
    """
    known = known_pixels(truth)
    if known.all():
        return tuple(np.ravel(values) for values in (truth, *others))
    return tuple(values[known] for values in (truth, *others))


def with_unknown(truth: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return a truth that is NaN where it is unknown, float32.

    Parameters
    ----------
    truth : numpy.ndarray, any shape
        Truth of all pixels.
    known : numpy.ndarray, shape of `truth`
        Above 0 in pixels that are known.
    """
    return np.where(known > 0, truth, np.nan).astype(np.float32)
