"""Reasons of a plan, resolved into modules, options and inputs."""

import pytest

from cosmodag import source_cache
from cosmodag.dag.reasons import PlannedJob, explain, read_plan

OLD, NEW = "0123456789abcdef", "fedcba9876543210"
PARAMETERS = (
    "Params have changed since last execution: Union of exclusive params before and now across"
)
PLAN = """Building DAG of jobs...

[Sat Nov 28 20:28:53 2026]
rule voids_grid:
    input: a.h5
    output: b.h5
    jobid: 3
    reason: Updated input files: own/galaxies.csv
    wildcards: grid=boxes, batch=0
    resources: tmpdir=/tmp
[Sat Nov 28 20:28:53 2026]
localrule all:
    input: c.html
    jobid: 0
    reason: Input files updated by another job: c.html
    resources: tmpdir=/tmp
"""


def planned(before: str, now: str, **job) -> list[PlannedJob]:
    reason = f"{PARAMETERS} all output: before: {before} now: {now} "
    return [PlannedJob("voids_train", "run=unet", reason)._replace(**job)]


@pytest.fixture
def kept(monkeypatch):
    """The parts of two fingerprints."""
    parts = {
        OLD: {"cosmodag.models.unet": "1", "cosmodag.files": "1", "cosmodag.gone": "1"},
        NEW: {"cosmodag.models.unet": "2", "cosmodag.files": "1", "reporting/report.css": "1"},
    }
    monkeypatch.setattr(source_cache, "_fingerprints", parts)


def test_a_plan_is_read():
    assert read_plan(PLAN) == [
        PlannedJob("voids_grid", "grid=boxes, batch=0", "Updated input files: own/galaxies.csv"),
        PlannedJob("all", "", "Input files updated by another job: c.html"),
    ]


def test_a_changed_input_is_named_and_what_follows_is_one_line(tmp_path):
    assert explain(read_plan(PLAN), tmp_path) == [
        "voids_grid (grid=boxes, batch=0): updated input files: own/galaxies.csv",
        "what follows: all",
    ]


def test_a_changed_fingerprint_is_resolved_into_modules_and_data_files(kept, tmp_path):
    assert explain(planned(f"'{OLD}'", f"'{NEW}'"), tmp_path) == [
        "voids_train (run=unet): module cosmodag.models.unet changed",
        "voids_train (run=unet): data file reporting/report.css is used now",
        "voids_train (run=unet): module cosmodag.gone is no longer used",
    ]


def test_a_fingerprint_of_which_nothing_is_known_is_said_so(tmp_path):
    (line,) = explain(planned(f"'{OLD}'", f"'{NEW}'"), tmp_path)
    assert line.endswith("code changed; what it was made of is not recorded in this folder")


def test_changed_settings_are_single_options(tmp_path):
    before = "'--cells 64 --method cic --periodic'"
    now = """"--cells 64 --method tsc --axes '[0, 1]'\""""
    assert explain(planned(before, now), tmp_path) == [
        "voids_train (run=unet): --method was cic, is tsc",
        "voids_train (run=unet): --periodic was set, is absent",
        "voids_train (run=unet): --axes was absent, is [0, 1]",
    ]


def test_jobs_with_the_same_reason_share_a_line(tmp_path):
    jobs = [*planned("'--n 1'", "'--n 2'"), *planned("'--n 1'", "'--n 2'", wildcards="run=other")]
    assert explain(jobs, tmp_path) == ["voids_train (2 jobs): --n was 1, is 2"]


def test_other_parameters_are_shown_as_they_are(tmp_path):
    (line,) = explain(planned("0.9", "0.8"), tmp_path)
    assert line == "voids_train (run=unet): parameters 0.9 became 0.8"
