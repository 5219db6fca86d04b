"""Named transforms of the input maps."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from cosmodag.datasets.noise_model import is_paired, signal_and_depth
from cosmodag.errors import InputError

Transform = Callable[[np.ndarray], np.ndarray]


def log1p(values: np.ndarray) -> np.ndarray:
    """Return sign(v) log(1 + |v|), finite for empty sight lines and for negative flux.

    Parameters
    ----------
    values : numpy.ndarray, any shape
        Values.
    """
    return np.copysign(np.log1p(np.abs(values)), values)


STRETCHES: dict[str, Transform] = {
    "standardise": np.asarray,
    "log1p": log1p,
    "arcsinh": np.arcsinh,
    "noise": signal_and_depth,
}
"""Functions of a map's values, by the name of the transform that applies them first."""


def stretches(channels: Sequence[str]) -> dict[str, Transform]:
    """Return the functions of `STRETCHES` that channels of these names allow.

    Parameters
    ----------
    channels : sequence of str
        Names of the channels.
    """
    return {
        name: stretch
        for name, stretch in STRETCHES.items()
        if name != "noise" or is_paired(channels)
    }


def build_transform(name: str | None, statistics: Mapping) -> Transform | None:
    """Build a transform: stretch the values, subtract the mean, divide by the standard deviation.

    Mean and standard deviation are those of the stretched values of the training split, channel by
    channel, so that all splits are transformed alike.

    Parameters
    ----------
    name : {"standardise", "log1p", "arcsinh", "noise", "unit", "none"} or None
        ``"noise"`` takes pairs of image and inverse variance. ``"unit"`` scales the range of the
        training split to [0, 1] without a stretch.
    statistics : mapping
        Statistics of dataset.json.

    Returns
    -------
    callable or None
        Function from maps (…, C) to maps of the same shape, float32; None for no transform.

    Raises
    ------
    InputError
        If the transform is unknown, or not possible for the channels of the dataset.

    Examples
    --------
    >>> statistics = {"transforms": {"log1p": {"x_mean": [0.5], "x_std": [2.0]}}}
    >>> build_transform("log1p", statistics)(np.zeros((1, 1), np.float32))
    array([[-0.25]], dtype=float32)
    """
    if name is None or name == "none":
        return None
    if name == "unit":
        return _affine(np.asarray, *input_scale(name, statistics))
    if name not in STRETCHES:
        raise InputError(
            f"transform {name!r} is not known: choose from none, unit, {', '.join(STRETCHES)}"
        )
    moments = statistics["transforms"].get(name)
    if moments is None:
        raise InputError(
            f"transform {name!r} takes channels in pairs, image and inverse variance of each band: "
            f"choose another of {', '.join(statistics['transforms'])} for this dataset"
        )
    return _affine(STRETCHES[name], *_moments(moments))


def input_scale(name: str | None, statistics: Mapping) -> tuple[np.ndarray, np.ndarray]:
    """Return origin and unit of an affine transform.

    Parameters
    ----------
    name : {"standardise", "unit", "none"} or None
        Name of the transform.
    statistics : mapping
        Statistics of dataset.json.

    Returns
    -------
    origin, unit : numpy.ndarray, shape (C,) or (), float32
        The transform is (values - origin) / unit.

    Raises
    ------
    InputError
        If the transform stretches values.
    """
    if name is None or name == "none":
        return np.asarray(0, np.float32), np.asarray(1, np.float32)
    if name == "unit":
        low, high = (np.asarray(statistics[f"x_{end}"], np.float32) for end in ("min", "max"))
        return low, high - low
    if name != "standardise":
        raise InputError(
            f"transform {name!r} stretches values: a reconstruction needs one of none, unit, "
            "standardise"
        )
    return _moments(statistics["transforms"][name])


def _moments(moments: Mapping) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and standard deviation of each channel, float32."""
    return np.asarray(moments["x_mean"], np.float32), np.asarray(moments["x_std"], np.float32)


def _affine(stretch: Transform, origin: np.ndarray, unit: np.ndarray) -> Transform:
    """Return a function that stretches values, subtracts an origin and divides by a unit."""
    scale = 1 / np.maximum(unit, np.float32(1e-12))

    def transform(values: np.ndarray) -> np.ndarray:
        transformed = np.subtract(stretch(values), origin)
        return np.multiply(transformed, scale, out=transformed)

    return transform
