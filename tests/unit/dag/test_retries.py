"""A job that reports a mistake in its input is not run again; others are."""

import os
from types import SimpleNamespace

import pytest

from cosmodag.dag.retries import exempt_input_errors, reports_input_error


@pytest.fixture
def job_class():
    class Job:
        rule = SimpleNamespace(params={"code": "a fingerprint"})

        def __init__(self, *log):
            self.log = [str(path) for path in log]

        @property
        def restart_times(self):
            return 3

    exempt_input_errors(Job)
    exempt_input_errors(Job)  # a workflow may be included twice
    return Job


@pytest.mark.parametrize(
    ("text", "reported"),
    [
        ("reading\nError: galaxies.csv: no column 'x'\n", True),
        (
            "Error: galaxies.csv: no column 'x'\nsrun: error: task 0: Exited with code 2\n",
            True,
        ),
        ("", False),
        ("epoch 3\n", False),
        ("MemoryError: no memory\n", False),
        ("Traceback (most recent call last):\nKeyError: 'x'\n", False),
        ("Failed: cosmodag train: not enough memory for 4 GiB\n", False),
        ("Error: cosmodag split: results/x: no space left\n", True),
        ("Error: galaxies.csv: no column 'x'\nTraceback (most recent call last):\n", True),
        ("x" * 100_000 + "\nError: too late\n", True),
    ],
)
def test_a_mistake_in_an_input_is_told_from_other_failures(tmp_path, job_class, text, reported):
    log = tmp_path / "job.log"
    log.write_text(text)
    assert reports_input_error([str(log)]) == reported
    assert job_class(log).restart_times == (0 if reported else 3)


def test_the_log_of_an_earlier_run_does_not_count(tmp_path, job_class):
    log = tmp_path / "job.log"
    log.write_text("Error: galaxies.csv: no column 'x'\n")
    os.utime(log, (0, 0))
    assert job_class(log).restart_times == 3


def test_a_job_without_a_log_is_run_again(tmp_path, job_class):
    assert job_class(tmp_path / "absent.log").restart_times == 3
    assert job_class().restart_times == 3


def test_a_job_of_an_outer_workflow_is_run_again(tmp_path, job_class):
    log = tmp_path / "job.log"
    log.write_text("Error: of another program\n")
    job = job_class(log)
    job.rule = SimpleNamespace(params={})
    assert job.restart_times == 3
