"""Mixtures of Gaussians with full covariances, as a network's output describes them.

A mixture density network (Bishop 1994, Aston University NCRG/94/004). For posteriors of a few
parameters it does what a normalizing flow does, and its density, its means and its samples have
closed forms.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch

LARGEST_LOG_PRECISION = 6.0
"""Largest logarithm of an inverse standard deviation; the smallest is its negative."""


@dataclass(frozen=True)
class GaussianMixture:
    """A mixture of M Gaussians of K variables for each of b examples.

    Attributes
    ----------
    log_weight : torch.Tensor, shape (b, M)
        Logarithms of the weights of the components, which sum to 1.
    mean : torch.Tensor, shape (b, M, K)
        Means of the components.
    factor : torch.Tensor, shape (b, M, K, K)
        Lower-triangular Cholesky factor L of the inverse covariance L Lᵀ of each component.
    """

    log_weight: torch.Tensor
    mean: torch.Tensor
    factor: torch.Tensor

    @classmethod
    def from_output(cls, output: torch.Tensor, n_variables: int) -> "GaussianMixture":
        """Return the mixtures that outputs of a network describe.

        Parameters
        ----------
        output : torch.Tensor, shape (b, M outputs_per_component(K))
            For each component the logit of its weight, its mean, the logarithms of the diagonal of
            its factor, and the factor below the diagonal.
        n_variables : int
            Number of variables K.
        """
        k = n_variables
        parts = output.view(len(output), -1, outputs_per_component(k))
        logit, mean, diagonal, below = parts.split([1, k, k, k * (k - 1) // 2], dim=2)
        limit = LARGEST_LOG_PRECISION
        factor = torch.diag_embed(diagonal.clamp(-limit, limit).exp())
        row, column = torch.tril_indices(k, k, -1, device=output.device)
        factor[..., row, column] = below
        return cls(logit.squeeze(2).log_softmax(1), mean, factor)

    @classmethod
    def joined(cls, members: Sequence["GaussianMixture"]) -> "GaussianMixture":
        """Return the equally weighted mixture of the mixtures of an ensemble."""
        return cls(
            torch.cat([each.log_weight for each in members], 1) - math.log(len(members)),
            torch.cat([each.mean for each in members], 1),
            torch.cat([each.factor for each in members], 1),
        )

    def output(self) -> torch.Tensor:
        """Return the output that describes the mixtures, the inverse of `from_output`."""
        k = self.mean.shape[2]
        row, column = torch.tril_indices(k, k, -1)
        diagonal = torch.diagonal(self.factor, dim1=2, dim2=3).log()
        parts = [self.log_weight[..., None], self.mean, diagonal, self.factor[..., row, column]]
        return torch.cat(parts, 2).flatten(1)

    def widened(self, scale: float) -> "GaussianMixture":
        """Return the mixtures with the standard deviations of their components scaled."""
        return GaussianMixture(self.log_weight, self.mean, self.factor / scale)

    def moved(self, shift: torch.Tensor) -> "GaussianMixture":
        """Return the mixtures moved by multiples of their standard deviations.

        Parameters
        ----------
        shift : torch.Tensor, shape (K,)
            By how many standard deviations of a variable each mixture is moved along it.
        """
        _, deviation = self.moments()
        return GaussianMixture(
            self.log_weight, self.mean + shift.to(self.mean) * deviation[:, None], self.factor
        )

    def moments(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Return means and standard deviations of the variables, each (b, K)."""
        weight = self.log_weight.exp()[..., None]
        mean = (weight * self.mean).sum(1)
        variance = torch.diagonal(self.covariance(), dim1=2, dim2=3)
        variance = variance + (self.mean - mean[:, None]).square()
        return mean, (weight * variance).sum(1).sqrt()

    def double(self) -> "GaussianMixture":
        """Return the mixtures in float64."""
        return GaussianMixture(self.log_weight.double(), self.mean.double(), self.factor.double())

    def log_density(self, z: torch.Tensor) -> torch.Tensor:
        """Return the logarithm of the density.

        Parameters
        ----------
        z : torch.Tensor, shape (b, S, K)
            S points for each example.

        Returns
        -------
        torch.Tensor, shape (b, S)
        """
        k = self.mean.shape[2]
        offset = z[:, :, None] - self.mean[:, None]
        whitened = torch.einsum("bmji,bsmj->bsmi", self.factor, offset)
        log_volume = torch.diagonal(self.factor, dim1=2, dim2=3).log().sum(2)
        terms = self.log_weight + log_volume - k / 2 * math.log(2 * math.pi)
        return torch.logsumexp(terms[:, None] - whitened.square().sum(3) / 2, 2)

    def covariance(self) -> torch.Tensor:
        """Return the covariance of each component, (b, M, K, K)."""
        return torch.cholesky_inverse(self.factor)

    def sample(self, n_samples: int, generator: torch.Generator) -> torch.Tensor:
        """Return samples, (b, n_samples, K), which are the same on every machine."""
        b, _, k = self.mean.shape
        chosen = torch.multinomial(
            self.log_weight.exp(), n_samples, replacement=True, generator=generator
        )
        noise = torch.randn(b, n_samples, k, generator=generator, dtype=self.mean.dtype)
        rows = torch.arange(b)[:, None]
        factor = self.factor[rows, chosen].transpose(2, 3)
        scattered = torch.linalg.solve_triangular(factor, noise[..., None], upper=True)
        return self.mean[rows, chosen] + scattered.squeeze(3)


def outputs_per_component(n_variables: int) -> int:
    """Return the number of outputs that describe a component of so many variables."""
    return 1 + 2 * n_variables + n_variables * (n_variables - 1) // 2
