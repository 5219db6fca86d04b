"""Items that are left out: a few are listed, many are refused."""

import logging

import pandas as pd
import pytest

from cosmodag.errors import InputError
from cosmodag.rejections import ALWAYS_ALLOWED, Rejections


def rejections(count: int, max_rejected: float = 0.05) -> Rejections:
    found = Rejections("rows", max_rejected)
    for row in range(count):
        found.add("c.csv", f"row {row}", "c.csv: x is\nNaN")
    return found


@pytest.mark.parametrize(
    ("count", "n_items", "max_rejected", "allowed"),
    [
        (0, 0, 0, True),
        (50, 1000, 0.05, True),
        (51, 1000, 0.05, False),
        (ALWAYS_ALLOWED, 10, 0.05, True),
        (ALWAYS_ALLOWED + 1, 10, 0.05, False),
        (1, 1000, 0, False),
        (1, 1, 0.05, False),
        (400, 1000, 0.4, True),
    ],
)
def test_a_share_or_a_few_may_be_left_out(count, n_items, max_rejected, allowed):
    found = rejections(count, max_rejected)
    if allowed:
        found.check("c.csv", n_items)
        return
    with pytest.raises(InputError, match=rf"c\.csv: {count} of {n_items} rows .*row 0: x is NaN"):
        found.check("c.csv", n_items)


def test_the_table_lists_all_in_one_line_each_and_the_log_names_the_first(tmp_path, caplog):
    found = rejections(9)
    with caplog.at_level(logging.WARNING):
        found.check("c.csv", 1000)
        path = found.write(tmp_path / "g.h5")
    assert path == tmp_path / "g.rejected.csv"
    table = pd.read_csv(path)
    assert table.columns.tolist() == ["file", "item", "reason"]
    assert table["item"].tolist() == [f"row {row}" for row in range(9)]
    assert set(table["reason"]) == {"x is NaN"}
    assert "c.csv, row 0: left out: x is NaN" in caplog.text
    assert "4 more left out" in caplog.text
    assert f"9 rows left out, listed in {path}" in caplog.text
    attributes = {}
    found.record(attributes)
    assert attributes == {"n_rejected_rows": 9}


@pytest.mark.parametrize("share", [-0.1, 1, float("nan")])
def test_a_share_outside_its_range_is_refused(share):
    with pytest.raises(InputError, match="give a fraction"):
        Rejections("rows", share)
