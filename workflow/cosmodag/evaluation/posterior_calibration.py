"""Posteriors corrected for errors of their width and place that a validation split shows."""

from typing import NamedTuple

import numpy as np
import torch
from scipy import optimize

from cosmodag.training.gaussian_mixture import GaussianMixture
from cosmodag.training.posterior_task import information_gain

LARGEST_SHIFT = 2.0
"""Largest shift, in standard deviations of a posterior."""
LOG_SCALES = (-0.5, 1.0)
"""Smallest and largest logarithm of the factor by which posteriors are widened."""


class Calibration(NamedTuple):
    """A correction of all posteriors of a predictor.

    Attributes
    ----------
    scale : float
        Factor by which the standard deviations of the components are widened.
    shift : tuple of float
        For each parameter, by how many standard deviations of its posterior all are moved.
    """

    scale: float
    shift: tuple[float, ...]

    def corrected(self, mixture: GaussianMixture) -> GaussianMixture:
        """Return corrected posteriors."""
        return mixture.moved(torch.tensor(self.shift)).widened(self.scale)


def uncorrected(n_parameters: int) -> Calibration:
    """Return the calibration that changes nothing."""
    return Calibration(1.0, (0.0,) * n_parameters)


def calibrate(mixture: GaussianMixture, z: torch.Tensor, groups: np.ndarray) -> Calibration:
    """Return the correction with the largest mean information gain on the validation split.

    Posteriors are widened. They are shifted, too, if the shift increases the gain by more than one
    nat per parameter and N groups, which a fit to noise does not (Akaike's criterion).

    Parameters
    ----------
    mixture : GaussianMixture
        Posteriors of the validation split.
    z : torch.Tensor, shape (N, K)
        True parameters as variables of `cosmodag.training.parameter_space.ParameterSpace`.
    groups : numpy.ndarray, shape (N,)
        Groups of the examples.
    """
    mixture, truth = mixture.double(), z.double()[:, None]
    n_parameters = z.shape[1]

    def loss(values: np.ndarray) -> float:
        calibration = _calibration(np.append(values, np.zeros(1 + n_parameters - len(values))))
        return -information_gain(calibration.corrected(mixture), truth).mean().item()

    def fit(n_values: int) -> optimize.OptimizeResult:
        limits = [LOG_SCALES, *[(-LARGEST_SHIFT, LARGEST_SHIFT)] * n_parameters]
        return optimize.minimize(
            loss, np.zeros(n_values), method="L-BFGS-B", bounds=limits[:n_values]
        )

    widened, moved = fit(1), fit(1 + n_parameters)
    if (widened.fun - moved.fun) * len(np.unique(groups)) > n_parameters:
        return _calibration(moved.x)
    return _calibration(np.append(widened.x, np.zeros(n_parameters)))


def _calibration(values: np.ndarray) -> Calibration:
    return Calibration(float(np.exp(values[0])), tuple(values[1:].tolist()))
