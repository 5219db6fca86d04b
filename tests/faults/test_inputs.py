"""A selection of the corpus of bad inputs; `python -m tests.faults.inputs` runs all of it."""

import subprocess
import sys

import pytest

from tests.faults.inputs import cases

pytestmark = pytest.mark.faults

STEP = 12
"""Every which case is run."""


def test_bad_inputs_are_refused_or_listed_as_they_must_be(repository):
    """In a process of its own, since cases are forked and threads do not survive that."""
    command = [sys.executable, "-m", "tests.faults.inputs", "", str(STEP)]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_the_corpus_has_at_least_300_inputs_of_all_kinds():
    kinds = {case.kind for case in cases()}
    assert len(cases()) >= 300
    assert kinds >= {"csv", "h5", "fits", "stamps", "cutouts", "bricks", "raw", "config", "runs"}
