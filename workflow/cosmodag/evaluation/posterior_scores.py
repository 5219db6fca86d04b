"""Scores of posteriors: what they add to the prior, and whether they are calibrated.

Simulation-based calibration (Talts et al. 2018, arXiv:1804.06788): under the true posterior the
rank of the truth among samples is uniform for each parameter. Tests of accuracy with random points
(TARP; Lemos et al. 2023, arXiv:2302.03026): so is the fraction of samples that are nearer to a
random point than the truth is, which tests the parameters jointly. Both are necessary and not
sufficient: the prior passes them, with an information gain of zero. `local_calibration` adds a
test by a classifier.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy import stats

from cosmodag.evaluation import bootstrap
from cosmodag.evaluation.local_calibration import LocalTest
from cosmodag.evaluation.posterior_calibration import Calibration
from cosmodag.training.gaussian_mixture import GaussianMixture
from cosmodag.training.parameter_space import ParameterSpace
from cosmodag.training.posterior_task import information_gain, posterior_mean
from cosmodag.training.reproducible import reproducible

N_SAMPLES = 1000
"""Samples per posterior."""
REGIONS = {"68": 0.683, "95": 0.954}
"""Probabilities inside credible regions, by the names of their scores."""
LIMITS = {f"credible_{name}": (0.0, 1.0) for name in REGIONS}
"""Lowest and highest possible value of the scores that have one."""
BLOCK = 256
"""Posteriors that are sampled at the same time."""


@dataclass(frozen=True)
class JudgedPosteriors:
    """Posteriors of N examples at their true parameters.

    Attributes
    ----------
    mean : numpy.ndarray, shape (N, K), float64
        Means, in units of the parameters.
    intervals : dict from str to pair of numpy.ndarray, shape (N, K)
        Central 68 % and 95 % intervals of each parameter.
    gain : numpy.ndarray, shape (N,), float64
        Logarithm of posterior over prior density at the truth, in nats.
    log_merit : numpy.ndarray, shape (N,), float64
        Logarithm of the figure of merit, the inverse square root of the determinant of the
        covariance of the parameters.
    level : numpy.ndarray, shape (N,), float64
        Probability of the smallest credible region that contains the truth, that of the highest
        density of the variables.
    rank : numpy.ndarray, shape (N, K), float64
        Fraction of the samples below the truth.
    nearness : numpy.ndarray, shape (N,), float64
        Fraction of the samples that are nearer to a random point than the truth is.
    local : numpy.ndarray, shape (N,), float64, or None
        Rank of the score of the truth by a classifier, see `LocalTest`.
    calibration : Calibration
        How they were corrected.
    """

    mean: np.ndarray
    intervals: dict[str, tuple[np.ndarray, np.ndarray]]
    gain: np.ndarray
    log_merit: np.ndarray
    level: np.ndarray
    rank: np.ndarray
    nearness: np.ndarray
    calibration: Calibration
    local: np.ndarray | None = None

    def intervals_of(self, column: int) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Return the intervals of one parameter, each of shape (N,)."""
        ends = self.intervals.items()
        return {name: (low[:, column], high[:, column]) for name, (low, high) in ends}

    def draws(self, groups: np.ndarray, *, replicas: int, seed: int) -> bootstrap.Draws:
        """Return information gain, figure of merit and coverages with replicas over groups."""
        inside = [self.level <= probability for probability in REGIONS.values()]
        columns = np.column_stack([np.ones_like(self.gain), self.gain, self.log_merit, *inside])
        sums = (bootstrap.group_sums(groups, columns),)
        return bootstrap.draw(_scores, sums, replicas=replicas, seed=seed)

    def uniformity(self, groups: np.ndarray, columns: Sequence[str]) -> dict[str, dict[str, float]]:
        """Return Kolmogorov-Smirnov tests of what is uniform under the true posterior.

        Parameters
        ----------
        groups : numpy.ndarray, shape (N,)
            Groups of the examples. The first example of each is tested, since a test needs
            independent ones.
        columns : sequence of str
            Names of the parameters.

        Returns
        -------
        dict from str to dict
            `distance` and `p` of each parameter (SBC), of ``tarp``, and of ``local`` if there was a
            classifier.
        """
        rows = np.unique(np.asarray(groups), return_index=True)[1]
        tested = {name: self.rank[rows, k] for k, name in enumerate(columns)}
        tested["tarp"] = self.nearness[rows]
        if self.local is not None:
            tested["local"] = self.local[rows]
        results = {name: stats.kstest(values, "uniform") for name, values in tested.items()}
        return {
            name: {"distance": float(each.statistic), "p": float(each.pvalue)}
            for name, each in results.items()
        }


