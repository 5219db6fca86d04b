"""Ensembles of perceptrons on features, tuned on the validation split.

Width, dropout and the number of epochs are those of the smallest loss on the validation split.
"""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import torch
from torch import nn

from cosmodag.evaluation.baselines.examples import Examples, Predictions
from cosmodag.training.reproducible import reproducible

Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
"""Mean loss of outputs (N, O) for targets."""

MEMBERS = 4
"""Networks of an ensemble."""
LEARNING_RATE, WEIGHT_DECAY = 3e-3, 1e-2
N_QUANTILES = 200
"""Quantiles by which features are normalized."""


@dataclass(frozen=True)
class Trials:
    """Settings that are tried on the validation split, and how long networks are trained.

    Attributes
    ----------
    widths : sequence of int
        Units of each of the two hidden layers.
    dropouts : sequence of float
        Probabilities with which units are dropped in training.
    epochs, patience : int
        Most epochs, and epochs without improvement after which training stops.
    batch : int
        Examples per step.
    """

    widths: Sequence[int]
    dropouts: Sequence[float]
    epochs: int
    patience: int
    batch: int


TRIALS = Trials(widths=(64, 128), dropouts=(0.1, 0.3), epochs=60, patience=8, batch=256)
"""Those of classes and numbers, whose training sets have many draws of the noise."""


@dataclass(frozen=True)
class Splits:
    """Normalized features (N, F) and targets of the training and the validation split."""

    x: torch.Tensor
    y: torch.Tensor
    valid_x: torch.Tensor
    valid_y: torch.Tensor


def fit_ensemble(
    splits: Splits, n_outputs: int, loss: Loss, trials: Trials, seed: int
) -> list[nn.Module]:
    """Train perceptrons with the best settings, from different initial weights.

    Parameters
    ----------
    splits : Splits
        What to train on, and what to choose the settings and the epochs on.
    n_outputs : int
        Outputs of a network.
    loss : callable
        Loss to minimize.
    trials : Trials
        Settings to choose from.
    seed : int
        Seed of the first network.

    Returns
    -------
    list of torch.nn.Module
        `MEMBERS` networks from features (N, F) to outputs (N, n_outputs), in evaluation mode.
    """
    with reproducible(threads=1):  # more threads wait for each other in networks of this size
        tried = [
            (_train(splits, n_outputs, loss, trials, width, dropout, seed), width, dropout)
            for width, dropout in product(trials.widths, trials.dropouts)
        ]
        (best, _), width, dropout = min(tried, key=lambda each: each[0][1])
        others = (seed + number for number in range(1, MEMBERS))
        return [
            best,
            *(_train(splits, n_outputs, loss, trials, width, dropout, each)[0] for each in others),
        ]


def _train(
    splits: Splits,
    n_outputs: int,
    loss: Loss,
    trials: Trials,
    width: int,
    dropout: float,
    seed: int,
) -> tuple[nn.Module, float]:
    """Train a perceptron; return it as of its smallest loss on the validation split, and that."""
    x, y = splits.x, splits.y
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = nn.Sequential(
            *(nn.Linear(x.shape[1], width), nn.SiLU(), nn.Dropout(dropout)),
            *(nn.Linear(width, width), nn.SiLU(), nn.Dropout(dropout)),
            nn.Linear(width, n_outputs),
        )
        optimizer = torch.optim.AdamW(
            network.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY
        )
        best, best_loss, best_epoch = copy.deepcopy(network.eval()), np.inf, 0
        for epoch in range(trials.epochs):
            network.train()
            for rows in torch.randperm(len(x)).split(trials.batch):
                optimizer.zero_grad()
                loss(network(x[rows]), y[rows]).backward()
                nn.utils.clip_grad_norm_(network.parameters(), 1.0)
                optimizer.step()
            network.eval()
            with torch.no_grad():
                on_valid = loss(network(splits.valid_x), splits.valid_y).item()
            if on_valid < best_loss:
                best, best_loss, best_epoch = copy.deepcopy(network), on_valid, epoch
            elif epoch - best_epoch >= trials.patience:
                break
    return best, best_loss


def class_probabilities(
    train_x: np.ndarray,
    train_y: np.ndarray,
    valid_x: np.ndarray,
    valid_y: np.ndarray,
    test_x: np.ndarray,
    *,
    n_classes: int,
    seed: int,
) -> list[np.ndarray]:
    """Return the mean probabilities of an ensemble for the validation and the test split.

    Parameters
    ----------
    train_x, valid_x, test_x : numpy.ndarray, shape (N, F)
        Features.
    train_y, valid_y : numpy.ndarray, shape (N,), int
        Classes.
    n_classes : int
        Number of classes K.
    seed : int
        Seed of the networks.

    Returns
    -------
    list of numpy.ndarray, shape (N, K), float64
    """
    x, on_valid, on_test = _normalized(train_x, valid_x, test_x)
    splits = Splits(x, torch.as_tensor(train_y), on_valid, torch.as_tensor(valid_y))
    members = fit_ensemble(splits, n_classes, nn.functional.cross_entropy, TRIALS, seed)
    with torch.no_grad():
        return [
            torch.stack([network(each).double().softmax(1) for network in members]).mean(0).numpy()
            for each in (on_valid, on_test)
        ]


def numbers(train: Examples, valid: Examples, test: Examples, *, seed: int = 0) -> Predictions:
    """Predict numbers (N,) from features in the place of images by the mean of an ensemble."""
    x, on_valid, on_test = _normalized(train.x, valid.x, test.x)
    mean, std = train.y.mean(), train.y.std() or 1.0
    y, valid_y = (
        torch.as_tensor((each.y - mean) / std, dtype=torch.float32)[:, None]
        for each in (train, valid)
    )
    splits = Splits(x, y, on_valid, valid_y)
    members = fit_ensemble(splits, 1, nn.functional.mse_loss, TRIALS, seed)
    with torch.no_grad():
        on_valid, on_test = (
            torch.stack([network(each)[:, 0] for network in members]).mean(0)
            for each in (on_valid, on_test)
        )
    predicted, predicted_test = (
        (each.numpy() * std + mean).astype(np.float32) for each in (on_valid, on_test)
    )
    spread = float(np.sqrt(np.mean((predicted - valid.y) ** 2)))
    return Predictions(predicted, predicted_test, spread)


def _normalized(train: np.ndarray, *others: np.ndarray) -> list[torch.Tensor]:
    """Return features whose ranks in the training split are mapped to a normal distribution."""
    from sklearn.preprocessing import QuantileTransformer  # takes seconds; evaluations do not fit

    ranks = QuantileTransformer(
        n_quantiles=min(N_QUANTILES, len(train)), output_distribution="normal", random_state=0
    ).fit(train)
    tables = (ranks.transform(each) for each in (train, *others))
    return [torch.as_tensor(each, dtype=torch.float32) for each in tables]
