"""Verdicts on two-sample tests by their controls."""

import json

import pandas as pd
import pytest

from cosmodag.errors import InputError
from cosmodag.injections.verdict import controls
from cosmodag.injections.verdict.controls import judge_by_controls
from cosmodag.json_files import write_json

VALID_NULL = {"relabellings": 400, "rejected": 0.05, "low": 0.03, "high": 0.08, "holds": True}


def make_run(folder, p_value, *, test=True, high=0.65):
    auc = {"value": high - 0.05, "low": high - 0.1, "high": high}
    metrics = {
        "experiment": "injections",
        "run": folder.name,
        "scores": {"auc": auc},
        "outcome": "distinguishable",
        "verdict": "The classes are distinguishable.",
        "note": "catalogue baseline alone: AUC 0.577",
    }
    if test:
        metrics["two_sample"] = {"p_value": p_value, "smallest_effect": 0.55}
    folder.mkdir()
    write_json(folder / "metrics.json", metrics)
    write_json(folder / "run.json", {"task": {"column": "label"}})
    return folder


@pytest.fixture
def judged(tmp_path, monkeypatch):
    """A function that judges a test by positive controls and one negative control."""

    def judge(positive, negative=0.4, null=VALID_NULL, negative_high=0.52):
        monkeypatch.setattr(controls, "permutation_control", lambda *a, **k: null)
        monkeypatch.setattr(controls, "read_index", lambda *a: pd.DataFrame())
        run = make_run(tmp_path / "model", 1e-9)
        positive_runs = [make_run(tmp_path / f"flaw{n}", p) for n, p in enumerate(positive)]
        same = make_run(tmp_path / "same", negative, high=negative_high)
        write_json(tmp_path / "dataset.json", {})
        judge_by_controls(
            run, positive_runs, same, tmp_path, tmp_path / "v.json", figure=tmp_path / "v.svg"
        )
        return json.loads((tmp_path / "v.json").read_text())

    return judge


def test_verdict_with_valid_controls_is_that_of_the_test(judged, tmp_path):
    verdict = judged([1e-4, 1e-20])
    assert (verdict["outcome"], verdict["failures"]) == ("distinguishable", [])
    assert verdict["sentence"] == "The classes are distinguishable."
    assert [test["kind"] for test in verdict["tests"]] == [
        "test",
        "positive control",
        "positive control",
        "negative control",
    ]
    assert verdict["tests"][0]["note"] == "catalogue baseline alone: AUC 0.577"
    assert "flaw1" in (tmp_path / "v.svg").read_text()


def test_undetected_flaw_makes_the_test_void(judged):
    verdict = judged([1e-4, 0.02])
    assert verdict["outcome"] == "invalid"
    assert verdict["sentence"].startswith("Void: the flaw of flaw1 was not detected (p = 0.02).")
    assert "Result of the test itself" in verdict["sentence"]


def test_wrong_rejection_rate_makes_the_test_void_and_all_failures_are_listed(judged):
    verdict = judged(
        [0.5, 1e-4], negative=1e-5, null={**VALID_NULL, "rejected": 0.12, "holds": False}
    )
    assert verdict["outcome"] == "invalid"
    assert len(verdict["failures"]) == 3
    assert "12.0% of 400 label permutations" in verdict["sentence"]


def test_reversed_scores_of_the_negative_control_make_the_test_void(judged):
    verdict = judged([1e-4], negative=0.999, negative_high=0.48)
    assert verdict["failures"] == [
        "the scores of same, which has no flaw, are reversed in the test groups (AUC ≤ 0.480)"
    ]


def test_run_without_a_two_sample_test_is_reported(tmp_path):
    runs = [make_run(tmp_path / name, 0.1, test=False) for name in ("a", "b", "c")]
    with pytest.raises(InputError, match="a: no two-sample test; its task must be classification"):
        judge_by_controls(runs[0], [runs[1]], runs[2], tmp_path, tmp_path / "v.json")
    assert not (tmp_path / "v.json").exists()
