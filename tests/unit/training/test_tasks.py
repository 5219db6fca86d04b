"""Losses, scores and predictions agree with closed forms and other implementations."""

import numpy as np
import pytest
import torch
from scipy import stats
from sklearn import metrics

from cosmodag.errors import InputError
from cosmodag.training.map_task import MapTask, matthews
from cosmodag.training.scalar_tasks import CountTask, RegressionTask
from cosmodag.training.tasks import make_task


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(2)


def batch_scores(task, output, y):
    """Return scores from sums over two batches, as the loop adds them."""
    first, second = task.sums(output[:3], y[:3]), task.sums(output[3:], y[3:])
    return task.metrics({name: first[name] + second[name] for name in first})


def test_map_scores_are_those_of_scikit_learn(generator):
    output, y = torch.randn(8, 1, 6, 6, generator=generator), torch.rand(8, 1, 6, 6)
    scores = batch_scores(MapTask("fraction", threshold=0.4), output, y)
    truth, probability = (y >= 0.4).flatten().numpy(), output.sigmoid().flatten().numpy()
    assert scores["mcc"] == pytest.approx(metrics.matthews_corrcoef(truth, probability >= 0.5))
    assert scores["brier"] == pytest.approx(metrics.brier_score_loss(truth, probability), rel=1e-6)
    rate = truth.mean()
    assert scores["brier_skill"] == pytest.approx(1 - scores["brier"] / (rate * (1 - rate)))


def test_map_loss_is_the_cross_entropy_of_each_example(generator):
    output, y = torch.randn(5, 1, 4, 4, generator=generator), torch.rand(5, 1, 4, 4)
    loss = MapTask("fraction", threshold=None).loss(output, y)
    p = output.sigmoid()
    expected = -(y * p.log() + (1 - y) * (1 - p).log()).mean((1, 2, 3))
    torch.testing.assert_close(loss, expected)


def test_unknown_cells_have_no_part_in_losses_and_scores(generator):
    output, y = torch.randn(5, 1, 4, 4, generator=generator), torch.rand(5, 1, 4, 4)
    known = (torch.rand(5, 1, 4, 4, generator=generator) < 0.6).float()
    known[4] = 0
    task, plain = MapTask("fraction", known="known"), MapTask("fraction")
    assert task.target == {"channels": ["fraction", "known"]}
    both = torch.cat([y, known], 1)
    other = torch.cat([torch.where(known > 0, y, 1 - y), known], 1)
    torch.testing.assert_close(task.loss(output, both), task.loss(output, other))
    assert task.loss(output, both)[4] == 0
    inside = known.flatten() > 0
    row = output.flatten()[inside][None, None], y.flatten()[inside][None, None]
    assert task.metrics(task.sums(output, both)) == plain.metrics(plain.sums(*row))
    total = plain.loss(*row) * inside.sum() / inside.numel()
    assert task.loss(output, both).mean() == pytest.approx(total.item(), rel=1e-5)
    truth = task.observed(both)
    np.testing.assert_array_equal(np.isnan(truth), known.numpy() == 0)
    expected = plain.fit_temperature(*(array.numpy() for array in row))
    assert task.fit_temperature(output.numpy(), np.where(known > 0, y, np.nan)) == expected


def test_class_scores_are_those_of_scikit_learn(generator):
    output = 2 * torch.randn(400, 2, generator=generator)
    y = (torch.rand(400, 1, generator=generator) < output.softmax(1)[:, 1:]).float()
    scores = batch_scores(make_task(name="classification", column="label", classes=2), output, y)
    truth, score = y[:, 0].numpy(), output.softmax(1)[:, 1].numpy()
    assert scores["accuracy"] == pytest.approx(metrics.accuracy_score(truth, score > 0.5))
    assert scores["auc"] == pytest.approx(metrics.roc_auc_score(truth, score), abs=1e-3)


