"""Parameters read off images, with intervals as wide as validation asks for."""

from types import SimpleNamespace

import numpy as np
import pytest

from cosmodag.galaxies.prediction.parameters import at_scale, parameters_told


def run(std: np.ndarray | None) -> SimpleNamespace:
    """What stands for a run whose errors on 1000 validation examples have a spread of 2."""
    random = np.random.default_rng(0)
    truth = random.normal(20, 3, (1000, 1))
    valid = {"y": truth, "mean": truth + random.normal(0, 2, truth.shape)}
    found = {"mean": np.array([[10.0], [20.0]])}
    if std is not None:
        valid["std"], found["std"] = np.ones_like(truth), std
    return SimpleNamespace(
        predict=lambda x: found,
        validation=valid,
        dataset={"examples": [{"pixel": 0.1}]},
        description={"task": {"columns": ["magnitude"]}},
    )


def test_predicted_spreads_are_stretched_until_they_hold_what_they_say():
    told = parameters_told(run(np.array([[1.0], [3.0]])), None, 0.1)
    half = (told["magnitude_high"] - told["magnitude_low"]) / 2
    assert half == pytest.approx([2, 6], rel=0.1)
    assert told["magnitude"] == pytest.approx([10, 20])


def test_without_predicted_spreads_errors_on_validation_say_how_wide():
    told = parameters_told(run(None), None, 0.1)
    assert (told["magnitude_high"] - told["magnitude"]) == pytest.approx([2, 2], rel=0.1)


def test_angles_alone_depend_on_what_a_pixel_spans():
    values = np.array([1.0, 2.0])
    assert at_scale("radius", values, 2.0) == pytest.approx([2, 4])
    assert 10 ** at_scale("log_radius", values, 2.0) == pytest.approx([20, 200])
    assert at_scale("magnitude", values, 2.0) == pytest.approx(values)
