"""Siamese networks start as a correlation of phases and learn from statistics too."""

import numpy as np
import pytest
import torch

from cosmodag.errors import InputError
from cosmodag.models.registry import build
from cosmodag.models.siamese import Pattern, pattern_side
from cosmodag.training.matching_task import MatchingTask
from cosmodag.training.reproducible import reproducible
from tests.slices import density_field


def similarities(network: torch.nn.Module, x: torch.Tensor) -> torch.Tensor:
    first, second = network(x).chunk(2, dim=1)
    return first @ second.T


def test_both_vectors_have_the_length_of_the_embedding():
    network = build("siamese", channels=4, outputs=512, side=48, width=8).eval()
    x = torch.randn(3, 2, 48, 48)
    first, second = network(torch.cat([x, x], 1)).chunk(2, dim=1)
    assert first.shape == second.shape == (3, 256)
    # Initially a perfect match has a logit of 1 / 0.07.
    assert (first * second).sum(1)[0].item() == pytest.approx(1 / 0.07, rel=1e-4)


@pytest.mark.parametrize(
    ("dim", "side", "expected"), [(1024, 64, 30), (128, 64, 8), (8192, 32, 32)]
)
def test_a_pattern_leaves_components_for_statistics(dim, side, expected):
    assert pattern_side(dim, side) == expected


def test_a_new_network_correlates_the_phases_of_long_waves():
    x = np.random.default_rng(3).normal(size=(5, 32, 32)).cumsum(1)
    modes = np.fft.fft2(x)
    waves = np.fft.fftfreq(32, 1 / 32)
    k = np.hypot(waves[:, None], waves)
    # A pattern of 16 pixels per side has waves of fewer than 8 per side.
    kept = (np.maximum(abs(waves[:, None]), abs(waves)) < 8) & (k > 0)
    phases = (modes / abs(modes))[:, kept]
    expected = (phases @ phases.conj().T).real / kept.sum()
    pattern = Pattern(1, 32, 16, 8, "circular").eval()
    with torch.no_grad():
        vectors = pattern(torch.from_numpy(x).float()[:, None])
    np.testing.assert_allclose(vectors @ vectors.T, expected, atol=1e-4)


def test_shifting_both_slices_leaves_their_similarity():
    torch.manual_seed(0)
    network = build("siamese", side=32, outputs=512, width=8).eval()
    for encoder in (network.query, network.candidate):
        torch.nn.init.normal_(encoder.pattern.correction[-2].weight)
    x = torch.randn(4, 2, 32, 32)
    shifted = similarities(network, x.roll((8, 4), (2, 3)))
    torch.testing.assert_close(shifted, similarities(network, x), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("sign", [1, -1])
def test_pairs_that_anticorrelate_match_before_training_as_those_that_correlate(sign):
    fields = np.stack([density_field(seed, 32)[i] for seed in range(4) for i in range(0, 32, 4)])
    noise = np.random.default_rng(6).normal(scale=0.5, size=fields.shape)
    pairs = torch.from_numpy(np.stack([fields, sign * (fields + noise)], 1)).float()
    network = build("siamese", side=32, outputs=512, width=4).eval()
    inputs = []
    network.orientation.register_forward_pre_hook(lambda _, given: inputs.append(given[0]))
    with torch.no_grad():
        network(pairs)
        network.orientation.fit(inputs[0])
        matched = similarities(network, pairs).argmax(1) == torch.arange(len(pairs))
    assert matched.float().mean() > 0.8


def test_statistics_learn_to_distinguish_slices_of_one_pattern():
    fields = np.stack([density_field(seed, 32)[i] for seed in range(4) for i in range(0, 32, 2)])
    contrast = np.random.default_rng(5).uniform(0.5, 2, len(fields))
    x = np.stack([fields * contrast[:, None, None], fields[:1] * contrast[:, None, None]], 1)
    x = torch.from_numpy(x).float()  # all candidates have one pattern
    task, y = MatchingTask(["redshift_class"], 192), torch.zeros(len(x), 1)
    with reproducible(True, 1):
        torch.manual_seed(0)
        network = build("siamese", side=32, outputs=384, width=4, hidden=32, dropout=0.0)
        with torch.no_grad():
            for encoder, slices in zip((network.query, network.candidate), x.chunk(2, dim=1)):
                encoder.statistics[1][0].fit(encoder.statistics[0](slices))
            before = task.loss(network.eval()(x), y).mean()
        optimizer = torch.optim.AdamW(network.parameters(), 1e-2)
        network.train()
        for _ in range(25):
            loss = task.loss(network(x), y).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        with torch.no_grad():
            after = task.loss(network.eval()(x), y).mean()
    assert before > np.log(len(x)) - 0.1  # chance
    assert after < before - 1


def test_slices_without_any_signal_have_finite_vectors_and_gradients():
    network = build("siamese", side=32, outputs=512, width=8)
    x = torch.zeros(4, 2, 32, 32)
    network(x).sum().backward()
    assert all(values.grad.isfinite().all() for values in network.parameters())


def test_siamese_networks_refuse_channels_that_do_not_form_pairs():
    with pytest.raises(InputError, match="3 channels and 2048 outputs; both come in pairs"):
        build("siamese", channels=3)
    with pytest.raises(InputError, match="slices of 33 pixels; an even number"):
        build("siamese", side=33)
