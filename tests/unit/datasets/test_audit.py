"""The audit of a split lists shared values and overlapping volumes."""

import numpy as np
import pandas as pd
import pytest

from cosmodag.datasets.audit import audit_split, shared_volumes
from cosmodag.datasets.overlaps import find_overlaps


def sub_boxes(lower, side, splits, *, size=100.0, periodic=False, box="r0000"):
    lower = np.asarray(lower, dtype=float)
    index = pd.DataFrame({"id": [f"{box}/{n}" for n in range(len(lower))], "box": box})
    for k, letter in enumerate("xyz"):
        index[f"lower_{letter}"] = lower[:, k]
        index[f"upper_{letter}"] = lower[:, k] + side
        index[f"box_size_{letter}"] = size
    return index.assign(periodic=periodic, split=splits, group=splits)


def test_a_clean_split_has_no_leak():
    index = sub_boxes([[0, 0, 0], [10, 0, 0], [20, 0, 0]], 10, ["train", "valid", "test"])
    assert audit_split(index) == []


def test_touching_sub_boxes_do_not_overlap_despite_rounding():
    lower = np.arange(30)[:, np.newaxis] * (100 / 30) * [1, 0, 0]
    index = sub_boxes(lower, 100 / 30, ["train", "test", "valid"] * 10, periodic=True)
    assert shared_volumes(index) == []


def test_an_overlap_is_listed_with_both_sub_boxes():
    index = sub_boxes([[0, 0, 0], [9, 9, 9], [40, 0, 0]], 10, ["train", "test", "valid"])
    (leak,) = audit_split(index)
    assert "1 pairs" in leak
    assert "r0000/0 (train)" in leak
    assert "r0000/1 (test)" in leak


def test_an_overlap_through_the_periodic_face_is_listed():
    corners = [[95, 0, 0], [2, 0, 0], [50, 0, 0]]
    splits = ["train", "test", "valid"]
    assert shared_volumes(sub_boxes(corners, 10, splits, periodic=False)) == []
    (leak,) = shared_volumes(sub_boxes(corners, 10, splits, periodic=True))
    assert "1 pairs" in leak


def test_a_volume_at_many_redshifts_counts_once():
    index = sub_boxes([[0, 0, 0], [9, 9, 9], [40, 0, 0]], 10, ["train", "test", "valid"])
    many = pd.concat([index.assign(redshift=z) for z in range(50)], ignore_index=True)
    (leak,) = shared_volumes(many)
    assert "1 pairs" in leak


def test_sub_boxes_of_different_boxes_do_not_overlap():
    boxes = [
        sub_boxes([[0, 0, 0]], 10, [split], box=f"r{n}")
        for n, split in enumerate(["train", "valid", "test"])
    ]
    assert audit_split(pd.concat(boxes, ignore_index=True)) == []


@pytest.mark.parametrize("periodic", [False, True])
def test_the_sweep_agrees_with_a_comparison_of_all_pairs(periodic):
    random = np.random.default_rng(5)
    count, size = 300, np.array([50.0, 60.0, 70.0])
    sides = random.uniform(3, 12, (count, 3))
    lower = random.uniform(0, size if periodic else size - 12, (count, 3))
    splits = random.integers(0, 3, count)
    ahead = lower[np.newaxis] - lower[:, np.newaxis]
    if periodic:
        behind = -ahead % size
        ahead %= size
    else:
        behind = np.where(ahead <= 0, -ahead, np.inf)
        ahead = np.where(ahead >= 0, ahead, np.inf)
    overlap = ((ahead < sides[:, np.newaxis]) | (behind < sides[np.newaxis])).all(axis=2)
    expected = np.triu(overlap & (splits[:, np.newaxis] != splits), 1).sum()
    pairs, (a, b) = find_overlaps(lower, lower + sides, size, splits, periodic=periodic)
    assert pairs == expected > 100
    assert overlap[a, b]
    assert splits[a] != splits[b]


def test_shared_groups_seeds_and_objects_are_listed():
    index = pd.DataFrame(
        {
            "id": list("abcdef"),
            "group": ["g", "h", "g", "i", "j", "k"],
            "seed": [1, 2, 3, 2, 4, 5],
            "object": [1, 2, 3, 4, 5, 6],
            "split": ["train", "train", "test", "valid", "valid", "test"],
        }
    )
    assert audit_split(index) == [
        "group shared between splits: g (test and train)",
        "seed shared between splits: 2 (train and valid)",
    ]


def test_further_checks_replace_the_default_ones():
    index = sub_boxes([[0, 0, 0], [1, 1, 1]], 10, ["train", "test"])
    assert audit_split(index, checks=[lambda _: ["sky shared"]]) == ["sky shared"]
