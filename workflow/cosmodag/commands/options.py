"""Command-line options made from the schema of the configuration, so that both agree."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from cosmodag import processor, settings

TYPES = {"integer": click.INT, "number": click.FLOAT, "string": click.STRING}


class Structure(click.ParamType):
    """A list or a mapping written as JSON."""

    name = "JSON"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Parse a text as JSON."""
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except json.JSONDecodeError as error:
            self.fail(f"{value!r} is not JSON: {error}", param, ctx)


class NumberOrName(click.ParamType):
    """The number or the name of a column."""

    name = "column"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Convert a text of digits to an integer."""
        return int(value) if isinstance(value, str) and value.isdigit() else value


def settings_options(path: str, stage: str | None = None) -> Callable:
    """Return a decorator that adds an option for each key of a section of the configuration.

    Parameters
    ----------
    path : str
        The section in the schema, such as ``<experiment>/grids/*``. Keys that refer to other
        entries or that affect the workflow alone become no options.
    stage : str, optional
        Of a section that two commands share, the ``x-stage`` of the keys of this command. By
        default the keys without one.

    Returns
    -------
    callable
        Decorator of a command.
    """

    def decorate(command):
        required = settings.section(path).get("required", [])
        for key, part in reversed(settings.stage_keys(path, stage)):
            command = _option(key, part, key in required)(command)
        return command

    return decorate


def input_file(name: str, help: str, **more: Any) -> Callable:
    """Return an option for a file that exists.

    Parameters
    ----------
    name : str
        Name of the option, such as ``--grid``.
    help : str
        Its description.
    **more
        Further arguments of `click.option`.
    """
    return click.option(
        name, type=click.Path(exists=True, dir_okay=False, path_type=Path), help=help, **more
    )


def input_folder(name: str, help: str, **more: Any) -> Callable:
    """Return an option for a folder that exists.

    Parameters
    ----------
    name : str
        Name of the option, such as ``--dataset``.
    help : str
        Its description.
    **more
        Further arguments of `click.option`.
    """
    return click.option(
        name, type=click.Path(exists=True, file_okay=False, path_type=Path), help=help, **more
    )


def output(help: str) -> Callable:
    """Return the option for the file or folder that a command writes.

    Parameters
    ----------
    help : str
        Its description.
    """
    return click.option("--output", type=click.Path(path_type=Path), required=True, help=help)


def _use_threads(context: click.Context, parameter: click.Parameter, value: int) -> int:
    processor.use_threads(value)
    return value


threads = click.option(
    "--threads",
    type=click.IntRange(min=1),
    default=1,
    callback=_use_threads,
    help="Number of threads.",
)


def _option(key: str, part: dict, required: bool) -> Callable:
    """Return the option of a key."""
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
