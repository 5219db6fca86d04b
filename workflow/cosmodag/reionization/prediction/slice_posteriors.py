"""Posteriors of slices, calibrated on the validation split, and their marginal distributions."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch

from cosmodag.datasets.folder import read_index
from cosmodag.evaluation.posterior_calibration import Calibration, calibrate
from cosmodag.evaluation.trained_run import TrainedRun
from cosmodag.training.gaussian_mixture import GaussianMixture
from cosmodag.training.parameter_space import ParameterSpace
from cosmodag.training.posterior_task import PosteriorTask

N_BINS = 200
"""Bins of equal width in which a marginal distribution is tabulated."""
N_DEVIATIONS = 5.0
"""Half-width of the table of a parameter without a range, in standard deviations of its prior."""
SEED = 0
"""Seed of the samples of a posterior."""


@dataclass(frozen=True)
class SlicePosteriors:
    """Posteriors of N slices.

    Attributes
    ----------
    columns : tuple of str
        Names of the K parameters.
    space : ParameterSpace
        Variables in which the posteriors are described.
    mixture : GaussianMixture
        The posteriors.
    edges : numpy.ndarray, shape (K, N_BINS + 1)
        Edges of the bins of each parameter.
    """

    columns: tuple[str, ...]
    space: ParameterSpace
    mixture: GaussianMixture
    edges: np.ndarray

    @property
    def values(self) -> np.ndarray:
        """Middles of the bins of each parameter, (K, N_BINS)."""
        return (self.edges[:, 1:] + self.edges[:, :-1]) / 2

    def marginals(self) -> list[np.ndarray]:
        """Return the probability of each bin of each parameter, K arrays (N, N_BINS)."""
        edges = torch.from_numpy(self.edges.T)
        z = self.space.to_variables(edges)
        weight = self.mixture.log_weight.exp()
        deviation = torch.diagonal(self.mixture.covariance(), dim1=2, dim2=3).sqrt()
        scaled = (z[:, None, None] - self.mixture.mean) / deviation
        below = (weight[..., None] * torch.special.ndtr(scaled)).sum(2)
        below[0], below[-1] = 0, 1  # what lies beyond belongs to the bins at the ends
        return list(below.diff(dim=0).permute(2, 1, 0).numpy())

    def bins(self, truth: np.ndarray) -> np.ndarray:
        """Return the bins (N, K) of true parameters (N, K)."""
        places = [np.digitize(each, inner[1:-1]) for each, inner in zip(truth.T, self.edges)]
        return np.stack(places, axis=1)

    def samples(self, n_samples: int) -> np.ndarray:
        """Return samples of the joint posterior of each slice, (N, n_samples, K) float32."""
        drawn = self.mixture.sample(n_samples, torch.Generator().manual_seed(SEED))
        return self.space.to_parameters(drawn).float().numpy()


def slice_posteriors(run: TrainedRun, predicted: Mapping[str, np.ndarray]) -> SlicePosteriors:
    """Return the posteriors of predicted slices, corrected as those that the run is scored by.

    Parameters
    ----------
    run : TrainedRun
        Run of the task posterior.
    predicted : mapping from str to numpy.ndarray
        As `TrainedRun.predict` returns it.
    """
    task = run.description["task"]
    ranges = task.get("ranges") or {}
    limits = [
        ranges.get(name, (mean - N_DEVIATIONS * std, mean + N_DEVIATIONS * std))
        for name, mean, std in zip(task["columns"], task["mean"], task["std"])
    ]
    return SlicePosteriors(
        columns=tuple(task["columns"]),
        space=_space(task),
        mixture=_calibration(run).corrected(_mixture(task, predicted)),
        edges=np.stack([np.linspace(low, high, N_BINS + 1) for low, high in limits]),
    )


@functools.lru_cache(maxsize=1)
def _calibration(run: TrainedRun) -> Calibration:
    """Return the correction that the validation split asks for."""
    task, valid = run.description["task"], run.validation
    z = _space(task).to_variables(torch.from_numpy(valid["y"]))
    groups = read_index(run.dataset_folder, "valid")["group"].to_numpy()
    return calibrate(_mixture(task, valid), z, groups)


def _space(task: Mapping) -> ParameterSpace:
    return PosteriorTask(**{key: each for key, each in task.items() if key != "name"}).space


def _mixture(task: Mapping, predicted: Mapping[str, np.ndarray]) -> GaussianMixture:
    output = torch.from_numpy(np.ascontiguousarray(predicted["mixture"]))
    return GaussianMixture.from_output(output, len(task["columns"])).double()