def judge(
    mixture: GaussianMixture,
    space: ParameterSpace,
    truth: np.ndarray,
    *,
    calibration: Calibration,
    seed: int,
    local: LocalTest | None = None,
) -> JudgedPosteriors:
    """Compare posteriors with the true parameters.

    Parameters
    ----------
    mixture : GaussianMixture
        Posteriors of N examples.
    space : ParameterSpace
        The space that they are described in.
    truth : numpy.ndarray, shape (N, K)
        True parameters.
    calibration : Calibration
        How the posteriors are corrected first.
    seed : int
        Seed of the samples and of the random points.
    local : LocalTest, optional
        Classifier of the corrected posteriors.
    """
    mixture = calibration.corrected(mixture.double())
    z = space.to_variables(torch.as_tensor(np.asarray(truth, np.float64)))
    generator = torch.Generator().manual_seed(seed)
    parts: dict[str, list[np.ndarray]] = {}
    with reproducible(threads=1):
        for start in range(0, len(z), BLOCK):
            rows = slice(start, start + BLOCK)
            block = _judge_block(_rows(mixture, rows), space, z[rows], generator, local)
            for name, values in block.items():
                parts.setdefault(name, []).append(values)
    joined = {name: np.concatenate(each) for name, each in parts.items()}
    intervals = {name: (joined.pop(f"low_{name}"), joined.pop(f"high_{name}")) for name in REGIONS}
    mean = posterior_mean(mixture, space).numpy()
    return JudgedPosteriors(mean=mean, intervals=intervals, calibration=calibration, **joined)


def _judge_block(
    mixture: GaussianMixture,
    space: ParameterSpace,
    z: torch.Tensor,
    generator: torch.Generator,
    local: LocalTest | None,
) -> dict[str, np.ndarray]:
    """Return what `JudgedPosteriors` contains of some examples."""
    samples = mixture.sample(N_SAMPLES, generator)
    density = mixture.log_density(z[:, None])
    reference = torch.randn(len(z), 1, z.shape[1], generator=generator, dtype=z.dtype)
    distance = (samples - reference).norm(dim=2)
    parameters = space.to_parameters(samples).numpy()
    offset = parameters - parameters.mean(1, keepdims=True)
    covariance = np.einsum("bsi,bsj->bij", offset, offset) / (N_SAMPLES - 1)
    result = {
        "gain": information_gain(mixture, z[:, None])[:, 0].numpy(),
        "log_merit": -np.linalg.slogdet(covariance)[1] / 2,
        "level": (mixture.log_density(samples) > density).double().mean(1).numpy(),
        "rank": (samples < z[:, None]).double().mean(1).numpy(),
        "nearness": (distance < (z[:, None] - reference).norm(dim=2)).double().mean(1).numpy(),
    }
    if local is not None:
        result["local"] = local.ranks(mixture, samples.numpy(), z.numpy())
    for name, probability in REGIONS.items():
        tail = (1 - probability) / 2
        ends = np.quantile(parameters, [tail, 1 - tail], axis=1)
        result[f"low_{name}"], result[f"high_{name}"] = ends
    return result


def _scores(totals: np.ndarray) -> dict[str, np.ndarray]:
    """Return the scores of R sets of totals, each of shape (R,)."""
    n, gain, log_merit, *inside = totals.T
    with np.errstate(divide="ignore", invalid="ignore"):
        return {
            "information_gain": gain / n,
            "figure_of_merit": np.exp(log_merit / n),
            **{f"credible_{name}": hits / n for name, hits in zip(REGIONS, inside)},
        }


def _rows(mixture: GaussianMixture, rows: slice) -> GaussianMixture:
    return GaussianMixture(mixture.log_weight[rows], mixture.mean[rows], mixture.factor[rows])
