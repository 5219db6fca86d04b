"""Baselines that infer posteriors of parameters from summaries of the examples.

Each takes examples with features in the place of images and parameters as variables of
`ParameterSpace`, and returns the descriptions of its posteriors, see `GaussianMixture`.
"""

from dataclasses import dataclass

import numpy as np
import torch

from cosmodag.errors import InputError
from cosmodag.evaluation.baselines.examples import Examples, Predictions
from cosmodag.evaluation.baselines.perceptrons import Splits, Trials, fit_ensemble
from cosmodag.training.gaussian_mixture import GaussianMixture, outputs_per_component
from cosmodag.training.posterior_task import information_gain

TRIALS = Trials(widths=(16, 64), dropouts=(0.0, 0.2), epochs=400, patience=40, batch=64)
"""Settings of networks that are tried on the validation split."""
COMPONENTS = 3
"""Gaussians of the posterior of a network."""
EMULATOR_PENALTY = 1e-3
"""Penalty of the coefficients of the emulator of features, per example."""
NEWTON_STEPS = 50


def prior(train: Examples, valid: Examples, test: Examples, *, seed: int = 0) -> Predictions:
    """Return the prior for each example, the chance level of every score."""
    size = outputs_per_component(train.y.shape[1])
    on_valid, on_test = (np.zeros((len(each.y), size), np.float32) for each in (valid, test))
    return Predictions(on_valid, on_test)


