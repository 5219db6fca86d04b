"""Parquet tables that are written and read part by part."""

import numpy as np
import pandas as pd
import pytest

from cosmodag import tables
from cosmodag.checksums import require
from cosmodag.errors import InputError
from cosmodag.tables import append_table, read_attributes, read_parts, read_table


def part(first, count):
    numbers = np.arange(first, first + count)
    return pd.DataFrame({"number": numbers, "name": [f"n{each}" for each in numbers]})


@pytest.fixture
def path(tmp_path, monkeypatch):
    """A table of 25 rows in row groups of at least 10, with a file that belongs to it."""
    monkeypatch.setattr(tables, "ROW_GROUP", 10)
    (tmp_path / "input.txt").write_text("input")
    (tmp_path / "own.csv").write_text("a\n")
    with append_table(tmp_path / "table.parquet") as table:
        for first in range(0, 25, 5):
            table.append(part(first, 5))
        assert table.n_rows == 25
        table.attributes["bands"] = ["g", "r"]
        table.inputs.append(tmp_path / "input.txt")
        table.files.append(tmp_path / "own.csv")
    return tmp_path / "table.parquet"


def test_parts_are_one_table_with_a_checksum(path):
    pd.testing.assert_frame_equal(read_table(path, "cure"), part(0, 25))
    record = require(path, "cure").record
    assert list(record["inputs"]) == ["input.txt"]
    assert list(record["files"]) == ["own.csv"]
    assert read_attributes(path, "cure") == {"bands": ["g", "r"], "n_rows": 25}


def test_a_table_is_read_part_by_part(path):
    parts = list(read_parts(path, "cure", columns=["number"], n_rows=7))
    assert max(map(len, parts)) <= 7
    assert pd.concat(parts)["number"].tolist() == list(range(25))
    with pytest.raises(InputError, match=r"table\.parquet: no column 'size'; cure"):
        next(read_parts(path, "cure", columns=["size"]))


def test_an_altered_table_is_refused(path):
    content = bytearray(path.read_bytes())
    content[20] ^= 1
    path.write_bytes(content)
    for read in (read_attributes, lambda *words: list(read_parts(*words, columns=["number"]))):
        with pytest.raises(InputError, match="altered since it was written"):
            read(path, "cure")


def test_an_interrupted_table_leaves_nothing(tmp_path):
    def interrupted():
        with append_table(tmp_path / "table.parquet") as table:
            table.append(part(0, 5))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        interrupted()
    assert list(tmp_path.iterdir()) == []


def test_another_table_has_no_attributes(tmp_path):
    tables.write_table(tmp_path / "other.parquet", part(0, 3))
    with pytest.raises(InputError, match=r"other\.parquet: it has no attributes"):
        read_attributes(tmp_path / "other.parquet", "cure")
