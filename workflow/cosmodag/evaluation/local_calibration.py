"""Local calibration of posteriors: whether a classifier can distinguish the truth from samples.

Ranks of parameters and of random points are uniform for a posterior that is right on average, even
if it is too narrow for some examples and too wide for others. A classifier that sees the posterior
of each example finds that (as L-C2ST; Linhart et al. 2023, arXiv:2306.03580). It is trained on the
validation split. Where posteriors are right for each kind of example, the rank of its score at the
truth, among its scores at samples, is uniform, as that of any function of parameters and data
(Modrák et al. 2023, arXiv:2211.02383).
"""

import numpy as np
import torch

from cosmodag.training.gaussian_mixture import GaussianMixture

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
    seed : int
        Seed of samples and classifier.
    """

    def __init__(self, mixture: GaussianMixture, z: torch.Tensor, *, seed: int):
        from sklearn.ensemble import HistGradientBoostingClassifier

        mixture = mixture.double()
        generator = torch.Generator().manual_seed(seed)
        samples = mixture.sample(N_TRAINING_SAMPLES, generator)
        points = np.concatenate([z.numpy()[:, None], samples.numpy()], 1)
        n = len(points)
        rows = np.unique(np.linspace(0, n - 1, min(n, LARGEST_TRAINING_SET)).astype(int))
        is_true = np.zeros(points.shape[:2], bool)
        is_true[:, 0] = True
        self.model = HistGradientBoostingClassifier(
            learning_rate=0.05,
            max_iter=100,
            max_leaf_nodes=8,
            min_samples_leaf=50,
            random_state=seed,
            early_stopping=False,
        )
        features = _features(points, mixture)[rows]
        self.model.fit(features.reshape(-1, features.shape[2]), is_true[rows].ravel())

    def ranks(self, mixture: GaussianMixture, samples: np.ndarray, z: np.ndarray) -> np.ndarray:
        """Return the ranks of the scores of true parameters among those of samples.

        Parameters
        ----------
        mixture : GaussianMixture
            Corrected posteriors of N examples.
        samples : numpy.ndarray, shape (N, S, K)
            Samples of them, as variables; at most `N_RANKED_SAMPLES` are used.
        z : numpy.ndarray, shape (N, K)
            True parameters as variables.

        Returns
        -------
        numpy.ndarray, shape (N,), float64
            Fraction of samples with a lower score; half of those with the same.
        """
        points = np.concatenate([z[:, None], samples[:, :N_RANKED_SAMPLES]], 1)
        features = _features(points, mixture)
        scores = self.model.decision_function(features.reshape(-1, features.shape[2]))
        truth, others = np.split(scores.reshape(points.shape[:2]), [1], axis=1)
        return (others < truth).mean(1) + (others == truth).mean(1) / 2


def _features(points: np.ndarray, mixture: GaussianMixture) -> np.ndarray:
    """Return what the classifier sees of S points of each example, (N, S, 4 K).

    These are the points, alone and relative to the posterior, and its mean and width.
    """
    mean, deviation = (each.double().numpy()[:, None] for each in mixture.moments())
    known = np.broadcast_to(
        np.concatenate([mean, deviation], 2), (*points.shape[:2], mean.shape[2] * 2)
    )
    return np.concatenate([points, (points - mean) / deviation, known], 2)
