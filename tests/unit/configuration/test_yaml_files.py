"""Configuration files refuse duplicate keys and know their lines."""

import pytest

from cosmodag.errors import InputError
from cosmodag.yaml_files import YamlFile


def written(folder, text):
    path = folder / "config.yaml"
    path.write_text(text)
    return path


def test_a_duplicate_key_is_refused_with_both_lines(tmp_path):
    path = written(tmp_path, "a:\n  run: 1\n  other: 2\n  run: 3\n")
    with pytest.raises(InputError, match=r"yaml, line 4: key a.run is defined twice.*line 2"):
        YamlFile(path)


def test_a_merged_key_may_be_overridden(tmp_path):
    path = written(tmp_path, "a: &a {x: 1, y: 2}\nb: {<<: *a, x: 3}\n")
    assert YamlFile(path).data["b"] == {"x": 3, "y": 2}


@pytest.mark.parametrize(
    ("keys", "depth", "line"),
    [
        (["a", "y"], 2, 2),
        (["b", "z"], 2, 4),
        (["b", "y"], 2, 2),
        (["a", "no"], 1, 1),
        (["no"], 0, 0),
        (["c", "1"], 2, 6),
    ],
)
def test_the_line_of_a_key_is_known(tmp_path, keys, depth, line):
    path = written(tmp_path, "a: &a\n  y: 2\nb:\n  z: 1\n  <<: *a\nc: [1, 2]\n")
    assert YamlFile(path).locate(keys) == (depth, line)


@pytest.mark.parametrize("text", ["a: [1", "a: b: c", "? [1]\n: 2\n", "&a [*a]\n", "a: \x00"])
def test_what_is_not_yaml_is_refused_in_one_line(tmp_path, text):
    path = written(tmp_path, text)
    with pytest.raises(InputError, match="config") as error:
        YamlFile(path)
    assert "\n" not in str(error.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"none.yaml: there is no such file"):
        YamlFile(tmp_path / "none.yaml")


def test_an_empty_file_holds_nothing(tmp_path):
    assert YamlFile(written(tmp_path, "# nothing\n")).data is None
