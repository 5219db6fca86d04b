"""Verdicts that rest on controls, as they are written."""

import json

import pandas as pd
import pytest

from cosmodag.errors import InputError
from cosmodag.injections.verdict import controls
from cosmodag.injections.verdict.controls import judge_by_controls

HOLDS = {"relabellings": 400, "rejected": 0.05, "low": 0.03, "high": 0.08, "holds": True}


def make_run(folder, p_value, *, test=True):
    auc = {"value": 0.6, "low": 0.55, "high": 0.65}
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
    (folder / "metrics.json").write_text(json.dumps(metrics))
    (folder / "run.json").write_text(json.dumps({"task": {"column": "label"}}))
    return folder


@pytest.fixture
def judged(tmp_path, monkeypatch):
    """A function that judges a test by two faults and one run without any."""

    def judge(faults, unchanged=0.4, null=HOLDS):
        monkeypatch.setattr(controls, "null_control", lambda *a, **k: null)
        monkeypatch.setattr(controls, "read_index", lambda *a: pd.DataFrame())
        run = make_run(tmp_path / "model", 1e-9)
        faulty = [make_run(tmp_path / f"fault{n}", p) for n, p in enumerate(faults)]
        same = make_run(tmp_path / "same", unchanged)
        judge_by_controls(
            run, faulty, same, tmp_path, tmp_path / "v.json", figure=tmp_path / "v.svg"
        )
        return json.loads((tmp_path / "v.json").read_text())

    return judge


def test_a_test_whose_controls_hold_says_what_it_found(judged, tmp_path):
    found = judged([1e-4, 1e-20])
    assert (found["outcome"], found["failures"]) == ("distinguishable", [])
    assert found["sentence"] == "The classes are distinguishable."
    assert [each["kind"] for each in found["tests"]] == ["test", "fault", "fault", "unchanged"]
    assert found["tests"][0]["note"] == "catalogue baseline alone: AUC 0.577"
    assert "fault1" in (tmp_path / "v.svg").read_text()


def test_a_test_that_misses_a_fault_is_void_and_says_so(judged):
    found = judged([1e-4, 0.02])
    assert found["outcome"] == "void"
    assert found["sentence"].startswith("Void: the fault of fault1 was not detected (p = 0.02).")
    assert "What the test itself says" in found["sentence"]


def test_a_null_that_does_not_hold_voids_the_test_and_every_reason_is_named(judged):
    found = judged([0.5, 1e-4], unchanged=1e-5, null={**HOLDS, "rejected": 0.12, "holds": False})
    assert found["outcome"] == "void"
    assert len(found["failures"]) == 3
    assert "12.0% of 400 relabellings" in found["sentence"]


def test_a_run_without_a_two_sample_test_is_named(tmp_path):
    runs = [make_run(tmp_path / name, 0.1, test=False) for name in ("a", "b", "c")]
    with pytest.raises(InputError, match="a: no two-sample test; its task must be classification"):
        judge_by_controls(runs[0], [runs[1]], runs[2], tmp_path, tmp_path / "v.json")
    assert not (tmp_path / "v.json").exists()
