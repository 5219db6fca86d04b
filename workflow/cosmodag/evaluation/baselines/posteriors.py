"""Baselines that infer posteriors of parameters from summaries of the examples.

Each takes examples with features in the place of images and parameters as variables of
`ParameterSpace`, and returns the descriptions of its posteriors, see `GaussianMixture`.
"""

import copy
from dataclasses import dataclass
from itertools import product

import numpy as np
import torch
from torch import nn

from cosmodag.errors import InputError
from cosmodag.evaluation.baselines.examples import Examples, Predictions
from cosmodag.training.gaussian_mixture import GaussianMixture, outputs_per_component
from cosmodag.training.posterior_task import information_gain
from cosmodag.training.reproducible import reproducible

WIDTHS = (16, 64)
"""Units of each of the two hidden layers that are tried on the validation split."""
DROPOUTS = (0.0, 0.2)
"""Probabilities with which units are dropped in training that are tried."""
MEMBERS = 4
"""Networks whose posteriors are averaged, with the best settings."""
COMPONENTS = 3
"""Gaussians of the posterior of a network."""
EPOCHS, PATIENCE, BATCH = 400, 40, 64
"""Most epochs, epochs without improvement before training stops, and examples per step."""
LEARNING_RATE, WEIGHT_DECAY = 3e-3, 1e-2
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
    with reproducible(threads=1):  # more threads wait for each other in networks of this size
        trained = [
            _train(x, z, on_valid, valid_z, width, dropout, seed)
            for width, dropout in product(WIDTHS, DROPOUTS)
        ]
        best = min(trained, key=lambda each: each.loss)
        others = (seed + number for number in range(1, MEMBERS))
        members = [best, *(best.again(x, z, on_valid, valid_z, other) for other in others)]
    k = z.shape[1]
    valid_mixture, test_mixture = (_ensemble(members, each, k) for each in (on_valid, on_test))
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
class _Trained:
    """A perceptron with its settings and its loss on the validation split."""

    network: nn.Module
    loss: float
    width: int
    dropout: float

    def again(self, x, z, on_valid, valid_z, seed: int) -> "_Trained":
        """Train another one with the same settings."""
        return _train(x, z, on_valid, valid_z, self.width, self.dropout, seed)


def _train(
    x: torch.Tensor,
    z: torch.Tensor,
    on_valid: torch.Tensor,
    valid_z: torch.Tensor,
    width: int,
    dropout: float,
    seed: int,
) -> _Trained:
    """Train a perceptron and keep it as it was at its smallest loss on the validation split."""
    k = z.shape[1]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = nn.Sequential(
            *(nn.Linear(x.shape[1], width), nn.SiLU(), nn.Dropout(dropout)),
            *(nn.Linear(width, width), nn.SiLU(), nn.Dropout(dropout)),
            nn.Linear(width, COMPONENTS * outputs_per_component(k)),
        )
        optimizer = torch.optim.AdamW(
            network.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY
        )
        best, best_loss, best_epoch = copy.deepcopy(network.eval()), np.inf, 0
        for epoch in range(EPOCHS):
            network.train()
            for rows in torch.randperm(len(x)).split(BATCH):
                optimizer.zero_grad()
                _loss(network, x[rows], z[rows]).backward()
                nn.utils.clip_grad_norm_(network.parameters(), 1.0)
                optimizer.step()
            network.eval()
            with torch.no_grad():
                loss = _loss(network, on_valid, valid_z).item()
            if loss < best_loss:
                best, best_loss, best_epoch = copy.deepcopy(network), loss, epoch
            elif epoch - best_epoch >= PATIENCE:
                break
    return _Trained(best, best_loss, width, dropout)


def _loss(network: nn.Module, x: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
    mixture = GaussianMixture.from_output(network(x), z.shape[1])
    return -information_gain(mixture, z[:, None]).mean()


@torch.no_grad()
def _ensemble(members: list[_Trained], x: torch.Tensor, n_variables: int) -> GaussianMixture:
    return GaussianMixture.joined(
        [GaussianMixture.from_output(each.network(x), n_variables) for each in members]
    )


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