def test_more_than_two_classes_have_no_auc(generator):
    task = make_task(name="classification", column="label", classes=3)
    scores = batch_scores(task, torch.eye(3).repeat(2, 1), torch.tensor([[0.0, 1, 2, 0, 1, 1]]).T)
    assert scores == {"accuracy": pytest.approx(5 / 6)}
    assert task.scores == {"accuracy": True}


def test_matthews_is_zero_where_all_cells_are_alike():
    assert not matthews(np.array([[0.0, 0, 0], [3, 4, 5]])).any()


def test_gaussian_counts_follow_the_normal_distribution(generator):
    task = CountTask(["n", "volume"], mean=[12.0, 5e4], std=[3.0, 1e4])
    output = torch.randn(6, 4, generator=generator)
    y = torch.tensor([[10.0, 4e4]]).repeat(6, 1)
    prediction = task.predict(output)
    assert prediction["mean"].shape == prediction["std"].shape == (6, 2)
    expected = -stats.norm.logpdf(y.numpy(), prediction["mean"], prediction["std"])
    expected = (expected - np.log([3.0, 1e4])).mean(1)
    np.testing.assert_allclose(task.loss(output, y).numpy(), expected, rtol=1e-4)


def test_negative_binomial_counts_follow_their_distribution(generator):
    task = CountTask(["n"], mean=[12.0], std=[5.0], distribution="negative_binomial")
    output, y = torch.randn(7, 2, generator=generator), torch.arange(7.0)[:, None] * 4
    prediction = task.predict(output)
    shape = 1 / prediction["dispersion"]
    expected = -stats.nbinom.logpmf(y.numpy(), shape, shape / (shape + prediction["mean"]))
    np.testing.assert_allclose(task.loss(output, y).numpy(), expected[:, 0], rtol=1e-3, atol=1e-4)
    variance = prediction["mean"] + prediction["dispersion"] * prediction["mean"] ** 2
    np.testing.assert_allclose(prediction["std"] ** 2, variance, rtol=1e-5)


def test_r2_is_that_of_scikit_learn(generator):
    task = RegressionTask(["a", "b"], mean=[1e3, 0.0], std=[5.0, 2.0])
    output = torch.randn(9, 2, generator=generator)
    y = task.unstandardize(output + 0.5 * torch.randn(9, 2, generator=generator))
    scores = batch_scores(task, output, y)
    predicted = task.predict(output)["mean"]
    assert scores["r2"] == pytest.approx(metrics.r2_score(y.numpy(), predicted), abs=1e-5)
    error = np.sqrt(((y.numpy() - predicted) ** 2).mean(0)).mean()
    assert scores["rmse"] == pytest.approx(error, rel=1e-5)


def test_classes_are_scored_by_accuracy():
    task = make_task("classification", column="class", classes=3)
    output, y = torch.eye(3)[[0, 1, 2, 2, 1]] * 5, torch.tensor([[0.0], [1], [2], [0], [1]])
    assert batch_scores(task, output, y) == {"accuracy": pytest.approx(0.8)}
    assert task.predict(output)["probability"].sum(1) == pytest.approx(1)


def test_an_untrained_count_predicts_the_training_mean_and_spread():
    for distribution in ("gaussian", "negative_binomial"):
        task = CountTask(["n"], mean=[40.0], std=[20.0], distribution=distribution)
        prediction = task.predict(torch.zeros(1, 2))
        assert prediction["mean"].item() == pytest.approx(40)
        assert prediction["std"].item() == pytest.approx(20, rel=0.06)


def test_settings_that_are_not_allowed_are_refused():
    with pytest.raises(InputError, match="task 'cuont' is not known; did you mean 'count'"):
        make_task("cuont")
    with pytest.raises(InputError, match=r"'chanel' .* did you mean 'channel'"):
        make_task("map", chanel="fraction")
    with pytest.raises(InputError, match="column 'n' does not vary"):
        CountTask(["n"], mean=[3.0], std=[0.0])
