"""Normalization of features by their quantiles in the training set."""

import torch

from cosmodag.models.parts.fitted_layer import FittedLayer

N_QUANTILES = 64
"""Quantiles of the training set that define the map of a feature."""
EDGE = 0.1 / N_QUANTILES
"""Relative rank of features beyond all of the training set, from either end."""
ROUNDING, SMALLEST = 1e-5, 1e-6
"""Relative and absolute difference of values that count as equal: rounding would otherwise become a
normal variable where it is all that a feature consists of, as the mean of slices without it."""


class QuantileNorm(FittedLayer):
    """Map of features (b, features) to the normal variables of equal rank in the training set.

    Any monotonic function of a feature gives the same result, so that features need no logarithms,
    and outliers have little influence. Ranks are linear in a feature between quantiles. The map is
    fixed before training, see `cosmodag.training.fitted_layers`; until then it leaves normal
    variables nearly as they are.

    Parameters
    ----------
    features : int
        Number of features.
    """

    quantiles: torch.Tensor

    def __init__(self, features: int):
        super().__init__()
        normal = torch.special.ndtri(_levels().double()).float()
        self.register_buffer("quantiles", normal.repeat(features, 1))

    @torch.no_grad()
    def fit(self, x: torch.Tensor) -> None:
        """Fix the map by examples of the training set.

        Parameters
        ----------
        x : torch.Tensor, shape (N, features), float32
            Features of the examples.
        """
        ranked = x.float().sort(dim=0).values
        rows = (_levels() * len(x)).long().clamp(max=len(x) - 1)
        self.quantiles.copy_(ranked[rows].T)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the normal variables, (b, features)."""
        columns = x.T.contiguous()
        # Of equal quantiles, as of features that are often 0, the middle rank counts.
        rounding = ROUNDING * columns.detach().abs() + SMALLEST
        first, last = self._ranks(columns - rounding, False), self._ranks(columns + rounding, True)
        rank = (first + last).T / 2
        return torch.special.ndtri(rank.clamp(EDGE, 1 - EDGE))

    def _ranks(self, columns: torch.Tensor, right: bool) -> torch.Tensor:
        """Return relative ranks (features, b) by the first or the last of equal quantiles."""
        upper = torch.searchsorted(self.quantiles, columns.detach(), right=right)
        upper = upper.clamp(1, N_QUANTILES - 1)
        low, high = self.quantiles.gather(1, upper - 1), self.quantiles.gather(1, upper)
        fraction = ((columns - low) / (high - low).clamp(min=1e-6)).clamp(-1, 2)
        return (upper - 0.5 + fraction) / N_QUANTILES


def _levels() -> torch.Tensor:
    """Return the levels of the quantiles, in (0, 1)."""
    return (torch.arange(N_QUANTILES) + 0.5) / N_QUANTILES
