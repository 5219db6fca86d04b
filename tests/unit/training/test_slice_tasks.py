"""Tasks on slices: ordered classes, reconstruction, matching, against closed forms."""

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
    beyond = logit.sigmoid()
    expected = torch.stack(
        [
            1 - beyond[:, 0],
            beyond[:, 0] * (1 - beyond[:, 1]),
            beyond[:, 0] * beyond[:, 1] * (1 - beyond[:, 2]),
            beyond.prod(1),
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


def test_ordinal_scores_count_the_likeliest_and_the_distance_of_the_median(ordinal):
    sure = 20.0
    output = torch.tensor([[sure, -sure, 0, sure], [sure, sure, sure, -sure]])
    y = torch.tensor([[1.0, 1.0], [0.0, 0.0]])
    found = ordinal.metrics(ordinal.sums(output, y))
    assert found == {"accuracy": pytest.approx(0.75), "class_error": pytest.approx(3 / 4)}


def test_a_temperature_undoes_too_sure_an_ordinal_network(ordinal, generator):
    logit = torch.randn(4000, 4, generator=generator)
    probability = ordinal.probability(logit.numpy())
    random = np.random.default_rng(0)
    draw = [
        (random.random((4000, 1)) > part.cumsum(1)[:, :-1]).sum(1)
        for part in np.split(probability, [4], axis=1)
    ]
    found = ordinal.fit_temperature(3 * logit.numpy(), np.stack(draw, 1))
    assert found == pytest.approx(3, rel=0.1)


def test_a_temperature_undoes_too_sure_a_classifier():
    random = np.random.default_rng(1)
    logit = random.normal(size=(4000, 5)).astype(np.float32)
    probability = special.softmax(logit, 1)
    label = (random.random((4000, 1)) > probability.cumsum(1)[:, :-1]).sum(1)
    for factor in (0.5, 1.0, 4.0):
        assert fit_class_temperature(factor * logit, label) == pytest.approx(factor, rel=0.1)


def test_classes_are_calibrated_where_they_stand_for_values():
    assert not make_task("classification", column="label", classes=2).calibrates
    task = make_task("classification", column="redshift_class", classes=4, values=VALUES[0])
    assert task.calibrates
    logit = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)
    np.testing.assert_allclose(task.probability(logit), special.softmax(logit, 1), rtol=1e-5)


def test_a_reconstruction_is_scored_by_its_squared_error(generator):
    output = torch.randn(4, 1, 8, 8, generator=generator)
    y = torch.rand(4, 1, 8, 8, generator=generator)
    for loss, given in (("cross_entropy", output.sigmoid()), ("squared", output)):
        task = make_task("reconstruction", channels=["brightness_temperature"], loss=loss)
        found = task.metrics(task.sums(output, y))
        error = (given - y).square().mean().item()
        assert found["mse"] == pytest.approx(error, rel=1e-5)
        expected = 1 - error / y.var(correction=0).item()
        assert found["explained_variance"] == pytest.approx(expected, rel=1e-4)
        np.testing.assert_allclose(task.predict(output)["reconstruction"], given.numpy())


def test_the_original_s_reconstruction_loss_is_the_binary_cross_entropy(generator):
    output = torch.randn(3, 1, 4, 4, generator=generator)
    y = torch.rand(3, 1, 4, 4, generator=generator)
    task = make_task("reconstruction", channels=["brightness_temperature"])
    expected = functional.binary_cross_entropy(output.sigmoid(), y)
    torch.testing.assert_close(task.loss(output, y).mean(), expected)


def test_matching_sets_slices_of_one_class_against_each_other_alone(generator):
    task = make_task("matching", columns=["redshift_class"], size=3)
    output = torch.randn(5, 6, generator=generator)
    y = torch.tensor([[0.0], [0], [1], [1], [2]])
    first, second = output.chunk(2, 1)
    expected = []
    for row in range(5):
        alike = torch.nonzero(y[:, 0] == y[row, 0])[:, 0]
        place = (alike == row).nonzero()[0, 0]
        to = -functional.log_softmax(first[row] @ second[alike].T, 0)[place]
        back = -functional.log_softmax(second[row] @ first[alike].T, 0)[place]
        expected.append((to + back) / 2)
    torch.testing.assert_close(task.loss(output, y), torch.stack(expected))
    assert task.loss(output, y)[4] == 0  # alone in its class


def test_a_perfect_match_scores_one():
    task = make_task("matching", columns=["redshift_class"], size=4)
    vectors = torch.eye(4)
    y = torch.zeros(4, 1)
    assert task.metrics(task.sums(torch.cat([vectors, vectors], 1), y)) == {"top_1": 1.0}
    turned = torch.cat([vectors, vectors.roll(1, 0)], 1)
    assert task.metrics(task.sums(turned, y)) == {"top_1": 0.0}


def test_tasks_of_slices_that_cannot_be_are_refused():
    with pytest.raises(InputError, match="two or more values"):
        OrdinalTask(["redshift_class"], [[7.0]])
    with pytest.raises(InputError, match=r"task\.loss 'square' .* did you mean 'squared'"):
        make_task("reconstruction", channels=["density"], loss="square")
