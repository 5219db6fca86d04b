"""Training and validation examples near another set are left out and listed."""

import numpy as np
import pandas as pd
import pytest

from cosmodag.datasets.buffer import drop_near, structure_size
from cosmodag.datasets.folder import read_description, read_index
from cosmodag.datasets.overlaps import box_neighbours
from cosmodag.datasets.shards import write_dataset
from cosmodag.errors import InputError
from cosmodag.evaluation.verification import verify_results
from tests.faults import leaks


def row_of_boxes(lower, splits, side=10.0, *, periodic=False, size=200.0) -> pd.DataFrame:
    lower = np.column_stack([lower, np.zeros(len(lower)), np.zeros(len(lower))])
    columns = leaks.boxes(lower, lower + side, size=size, periodic=periodic)
    index = pd.DataFrame(columns).assign(split=splits)
    names = [f"e{number}" for number in range(len(index))]
    return index.assign(id=names, group=names)


@pytest.mark.parametrize("periodic", [False, True])
def test_distances_agree_with_a_comparison_of_all_pairs(periodic):
    random = np.random.default_rng(5)
    count, size, buffer = 250, np.array([50.0, 60.0, 70.0]), 4.0
    sides = random.uniform(1, 6, (count, 3))
    lower = random.uniform(0, size if periodic else size - 6, (count, 3))
    other = random.random(count) < 0.5
    ahead = lower[np.newaxis] - lower[:, np.newaxis]
    if periodic:
        gap = np.minimum(ahead % size - sides[:, np.newaxis], -ahead % size - sides)
    else:
        gap = np.maximum(ahead - sides[:, np.newaxis], -ahead - sides)
    distance = np.linalg.norm(np.maximum(gap, 0), axis=2)
    near = (distance < buffer) & (other[:, np.newaxis] != other)
    found = box_neighbours(lower, lower + sides, size, other, periodic=periodic, buffer=buffer)
    assert 30 < near.any(1).sum() < count
    np.testing.assert_array_equal(found >= 0, near.any(1))
    rows = np.flatnonzero(found >= 0)
    assert near[rows, found[rows]].all()


def test_validation_yields_to_the_test_set_and_training_to_both():
    lower = [0, 15, 30, 45, 60, 75, 90, 150, 165]
    splits = ["train", "test", "valid", "train", "train", "valid", "train", "train", "valid"]
    kept, dropped = drop_near(row_of_boxes(lower, splits), 8.0)
    # e2 leaves for the test set at e1, so that e3 beside it stays.
    assert dropped["id"].tolist() == ["e0", "e2", "e4", "e6", "e7"]
    assert dropped["near"].tolist() == ["e1", "e1", "e5", "e5", "e8"]
    assert dropped["reason"][0] == "within 8 Mpc/h of the test set"
    assert kept["id"].tolist() == ["e1", "e3", "e5", "e8"]


def test_the_buffer_reaches_through_periodic_faces_alone():
    lower, splits = [0, 60, 120, 188], ["test", "train", "valid", "train"]
    assert len(drop_near(row_of_boxes(lower, splits), 5.0)[1]) == 0
    periodic = row_of_boxes(lower, splits, periodic=True)
    assert drop_near(periodic, 5.0)[1]["id"].tolist() == ["e3"]


def test_examples_at_exactly_the_buffer_stay():
    index = row_of_boxes([0, 20, 40, 90], ["test", "train", "valid", "train"])
    assert len(drop_near(index, 10.0)[1]) == 0
    assert len(drop_near(index, 10.01)[1]) == 1


def test_a_buffer_that_leaves_too_little_is_refused():
    index = row_of_boxes([0, 12, 100, 112, 180], ["test", "train", "valid", "train", "train"])
    kept, dropped = drop_near(index, 5.0)
    assert (len(kept), len(dropped)) == (3, 2)
    with pytest.raises(InputError, match=r"a buffer of 5 Mpc/h .* leaves out 2 of 4 training"):
        drop_near(index, 5.0, largest_share=0.4)
    with pytest.raises(InputError, match="smaller buffer"):
        drop_near(index, 150.0)


def test_the_structures_decide_by_default():
    index = row_of_boxes([0, 50, 100], ["train", "valid", "test"])
    assert structure_size(index, [{"structure_size": 12.5}, {"structure_size": 17.0}]) == 17
    assert structure_size(index, [{}]) == 0
    sky = pd.DataFrame({"ra": [1.0], "dec": [2.0], "half_side": [8.4]})
    assert structure_size(sky, [{}]) == 16.8


def test_a_split_lists_what_it_leaves_out_and_verifies_the_list(tmp_path):
    data = leaks.field_regions(3, regions=8, side=10, attributes={"structure_size": 3.0})
    file = leaks.write(tmp_path / "examples.h5", data)
    whole = write_dataset([file], tmp_path / "whole", buffer=0, fractions=(0.94, 0.03, 0.03))
    assert (whole["buffer"], whole["dropped"]) == (0, 0)
    assert not (tmp_path / "whole" / "dropped.csv").exists()
    description = write_dataset([file], tmp_path / "dataset", fractions=(0.94, 0.03, 0.03))
    dropped = pd.read_csv(tmp_path / "dataset" / "dropped.csv")
    assert description["buffer"] == 3
    assert 0 < len(dropped) == description["dropped"] == 64 - sum(description["counts"].values())
    index = read_index(tmp_path / "dataset")
    assert set(index["id"]) | set(dropped["id"]) == set(data.columns["id"])
    assert set(dropped["near"]) <= set(index.loc[index["split"] != "train", "id"])
    assert read_description(tmp_path / "dataset")["counts"]["test"] == whole["counts"]["test"]
    assert not verify_results(tmp_path / "dataset").problems
    (tmp_path / "dataset" / "dropped.csv").write_text("nothing")
    assert tmp_path / "dataset" / "dropped.csv" in verify_results(tmp_path / "dataset").problems


def test_independent_boxes_lose_nothing(tmp_path):
    data = leaks.field_regions(3, regions=2, n_boxes=9, attributes={"structure_size": 99.0})
    data = data._replace(columns={**data.columns, "group": data.columns["box"]})
    file = leaks.write(tmp_path / "examples.h5", data)
    description = write_dataset([file], tmp_path / "dataset")
    assert (description["buffer"], description["dropped"]) == (99, 0)


def test_a_random_split_has_no_buffer(tmp_path):
    data = leaks.field_regions(3, attributes={"structure_size": 99.0})
    file = leaks.write(tmp_path / "examples.h5", data)
    description = write_dataset([file], tmp_path / "dataset", protocol="random")
    assert (description["buffer"], description["dropped"]) == (0, 0)


def test_a_negative_buffer_is_refused(tmp_path):
    file = leaks.write(tmp_path / "examples.h5", leaks.plain(1))
    with pytest.raises(InputError, match="buffer is -1"):
        write_dataset([file], tmp_path / "dataset", buffer=-1)
