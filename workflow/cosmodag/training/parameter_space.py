"""Parameters and the unbounded variables in which their posteriors are described."""

from collections.abc import Sequence

import torch

EDGE = 1e-6
"""Distance from the ends of a range, in units of the range, below which parameters are moved."""


class ParameterSpace:
    """Parameters, and variables z of which the prior is a standard normal distribution.

    A parameter with a uniform prior between two values is mapped to the quantile of a normal
    distribution, so that no posterior leaves the range. One without a range is taken relative to
    its mean in units of its standard deviation, and its prior as normal.

    Parameters
    ----------
    mean, std : sequence of float
        Mean and standard deviation of each parameter in the training split.
    ranges : sequence of (float, float) or None
        Ends of the uniform prior of each parameter, None where it has none.
    """

    def __init__(
        self,
        mean: Sequence[float],
        std: Sequence[float],
        ranges: Sequence[Sequence[float] | None],
    ):
        bounded = [limits is not None for limits in ranges]
        self.bounded = torch.tensor(bounded)
        low_width = [
            (limits[0], limits[1] - limits[0]) if limits is not None else (centre, spread)
            for limits, centre, spread in zip(ranges, mean, std)
        ]
        self.origin, self.unit = torch.tensor(low_width, dtype=torch.float64).T

    def to_variables(self, parameters: torch.Tensor) -> torch.Tensor:
        """Return the variables of parameters, (…, K); values beyond a range are at its end."""
        origin, unit = self._on(parameters)
        relative = (parameters - origin) / unit
        quantile = torch.special.ndtri(relative.clamp(EDGE, 1 - EDGE))
        return torch.where(self.bounded.to(parameters.device), quantile, relative)

    def to_parameters(self, variables: torch.Tensor) -> torch.Tensor:
        """Return the parameters of variables, (…, K)."""
        origin, unit = self._on(variables)
        bounded = self.bounded.to(variables.device)
        return origin + unit * torch.where(bounded, torch.special.ndtr(variables), variables)

    def expectation(self, mean: torch.Tensor, variance: torch.Tensor) -> torch.Tensor:
        """Return the means of parameters whose variables are normally distributed.

        Parameters
        ----------
        mean, variance : torch.Tensor, shape (…, K)
            Mean and variance of the variables.
        """
        # E[Φ(z)] = Φ(mean / sqrt(1 + variance)).
        bounded = self.bounded.to(mean.device)
        return self.to_parameters(torch.where(bounded, mean / (1 + variance).sqrt(), mean))

    def _on(self, like: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return self.origin.to(like), self.unit.to(like)
