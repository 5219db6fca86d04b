"""Parameters of reionization that are drawn from ranges for each realization."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from cosmodag.errors import InputError
from cosmodag.reionization.simulation.parameters import PARAMETERS


@dataclass(frozen=True)
class Priors:
    """Prior distributions of parameters, independent of each other.

    Parameters
    ----------
    ranges : mapping from str to sequence of float, shape (2,)
        Lower and upper end of each parameter that is drawn, of `PARAMETERS`; others are not.
    log_uniform : collection of str
        Parameters whose logarithm is uniformly distributed; all others are uniform themselves.

    Raises
    ------
    InputError
        If a parameter is unknown, or its range is none of positive numbers.

    Examples
    --------
    >>> priors = Priors({"redshift": [7.0, 10.0]})
    >>> values = priors.draw(seed=1, realization=0)
    >>> 7 <= values["redshift"] <= 10
    True
    """

    ranges: Mapping[str, Sequence[float]] = field(default_factory=dict)
    log_uniform: Collection[str] = ()

    def __post_init__(self) -> None:
        for name in {*self.ranges, *self.log_uniform} - {*PARAMETERS}:
            raise InputError(f"{name!r} cannot be drawn: choose from {', '.join(PARAMETERS)}")
        for name, ends in self.ranges.items():
            if len(ends) != 2 or not 0 < ends[0] < ends[1] < np.inf:
                raise InputError(f"{name}: {list(ends)} is no range: give [low, high], above 0")

    @property
    def names(self) -> list[str]:
        """Names of the parameters that are drawn, in the order of `PARAMETERS`."""
        return [name for name in PARAMETERS if name in self.ranges]

    @property
    def logarithms(self) -> list[str]:
        """Names of the parameters that are drawn and whose logarithm is uniform."""
        return [name for name in self.names if name in self.log_uniform]

    def draw(self, seed: int, realization: int, draw: int = 0) -> dict[str, float]:
        """Draw the parameters of a realization.

        Parameters
        ----------
        seed : int
            Seed of the simulation.
        realization : int
            Index of the realization.
        draw : int
            Number of the draw, where a realization has several.

        Returns
        -------
        dict from str to float
            Values of `names`. Each depends on the arguments and on its own range alone.
        """
        return {name: self._value(name, [seed, realization, draw]) for name in self.names}

    def _value(self, name: str, key: Sequence[int]) -> float:
        # Trailing zeros of a key do not change the numbers, so the last entry is above 0.
        quantile = np.random.default_rng([*key, PARAMETERS.index(name) + 1]).random()
        low, high = self.ranges[name]
        if name in self.log_uniform:
            return float(low * (high / low) ** quantile)
        return float(low + (high - low) * quantile)


def fixed_and_ranges(
    values: Mapping[str, float | Sequence[float] | None],
) -> tuple[dict[str, float], dict[str, Sequence[float]]]:
    """Separate parameters with one value from those with a range.

    Parameters
    ----------
    values : mapping from str to float, to sequence of float or to None
        One value, a range [low, high], or None for a parameter without either.

    Returns
    -------
    fixed : dict from str to float
        Parameters with one value.
    ranges : dict from str to sequence of float
        Parameters with a range.

    Examples
    --------
    >>> fixed_and_ranges({"mean_free_path": 50.0, "redshift": [7, 10], "escape_fraction": None})
    ({'mean_free_path': 50.0}, {'redshift': [7, 10]})
    """
    fixed: dict[str, float] = {}
    ranges: dict[str, Sequence[float]] = {}
    for name, value in values.items():
        if isinstance(value, Sequence):
            ranges[name] = value
        elif value is not None:
            fixed[name] = value
    return fixed, ranges
