"""Networks of slices: published ones have their published sizes, SliceNet learns bubble sizes."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy import ndimage, stats

from cosmodag.errors import InputError
from cosmodag.imaging.ring_spectra import N_RINGS, ring_spectra
from cosmodag.models.parts.slice_summaries import QUANTILES, SliceSummaries
from cosmodag.models.registry import build
from cosmodag.training.reproducible import reproducible
from tests.slices import REDSHIFTS, cube, density_field


def n_parameters(network: torch.nn.Module) -> int:
    return sum(values.numel() for values in network.parameters())


def test_the_auto_encoder_has_its_published_size():
    network = build("autoencoder")
    assert n_parameters(network) == 4385
    assert n_parameters(network.encoder) == 1904
    layers = [layer for layer in network.modules() if isinstance(layer, torch.nn.Conv2d)]
    assert [n_parameters(layer) for layer in layers] == [160, 1160, 584, 584, 584, 1168, 145]
    with torch.no_grad():
        x = torch.zeros(1, 1, 200, 200)
        assert network.encoder(x).shape == (1, 8, 25, 25)
        assert network(x).shape == x.shape
    assert network.latent_shape(200) == (8, 25)


def test_the_auto_encoder_starts_to_reconstruct_slices_within_sixty_steps():
    cubes = [cube(density_field(seed, 32), z, 0.1) for seed in range(2) for z in REDSHIFTS]
    slices = np.concatenate([fields["brightness_temperature"][::2] for fields in cubes])
    x = torch.from_numpy(slices / slices.max()).float()[:, None]
    with reproducible(True, 1):
        torch.manual_seed(0)
        network = build("autoencoder", side=32)
        optimizer = torch.optim.Adam(network.parameters(), 3e-3)
        for step in range(60):
            batch = x[(torch.arange(32) * 7 + 5 * step) % len(x)]
            loss = torch.nn.functional.binary_cross_entropy_with_logits(network(batch), batch)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        error = (network(x).sigmoid() - x).square().mean()
        assert error < 0.75 * x.var()


def test_initial_weights_are_drawn_as_keras_draws_them():
    network = build("dense", side=50, widths=[350], outputs=17)
    weight = network.trunk[1].weight
    assert weight.abs().max().item() == pytest.approx((6 / (2500 + 350)) ** 0.5, rel=1e-3)
    assert not network.output_layer.bias.any()


def test_the_auto_encoder_refuses_a_side_that_it_cannot_halve():
    with pytest.raises(InputError, match="slices of 50 pixels; a multiple of 8"):
        build("autoencoder", side=50)


@pytest.mark.parametrize("channels", [1, 2])
def test_the_wave_encoder_starts_as_a_filter_of_the_longest_waves(channels):
    network = build("waveencoder", channels=channels, outputs=channels, side=32)
    random = np.random.default_rng(1)
    x = torch.from_numpy(random.normal(size=(3, channels, 32, 32)).astype(np.float32))
    found = network(x).detach()
    modes = np.fft.fft2(found.numpy())
    wavenumber = np.hypot(*np.meshgrid(*2 * [np.fft.fftfreq(32, 1 / 32)]))
    kept = np.abs(modes[0, 0]) > 1e-3
    assert kept.sum() <= 32**2 / 8 < kept.sum() + 13  # one more ring of wavenumbers is too many
    assert wavenumber[kept].max() < wavenumber[~kept].min()
    np.testing.assert_allclose(modes[:, :, kept], np.fft.fft2(x)[:, :, kept], atol=1e-3)


def test_the_wave_encoder_learns_what_the_filter_loses():
    cubes = [cube(density_field(seed, 32), z, 0.1) for seed in range(2) for z in REDSHIFTS]
    slices = np.concatenate([fields["brightness_temperature"][::2] for fields in cubes])
    x = torch.from_numpy((slices - slices.mean()) / slices.std()).float()[:, None]
    with reproducible(True, 1):
        torch.manual_seed(0)
        network = build("waveencoder", side=32, width=16)
        with torch.no_grad():
            lost = (network(x) - x).square().mean()
        optimizer = torch.optim.Adam(network.parameters(), 3e-3)
        for step in range(100):
            batch = x[(torch.arange(32) * 7 + 5 * step) % len(x)]
            loss = (network(batch) - batch).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        assert (network(x) - x).square().mean() < 0.95 * lost
    assert network.behind[1].weight.grad.abs().max() > 0
    assert network.before[1].weight.grad.abs().max() > 0


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"side": 31}, "an even side is needed"),
        ({"channels": 2, "outputs": 1}, "1 channels of 2 are reconstructed"),
        ({"side": 16, "latent_dim": 300}, "give 1 to 256"),
    ],
)
def test_the_wave_encoder_refuses_what_it_cannot_reconstruct(settings, message):
    with pytest.raises(InputError, match=message):
        build("waveencoder", **settings)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"channels": 8, "side": 25, "widths": [16, 8], "outputs": 17}, 4521),
        ({"channels": 1, "side": 200, "widths": [32, 16, 8], "outputs": 12}, 56_900),
    ],
)
def test_convolutional_classifiers_have_their_published_sizes(settings, expected):
    network = build("convnet", **settings)
    assert n_parameters(network) == expected
    x = torch.zeros(2, settings["channels"], settings["side"], settings["side"])
    assert network(x).shape == (2, settings["outputs"])


def test_too_many_convolutions_are_refused():
    with pytest.raises(InputError, match="3 convolutions leave nothing of 16 pixels"):
        build("convnet", side=16, widths=[8, 8, 8])


@pytest.mark.parametrize(
    ("side", "widths", "outputs"), [(50, [350], 17), (200, [400], 12), (200, [800, 250], 12)]
)
def test_fully_connected_classifiers_have_their_published_sizes(side, widths, outputs):
    network = build("dense", side=side, widths=widths, outputs=outputs)
    sizes = [side**2, *widths, outputs]
    assert n_parameters(network) == sum(a * b + b for a, b in pairwise(sizes))


@pytest.mark.parametrize("summaries", [False, True])
def test_slicenet_is_invariant_under_periodic_shifts(summaries):
    torch.manual_seed(0)
    settings = {"channels": 2, "side": 32, "width": 8, "outputs": 3, "summaries": summaries}
    network = build("slicenet", **settings).eval()
    x = torch.randn(2, 2, 32, 32)
    torch.testing.assert_close(network(x.roll((8, 16), (2, 3))), network(x), rtol=1e-4, atol=1e-4)


def test_padding_with_zeros_marks_the_edges_of_patches():
    torch.manual_seed(0)
    patches = build("slicenet", side=32, width=8, padding="zeros", summaries=False).eval()
    x = torch.randn(2, 1, 32, 32)
    assert (patches(x.roll(8, 2)) - patches(x)).abs().max() > 1e-4


def test_the_residual_network_starts_as_no_correction_and_learns():
    torch.manual_seed(0)
    network = build("slicenet", side=32, width=8, dropout=0.0).eval()
    x = torch.randn(4, 1, 32, 32)
    torch.testing.assert_close(network(x), network.perceptron(x), rtol=0, atol=0)
    network(x)[:, 0].sum().backward()
    assert network.output_layer[1].weight.grad.abs().max() > 1e-3


def test_slicenet_refuses_a_side_that_it_cannot_halve():
    with pytest.raises(InputError, match="slices of 36 pixels; a multiple of 8"):
        build("slicenet", side=36)
    with pytest.raises(InputError, match=r"model\.padding: 'wrap' is none of circular, zeros"):
        build("slicenet", padding="wrap")


def columns(*parts: int) -> list[slice]:
    """Return the places of statistics that follow each other."""
    ends = np.cumsum(parts)
    return [slice(end - part, end) for end, part in zip(ends, parts)]


def test_summaries_of_slices_agree_with_scipy():
    x = torch.randn(3, 2, 32, 32, generator=torch.Generator().manual_seed(0)).abs()
    summaries = SliceSummaries(32)(x).view(6, SliceSummaries.COUNT).numpy()
    mean, power, *histograms = columns(1, N_RINGS, *4 * [18])
    for values, field in zip(summaries, x.flatten(0, 1).numpy()):
        assert values[mean] == pytest.approx(field.mean(), rel=1e-5)
        np.testing.assert_allclose(values[power], ring_spectra(field[None])[0], atol=1e-3)
        for place, smoothing, step in zip(histograms, (0.0, 1.0, 2.0, 4.0), (1, 1, 2, 4)):
            smooth = ndimage.gaussian_filter(field, smoothing, mode="wrap") if smoothing else field
            deviation, skewness, kurtosis, *quantiles = values[place]
            assert deviation == pytest.approx(smooth.std(), abs=2e-3)
            assert skewness == pytest.approx(stats.skew(smooth, axis=None), abs=0.02)
            assert kurtosis == pytest.approx(
                stats.kurtosis(smooth, axis=None, fisher=False), abs=0.1
            )
            ranked = smooth[::step, ::step]
            expected = np.quantile(ranked, QUANTILES, method="nearest")
            np.testing.assert_allclose(quantiles, expected, atol=5e-3)


def test_scattering_distinguishes_bubbles_from_a_gaussian_field_of_the_same_power():
    random = np.random.default_rng(0)
    white = random.normal(size=(64, 64, 64))
    fields = ndimage.gaussian_filter(white, (0, 2, 2), mode="wrap") > 0.02
    fields = fields - fields.mean((1, 2), keepdims=True)
    phases = np.angle(np.fft.rfft2(random.normal(size=fields.shape)))
    scrambled = np.fft.irfft2(np.abs(np.fft.rfft2(fields)) * np.exp(1j * phases))
    bubbles, gaussian = (
        SliceSummaries(64)(torch.from_numpy(each).float()[:, None]).numpy()
        for each in (fields, scrambled)
    )
    _, power, _, first, _, pairs = columns(1, N_RINGS, 4 * 18, 5, 5 * 6, 2 * 10)
    np.testing.assert_allclose(bubbles[:, power], gaussian[:, power], atol=0.01)
    for place in (first, pairs):
        spread = np.hypot(bubbles[:, place].std(0), gaussian[:, place].std(0))
        distance = np.abs(bubbles[:, place].mean(0) - gaussian[:, place].mean(0)) / spread
        assert distance.max() > 2


def bubbles(count: int, generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """Return noisy slices of small or large spots, of the same mean and variance, and a label."""
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


def test_a_circular_unet_is_equivariant_under_periodic_shifts():
    torch.manual_seed(0)
    network = build("unet", width=8, levels=2, factor=1, padding="circular", norm="batch").eval()
    x = torch.randn(1, 1, 32, 32)
    torch.testing.assert_close(network(x.roll(8, 2)), network(x).roll(8, 2), rtol=1e-4, atol=1e-5)
    network = build("unet3d", width=8, factor=2, padding="circular", norm="batch").eval()
    x = torch.randn(1, 1, 16, 16, 16)
    shifted = network(x.roll((8, 8), (2, 4)))
    torch.testing.assert_close(shifted, network(x).roll((4, 4), (2, 4)), rtol=1e-4, atol=1e-5)
    with pytest.raises(InputError, match="neither 'zeros' nor 'circular'"):
        build("unet", padding="round")
