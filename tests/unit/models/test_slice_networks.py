"""Networks of slices: the original's by their printed sizes, and those that are to beat them."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy import ndimage, stats

from cosmodag.errors import InputError
from cosmodag.evaluation.baselines.features import spectrum
from cosmodag.models.registry import build
from cosmodag.models.slicenet import Summaries
from cosmodag.training.reproducible import reproducible
from tests.slices import REDSHIFTS, cube, density_field


def parameters(network: torch.nn.Module) -> int:
    return sum(each.numel() for each in network.parameters())


def test_the_auto_encoder_is_as_printed():
    network = build("autoencoder")
    assert parameters(network) == 4385
    assert parameters(network.encoder) == 1904
    printed = [160, 1160, 584, 584, 584, 1168, 145]
    layers = [each for each in network.modules() if isinstance(each, torch.nn.Conv2d)]
    assert [parameters(each) for each in layers] == printed
    with torch.no_grad():
        x = torch.zeros(1, 1, 200, 200)
        assert network.encoder(x).shape == (1, 8, 25, 25)
        assert network(x).shape == x.shape
    assert network.latent(200) == (8, 25)


def test_the_auto_encoder_starts_to_give_slices_back_within_sixty_steps():
    cubes = [cube(density_field(seed, 32), z, 0.1) for seed in range(2) for z in REDSHIFTS]
    slices = np.concatenate([each["brightness_temperature"][::2] for each in cubes])
    x = torch.from_numpy(slices / slices.max()).float()[:, None]
    with reproducible(True, 1):
        torch.manual_seed(0)
        network = build("autoencoder", side=32)
        optimizer = torch.optim.Adam(network.parameters(), 3e-3)
        for step in range(60):
            some = x[(torch.arange(32) * 7 + 5 * step) % len(x)]
            loss = torch.nn.functional.binary_cross_entropy_with_logits(network(some), some)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        error = (network(x).sigmoid() - x).square().mean()
        assert error < 0.75 * x.var()


def test_first_weights_are_those_of_the_original_s_library():
    network = build("dense", side=50, widths=[350], outputs=17)
    weight = network.trunk[1].weight
    assert weight.abs().max().item() == pytest.approx((6 / (2500 + 350)) ** 0.5, rel=1e-3)
    assert not network.read.bias.any()


def test_slices_that_would_not_come_back_the_same_are_refused():
    with pytest.raises(InputError, match="slices of 50 pixels; a multiple of 8"):
        build("autoencoder", side=50)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"channels": 8, "side": 25, "widths": [16, 8], "outputs": 17}, 4521),
        ({"channels": 1, "side": 200, "widths": [32, 16, 8], "outputs": 12}, 56_900),
    ],
)
def test_the_convolutional_classifiers_have_the_printed_sizes(settings, expected):
    network = build("convnet", **settings)
    assert parameters(network) == expected
    x = torch.zeros(2, settings["channels"], settings["side"], settings["side"])
    assert network(x).shape == (2, settings["outputs"])


def test_convolutions_that_leave_nothing_are_refused():
    with pytest.raises(InputError, match="3 convolutions leave nothing of 16 pixels"):
        build("convnet", side=16, widths=[8, 8, 8])


@pytest.mark.parametrize(
    ("side", "widths", "outputs"), [(50, [350], 17), (200, [400], 12), (200, [800, 250], 12)]
)
def test_the_fully_connected_classifiers_join_every_pixel(side, widths, outputs):
    network = build("dense", side=side, widths=widths, outputs=outputs)
    sizes = [side**2, *widths, outputs]
    assert parameters(network) == sum(a * b + b for a, b in pairwise(sizes))


def test_slicenet_sees_a_periodic_slice_wherever_it_is_cut():
    torch.manual_seed(0)
    network = build("slicenet", channels=2, side=32, width=8, outputs=3).eval()
    x = torch.randn(2, 2, 32, 32)
    torch.testing.assert_close(network(x.roll((8, 16), (2, 3))), network(x), rtol=1e-4, atol=1e-5)
    patches = build("slicenet", channels=2, side=32, width=8, padding="zeros").eval()
    assert (patches(x.roll(8, 2)) - patches(x)).abs().max() > 1e-4


def test_slicenet_refuses_what_it_cannot_halve():
    with pytest.raises(InputError, match="slices of 36 pixels; a multiple of 8"):
        build("slicenet", side=36)
    with pytest.raises(InputError, match=r"model\.padding: 'wrap' is none of circular, zeros"):
        build("slicenet", padding="wrap")


def test_slicenet_is_told_the_power_spectrum_and_moments_of_smoothed_slices():
    x = torch.randn(3, 2, 32, 32, generator=torch.Generator().manual_seed(0)).abs()
    found = Summaries(32)(x).view(3, -1)
    for example, told in zip(x.numpy(), found.numpy()):
        for power, channel in zip(told[:24].reshape(2, 12), example):
            # The first ring of the simple methods' spectrum counts the mean, whose power is 0.
            np.testing.assert_allclose(power[1:], spectrum(channel)[1:], rtol=1e-3, atol=1e-3)
        smooth = [
            ndimage.gaussian_filter(channel, s, mode="wrap") if s else channel
            for channel in example
            for s in (0.0, 1.0, 2.0, 4.0)
        ]
        spreads = np.log(np.hypot([each.std() for each in smooth], 0.01))
        np.testing.assert_allclose(told[24:32], spreads, atol=0.02)
        skewness = [stats.skew(each, axis=None) for each in smooth]
        np.testing.assert_allclose(told[32:40], np.tanh(np.array(skewness) / 2), atol=0.05)
        for number, step in enumerate((2, 2, 2, 4)):
            medians = [np.median(each[::step, ::step] - each.mean()) for each in smooth[number::4]]
            places = 48 + 26 * number + np.array([6, 19])
            np.testing.assert_allclose(told[places], medians, atol=0.03)


def bubbles(count: int, generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """Noisy slices without a mean, whose spots are small or large at the same variance."""
    label = torch.arange(count) % 2
    x = torch.randn(count, 1, 32, 32, generator=generator)
    small = torch.nn.functional.avg_pool2d(x, 3, 1, 1)
    large = torch.nn.functional.avg_pool2d(x, 7, 1, 3)
    x = torch.where(label[:, None, None, None] > 0, large / large.std(), small / small.std())
    return x + torch.randn(x.shape, generator=generator), label


def test_slicenet_learns_the_size_of_bubbles_under_noise():
    generator = torch.Generator().manual_seed(1)
    with reproducible(True, 1):
        torch.manual_seed(3)
        network = build("slicenet", side=32, width=8, dropout=0.0, summaries=False)
        optimizer = torch.optim.Adam(network.parameters(), 3e-3)
        for _ in range(60):
            x, label = bubbles(32, generator)
            loss = torch.nn.functional.cross_entropy(network(x), label)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        x, label = bubbles(128, generator)
        assert (network.eval()(x).argmax(1) == label).float().mean() > 0.85


def test_twins_give_vectors_of_one_length():
    network = build("twins", channels=2, outputs=256, width=8).eval()
    first, second = network(torch.randn(3, 2, 32, 32)).chunk(2, dim=1)
    assert first.shape == (3, 128)
    torch.testing.assert_close(first.norm(dim=1), second.norm(dim=1))
    # At the start a perfect match has a logit of 1 / 0.07.
    assert first.norm(dim=1).square()[0].item() == pytest.approx(1 / 0.07, rel=1e-4)


def test_twins_refuse_what_does_not_come_in_pairs():
    with pytest.raises(InputError, match="3 channels and 512 outputs; channels come in pairs"):
        build("twins", channels=3)
    with pytest.raises(InputError, match="slices of 48 pixels; a multiple of 32"):
        build("twins", width=8)(torch.zeros(1, 2, 48, 48))


def test_a_circular_unet_maps_a_periodic_slice_wherever_it_is_cut():
    torch.manual_seed(0)
    network = build("unet", width=8, levels=2, factor=1, padding="circular", norm="batch").eval()
    x = torch.randn(1, 1, 32, 32)
    torch.testing.assert_close(network(x.roll(8, 2)), network(x).roll(8, 2), rtol=1e-4, atol=1e-5)
    with pytest.raises(InputError, match="neither 'zeros' nor 'circular'"):
        build("unet", padding="round")
