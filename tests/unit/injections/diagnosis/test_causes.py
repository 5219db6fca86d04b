"""Causes that are found in tables of quantities."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from cosmodag.injections.diagnosis import causes, quantities
from cosmodag.injections.diagnosis.cause_report import cause_sentence, cause_table, draw_causes
from cosmodag.injections.diagnosis.causes import find_causes
from cosmodag.injections.diagnosis.group_tests import compare_classes
from cosmodag.injections.diagnosis.reweighting import density_ratio, folds, residuals


def make_table(
    *, magnitude: float = 0.0, offset: float = 0.0, n_bricks: int = 20, per_brick: int = 80
) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Return quantities whose widths follow the magnitude, with shifts of injected objects."""
    rng = np.random.default_rng(7)
    count = n_bricks * per_brick
    label, groups = rng.integers(0, 2, count), np.repeat(np.arange(n_bricks), per_brick)
    g = rng.normal(22, 0.5, count) + magnitude * label
    table = pd.DataFrame(
        {
            "offset_x": rng.normal(0, 0.1, count) + offset * label,
            "inner_width": 30 - g + rng.normal(0, 0.3, count),
            "sky_g": rng.normal(size=count) + groups,
            "magnitude_g": g,
            "magnitude_r": g - 1 + rng.normal(0, 0.1, count),
        }
    )
    return table, label, groups


@pytest.fixture(scope="module")
def shifted():
    """Causes of a population that is fainter."""
    return find_causes(*make_table(magnitude=0.2), replicas=50)


@pytest.fixture(scope="module")
def faulty():
    """Causes of a population that is fainter, with positions off the galaxies."""
    return find_causes(*make_table(magnitude=0.2, offset=-0.5), replicas=50)


def test_population_mismatch_explains_all_that_depends_on_it(shifted):
    assert shifted["causes"] == ["magnitude"]
    assert shifted["kind"] == "population mismatch"
    assert not shifted["distinguishable_after"]
    rows = {row["quantity"]: row for row in shifted["quantities"]}
    assert rows["inner_width"]["auc"]["high"] < 0.5  # as measured, it differs
    for name in ("inner_width", "magnitude_g"):
        assert rows[name]["reweighted"] == pytest.approx(rows[name]["real"], abs=0.06)


def test_fault_of_the_pipeline_is_named_before_the_population(faulty):
    assert faulty["causes"] == ["position", "magnitude"]
    assert faulty["distinguishable_after"]
    assert faulty["auc"]["after"]["low"] > 0.9
    rows = {row["quantity"]: row for row in faulty["quantities"]}
    assert max(rows, key=lambda name: rows[name]["importance"]) == "offset_x"


def test_sentence_names_kind_and_cause(shifted, faulty):
    assert "Cause: magnitudes, a population mismatch" in cause_sentence(shifted)
    assert "no longer differ" in cause_sentence(shifted)
    assert "Cause: positions, a pipeline fault (offset_x" in cause_sentence(faulty)
    assert "Further population mismatch: magnitudes" in cause_sentence(faulty)
    nothing = {**shifted, "causes": []}
    assert "at the 5 % level, so no cause is named" in cause_sentence(nothing)


def test_table_and_figure_show_every_quantity(faulty, tmp_path):
    table = cause_table(faulty)
    assert table.rows[0][:2] == ["offset_x", "positions"]
    assert table.rows[0][6].endswith("*")
    assert {len(row) for row in table.rows} == {len(table.columns)}
    draw_causes(tmp_path / "causes.svg", faulty)
    numbers = pd.read_csv(tmp_path / "causes.numbers.csv")
    assert {row["quantity"] for row in faulty["quantities"]} <= set(numbers["y_name"])


def test_few_groups_name_no_cause():
    table, label, groups = make_table(offset=-0.5)
    assert find_causes(table, label, groups % 4, replicas=50)["causes"] == []


def test_any_cause_is_named_at_the_stated_rate(monkeypatch):
    """Null tables; the bound is exceeded with a probability of 1e-3 at a rate of 5 %."""
    nothing = {"value": None, "low": None, "high": None}
    empty = {"before": nothing, "after": nothing, "importance": dict.fromkeys(quantities.CAUSES)}
    monkeypatch.setattr(causes, "cross_fitted_auc", lambda *a, **k: empty)
    rng = np.random.default_rng(2)
    table, _, groups = make_table(n_bricks=10, per_brick=24)
    named = [
        bool(find_causes(table, rng.integers(0, 2, len(table)), groups, replicas=2)["causes"])
        for _ in range(25)
    ]
    assert sum(named) <= stats.binom.ppf(0.999, len(named), causes.LEVEL)


def test_unweighted_comparison_is_that_of_ranks():
    rng = np.random.default_rng(1)
    label = np.repeat([0, 1], 30)
    values = rng.normal(size=(60, 1)) + label[:, None]
    expected = stats.mannwhitneyu(values[label == 1, 0], values[label == 0, 0]).statistic / 900
    tests = compare_classes(values, label, np.zeros(60), replicas=2)
    assert tests.auc[0]["value"] == pytest.approx(expected)
    assert tests.p_value[0] == 1  # one group has no scatter over groups


def test_missing_values_are_left_out_and_groups_do_not_mix():
    rng = np.random.default_rng(1)
    groups = np.repeat(np.arange(20), 20)
    label = np.tile([0, 1], 200)
    values = np.stack([rng.normal(size=400) + 100 * groups, rng.normal(size=400)], 1)
    values[rng.uniform(size=400) < 0.5, 1] = np.nan
    tests = compare_classes(values, label, groups, replicas=50)
    assert np.all(np.abs(tests.z) < 3.5)
    assert all(each["low"] < 0.5 < each["high"] for each in tests.auc)


def test_weights_restore_the_distribution_of_real_objects():
    table, label, groups = make_table(magnitude=0.3)
    population = table[["magnitude_g"]].to_numpy()
    weight = density_ratio(population, label, groups)
    injected = label == 1
    mean = np.average(population[injected, 0], weights=weight[injected])
    assert mean == pytest.approx(population[~injected].mean(), abs=0.03)
    assert weight[injected].mean() == pytest.approx(1)
    assert np.all(weight[~injected] == 1)


def test_residuals_do_not_depend_on_the_catalogue():
    table, label, groups = make_table()
    population = table[["magnitude_g"]].to_numpy()
    left = residuals(table[["inner_width"]].to_numpy(), population, label, groups)
    assert abs(np.corrcoef(left[:, 0], population[:, 0])[0, 1]) < 0.08
    assert left.std() == pytest.approx(0.3, abs=0.02)


def test_folds_predict_each_object_once_and_split_no_group():
    groups = np.repeat(np.arange(13), 3)
    label = np.tile([0, 1, 0], 13)
    predicted = [rows for _, rows in folds(label, groups)]
    assert sorted(np.concatenate(predicted)) == list(range(39))
    for fitted, rows in folds(label, groups):
        assert not set(groups[fitted]) & set(groups[rows])


def test_sample_is_bounded_and_even(monkeypatch):
    monkeypatch.setattr(quantities, "MAX_OBJECTS", 120)
    monkeypatch.setattr(quantities, "MAX_GROUPS", 6)
    groups, label = np.repeat(np.arange(10), 100), np.tile([0, 1], 500)
    rows = quantities.sample_rows(label, groups)
    assert np.all(np.diff(rows) > 0)
    counts = pd.Series(rows).groupby([groups[rows], label[rows]]).count()
    assert counts.to_list() == [10] * 12
    assert len(quantities.sample_rows(label[:100], groups[:100])) == 100
