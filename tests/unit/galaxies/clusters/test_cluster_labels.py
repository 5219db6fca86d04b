"""Labels from the index or from a table, and the binning of numeric columns."""

import numpy as np
import pandas as pd
import pytest

from cosmodag.errors import InputError
from cosmodag.galaxies.clusters.labels import LabelColumn, read_labels

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


def test_labels_are_a_column_of_the_index():
    labels = read_labels(INDEX, LabelColumn("kind"))
    assert labels["train"].tolist() == ["0", "1", "1"]
    assert labels["test"].tolist() == ["0"]


def test_table_has_labels_by_object_or_example(table):
    labels = read_labels(INDEX, LabelColumn("ring", table=table))
    assert labels["train"].tolist() == ["1", None, "0"]
    assert labels["test"].tolist() == [None]
    assert read_labels(INDEX, LabelColumn("bars", table=table))["train"].tolist() == [
        "none",
        None,
        "strong",
    ]


def test_rows_of_a_table_without_a_name_are_left_out(table, tmp_path):
    (tmp_path / "labels.csv").write_text("name,ring\na,1\n,0\nNA,0\nc.png,0\n")
    labels = read_labels(INDEX, LabelColumn("ring", table=table))
    assert labels["train"].tolist() == ["1", None, "0"]


def test_values_on_an_edge_have_the_label_above():
    labels = read_labels(INDEX, LabelColumn("index", edges=[2.5]))
    assert labels["train"].tolist() == ["below 2.5", "2.5 and above", "2.5 and above"]
    assert labels["test"].tolist() == [None]
    labels = read_labels(INDEX, LabelColumn("index", edges=[1, 3]))
    assert labels["train"].tolist() == ["below 1", "1 to 3", "3 and above"]


def test_missing_column_suggests_the_nearest(table):
    with pytest.raises(InputError, match="labels: column 'kinds' is not known; did you mean 'ki"):
        read_labels(INDEX, LabelColumn("kinds"))
    with pytest.raises(InputError, match=r"labels\.csv: labels: column 'rings' is not known"):
        read_labels(INDEX, LabelColumn("rings", table=table))


def test_table_of_other_objects_raises(table):
    other = {split: rows.assign(group="x", id="y") for split, rows in INDEX.items()}
    with pytest.raises(InputError, match="its column name has none of the objects, such as x"):
        read_labels(other, LabelColumn("ring", table=table))


def test_duplicate_name_in_a_table_raises(table, tmp_path):
    (tmp_path / "labels.csv").write_text("name,ring\na,1\na,0\n")
    with pytest.raises(InputError, match="its column name has 'a' twice"):
        read_labels(INDEX, LabelColumn("ring", table=table))


def test_unreadable_table_raises(table, tmp_path):
    missing = table | {"path": str(tmp_path / "gone.csv")}
    with pytest.raises(InputError, match=r"gone\.csv: there is no such file"):
        read_labels(INDEX, LabelColumn("ring", table=missing))
    (tmp_path / "labels.csv").write_text("")
    with pytest.raises(InputError, match="not a CSV table"):
        read_labels(INDEX, LabelColumn("ring", table=table))


def test_numeric_columns_need_valid_edges():
    many = pd.DataFrame({"id": range(30), "group": range(30), "size": np.arange(30) / 7})
    with pytest.raises(InputError, match="has 30 different values, more than 20; bin it with"):
        read_labels({"train": many}, LabelColumn("size"))
    with pytest.raises(InputError, match="give one or more values in ascending order"):
        read_labels({"train": many}, LabelColumn("size", edges=[2, 1]))
    with pytest.raises(InputError, match="is not numeric; remove label_edges"):
        read_labels({"train": many.assign(size="large")}, LabelColumn("size", edges=[2]))
