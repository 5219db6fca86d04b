"""Normalization by rank: normal variables, whatever the distribution of a feature."""

import numpy as np
import torch
from scipy import stats

from cosmodag.models.parts.quantile_norm import QuantileNorm


def fitted(x: np.ndarray) -> QuantileNorm:
    layer = QuantileNorm(x.shape[1])
    layer.fit(torch.from_numpy(x).float())
    return layer


def test_features_of_any_distribution_become_normal_variables():
    random = np.random.default_rng(0)
    x = np.column_stack([random.exponential(size=4000), random.uniform(size=4000), np.arange(4000)])
    z = fitted(x)(torch.from_numpy(x).float()).numpy()
    expected = stats.norm.ppf((stats.rankdata(x, axis=0) - 0.5) / 4000)
    inner = np.abs(expected) < 2
    np.testing.assert_allclose(z[inner], expected[inner], atol=0.05)
    assert np.abs(z).max() < 3.5


def test_equal_values_become_their_middle_rank():
    x = np.concatenate([np.zeros(768), np.linspace(1, 2, 256)])
    z = fitted(x[:, None])(torch.tensor([[0.0]]))
    assert abs(z.item() - stats.norm.ppf(0.375)) < 0.05


def test_rounding_does_not_change_the_rank_of_a_value_that_is_frequent():
    x = np.concatenate([np.full(768, 0.7), np.linspace(1, 2, 256)])
    z = fitted(x[:, None])(0.7 * torch.tensor([[1 - 1e-6], [1 + 1e-6]]))
    assert abs(z[0].item() - z[1].item()) < 0.01


def test_a_feature_of_rounding_alone_is_constant():
    x = np.random.default_rng(0).normal(scale=1e-8, size=(500, 1))
    z = fitted(x)(torch.from_numpy(x).float())
    assert z.std() < 0.02


def test_values_beyond_the_training_set_stay_bounded():
    layer = fitted(np.random.default_rng(0).normal(size=(500, 1)))
    z = layer(torch.tensor([[-1e9], [1e9]]))
    assert -4 < z[0].item() < -2
    assert 2 < z[1].item() < 4


def test_before_training_normal_variables_pass_unchanged():
    z = torch.linspace(-1.5, 1.5, 9)[:, None]
    torch.testing.assert_close(QuantileNorm(1)(z), z, rtol=0, atol=0.01)


def test_the_map_has_a_gradient():
    x = torch.tensor([[0.3]], requires_grad=True)
    fitted(np.random.default_rng(0).uniform(size=(500, 1)))(x).sum().backward()
    assert x.grad.item() > 1  # the density of a uniform over that of a normal variable
