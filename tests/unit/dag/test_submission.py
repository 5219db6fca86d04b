"""A job runs only with the code and settings of its submission."""

import os

import pytest

from cosmodag.dag import submission
from cosmodag.errors import InputError


class Wildcards(dict):
    """Stand-in for Snakemake's wildcards, whose entries are attributes as well."""

    __getattr__ = dict.__getitem__


class Rule:
    name = "voids_train"

    def __init__(self, code: str, width: int = 8):
        self.params = {
            "code": lambda w: f"{code} of {w.run}",
            "settings": f"--width {width}",
            "launch": lambda wildcards, resources: 1 / 0,  # not known before resources are
        }


class Job:
    rule, wildcards = Rule("a"), Wildcards(run="unet")


@pytest.fixture
def submitted(monkeypatch, tmp_path):
    monkeypatch.setenv(submission.VARIABLE, "")
    submission.record([Job], tmp_path)


def test_a_submitted_job_starts(submitted):
    submission.check(Rule("a"), Wildcards(run="unet"))


@pytest.mark.parametrize("rule", [Rule("b"), Rule("a", width=9)])
def test_changed_code_or_settings_are_refused(submitted, rule):
    with pytest.raises(InputError, match=r"voids_train \(run=unet\): its code or settings changed"):
        submission.check(rule, Wildcards(run="unet"))


def test_a_job_outside_a_submission_is_not_checked(monkeypatch):
    monkeypatch.delenv(submission.VARIABLE, raising=False)
    submission.check(Rule("b"), Wildcards(run="unet"))


def test_a_lost_list_of_jobs_is_refused(submitted, monkeypatch, tmp_path):
    monkeypatch.setenv(submission.VARIABLE, str(tmp_path / "absent"))
    with pytest.raises(InputError, match="absent: the list of submitted jobs cannot be read"):
        submission.check(Rule("a"), Wildcards(run="unet"))


def test_ten_thousand_jobs_leave_the_environment_small(monkeypatch, tmp_path):
    monkeypatch.setenv(submission.VARIABLE, "")

    class Batch(Job):
        def __init__(self, number):
            self.wildcards = Wildcards(run="unet", batch=str(number))

    submission.record([Batch(number) for number in range(10_000)], tmp_path)
    assert len(os.environ[submission.VARIABLE]) < 1000
    submission.check(Rule("a"), Wildcards(run="unet", batch="9999"))


def test_target_jobs_are_parsed_from_the_command_line():
    words = [
        "snakemake",
        "--target-jobs",
        "voids_split:experiment=voids,dataset=a",
        "report:",
        "--x",
    ]
    assert submission.target_jobs(words) == [
        ("voids_split", {"experiment": "voids", "dataset": "a"}),
        ("report", {}),
    ]
    assert submission.target_jobs(["snakemake", "-n"]) == []
