"""The assignment of examples to splits: by groups, stable, close to the fractions."""

import numpy as np
import pytest

from cosmodag.datasets.splits import assign_splits
from cosmodag.errors import InputError


def names(groups, members=5):
    ids = [f"{group}/{member}" for group in range(groups) for member in range(members)]
    return ids, [f"boxes/r{number // members:04d}" for number in range(len(ids))]


@pytest.mark.parametrize(
    ("groups", "expected"),
    [(3, (1, 1, 1)), (4, (2, 1, 1)), (12, (8, 2, 2)), (100, (64, 16, 20))],
)
def test_fractions_are_met_as_nearly_as_whole_groups_can(groups, expected):
    ids, group_names = names(groups)
    splits = assign_splits(ids, group_names)
    counts = tuple(len(set(np.array(group_names)[splits == s])) for s in ("train", "valid", "test"))
    assert counts == expected
    assert sum(counts) == groups


def test_a_group_is_never_divided():
    ids, group_names = names(20)
    splits = assign_splits(ids, group_names, seed=3)
    for group in set(group_names):
        assert len(set(splits[np.array(group_names) == group])) == 1


def test_the_assignment_depends_on_seed_and_names_alone():
    ids, group_names = names(20)
    splits = dict(zip(ids, assign_splits(ids, group_names, seed=1)))
    shuffled = np.random.default_rng(0).permutation(len(ids))
    again = assign_splits(np.array(ids)[shuffled], np.array(group_names)[shuffled], seed=1)
    assert dict(zip(np.array(ids)[shuffled], again)) == splits
    assert dict(zip(ids, assign_splits(ids, group_names, seed=2))) != splits


def test_the_assignment_of_a_seed_never_changes():
    ids, group_names = names(5, members=1)
    assert assign_splits(ids, group_names, seed=0).tolist() == [
        *["train"] * 2,
        "test",
        "train",
        "valid",
    ]


def test_the_random_protocol_divides_groups():
    ids, group_names = names(10, members=50)
    splits = assign_splits(ids, group_names, protocol="random")
    assert (splits == "test").sum() == 100
    assert all(len(set(splits[np.array(group_names) == group])) == 3 for group in set(group_names))


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"protocol": "shuffle"}, "protocol 'shuffle' is not known: choose from group, random"),
        ({"fractions": [0.8, 0.1, 0.2]}, "fractions"),
        ({"fractions": [0.8, 0.0, 0.2]}, "fractions"),
        ({"fractions": [0.8, 0.2]}, "fractions"),
    ],
)
def test_wrong_settings_are_named(wrong, words):
    with pytest.raises(InputError, match=words):
        assign_splits(*names(5), **wrong)


def test_two_groups_are_too_few():
    with pytest.raises(InputError, match="2 groups where a split needs three"):
        assign_splits(*names(2))


def test_a_name_given_twice_is_named():
    with pytest.raises(InputError, match="id 'a' names more than one example"):
        assign_splits(["a", "b", "a"], ["x", "y", "z"])
