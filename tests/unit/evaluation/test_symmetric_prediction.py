"""Predictions averaged over symmetries."""

from typing import NamedTuple

import numpy as np
import pytest
import torch

from cosmodag.evaluation.symmetric_prediction import predict_symmetric, symmetries
from cosmodag.training.settings import TrainingSettings
from cosmodag.training.tasks import make_task


class Batch(NamedTuple):
    x: torch.Tensor
    y: torch.Tensor
    rows: np.ndarray


class Maps:
    """A loader of a few maps in two batches."""

    def __init__(self, x: torch.Tensor):
        self.x = x

    def batches(self, epoch):
        for rows in (np.arange(3), np.arange(3, len(self.x))):
            yield Batch(self.x[rows], self.x[rows, :1] > 0, rows)


@pytest.fixture
def network() -> torch.nn.Module:
    torch.manual_seed(1)
    return torch.nn.Conv2d(2, 1, 3, padding=1)


def predict(network, x):
    task = make_task("map", channel="void")
    settings = TrainingSettings.from_dict({})
    return predict_symmetric(network, task, Maps(x), settings=settings, device="cpu", threads=1)


@pytest.mark.parametrize("centred", [False, True])
@pytest.mark.parametrize("dimensions", [2, 3])
def test_there_are_eight_and_each_can_be_undone(dimensions, centred):
    maps = torch.arange(2 * 4**dimensions).reshape(1, 2, *[4] * dimensions)
    turned = {tuple(each(maps).ravel().tolist()) for each in symmetries(dimensions, centred)}
    assert len(turned) == 8
    for each in symmetries(dimensions, centred):
        torch.testing.assert_close(each.undo(each(maps)), maps)


def test_the_mean_turns_with_the_map_where_the_network_does_not(network):
    x = torch.randn(5, 2, 6, 6)
    for symmetry in symmetries(2):
        mean = torch.from_numpy(predict(network, x)["logit"])
        of_turned = torch.from_numpy(predict(network, symmetry(x))["logit"])
        torch.testing.assert_close(of_turned, symmetry(mean))
    assert not torch.allclose(network(x).flip(-1), network(x.flip(-1)))


def test_it_is_the_mean_of_the_network_over_all_sides(network):
    x = torch.randn(5, 2, 6, 6)
    by_hand = torch.stack([each.undo(network(each(x))) for each in symmetries(2)]).mean(0)
    np.testing.assert_allclose(predict(network, x)["logit"], by_hand.detach(), atol=1e-6)
