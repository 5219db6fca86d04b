"""Local calibration of posteriors: whether a classifier can distinguish the truth from samples.

A posterior that is right on average may be wrong for kinds of examples: the prior passes all tests
of ranks. A classifier that also sees what is known of each example finds that (L-C2ST; Linhart et
al. 2023, arXiv:2306.03580). It is trained on the validation split. Under the true posterior the
rank of its score at the truth, among its scores at samples, is uniform, as that of any function of
parameters and data (Modrák et al. 2023, arXiv:2211.02383).
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
import torch

from cosmodag.training.gaussian_mixture import GaussianMixture

if TYPE_CHECKING:
    pass

N_TRAINING_SAMPLES = 4
"""Samples per example that the classifier is trained on, beside the truth."""
N_RANKED_SAMPLES = 100
"""Samples per example among which the truth has its rank."""
LARGEST_TRAINING_SET = 20_000
"""Examples of the validation split that are used, evenly spaced."""


class LocalTest:
    """Classifier that distinguishes true parameters of examples from samples of their posteriors.

    Parameters
    ----------
    mixture : GaussianMixture
        Corrected posteriors of the N examples of the validation split.
    z : torch.Tensor, shape (N, K)
        True parameters as variables of `cosmodag.training.parameter_space.ParameterSpace`.
    context : numpy.ndarray, shape (N, P, 2, K)
        What is known of each example, see `context_of`.
    seed : int
        Seed of samples and classifier.
    """

    def __init__(
        self, mixture: GaussianMixture, z: torch.Tensor, context: np.ndarray, *, seed: int
    ):
        from sklearn.ensemble import HistGradientBoostingClassifier

        generator = torch.Generator().manual_seed(seed)
        n = len(z)
        rows = np.unique(np.linspace(0, n - 1, min(n, LARGEST_TRAINING_SET)).astype(int))
        samples = mixture.double().sample(N_TRAINING_SAMPLES, generator).numpy()[rows]
        points = np.concatenate([z.numpy()[rows, None], samples], 1)
        is_true = np.zeros(points.shape[:2], bool)
        is_true[:, 0] = True
        self.model: HistGradientBoostingClassifier = HistGradientBoostingClassifier(
            learning_rate=0.05,
            max_iter=100,
            max_leaf_nodes=8,
            min_samples_leaf=50,
            random_state=seed,
            early_stopping=False,
        )
        self.model.fit(_features(points, context[rows]), is_true.ravel())

    def ranks(self, samples: np.ndarray, z: np.ndarray, context: np.ndarray) -> np.ndarray:
        """Return the ranks of the scores of true parameters among those of samples.

        Parameters
        ----------
        samples : numpy.ndarray, shape (N, S, K)
            Samples of the posteriors, as variables; at most `N_RANKED_SAMPLES` are used.
        z : numpy.ndarray, shape (N, K)
            True parameters as variables.
        context : numpy.ndarray, shape (N, P, 2, K)
            As for training.

        Returns
        -------
        numpy.ndarray, shape (N,), float64
            Fraction of samples with a lower score; half of those with the same.
        """
        points = np.concatenate([z[:, None], samples[:, :N_RANKED_SAMPLES]], 1)
        scores = self.model.decision_function(_features(points, context)).reshape(points.shape[:2])
        truth, others = scores[:, :1], scores[:, 1:]
        return (others < truth).mean(1) + (others == truth).mean(1) / 2


def context_of(mixtures: Iterable[GaussianMixture]) -> np.ndarray:
    """Return the means and standard deviations of posteriors of the same N examples.

    Parameters
    ----------
    mixtures : iterable of GaussianMixture
        Posteriors by P predictors.

    Returns
    -------
    numpy.ndarray, shape (N, P, 2, K), float64
    """
    moments = [torch.stack(each.moments(), 1) for each in mixtures]
    return torch.stack(moments, 1).double().numpy()


def _features(points: np.ndarray, context: np.ndarray) -> np.ndarray:
    """Return what the classifier sees of S points of each example, (N S, K (1 + 3 P)).

    These are the points, alone and relative to each posterior, and the posteriors.
    """
    n, n_points = points.shape[:2]
    mean, deviation = context[:, None, :, 0], context[:, None, :, 1]
    relative = (points[:, :, None] - mean) / deviation
    known = np.broadcast_to(context.reshape(n, 1, -1), (n, n_points, context[0].size))
    parts = (points, relative.reshape(n, n_points, -1), known)
    return np.concatenate(parts, 2).reshape(n * n_points, -1)
