"""Classifiers of stamps: LeNet has its published size, StampNet detects small shifts."""

import pytest
import torch

from cosmodag.errors import InputError
from cosmodag.models.registry import build
from cosmodag.training.reproducible import reproducible


def n_parameters(network: torch.nn.Module) -> int:
    return sum(values.numel() for values in network.parameters())


def test_lenet_has_its_published_size():
    network = build("lenet")
    assert n_parameters(network) == 353_786
    convolutions = [layer for layer in network.trunk if isinstance(layer, torch.nn.Conv2d)]
    kernels = [(layer.kernel_size, layer.out_channels) for layer in convolutions]
    assert kernels == [((7, 7), 18), ((7, 7), 36), ((7, 7), 54)]


@pytest.mark.parametrize(("name", "settings"), [("lenet", {"side": 32}), ("stampnet", {})])
def test_logits_are_the_output_layer_of_the_features(name, settings):
    network = build(name, **settings).eval()
    x = torch.randn(3, 6, 32, 32)
    assert network.features(x).shape == (3, 64)
    torch.testing.assert_close(network.output_layer(network.features(x)), network(x))
    assert network(x).shape == (3, 2)


def test_stampnet_takes_stamps_of_any_multiple_of_16():
    network = build("stampnet", channels=2, width=8).eval()
    for side in (16, 48, 64):
        assert network(torch.randn(2, 2, side, side)).shape == (2, 2)
    with pytest.raises(InputError, match="stamps of 40 pixels"):
        network(torch.randn(2, 2, 40, 40))


def spots(count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return noisy spots, half of them shifted by one pixel, and a label of the shift."""
    line = torch.exp(-((torch.arange(32.0) - 16) ** 2) / 8)
    label = torch.arange(count) % 2
    x = 5 * line[:, None] * line + torch.randn(count, 2, 32, 32)
    return torch.where(label[:, None, None, None] > 0, x.roll(1, -1), x), label


def test_stampnet_learns_a_shift_of_one_pixel():
    with reproducible(True, 1):
        torch.manual_seed(3)
        network = build("stampnet", channels=2, width=8, dropout=0.0)
        optimizer = torch.optim.Adam(network.parameters(), 3e-3)
        for _ in range(60):
            x, label = spots(32)
            loss = torch.nn.functional.cross_entropy(network(x), label)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        x, label = spots(64)
        assert (network.eval()(x).argmax(1) == label).float().mean() > 0.8
