"""Patterns and lists of files: each file once, in the order of the numbers in the names."""

import os

import pytest

from cosmodag.errors import InputError
from cosmodag.file_patterns import files_below, find_files


def test_a_pattern_stands_for_its_files_in_the_order_of_their_numbers(tmp_path, monkeypatch):
    for number in (10, 9, 0):
        (tmp_path / f"snap.{number}.h5").touch()
    monkeypatch.setenv("HERE", str(tmp_path))
    assert [path.name for path in find_files("$HERE/snap.*.h5")] == [
        "snap.0.h5",
        "snap.9.h5",
        "snap.10.h5",
    ]
    last, first = tmp_path / "snap.9.h5", tmp_path / "snap.0.h5"
    assert find_files([last, str(first)]) == [last, first]


def test_a_name_like_a_pattern_is_a_file_if_there_is_one(tmp_path):
    path = tmp_path / "snap[1].h5"
    path.touch()
    assert find_files(path) == [path]


def test_patterns_without_files_and_files_given_twice_are_refused(tmp_path):
    path = tmp_path / "a.h5"
    path.touch()
    (tmp_path / "b.h5").symlink_to(path)
    with pytest.raises(InputError, match=r"\*.fits: no file matches this pattern; give another"):
        find_files(tmp_path / "*.fits", "give another")
    with pytest.raises(InputError, match=r"b.h5: given twice, also as .*a.h5"):
        find_files(tmp_path / "*.h5")


def test_linked_folders_are_searched_once(tmp_path):
    inside, outside = tmp_path / "in", tmp_path / "out"
    for folder in (inside / "b", outside):
        folder.mkdir(parents=True)
        (folder / "file").touch()
    (inside / "a").symlink_to(outside)
    (inside / "c").symlink_to("b")
    (inside / "b" / "loop").symlink_to(inside)
    (inside / "itself").symlink_to("itself")
    found = [os.path.relpath(path, inside) for path in files_below(inside)]
    assert found == ["a/file", "b/file", "itself"]
    left = files_below(inside, left_out=lambda entry: entry.name == "b")
    assert [os.path.relpath(path, inside) for path in left] == ["a/file", "c/file", "itself"]


def test_a_folder_that_cannot_be_read_is_refused_or_reported(tmp_path):
    gone = tmp_path / "gone"
    with pytest.raises(InputError, match="gone: cannot be read"):
        list(files_below(gone))
    errors: list[OSError] = []
    assert list(files_below(gone, unreadable=errors.append)) == []
    assert [error.filename for error in errors] == [str(gone)]
