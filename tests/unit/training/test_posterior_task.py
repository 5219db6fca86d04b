"""Mixtures agree with scipy, and posteriors of the task with closed forms."""

import numpy as np
import pytest
import torch
from scipy import stats

from cosmodag.errors import InputError
from cosmodag.training.gaussian_mixture import GaussianMixture, outputs_per_component
from cosmodag.training.parameter_space import ParameterSpace
from cosmodag.training.posterior_task import PosteriorTask, posterior_mean

MOMENTS = {"mean": [0.3, 0.8], "std": [0.06, 0.1]}
RANGES = {"omega_m": (0.2, 0.4), "sigma8": (0.65, 1.0)}


@pytest.fixture
def output():
    """Outputs for five examples, two variables and three components."""
    generator = torch.Generator().manual_seed(3)
    return torch.randn(5, 3 * outputs_per_component(2), generator=generator, dtype=torch.float64)


def task(**changes):
    settings = {"columns": ["omega_m", "sigma8"], **MOMENTS, "ranges": RANGES} | changes
    return PosteriorTask(**settings)


def test_density_is_that_of_scipy(output):
    mixture = GaussianMixture.from_output(output, 2)
    points = torch.randn(5, 7, 2, dtype=torch.float64)
    weight, covariance = mixture.log_weight.exp(), mixture.covariance()
    expected = np.zeros((5, 7))
    for b in range(5):
        for m in range(3):
            normal = stats.multivariate_normal(mixture.mean[b, m], covariance[b, m])
            expected[b] += weight[b, m].item() * normal.pdf(points[b])
    np.testing.assert_allclose(mixture.log_density(points), np.log(expected), rtol=1e-9)


def test_samples_have_the_moments_of_the_mixture(output):
    mixture = GaussianMixture.from_output(output, 2)
    samples = mixture.sample(200_000, torch.Generator().manual_seed(1))
    weight = mixture.log_weight.exp()[..., None]
    mean = (weight * mixture.mean).sum(1)
    second = mixture.covariance() + mixture.mean[..., None] * mixture.mean[..., None, :]
    covariance = (weight[..., None] * second).sum(1) - mean[..., None] * mean[:, None]
    spread = covariance.diagonal(dim1=1, dim2=2).sqrt()
    torch.testing.assert_close(samples.mean(1) / spread, mean / spread, atol=0.02, rtol=0)
    for sampled, expected in zip(samples, covariance):
        np.testing.assert_allclose(np.cov(sampled.T.numpy()), expected, rtol=0.05, atol=0.02)


def test_output_describes_the_mixture_that_it_came_from(output):
    mixture = GaussianMixture.from_output(output, 2)
    again = GaussianMixture.from_output(mixture.output(), 2)
    points = torch.randn(5, 4, 2, dtype=torch.float64)
    torch.testing.assert_close(again.log_density(points), mixture.log_density(points))
    both = GaussianMixture.joined([mixture, mixture])
    torch.testing.assert_close(both.log_density(points), mixture.log_density(points))


def test_parameters_and_variables_correspond():
    space = ParameterSpace([0.3, 5.0], [0.1, 2.0], [(0.2, 0.4), None])
    parameters = torch.tensor([[0.21, 1.0], [0.3, 5.0], [0.39, 9.0]], dtype=torch.float64)
    variables = space.to_variables(parameters)
    expected = np.column_stack([stats.norm.ppf([0.05, 0.5, 0.95]), [-2.0, 0.0, 2.0]])
    np.testing.assert_allclose(variables, expected, atol=1e-9)
    torch.testing.assert_close(space.to_parameters(variables), parameters)


def test_mean_of_a_posterior_is_that_of_its_samples(output):
    mixture = GaussianMixture.from_output(output, 2)
    space = task().space
    samples = space.to_parameters(mixture.sample(100_000, torch.Generator().manual_seed(1)))
    mean = posterior_mean(mixture, space)
    np.testing.assert_allclose(mean, samples.mean(1), atol=2e-3)


def test_an_untrained_network_predicts_the_prior():
    posterior = task()
    output = torch.zeros(4, posterior.outputs)
    y = torch.tensor([[0.25, 0.7], [0.35, 0.95], [0.3, 0.8], [0.21, 0.66]])
    np.testing.assert_allclose(posterior.loss(output, y), 0, atol=1e-5)
    predicted = posterior.predict(output)
    np.testing.assert_allclose(predicted["mean"], [[0.3, 0.825]] * 4, rtol=1e-5)


def test_scores_follow_from_sums_over_batches():
    posterior = task()
    y = torch.rand(12, 2) * torch.tensor([0.2, 0.35]) + torch.tensor([0.2, 0.65])
    output = torch.randn(12, posterior.outputs)
    parts = [posterior.sums(output[rows], y[rows]) for rows in (slice(0, 5), slice(5, 12))]
    scores = posterior.metrics({name: parts[0][name] + parts[1][name] for name in parts[0]})
    assert scores["information_gain"] == pytest.approx(-posterior.loss(output, y).mean().item())
    assert scores.keys() == posterior.scores.keys()


def test_ranges_that_do_not_fit_are_refused():
    with pytest.raises(InputError, match=r"task.ranges: 'sigma_8' .*did you mean 'sigma8'"):
        task(ranges={"sigma_8": (0.6, 1.0)})
    with pytest.raises(InputError, match=r"does not contain the mean 0\.3"):
        task(ranges={"omega_m": (0.31, 0.4)})
