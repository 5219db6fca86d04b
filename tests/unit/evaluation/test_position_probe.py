"""A run whose targets are given away by places or names is reported as leaking."""

import numpy as np
import pandas as pd
import pytest

from cosmodag.evaluation.baselines import neighbour_kernel
from cosmodag.evaluation.baselines.positions import Units, all_spaces, pixel_units
from cosmodag.evaluation.map_evaluation import map_blocks
from cosmodag.evaluation.position_probe import Probed, apply, image_summaries, probe

METRICS = {
    "outcome": "better",
    "verdict": "The network is better.",
    "notes": ["A note."],
    "targets": {"r2": {"outcome": "better", "against": "mean", "sentence": "Better."}},
}


def splits(index: pd.DataFrame, values: np.ndarray, seed=0, name="count"):
    """Return targets of examples, split at random by group."""
    groups = index["group"].unique()
    order = np.random.default_rng(seed).permutation(groups)
    ends = int(0.6 * len(groups)), int(0.8 * len(groups))
    parts = {}
    for split, members in zip(("train", "valid", "test"), np.split(order, ends)):
        rows = index["group"].isin(members).to_numpy()
        part = index[rows].reset_index(drop=True)
        parts[split] = {name: Probed(Units.examples(part), values[rows, np.newaxis])}
    return parts


def shots(count=900, per_object=3, seed=0):
    value = np.repeat(np.random.default_rng(seed).normal(size=count // per_object), per_object)
    names = [f"shot{number}" for number in range(count)]
    return pd.DataFrame({"id": names, "group": names}), value


def test_a_leak_takes_the_place_of_the_verdict():
    result = probe(splits(*shots()), replicas=200, seed=0)
    assert result["leaking"]
    target = result["targets"]["count"]
    assert target["feature"] == "the order of names"
    assert target["by"] == "group"
    assert 0.1 < target["correlation"]["low"] < target["correlation"]["value"] < 1
    metrics = {**METRICS}
    apply(metrics, result)
    assert metrics["outcome"] == metrics["targets"]["r2"]["outcome"] == "leaking"
    assert metrics["verdict"].startswith("Leaking: the order of names alone predicts count")
    assert metrics["verdict"].endswith("Without regard to that: The network is better.")
    assert metrics["notes"][1] == "A note."
    assert metrics["position_probe"]["leaking"]


def test_without_a_leak_the_verdict_stays():
    metrics = {**METRICS}
    apply(metrics, probe(splits(*shots(per_object=1)), replicas=200, seed=0))
    assert {key: metrics[key] for key in METRICS} == METRICS
    assert not metrics["position_probe"]["leaking"]


@pytest.mark.parametrize("kind", ["numbers", "classes", "many columns"])
def test_false_alarms_are_rare(kind):
    alarms = 0
    for seed in range(24):
        random = np.random.default_rng(seed)
        index, value = shots(300, 1, seed)
        index = index.assign(
            ra=random.uniform(10, 11, 300), dec=random.uniform(0, 1, 300), seed=range(300)
        )
        if kind == "classes":
            value = (value > 0.3).astype(float)
        parts = splits(index, value, seed)
        if kind == "many columns":
            parts = {
                split: {
                    str(k): each["count"]._replace(
                        values=random.normal(size=each["count"].values.shape)
                    )
                    for k in range(3)
                }
                for split, each in parts.items()
            }
        alarms += probe(parts, replicas=200, seed=seed)["leaking"]
    assert alarms <= 1


def test_names_sorted_by_class_are_no_leak():
    kinds = np.repeat([0.0, 1.0, 2.0], 400)
    by_name = [f"{('barred', 'lens', 'spiral')[int(k)]}_{n}" for n, k in enumerate(kinds)]
    by_number = [f"galaxy_{n}" for n in range(1200)]
    for names in (by_name, by_number):
        index = pd.DataFrame({"id": names, "group": names})
        assert not probe(splits(index, kinds), replicas=200, seed=0)["leaking"]


def test_reused_seeds_of_few_test_groups_are_not_judged():
    index = pd.DataFrame({"id": [f"e{n}" for n in range(90)], "axis": 2})
    index = index.assign(group=[f"box{n // 10}" for n in range(90)])
    index = index.assign(box=index["group"])
    for axis in "xyz":
        index[f"lower_{axis}"] = index[f"upper_{axis}"] = np.arange(90) % 10 * 1.0
    value = np.tile(np.random.default_rng(0).normal(size=10), 9)
    target = probe(splits(index, value), replicas=200, seed=0)["targets"]["count"]
    assert target["feature"] == "the position in any box"
    assert target["correlation"]["value"] > 0.99
    assert (target["correlation"]["low"], target["leaking"]) == (None, False)


def test_a_shared_seed_is_a_feature():
    index = pd.DataFrame({"id": [f"e{n:03d}" for n in range(600)]})
    index = index.assign(group=index["id"], seed=np.random.default_rng(0).permutation(600) // 6)
    value = np.random.default_rng(1).normal(size=100)[index["seed"]]
    result = probe(splits(index, value), replicas=200, seed=0)
    assert result["leaking"]
    assert result["targets"]["count"]["feature"] == "the seed"


def test_a_far_example_is_predicted_by_the_mean():
    index = pd.DataFrame({"id": list("abcd"), "group": list("abcd"), "ra": [0, 0.001, 0.002, 90.0]})
    index = index.assign(dec=0.0)
    near, far = index.iloc[:3].reset_index(drop=True), index.iloc[3:].reset_index(drop=True)
    value = np.array([[1.0], [1.0], [4.0]])
    spaces = all_spaces(index)[:1]
    fitted = neighbour_kernel.fit(spaces, Units.examples(near), value, Units.examples(near), value)
    assert fitted.kernel is not None
    if np.isfinite(fitted.kernel.length):
        assert fitted.predict(Units.examples(far))[0, 0] == pytest.approx(2.0)
    assert fitted.reference(Units.examples(far))[0, 0] == pytest.approx(2.0)


def test_pixels_lie_where_the_line_of_sight_puts_them():
    index = pd.DataFrame({"axis": [0, 1, 2]})
    for number, letter in enumerate("xyz"):
        index[f"lower_{letter}"], index[f"upper_{letter}"] = 10.0 * number, 10.0 * number + 4
    units = pixel_units(index, (2, 2), np.arange(12))
    centres = units.centres.reshape(3, 2, 2, 3)
    np.testing.assert_allclose(centres[0, 0, 1], [2, 11, 23])
    np.testing.assert_allclose(centres[1, 1, 0], [3, 12, 21])
    np.testing.assert_allclose(centres[2, 1, 1], [3, 13, 22])


def test_blocks_part_each_map_evenly():
    blocks = map_blocks((2, 8, 8), np.arange(128))
    assert np.bincount(blocks).tolist() == [4] * 32


def test_summaries_are_means_of_blocks():
    x = np.arange(64, dtype=np.float32).reshape(1, 8, 8, 1)
    np.testing.assert_allclose(image_summaries(x).reshape(4, 4), x.reshape(4, 2, 4, 2).mean((1, 3)))
    assert image_summaries(np.ones((2, 3, 5, 2))).shape == (2, 3 * 4 * 2)
