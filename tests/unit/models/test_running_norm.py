"""RunningNorm averages statistics over batches and uses them in training and evaluation."""

import pytest
import torch

from cosmodag.models.parts.running_norm import MEMORY, RunningNorm


def trained_norm(batches: int = 400) -> RunningNorm:
    """Return a normalization after batches of mean (7, -2) and standard deviation (3, 0.1)."""
    torch.manual_seed(0)
    norm = RunningNorm(2)
    for _ in range(batches):
        norm(torch.randn(32, 2) * torch.tensor([3.0, 0.1]) + torch.tensor([7.0, -2.0]))
    return norm


def test_running_statistics_converge_to_those_of_the_data():
    norm = trained_norm()
    assert norm.running_mean.tolist() == pytest.approx([7, -2], abs=0.2)
    assert norm.running_var.sqrt().tolist() == pytest.approx([3, 0.1], rel=0.05)


def test_statistics_average_the_first_batches_and_forget_old_ones():
    norm = RunningNorm(1)
    for value in (1.0, 2.0, 6.0):
        norm(torch.full((4, 1), value))
    assert norm.running_mean.item() == pytest.approx(3)
    for _ in range(20 * MEMORY):
        norm(torch.full((4, 1), -5.0))
    assert norm.running_mean.item() == pytest.approx(-5, abs=1e-3)


def test_the_mean_of_a_batch_is_not_subtracted():
    norm = trained_norm()
    faint, bright = torch.full((32, 2), 4.0), torch.full((32, 2), 10.0)
    difference = (norm(bright) - norm(faint)).mean(0)
    assert difference[0].item() == pytest.approx(2, rel=0.1)


def test_training_and_evaluation_agree_after_many_batches():
    norm, x = trained_norm(), torch.randn(8, 2)
    in_training = norm(x)
    assert torch.equal(in_training, norm.eval()(x))
    before = norm.running_mean.clone()
    norm(x + 100)
    assert torch.equal(norm.running_mean, before)
