"""Tasks on slices agree with closed forms: ordered classes, reconstruction, matching."""

import numpy as np
import pytest
import torch
from scipy import special
from torch.nn import functional

from cosmodag.errors import InputError
from cosmodag.training.calibration import fit_class_temperature
from cosmodag.training.ordinal_task import OrdinalTask, ordered_probability
from cosmodag.training.tasks import make_task

VALUES = [[5.0, 6.0, 7.5, 9.0], [0.08, 0.12]]


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(4)


@pytest.fixture
def ordinal():
    return OrdinalTask(["redshift_class", "escape_fraction_class"], VALUES)


def test_ordered_probabilities_are_products_of_conditional_ones(generator):
    logit = torch.randn(5, 3, generator=generator)
    above = logit.sigmoid()
    expected = torch.stack(
        [
            1 - above[:, 0],
            above[:, 0] * (1 - above[:, 1]),
            above[:, 0] * above[:, 1] * (1 - above[:, 2]),
            above.prod(1),
        ],
        1,
    )
    torch.testing.assert_close(ordered_probability(logit), expected)
    torch.testing.assert_close(expected.sum(1), torch.ones(5))


def test_the_ordinal_loss_is_the_cross_entropy_of_its_distribution(ordinal, generator):
    output = torch.randn(6, 4, generator=generator)
    y = torch.tensor([[0, 0], [1, 1], [2, 0], [3, 1], [3, 0], [1, 0]]).float()
    probability = torch.from_numpy(ordinal.predict(output)["probability"])
    first, second = probability.split([4, 2], 1)
    rows = torch.arange(6)
    expected = -(first[rows, y[:, 0].long()].log() + second[rows, y[:, 1].long()].log())
    torch.testing.assert_close(ordinal.loss(output, y), expected)


def test_ordinal_scores_are_accuracy_and_error_of_the_median(ordinal):
    high = 20.0
    output = torch.tensor([[high, -high, 0, high], [high, high, high, -high]])
    y = torch.tensor([[1.0, 1.0], [0.0, 0.0]])
    assert ordinal.metrics(ordinal.sums(output, y)) == {
        "accuracy": pytest.approx(0.75),
        "class_error": pytest.approx(3 / 4),
    }


def test_the_temperature_of_overconfident_ordinal_logits_is_recovered(ordinal, generator):
    logit = torch.randn(4000, 4, generator=generator)
    probability = ordinal.probability(logit.numpy())
    random = np.random.default_rng(0)
    draw = [
        (random.random((4000, 1)) > part.cumsum(1)[:, :-1]).sum(1)
        for part in np.split(probability, [4], axis=1)
    ]
    assert ordinal.fit_temperature(3 * logit.numpy(), np.stack(draw, 1)) == pytest.approx(
        3, rel=0.1
    )


def test_the_temperature_of_overconfident_class_logits_is_recovered():
    random = np.random.default_rng(1)
    logit = random.normal(size=(4000, 5)).astype(np.float32)
    probability = special.softmax(logit, 1)
    label = (random.random((4000, 1)) > probability.cumsum(1)[:, :-1]).sum(1)
    for factor in (0.5, 1.0, 4.0):
        assert fit_class_temperature(factor * logit, label) == pytest.approx(factor, rel=0.1)


def test_classes_with_values_are_calibrated():
    assert not make_task("classification", column="label", classes=2).calibrates
    task = make_task("classification", column="redshift_class", classes=4, values=VALUES[0])
    assert task.calibrates
    logit = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)
    np.testing.assert_allclose(task.probability(logit), special.softmax(logit, 1), rtol=1e-5)


def test_a_reconstruction_is_scored_by_its_squared_error(generator):
    output = torch.randn(4, 1, 8, 8, generator=generator)
    y = torch.rand(4, 1, 8, 8, generator=generator)
    for loss, reconstruction in (("cross_entropy", output.sigmoid()), ("squared", output)):
        task = make_task("reconstruction", channels=["brightness_temperature"], loss=loss)
        scores = task.metrics(task.sums(output, y))
        error = (reconstruction - y).square().mean().item()
        assert scores["mse"] == pytest.approx(error, rel=1e-5)
        expected = 1 - error / y.var(correction=0).item()
        assert scores["explained_variance"] == pytest.approx(expected, rel=1e-4)
        np.testing.assert_allclose(task.predict(output)["reconstruction"], reconstruction.numpy())


def test_the_default_reconstruction_loss_is_the_binary_cross_entropy(generator):
    output = torch.randn(3, 1, 4, 4, generator=generator)
    y = torch.rand(3, 1, 4, 4, generator=generator)
    task = make_task("reconstruction", channels=["brightness_temperature"])
    expected = functional.binary_cross_entropy(output.sigmoid(), y)
    torch.testing.assert_close(task.loss(output, y).mean(), expected)


def test_matching_compares_slices_of_one_class_only(generator):
    task = make_task("matching", columns=["redshift_class"], embedding_dim=3)
    output = torch.randn(5, 6, generator=generator)
    y = torch.tensor([[0.0], [0], [1], [1], [2]])
    first, second = output.chunk(2, 1)
    expected = []
    for row in range(5):
        members = torch.nonzero(y[:, 0] == y[row, 0])[:, 0]
        match = (members == row).nonzero()[0, 0]
        forward = -functional.log_softmax(first[row] @ second[members].T, 0)[match]
        backward = -functional.log_softmax(second[row] @ first[members].T, 0)[match]
        expected.append((forward + backward) / 2)
    torch.testing.assert_close(task.loss(output, y), torch.stack(expected))
    assert task.loss(output, y)[4] == 0  # the only one of its class


def test_a_perfect_match_scores_one():
    task = make_task("matching", columns=["redshift_class"], embedding_dim=4)
    vectors = torch.eye(4)
    y = torch.zeros(4, 1)
    assert task.metrics(task.sums(torch.cat([vectors, vectors], 1), y)) == {"top_1": 1.0}
    shifted = torch.cat([vectors, vectors.roll(1, 0)], 1)
    assert task.metrics(task.sums(shifted, y)) == {"top_1": 0.0}


def test_settings_that_are_not_allowed_are_refused():
    with pytest.raises(InputError, match="two or more values"):
        OrdinalTask(["redshift_class"], [[7.0]])
    with pytest.raises(InputError, match=r"task\.loss 'square' .* did you mean 'squared'"):
        make_task("reconstruction", channels=["density"], loss="square")
