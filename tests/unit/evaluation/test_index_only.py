from sklearn.metrics import r2_score

from cosmodag.evaluation import map_scores
from cosmodag.evaluation.baselines.index_only import index_only_maps, index_only_numbers


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
