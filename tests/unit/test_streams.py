"""The command line where standard streams are closed."""

import subprocess
import sys

import pytest

from cosmodag.json_files import write_json


def verify(folder, redirection: str) -> subprocess.CompletedProcess:
    """Verify a folder of results in a process of its own."""
    command = f'exec "{sys.executable}" -m cosmodag verify "{folder}" {redirection}'
    return subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=300)


@pytest.fixture
def results(tmp_path):
    """Results of one file."""
    write_json(tmp_path / "results" / "a.json", {})
    return tmp_path / "results"


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_command_runs_without_standard_streams(results, closed):
    done = verify(results, closed)
    assert done.returncode == 0, done.stderr
    assert ("all as made" in done.stdout) is (">" not in closed.replace("2>&-", ""))
