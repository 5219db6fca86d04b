"""Numbers of a network and of baselines: calibrated intervals, samples scored separately."""

import numpy as np
import pandas as pd
import pytest

from cosmodag.evaluation.baselines.examples import Examples, Predictions
from cosmodag.evaluation.evaluation import Subset
from cosmodag.galaxies.evaluation.parameter_evaluation import ParameterEvaluation

COLUMNS = ["magnitude", "axis_ratio"]


def split(count: int, seed: int) -> tuple[Examples, dict[str, np.ndarray]]:
    """Galaxies with two numbers, and a network's answers whose spreads are three times too wide."""
    random = np.random.default_rng(seed)
    y = np.stack([random.uniform(18, 23, count), random.uniform(0.2, 1, count)], 1)
    signal = 10 ** random.uniform(1, 2.5, count)
    std = np.stack([2 / signal, 1 / signal], 1)
    found = {"mean": y + std * random.standard_t(4, y.shape), "std": 3 * std}
    index = pd.DataFrame(
        {"group": [f"{seed}-{n}" for n in range(count)], "signal_to_noise": signal}
    )
    return Examples(np.zeros((count, 1)), y.astype(np.float32), index), found


def baseline(valid: Examples, test: Examples, column: int, error: float) -> Predictions:
    random = np.random.default_rng(9)
    each = [s.y[:, column] + random.normal(0, error, len(s.y)) for s in (valid, test)]
    return Predictions(*each, spread=error)


@pytest.fixture(scope="module")
def galaxies():
    """Examples, what a network and what simple methods say of them."""
    (train, _), (valid, on_valid), (test, on_test) = (
        split(n, s) for s, n in enumerate((9, 800, 900))
    )
    fitted = {
        f"{column}:{name}": baseline(valid, test, number, error)
        for number, column in enumerate(COLUMNS)
        for name, error in (("mean", 2.0), ("stamp_trees", 0.5))
    }
    return (
        {"train": train, "valid": valid, "test": test},
        {"valid": on_valid, "test": on_test},
        fitted,
    )


def evaluated(examples, found, fitted):
    evaluation = ParameterEvaluation({"name": "count", "columns": COLUMNS})
    return evaluation.score(Subset(examples, found, fitted), replicas=200, seed=0)


def asked_of(predictions: Predictions, every: int) -> Predictions:
    """The same, of a part of validation and test alone."""
    parts = [np.where(np.arange(len(p)) % every == 0, p, np.nan) for p in predictions[:2]]
    return Predictions(*parts, predictions.spread)


@pytest.fixture(scope="module")
def scored(galaxies):
    return evaluated(*galaxies)


def test_intervals_of_every_method_cover_as_they_say(scored):
    metrics = scored.metrics
    for scores in (metrics["scores"], *metrics["baselines"].values()):
        for column in COLUMNS:
            assert scores[f"{column}.coverage_68"]["value"] == pytest.approx(0.683, abs=0.05)
            assert scores[f"{column}.coverage_95"]["value"] == pytest.approx(0.954, abs=0.025)
    # The network's spreads were three times too wide, and are told so.
    assert metrics["reach"]["magnitude"]["network"]["68"] == pytest.approx(1.14 / 3, rel=0.15)
    assert metrics["reach"]["magnitude"]["stamp_trees"]["68"] == pytest.approx(1, rel=0.15)


def test_a_network_without_spreads_takes_its_error_on_validation(galaxies):
    examples, found, fitted = galaxies
    bare = {name: {"mean": each["mean"]} for name, each in found.items()}
    metrics = evaluated(examples, bare, fitted).metrics
    assert metrics["scores"]["magnitude.coverage_68"]["value"] == pytest.approx(0.683, abs=0.05)


def test_errors_by_signal_to_noise_are_told_of_all_methods_and_drawn(scored):
    metrics, drawings = scored.metrics, scored.figures
    rows = metrics["by_signal_to_noise"]["magnitude"]
    assert sum(row["n"] for row in rows[:-1]) == 900
    assert rows[0]["scores"].keys() == {"network", "mean", "stamp_trees"}
    assert {"signal_magnitude", "signal_axis_ratio", "numbers_magnitude"} <= drawings.keys()
    assert metrics["samples"] == {}


def test_without_signal_to_noise_nothing_is_told_by_it(galaxies):
    examples, found, fitted = galaxies
    test = examples["test"]._replace(index=examples["test"].index[["group"]])
    scored = evaluated(examples | {"test": test}, found, fitted)
    metrics, drawings = scored.metrics, scored.figures
    assert metrics["by_signal_to_noise"] == {}
    assert drawings.keys() == {"numbers_magnitude", "numbers_axis_ratio"}


def test_a_method_asked_of_a_sample_is_scored_beside_all_others_on_the_same_examples(
    galaxies, scored
):
    examples, found, fitted = galaxies
    fit = asked_of(baseline(examples["valid"], examples["test"], 0, 1.0), 6)
    metrics = evaluated(examples, found, fitted | {"magnitude:sersic_fit": fit}).metrics
    sample = metrics["samples"]["sersic_fit"]
    assert sample["n"] == 150
    assert sample["headline"] == "magnitude.r2"
    assert sample["baselines"].keys() == {"mean", "stamp_trees", "sersic_fit"}
    assert {name.rpartition(".")[0] for name in sample["scores"]} == {"magnitude"}
    rows = slice(None, None, 6)
    error = found["test"]["mean"][rows, 0] - examples["test"].y[rows, 0]
    assert sample["scores"]["magnitude.rmse"]["value"] == pytest.approx(np.sqrt(np.mean(error**2)))
    assert sample["by_signal_to_noise"]["magnitude"][-1]["scores"].keys() >= {"sersic_fit"}
    # What all were asked of is scored as if the sample had not been.
    assert metrics["scores"] == scored.metrics["scores"]
    assert metrics["baselines"].keys() == {"mean", "stamp_trees"}
    assert metrics["outcome"] == "better"
    assert "On a sample of 150: The network is better than the best" in metrics["verdict"]


def test_a_method_that_tells_some_columns_is_scored_apart_and_one_that_tells_all_is_not(galaxies):
    examples, found, fitted = galaxies
    fits = {
        f"{column}:sersic_fit": baseline(examples["valid"], examples["test"], number, 1.0)
        for number, column in enumerate(COLUMNS)
    }
    metrics = evaluated(examples, found, fitted | fits).metrics
    assert metrics["samples"] == {}
    assert "sersic_fit" in metrics["baselines"]
    del fits["magnitude:sersic_fit"]
    metrics = evaluated(examples, found, fitted | fits).metrics
    assert metrics["samples"]["sersic_fit"]["headline"] == "axis_ratio.r2"
    assert metrics["samples"]["sersic_fit"]["n"] == 900
    assert "sersic_fit" not in metrics["baselines"]


def test_a_network_worse_than_a_baseline_on_its_sample_is_reported_so(galaxies):
    examples, found, fitted = galaxies
    fit = asked_of(baseline(examples["valid"], examples["test"], 0, 1e-3), 6)
    metrics = evaluated(examples, found, fitted | {"magnitude:sersic_fit": fit}).metrics
    assert metrics["targets"]["magnitude.r2"]["outcome"] == "worse"
    assert metrics["targets"]["axis_ratio.r2"]["outcome"] == "better"
    assert metrics["outcome"] == "mixed"
    assert metrics["verdict"].startswith(
        "Of 2 targets, better than the best baseline for axis ratio; worse than the best baseline "
        "for magnitude."
    )
    assert metrics["strongest_baseline"] == "stamp_trees"
