"""Labels: read from the index or from a table, cut where they are numbers, refused in one line."""

import numpy as np
import pandas as pd
import pytest

from cosmodag.errors import InputError
from cosmodag.galaxies.clusters.labels import read_labels

INDEX = {
    "train": pd.DataFrame(
        {
            "id": ["a.png", "b.png", "c.png"],
            "group": ["a", "b", "c"],
            "kind": [0, 1, 1],
            "index": [0.5, 2.5, 4.0],
        }
    ),
    "test": pd.DataFrame({"id": ["d.png"], "group": ["d"], "kind": [0], "index": [np.nan]}),
}


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "labels.csv"
    path.write_text("name,ring,bars\na,1,none\nc.png,0,strong\nz,1,none\n")
    return {"path": str(path), "key": "name"}


def test_labels_stand_in_the_index():
    found = read_labels(INDEX, "kind")
    assert found["train"].tolist() == ["0", "1", "1"]
    assert found["test"].tolist() == ["0"]


def test_a_table_names_objects_or_examples_and_those_that_it_lacks_have_no_label(table):
    found = read_labels(INDEX, "ring", table=table)
    assert found["train"].tolist() == ["1", None, "0"]
    assert found["test"].tolist() == [None]
    assert read_labels(INDEX, "bars", table=table)["train"].tolist() == ["none", None, "strong"]


def test_numbers_are_cut_at_edges_which_belong_above():
    found = read_labels(INDEX, "index", edges=[2.5])
    assert found["train"].tolist() == ["below 2.5", "2.5 and above", "2.5 and above"]
    assert found["test"].tolist() == [None]
    found = read_labels(INDEX, "index", edges=[1, 3])
    assert found["train"].tolist() == ["below 1", "1 to 3", "3 and above"]


def test_a_column_that_is_missing_is_named_with_the_nearest(table):
    with pytest.raises(InputError, match="labels: column 'kinds' is not known; did you mean 'ki"):
        read_labels(INDEX, "kinds")
    with pytest.raises(InputError, match=r"labels\.csv: labels: column 'rings' is not known"):
        read_labels(INDEX, "rings", table=table)


def test_a_table_of_other_objects_is_refused(table):
    other = {split: each.assign(group="x", id="y") for split, each in INDEX.items()}
    with pytest.raises(InputError, match="its column name names none of the objects, such as x"):
        read_labels(other, "ring", table=table)


def test_a_name_twice_in_a_table_is_refused(table, tmp_path):
    (tmp_path / "labels.csv").write_text("name,ring\na,1\na,0\n")
    with pytest.raises(InputError, match="its column name holds 'a' twice"):
        read_labels(INDEX, "ring", table=table)


def test_a_table_that_cannot_be_read_is_refused(table, tmp_path):
    gone = table | {"path": str(tmp_path / "gone.csv")}
    with pytest.raises(InputError, match=r"gone\.csv: cannot be read"):
        read_labels(INDEX, "ring", table=gone)
    (tmp_path / "labels.csv").write_text("")
    with pytest.raises(InputError, match="no table in CSV"):
        read_labels(INDEX, "ring", table=table)


def test_numbers_too_many_to_be_labels_are_refused():
    many = pd.DataFrame({"id": range(30), "group": range(30), "size": np.arange(30) / 7})
    with pytest.raises(InputError, match="holds 30 different values, more than 20; cut it with"):
        read_labels({"train": many}, "size")
    with pytest.raises(InputError, match="give one or more numbers, ascending"):
        read_labels({"train": many}, "size", edges=[2, 1])
    with pytest.raises(InputError, match="holds no numbers that edges could cut"):
        read_labels({"train": many.assign(size="large")}, "size", edges=[2])
