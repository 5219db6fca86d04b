import pytest
import torch

from cosmodag.models.parts.running_norm import MEMORY, RunningNorm


def followed(batches: int = 400) -> RunningNorm:
    torch.manual_seed(0)
    norm = RunningNorm(2)
    for _ in range(batches):
        norm(torch.randn(32, 2) * torch.tensor([3.0, 0.1]) + torch.tensor([7.0, -2.0]))
    return norm


def test_statistics_follow_what_was_seen():
    norm = followed()
    assert norm.running_mean.tolist() == pytest.approx([7, -2], abs=0.2)
    assert norm.running_var.sqrt().tolist() == pytest.approx([3, 0.1], rel=0.05)


def test_statistics_of_the_first_batches_are_their_mean_and_old_ones_are_forgotten():
    norm = RunningNorm(1)
    for value in (1.0, 2.0, 6.0):
        norm(torch.full((4, 1), value))
    assert norm.running_mean.item() == pytest.approx(3)
    for _ in range(20 * MEMORY):
        norm(torch.full((4, 1), -5.0))
    assert norm.running_mean.item() == pytest.approx(-5, abs=1e-3)


def test_what_a_batch_has_in_common_is_not_divided_out():
    norm = followed()
    faint, bright = torch.full((32, 2), 4.0), torch.full((32, 2), 10.0)
    difference = (norm(bright) - norm(faint)).mean(0)
    assert difference[0].item() == pytest.approx(2, rel=0.1)


def test_training_and_use_give_the_same_once_statistics_are_known():
    norm, x = followed(), torch.randn(8, 2)
    trained = norm(x)
    assert torch.equal(trained, norm.eval()(x))
    before = norm.running_mean.clone()
    norm(x + 100)
    assert torch.equal(norm.running_mean, before)
