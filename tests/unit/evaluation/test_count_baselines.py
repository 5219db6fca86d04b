import numpy as np
import pytest
from sklearn.metrics import r2_score

from cosmodag.evaluation.baselines.counts import BASELINES, with_density_features
from cosmodag.evaluation.baselines.features import example_features
from cosmodag.evaluation.baselines.fitting import fit_each


@pytest.fixture(scope="module")
def splits(by_group, with_numbers):
    return [with_numbers(each) for each in by_group]


@pytest.fixture(scope="module")
def fitted(splits):
    return fit_each(BASELINES, *map(with_density_features, splits), threads=1)


@pytest.mark.parametrize("name", ["ridge", "trees"])
def test_density_features_tell_how_many_voids_there_are(fitted, splits, name):
    assert r2_score(splits[2].y, fitted[name].test) > 0.6
    errors = splits[1].y - fitted[name].valid
    assert fitted[name].spread == pytest.approx(np.sqrt(np.mean(errors**2)), rel=0.05)


@pytest.mark.parametrize("name", ["mean", "index_only"])
def test_chance_predictors_score_nothing(fitted, splits, name):
    assert r2_score(splits[2].y, fitted[name].test) <= 0.05


@pytest.mark.parametrize("shape", [(16, 16, 1), (16, 16, 3), (8, 8, 8, 1)])
def test_features_are_finite_even_for_empty_examples(shape):
    for x in (np.random.default_rng(0).poisson(1, shape) - 1.0, np.full(shape, -1.0)):
        assert np.isfinite(example_features(x.astype(np.float32))).all()
