"""Named transforms of the input maps."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from cosmodag.datasets.noise_model import is_paired, noise_model
from cosmodag.errors import InputError


def log1p(values: np.ndarray) -> np.ndarray:
    """Sign times log(1 + magnitude): finite for empty sight lines and for negative flux."""
    return np.copysign(np.log1p(np.abs(values)), values)


STRETCHES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "standardise": np.asarray,
    "log1p": log1p,
    "arcsinh": np.arcsinh,
    "noise": noise_model,
}
"""Functions of a map's values by the name of the transform that begins with them."""


def stretches(channels: Sequence[str]) -> dict[str, Callable[[np.ndarray], np.ndarray]]:
    """Return those of `STRETCHES` that channels of these names allow."""
    return {
        name: stretch
        for name, stretch in STRETCHES.items()
        if name != "noise" or is_paired(channels)
    }


def build_transform(
    name: str | None, statistics: Mapping
) -> Callable[[np.ndarray], np.ndarray] | None:
    """Give the transform of a name: stretch the values, then take off the mean and scale to 1.

    Mean and standard deviation are those of the stretched values of the training split, channel by
    channel, so that validation and test are treated alike.

    Parameters
    ----------
    name : {"standardise", "log1p", "arcsinh", "noise", "unit", "none"} or None
        "noise" takes pairs of image and inverse variance. "unit" scales the range of the training
        split to [0, 1] and does not stretch.
    statistics : mapping
        The statistics of `dataset.json`.

    Returns
    -------
    callable or None
        From maps (…, C) to maps of the same shape, float32.
    """
    if name is None or name == "none":
        return None
    if name == "unit":
        return _affine(np.asarray, *input_scale(name, statistics))
    if name not in STRETCHES:
        raise InputError(
            f"transform {name!r} is not known: choose from none, unit, {', '.join(STRETCHES)}"
        )
    stretch, known = STRETCHES[name], statistics["transforms"].get(name)
    if known is None:
        raise InputError(
            f"transform {name!r} takes channels in pairs, image and inverse variance of each band: "
            f"choose another of {', '.join(statistics['transforms'])} for this dataset"
        )
    mean, std = (np.asarray(known[f"x_{of}"], dtype=np.float32) for of in ("mean", "std"))
    return _affine(stretch, mean, std)


def input_scale(name: str | None, statistics: Mapping) -> tuple[np.ndarray, np.ndarray]:
    """Return origin and unit (C,) of a transform that measures values without stretching them.

    Raises
    ------
    InputError
        If the transform stretches.
    """
    if name is None or name == "none":
        return np.float32(0), np.float32(1)
    if name == "unit":
        low, high = (np.asarray(statistics[f"x_{end}"], np.float32) for end in ("min", "max"))
        return low, high - low
    if name != "standardise":
        raise InputError(
            f"transform {name!r} stretches values: what is given back needs one of none, unit, "
            "standardise"
        )
    known = statistics["transforms"][name]
    return tuple(np.asarray(known[f"x_{of}"], np.float32) for of in ("mean", "std"))


def _affine(stretch: Callable, origin: np.ndarray, unit: np.ndarray) -> Callable:
    """Stretch values, then measure them from an origin in a unit, channel by channel."""
    scale = 1 / np.maximum(unit, np.float32(1e-12))

    def transform(values: np.ndarray) -> np.ndarray:
        told = np.subtract(stretch(values), origin)
        return np.multiply(told, scale, out=told)

    return transform
