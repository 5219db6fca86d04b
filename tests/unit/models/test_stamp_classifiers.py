"""Networks that tell classes of stamps apart."""

import pytest
import torch

from cosmodag.errors import InputError
from cosmodag.models.registry import build
from cosmodag.training.reproducible import reproducible


def parameters(network: torch.nn.Module) -> int:
    return sum(each.numel() for each in network.parameters())


def test_lenet_is_the_original_s():
    network = build("lenet")
    assert parameters(network) == 353_786
    kinds = [
        (each.kernel_size, each.out_channels) for each in network.trunk if hasattr(each, "groups")
    ]
    assert kinds == [((7, 7), 18), ((7, 7), 36), ((7, 7), 54)]


@pytest.mark.parametrize(("name", "settings"), [("lenet", {"side": 32}), ("stampnet", {})])
def test_logits_are_read_from_the_features(name, settings):
    network = build(name, **settings).eval()
    x = torch.randn(3, 6, 32, 32)
    assert network.features(x).shape == (3, 64)
    torch.testing.assert_close(network.read(network.features(x)), network(x))
    assert network(x).shape == (3, 2)


def test_stampnet_takes_stamps_of_any_multiple_of_16():
    network = build("stampnet", channels=2, width=8).eval()
    for side in (16, 48, 64):
        assert network(torch.randn(2, 2, side, side)).shape == (2, 2)
    with pytest.raises(InputError, match="stamps of 40 pixels"):
        network(torch.randn(2, 2, 40, 40))


def spots(count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Noisy spots, half of them one pixel beside the middle, and which."""
    line = torch.exp(-((torch.arange(32.0) - 16) ** 2) / 8)
    label = torch.arange(count) % 2
    x = 5 * line[:, None] * line + torch.randn(count, 2, 32, 32)
    return torch.where(label[:, None, None, None] > 0, x.roll(1, -1), x), label


def test_stampnet_sees_a_shift_of_one_pixel():
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
