import numpy as np
import pytest
from sklearn.metrics import average_precision_score, brier_score_loss

from cosmodag.errors import InputError
from cosmodag.evaluation.baselines import features, fitting, maps


@pytest.fixture(scope="module")
def fitted(by_group):
    settings = {"trees": {"max_pixels": 8000}}
    return fitting.fit_each(maps.BASELINES, *by_group, threads=1, settings=settings)


def precision(predictions, splits):
    return average_precision_score(splits[2].y.ravel(), predictions.test.ravel())


def test_every_baseline_gives_probabilities_of_the_shape_of_the_maps(fitted, by_group):
    for predictions in fitted.values():
        for found, split in zip((predictions.valid, predictions.test), by_group[1:]):
            assert found.shape == split.y.shape
            assert found.dtype == np.float32
            assert 0 <= found.min() <= found.max() <= 1


def test_trees_beat_the_smoothed_threshold_which_beats_the_tidal_tensor(fitted, by_group):
    order = [precision(fitted[name], by_group) for name in ("trees", "smoothed_density", "tidal")]
    assert order == sorted(order, reverse=True)
    assert order[-1] > by_group[2].y.mean() + 0.05


def test_baselines_are_calibrated_enough_to_have_skill(fitted, by_group):
    truth = by_group[2].y
    chance = brier_score_loss(truth.ravel(), fitted["all_void"].test.ravel())
    for name in ("trees", "smoothed_density", "tidal"):
        assert brier_score_loss(truth.ravel(), fitted[name].test.ravel()) < chance


def test_baselines_are_fitted_to_known_pixels_alone(by_group):
    def observed(each):
        y = np.where(np.arange(each.y.shape[1])[:, None] < 6, each.y, np.nan)
        return each._replace(y=y.astype(np.float32), selection=np.ones(each.x.shape[:-1]))

    settings = {"trees": {"max_pixels": 2000}}
    names = ("all_void", "smoothed_density", "tidal", "trees", "index_only")
    baselines = {name: maps.BASELINES[name] for name in names}
    splits = [observed(each) for each in by_group]
    fitted = fitting.fit_each(baselines, *splits, threads=1, settings=settings)
    rate = np.mean(by_group[0].y[:, :6])
    assert fitted["all_void"].test.ravel()[0] == pytest.approx(rate, rel=1e-5)
    known = np.isfinite(splits[2].y)
    for name in names:
        assert np.isfinite(fitted[name].test).all()
    for name in ("trees", "smoothed_density"):
        truth = splits[2].y[known]
        chance = brier_score_loss(truth, fitted["all_void"].test[known])
        assert brier_score_loss(truth, fitted[name].test[known]) < chance


def test_the_smoothed_threshold_finds_the_scale_of_the_truth(by_group):
    smooth = [each._replace(y=maps._smoothed(each, 2.0) < -0.2) for each in by_group]
    predictions = maps.smoothed_density(*smooth)
    assert np.mean((predictions.test >= 0.5) == smooth[2].y) > 0.999


def test_features_keep_the_mean_of_each_pixels_cells():
    x = np.random.default_rng(0).normal(size=(16, 16, 1)).astype(np.float32)
    found = features.pixel_features(x, 4)
    np.testing.assert_allclose(found[2, 1, 0], x[8:12, 4:8].mean(), rtol=1e-5)


@pytest.mark.parametrize("shape", [(16, 16, 1), (16, 16, 3), (8, 8, 8, 1)])
def test_features_are_finite_for_squares_layers_and_cubes(shape):
    for x in (np.random.default_rng(0).poisson(1, shape) - 1.0, np.full(shape, -1.0)):
        found = features.pixel_features(x.astype(np.float32), 2)
        assert found.shape[:-1] == tuple(n // 2 for n in shape[:-1])
        assert np.isfinite(found).all()


def test_baselines_read_back_as_written(fitted, tmp_path):
    fitting.write_baselines(tmp_path / "baselines.h5", fitted)
    found = fitting.read_baselines(tmp_path / "baselines.h5")
    assert set(found) == set(fitted)
    np.testing.assert_array_equal(found["trees"].test, fitted["trees"].test)


def test_an_unknown_baseline_is_named(by_group):
    with pytest.raises(InputError, match="'forest' is not known: choose from all_void"):
        fitting.fit_each(maps.BASELINES, *by_group, settings={"forest": {}})
