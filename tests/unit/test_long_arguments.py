"""Arguments from a file, where a command line would be too long for the system."""

import subprocess
import sys

import pytest

from cosmodag.commands.main import InputMistake, words_of


def test_an_argument_with_an_at_sign_stands_for_the_lines_of_a_file(tmp_path):
    path = tmp_path / "list"
    path.write_text("a b.h5\n\n--test=é.h5\n")
    assert words_of(f"@{path}") == ["a b.h5", "--test=é.h5"]


def test_other_arguments_stay(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "@file").touch()
    assert words_of("@file") == ["@file"]
    assert words_of("file") == ["file"]


def test_a_missing_list_is_named(tmp_path):
    with pytest.raises(InputMistake, match="absent cannot be read as a list of arguments"):
        words_of(f"@{tmp_path / 'absent'}")


def test_a_command_takes_more_inputs_than_a_command_line_holds(tmp_path):
    path = tmp_path / "list"
    path.write_text("".join(f"{tmp_path}/{'x' * 100}{number}\n" for number in range(30_000)))
    assert path.stat().st_size > 2**21
    words = [sys.executable, "-m", "cosmodag", "split", f"@{path}", "--output", "dataset"]
    done = subprocess.run(words, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 2
    assert f"{'x' * 100}0' does not exist" in done.stderr.replace("\n", "")
