"""Command-line options made from the configuration's schema, so that both say the same."""

import json
from pathlib import Path

import click

from cosmodag import settings

TYPES = {"integer": click.INT, "number": click.FLOAT, "string": click.STRING}


class Structure(click.ParamType):
    """A list or a mapping written as JSON."""

    name = "JSON"

    def convert(self, value, parameter, context):
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except json.JSONDecodeError as error:
            self.fail(f"{value!r} is not JSON: {error}", parameter, context)


class NumberOrName(click.ParamType):
    """The number or the name of a column."""

    name = "column"

    def convert(self, value, parameter, context):
        return int(value) if isinstance(value, str) and value.isdigit() else value


def settings_options(path: str, stage: str | None = None):
    """Add an option for each key of a section of the configuration.

    Parameters
    ----------
    path : str
        The section in the schema, such as ``voids/grids/*``. Keys that name other entries or only
        shape the DAG become no options.
    stage : str, optional
        Of a section that two commands share, only the keys of this ``x-stage``; by default those
        of none.
    """

    def decorate(command):
        required = settings.section(path).get("required", [])
        parts = settings.stage_keys(path, stage)
        for key, part in reversed(parts):
            command = _option(key, part, key in required)(command)
        return command

    return decorate


def input_file(name: str, help: str, **more):
    """An option for a file that must exist."""
    return click.option(
        name, type=click.Path(exists=True, dir_okay=False, path_type=Path), help=help, **more
    )


def input_folder(name: str, help: str, **more):
    """An option for a folder that must exist."""
    return click.option(
        name, type=click.Path(exists=True, file_okay=False, path_type=Path), help=help, **more
    )


def output(help: str):
    """The option for what a command writes."""
    return click.option("--output", type=click.Path(path_type=Path), required=True, help=help)


threads = click.option("--threads", type=click.IntRange(min=1), default=1, help="Threads to use.")


def _option(key: str, part: dict, required: bool):
    name = f"--{key.replace('_', '-')}"
    shared = {"help": part.get("description", ""), "required": required}
    if "default" in part and not required:
        shared["default"] = part["default"]
    if part.get("type") == "boolean":
        return click.option(f"{name}/--no-{key.replace('_', '-')}", **shared)
    if isinstance(part.get("type"), list):
        return click.option(name, type=NumberOrName(), **shared)
    if "enum" in part:
        return click.option(name, type=click.Choice(part["enum"]), **shared)
    if part.get("type") in TYPES:
        return click.option(name, type=TYPES[part["type"]], **shared)
    if isinstance(shared.get("default"), dict | list):
        shared["default"] = json.dumps(shared["default"])
    return click.option(name, type=Structure(), **shared)