def neural(train: Examples, valid: Examples, test: Examples, *, seed: int = 0) -> Predictions:
    """Infer posteriors by neural posterior estimation on features.

    An ensemble of perceptrons, with width, dropout and number of epochs chosen on the validation
    split.
    """
    standard = _Standard.of(train.x)
    x, on_valid, on_test = (standard(each.x) for each in (train, valid, test))
    z, valid_z = (torch.as_tensor(each.y, dtype=torch.float32) for each in (train, valid))
    k = z.shape[1]

    def loss(output: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
        return -information_gain(GaussianMixture.from_output(output, k), z[:, None]).mean()

    splits = Splits(x, z, on_valid, valid_z)
    members = fit_ensemble(splits, COMPONENTS * outputs_per_component(k), loss, TRIALS, seed)
    with torch.no_grad():
        valid_mixture, test_mixture = (
            GaussianMixture.joined([GaussianMixture.from_output(net(each), k) for net in members])
            for each in (on_valid, on_test)
        )
    return Predictions(valid_mixture.output().numpy(), test_mixture.output().numpy())


def gaussian_likelihood(
    train: Examples, valid: Examples, test: Examples, *, seed: int = 0
) -> Predictions:
    """Infer posteriors by a Gaussian likelihood of the features.

    Their mean is a quadratic function of the parameters, and their covariance that of the residuals
    (Ledoit & Wolf 2004), whose inverse is corrected for the number of independent examples (Hartlap
    et al. 2007), see `independent_examples`. The posterior is a Gaussian about its maximum
    (Laplace's approximation).

    Raises
    ------
    InputError
        If there are too few examples to invert the covariance of the features.
    """
    from sklearn.covariance import LedoitWolf, shrunk_covariance

    standard = _Standard.of(train.x)
    x = standard(train.x).numpy().astype(np.float64)
    n, n_features = x.shape
    z = np.asarray(train.y, np.float64)
    terms = _quadratic(z)
    penalty = EMULATOR_PENALTY * n * np.eye(terms.shape[1])
    coefficients = np.linalg.solve(terms.T @ terms + penalty, terms.T @ x)
    residual = x - terms @ coefficients
    n_independent = independent_examples(residual, train.index["group"].to_numpy())
    if n_independent < n_features + terms.shape[1] + 3:
        raise InputError(
            f"{n_independent:.0f} independent training examples are too few for {n_features} "
            "features"
        )
    estimate = LedoitWolf(assume_centered=True).fit(residual)
    covariance = estimate.covariance_
    if n_independent < n:  # the shrinkage is inversely proportional to the number of examples
        shrinkage = min(estimate.shrinkage_ * n / n_independent, 1.0)
        covariance = shrunk_covariance(residual.T @ residual / n, shrinkage)
    correction = (n_independent - n_features - 2) / (n_independent - 1)
    precision = np.linalg.inv(covariance) * correction
    emulator = _Emulator(coefficients, precision)
    valid_x, test_x = (standard(each.x).numpy() for each in (valid, test))
    k = z.shape[1]
    return Predictions(emulator.posterior(valid_x, k), emulator.posterior(test_x, k))


def independent_examples(residual: np.ndarray, groups: np.ndarray) -> float:
    """Return the number of independent examples with as much information as those of groups.

    It is the number of examples divided by the design effect (Kish 1965): the variance of the sum
    of a group over that of as many independent examples, averaged over features and groups.

    Parameters
    ----------
    residual : numpy.ndarray, shape (N, F)
        Deviations of features from their means.
    groups : numpy.ndarray, shape (N,)
        Group of each example; examples of different groups are independent.

    Returns
    -------
    float
        At most N, which it is for groups of one example.

    Examples
    --------
    >>> residual = np.array([[1.0], [1.0], [-1.0], [-1.0]])  # each example twice
    >>> independent_examples(residual, np.array(["a", "a", "b", "b"]))
    2.0
    """
    n = len(residual)
    _, numbers = np.unique(groups, return_inverse=True)
    sums = np.zeros((numbers.max() + 1, residual.shape[1]))
    np.add.at(sums, numbers, residual)
    if len(sums) == n:
        return float(n)
    return float(n / max(np.sum(sums**2) / max(np.sum(residual**2), 1e-300), 1.0))


@dataclass(frozen=True)
class _Standard:
    """Features relative to their mean in units of their standard deviation."""

    mean: np.ndarray
    std: np.ndarray

    @classmethod
    def of(cls, x: np.ndarray) -> "_Standard":
        """Return that of the training split; features that do not vary become 0."""
        std = x.std(0)
        return cls(x.mean(0), np.where(std > 0, std, np.inf))

    def __call__(self, x: np.ndarray) -> torch.Tensor:
        return torch.as_tensor((x - self.mean) / self.std, dtype=torch.float32)


@dataclass(frozen=True)
class _Emulator:
    """Means of F features as quadratic functions of the variables, and their precision."""

    coefficients: np.ndarray
    precision: np.ndarray

    def posterior(self, x: np.ndarray, n_variables: int) -> np.ndarray:
        """Return the descriptions of the posteriors of N examples, (N, outputs), float32."""
        z = np.zeros((len(x), n_variables))
        for _ in range(NEWTON_STEPS):
            slope = self._slope(z)
            weighted = np.einsum("nkf,fg->nkg", slope, self.precision)
            curvature = np.einsum("nkf,njf->nkj", weighted, slope) + np.eye(n_variables)
            residual = x - _quadratic(z) @ self.coefficients
            gradient = np.einsum("nkf,nf->nk", weighted, residual) - z
            step = np.linalg.solve(curvature, gradient[..., None])[..., 0]
            z = z + step / np.maximum(1, 2 * np.linalg.norm(step, axis=1, keepdims=True))
        factor = np.linalg.cholesky(curvature)
        log_weight = torch.zeros(len(x), 1)
        mixture = GaussianMixture(
            log_weight, torch.as_tensor(z)[:, None], torch.as_tensor(factor)[:, None]
        )
        return mixture.output().numpy().astype(np.float32)

    def _slope(self, z: np.ndarray) -> np.ndarray:
        """Return the derivatives of the features' means, (N, K, F)."""
        k = z.shape[1]
        row, column = np.triu_indices(k)
        derivatives = np.zeros((len(z), k, 1 + k + len(row)))
        for variable in range(k):
            derivatives[:, variable, 1 + variable] = 1
            derivatives[:, variable, 1 + k :] += (row == variable) * z[:, column]
            derivatives[:, variable, 1 + k :] += (column == variable) * z[:, row]
        return derivatives @ self.coefficients


def _quadratic(z: np.ndarray) -> np.ndarray:
    """Return the terms of a quadratic function: 1, the variables and their products."""
    row, column = np.triu_indices(z.shape[1])
    return np.column_stack([np.ones(len(z)), z, z[:, row] * z[:, column]])
