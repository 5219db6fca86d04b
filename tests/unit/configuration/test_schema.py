"""The schema of configurations is assembled from the packages, complete, and known to editors."""

import json

import pytest
from click.testing import CliRunner

from cosmodag import experiments, settings
from cosmodag.commands.config import command


def test_each_experiment_describes_its_own_section():
    shared = settings.YamlFile(settings.PACKAGE / "schema.yaml")
    assert not set(experiments.names()) & shared.data["properties"].keys()
    for name in experiments.names():
        assert settings.section(name)["properties"].keys() >= {"sources", "runs"}


def test_the_shared_part_names_no_experiment():
    text = (settings.PACKAGE / "schema.yaml").read_text()
    assert not [name for name in experiments.names() if f"{name}:" in text or f"{name}/" in text]


def test_every_reference_of_the_schema_resolves():
    def references(part):
        if isinstance(part, dict):
            yield from [part["$ref"]] if "$ref" in part else []
            part = list(part.values())
        for value in part if isinstance(part, list) else ():
            yield from references(value)

    for reference in set(references(settings.schema())):
        part = settings.schema()
        for key in reference.removeprefix("#/").split("/"):
            part = part[key]


def test_the_schema_for_editors_is_up_to_date(repository):
    """`cosmodag config --schema > config/schema.json` updates it."""
    printed = CliRunner().invoke(command, ["--schema"]).output
    assert json.loads(printed) == settings.schema()
    assert (repository / "config/schema.json").read_text() == printed


def test_every_shipped_configuration_names_the_schema_for_editors(repository):
    folder = repository / "config"
    for path in folder.rglob("*.yaml"):
        reference = (
            path.read_text().splitlines()[0].removeprefix("# yaml-language-server: $schema=")
        )
        assert (path.parent / reference).resolve() == (folder / "schema.json").resolve(), path


@pytest.mark.parametrize("unknown", ["nowhere", "$defs/nothing"])
def test_an_unknown_path_is_an_error(unknown):
    with pytest.raises(KeyError):
        settings.section(unknown)


def test_the_reference_describes_every_key(repository):
    """`cosmodag config --reference > docs/configuration-keys.md` updates the page."""
    printed = CliRunner().invoke(command, ["--reference"]).output
    assert (repository / "docs/configuration-keys.md").read_text() == printed
    for name in experiments.names():
        assert f"## `{name}`" in printed
        for section, _ in settings.keys(name):
            assert f"### `{name}.{section}`" in printed
    for path in ("$defs/dataset", "$defs/run", "$defs/training"):
        for key, part in settings.keys(path):
            assert f"`{key}` |" in printed or f".{key}` |" in printed
            assert part.get("description"), f"{path}: {key}"
    assert "| `box_size` | a number above 0 | Mpc/h | `192` | Side of the periodic box" in printed


def test_the_command_prints_a_configuration_that_it_accepts(tmp_path, repository):
    path = tmp_path / "complete.yaml"
    path.write_text(CliRunner().invoke(command, [str(repository / "config/config.yaml")]).output)
    done = CliRunner().invoke(command, [str(path)])
    assert done.output == path.read_text()
