"""Normalization of features by their ranks in the training set."""

import torch
from torch import nn

N_KNOTS = 64
"""Quantiles of the training set that define the map of a feature."""


class QuantileNorm(nn.Module):
    """Map of features (b, features) to the normal variables of equal rank in the training set.

    Any monotonic function of a feature gives the same result, so that features need no logarithms,
    and outliers have little influence. The map is linear between quantiles and continues linearly
    for one interval beyond the outermost ones. It is fixed before training, see
    `cosmodag.training.quantiles`; until then it leaves normal variables as they are.

    Parameters
    ----------
    features : int
        Number of features.
    """

    quantiles: torch.Tensor
    normal: torch.Tensor

    def __init__(self, features: int):
        super().__init__()
        normal = torch.special.ndtri(_ranks().double()).float()
        self.register_buffer("normal", normal, persistent=False)
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
        rows = (_ranks() * len(x)).long().clamp(max=len(x) - 1)
        self.quantiles.copy_(ranked[rows].T)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the normal variables, (b, features)."""
        columns = x.T.contiguous()
        # Between equal quantiles, as of features that are often 0, the middle rank counts.
        return (self._mapped(columns, False) + self._mapped(columns, True)).T / 2

    def _mapped(self, columns: torch.Tensor, right: bool) -> torch.Tensor:
        """Return the variables (features, b) by the first or the last of equal quantiles."""
        upper = torch.searchsorted(self.quantiles, columns.detach(), right=right)
        upper = upper.clamp(1, N_KNOTS - 1)
        low, high = self.quantiles.gather(1, upper - 1), self.quantiles.gather(1, upper)
        fraction = ((columns - low) / (high - low).clamp(min=1e-6)).clamp(-1, 2)
        return torch.lerp(self.normal[upper - 1], self.normal[upper], fraction)


def _ranks() -> torch.Tensor:
    """Return the relative ranks of the quantiles, in (0, 1)."""
    return (torch.arange(N_KNOTS) + 0.5) / N_KNOTS
