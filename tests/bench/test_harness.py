"""The benchmark harness compares before it measures, and writes what it measured."""

import importlib
import time
from pathlib import Path

import pytest

from cosmodag.json_files import read_json
from tests.bench.figure import draw
from tests.bench.harness import compare, row


@pytest.mark.parametrize(
    "module", sorted(Path(__file__).parent.glob("bench_*.py")), ids=lambda path: path.stem
)
def test_benchmarks_can_be_imported(module):
    assert callable(importlib.import_module(f"tests.bench.{module.stem}").run)


def test_ratio_is_best_peer_over_ours(tmp_path):
    record = compare(
        "sleep",
        {
            "ours": lambda: time.sleep(0.002),
            "slow": lambda: time.sleep(0.02),
            "slower": lambda: time.sleep(0.03),
            "missing": None,
        },
        ours="ours",
        threads=1,
        goal=2,
        results=tmp_path,
    )
    assert record == read_json(tmp_path / "sleep.json", "")
    assert record["best_peer"] == "slow"
    assert 3 < record["ratio_to_best_peer"] < 11
    assert record["absent"] == ["missing"]
    assert "below the goal" not in row(record)


def test_unequal_results_are_not_measured(tmp_path):
    with pytest.raises(AssertionError, match="differ"):
        compare(
            "unequal",
            {"ours": lambda: 1, "peer": lambda: 2},
            ours="ours",
            threads=1,
            equal=lambda results: results["ours"] == results["peer"],
            results=tmp_path,
        )
    assert not list(tmp_path.iterdir())


def test_every_round_runs_each_contender_once_in_rotating_order(tmp_path):
    calls = []
    contenders = {name: lambda name=name: calls.append(name) for name in "abc"}
    compare("order", contenders, ours="a", threads=1, rounds=6, results=tmp_path)
    rounds = ["".join(calls[start : start + 3]) for start in range(0, len(calls), 3)]
    assert rounds == ["abc", "abc", "bca", "cab", "abc", "bca", "cab"]


def test_figure_is_drawn_from_the_records(tmp_path):
    record = compare("x", {"a": int, "b": int}, ours="a", threads=1, results=tmp_path)
    draw([record], tmp_path / "bench.png")
    assert (tmp_path / "bench.png").read_bytes().startswith(b"\x89PNG")
