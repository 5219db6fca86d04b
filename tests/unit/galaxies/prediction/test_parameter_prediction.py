"""Predicted parameters, with intervals calibrated on the validation split."""

from types import SimpleNamespace

import numpy as np
import pytest

from cosmodag.galaxies.prediction.parameter_prediction import predict_parameters, rescale


def run(std: np.ndarray | None) -> SimpleNamespace:
    """Return a stub of a run with errors of standard deviation 2 on 1000 validation examples."""
    random = np.random.default_rng(0)
    truth = random.normal(20, 3, (1000, 1))
    valid = {"y": truth, "mean": truth + random.normal(0, 2, truth.shape)}
    predicted = {"mean": np.array([[10.0], [20.0]])}
    if std is not None:
        valid["std"], predicted["std"] = np.ones_like(truth), std
    return SimpleNamespace(
        predict=lambda x: predicted,
        validation=valid,
        dataset={"examples": [{"pixel": 0.1}]},
        description={"task": {"columns": ["magnitude"]}},
    )


def test_predicted_standard_deviations_are_calibrated():
    columns = predict_parameters(run(np.array([[1.0], [3.0]])), None, 0.1)
    half = (columns["magnitude_high"] - columns["magnitude_low"]) / 2
    assert half == pytest.approx([2, 6], rel=0.1)
    assert columns["magnitude"] == pytest.approx([10, 20])


def test_intervals_without_standard_deviations_follow_the_validation_errors():
    columns = predict_parameters(run(None), None, 0.1)
    assert (columns["magnitude_high"] - columns["magnitude"]) == pytest.approx([2, 2], rel=0.1)


def test_only_angular_sizes_depend_on_the_pixel_scale():
    values = np.array([1.0, 2.0])
    assert rescale("radius", values, 2.0) == pytest.approx([2, 4])
    assert 10 ** rescale("log_radius", values, 2.0) == pytest.approx([20, 200])
    assert rescale("magnitude", values, 2.0) == pytest.approx(values)
