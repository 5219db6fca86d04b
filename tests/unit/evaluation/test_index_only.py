import numpy as np
import pandas as pd
from sklearn.metrics import r2_score

from cosmodag.datasets.splits import assign_splits
from cosmodag.evaluation import map_scores
from cosmodag.evaluation.baselines.examples import Examples, taken
from cosmodag.evaluation.baselines.index_only import index_only_maps, index_only_numbers
from tests.faults import leaks


def correlation(splits):
    train, valid, test = splits
    predicted = index_only_maps(train, valid, test)
    threshold = map_scores.choose_threshold(predicted.valid, valid.y)
    drawn = map_scores.map_draws(
        predicted.test,
        test.y,
        test.index["group"],
        threshold=threshold,
        base_rate=train.y.mean(),
        replicas=200,
    )
    return drawn.intervals(map_scores.LIMITS)["mcc"]


def test_the_position_alone_earns_nothing_on_independent_groups(by_group, with_numbers):
    assert abs(correlation(by_group)["value"]) < 0.1
    train, valid, test = map(with_numbers, by_group)
    assert r2_score(test.y, index_only_numbers(train, valid, test).test) < 0.05


def test_the_position_alone_earns_much_where_overlapping_boxes_are_split_at_random(
    at_random, with_numbers
):
    assert correlation(at_random)["low"] > 0.4
    train, valid, test = map(with_numbers, at_random)
    assert r2_score(test.y, index_only_numbers(train, valid, test).test) > 0.4


def test_a_seed_shared_under_another_name_gives_itself_away(make_sub_boxes):
    shared = [make_sub_boxes(7, 1, prefix=prefix) for prefix in ("train", "valid", "test")]
    assert correlation(shared)["value"] > 0.9


def adjoining(seed: int, side: int = 30) -> list[Examples]:
    """Return training, validation and test from 36 adjoining regions of one smooth field."""
    data = leaks.field_regions(seed, side=side, length=5.0)
    index = pd.DataFrame({name: np.asarray(each) for name, each in data.columns.items()})
    examples = Examples(data.x, data.y[..., 0] > 0.5, index)
    splits = assign_splits(index["id"], index["group"], seed=seed)
    return [taken(examples, np.flatnonzero(splits == s)) for s in ("train", "valid", "test")]


def test_regions_that_adjoin_give_each_other_away_across_their_border():
    found = [correlation(adjoining(seed))["value"] for seed in range(3)]
    assert min(found) > 0.15
    assert np.mean(found) > 0.25


def test_what_lies_far_from_all_training_regions_is_predicted_by_the_mean():
    train, valid, test = adjoining(1)
    far = test.index.assign(box="another")
    predicted = index_only_maps(train, valid, test._replace(index=far)).test
    assert np.ptp(predicted) == 0 or abs(np.mean(predicted) - train.y.mean()) < 0.05


def test_positions_on_the_sky_and_the_order_of_names_are_positions_too():
    random = np.random.default_rng(0)
    value = np.repeat(random.normal(size=400), 3)
    names = pd.DataFrame({"id": [f"shot{n}" for n in range(1200)], "group": range(1200)})
    sky = names.assign(id=random.permutation(names["id"]), ra=value * 30 + 180, dec=0.0)
    for index in (names, sky):
        examples = Examples(np.zeros((1200, 1)), value, index)
        splits = assign_splits(index["id"], index["group"], seed=1)
        parts = [taken(examples, np.flatnonzero(splits == s)) for s in ("train", "valid", "test")]
        assert r2_score(parts[2].y, index_only_numbers(*parts).test) > 0.2
