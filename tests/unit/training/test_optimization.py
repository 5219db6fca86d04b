"""Learning rates and the moving average of weights."""

import pytest
import torch
from torch import nn

from cosmodag.training.optimization import (
    MovingAverage,
    count_plateaus,
    learning_rate,
    make_optimizer,
)
from cosmodag.training.settings import TrainingSettings


def test_cosine_rises_linearly_and_falls_to_zero():
    settings = TrainingSettings(learning_rate=1.0, warmup=0.1)
    rates = [learning_rate(settings, step, 100, []) for step in range(100)]
    assert rates[:10] == pytest.approx([(step + 1) / 11 for step in range(10)])
    assert rates[10] == 1.0
    assert rates[55] == pytest.approx(0.5)
    assert 0 < rates[99] < 0.001


def test_plateau_lowers_the_rate_where_nothing_improves():
    assert count_plateaus([3, 2, 2, 2, 1, 1, 1], epochs=2) == 2
    assert count_plateaus([3, 2, 1], epochs=2) == 0
    settings = TrainingSettings(
        learning_rate=1.0, warmup=0, schedule="plateau", plateau_epochs=1, plateau_factor=0.5
    )
    assert learning_rate(settings, 50, 100, [1.0, 1.0, 1.0]) == 0.25


def test_biases_and_normalizations_do_not_decay():
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))
    decaying, others = make_optimizer(model, TrainingSettings()).param_groups
    assert [p.ndim for p in decaying["params"]] == [4]
    assert others["weight_decay"] == 0
    assert len(others["params"]) == 3


def test_the_average_approaches_constant_weights_and_copies_counters():
    model = nn.BatchNorm1d(2)
    average = MovingAverage(model, 0.9)
    nn.init.constant_(model.weight, 3.0)
    model.num_batches_tracked.fill_(7)
    for step in range(1, 100):
        average.update(model, step)
    torch.testing.assert_close(average.model.weight, torch.full((2,), 3.0), rtol=1e-3, atol=0)
    assert average.model.num_batches_tracked == 7
