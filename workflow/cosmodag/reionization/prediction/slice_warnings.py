"""Warnings of slices and of a cube in words."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from cosmodag.reionization.cubes.input_cubes import InputCube
from cosmodag.reionization.prediction.slice_predictions import Quantity
from cosmodag.reionization.prediction.slice_run import SliceInput

ALL_ZERO = "0 everywhere: fully ionized, which contains no information besides that"
"""Warning of a slice without signal."""
OUTSIDE = "outside the training distribution"
LARGEST_SHARE = 0.05
"""Fraction of the slices of a cube that may have a warning without one of the cube."""


def slice_warnings(
    messages: Sequence[Mapping[str, str]], distances: np.ndarray, is_empty: np.ndarray
) -> list[str]:
    """Return the warning of each slice, empty if there is none.

    Parameters
    ----------
    messages : sequence of mapping from str to str, length N
        Properties outside their training range, see `TrainingSlices.warnings`.
    distances : numpy.ndarray, shape (N,)
        Distances from the training distribution.
    is_empty : numpy.ndarray, shape (N,), bool
        Whether slices are 0 everywhere.

    Returns
    -------
    list of str
    """
    return [
        "; ".join(
            [ALL_ZERO] * bool(empty) + [OUTSIDE] * bool(distance > 1) + [*properties.values()]
        )
        for properties, distance, empty in zip(messages, distances, is_empty)
    ]


def cube_warnings(
    cube: InputCube,
    made: SliceInput,
    combined: Mapping[str, Quantity],
    messages: Sequence[Mapping[str, str]],
    distances: np.ndarray,
    is_empty: np.ndarray,
) -> list[str]:
    """Return the warnings of a cube.

    Parameters
    ----------
    cube : InputCube
        The cube.
    made : SliceInput
        How the input of the run was made.
    combined : mapping from str to Quantity
        Predictions for the cube.
    messages, distances, is_empty
        See `slice_warnings`.

    Returns
    -------
    list of str
    """
    n_slices, n_outside = len(distances), int((distances > 1).sum())
    warnings = [f"all slices are {ALL_ZERO}"] if is_empty.all() else []
    if n_outside > LARGEST_SHARE * n_slices:
        warnings.append(
            f"{n_outside} of {n_slices} slices are {OUTSIDE}: the predictions are not reliable"
        )
    for name, count in Counter(name for each in messages for name in each).items():
        if count > LARGEST_SHARE * n_slices:
            first = next(each[name] for each in messages if name in each)
            warnings.append(f"{name} outside the training range in {count} slices, such as {first}")
    if made.redshifts and len(cube.redshifts):
        lowest, highest = cube.redshifts.min(), cube.redshifts.max()
        low, high = made.redshifts
        if lowest < low or highest > high:
            found = f"{lowest:.4g}" if lowest == highest else f"{lowest:.4g} to {highest:.4g}"
            warnings.append(f"redshift {found} of the file, training range {low:g} to {high:g}")
    for quantity in combined.values():
        if quantity.probability is None:
            continue
        likeliest = int(quantity.probability[0].argmax())
        if likeliest in (0, len(quantity.values) - 1):
            word = "highest" if likeliest else "lowest"
            warnings.append(
                f"the likeliest {quantity.name.replace('_', ' ')} is the {word} of training, "
                f"{quantity.values[likeliest]:g}: the true one may be beyond it"
            )
    if cube.kind == "lightcone":
        low, high = cube.redshifts[[0, -1]]
        warnings.append(
            f"the redshift differs between slices, from {low:.4g} to {high:.4g}: its combined "
            "probabilities are means over them"
        )
    return warnings
