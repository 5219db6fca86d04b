"""Command-line options made from the schema of the configuration, so that both agree."""

import functools
import json
import math
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import click

from cosmodag import processor, settings
from cosmodag.input_files import parse_json
from cosmodag.output_kinds import Output
from cosmodag.outputs import check_output
from cosmodag.schema_errors import ConfigError

TYPES = {"integer": click.INT, "number": click.FLOAT, "string": click.STRING}


class Structure(click.ParamType):
    """A list or a mapping written as JSON."""

    name = "JSON"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Parse a text as JSON."""
        if not isinstance(value, str):
            return value
        try:
            return parse_json(value)
        except (ValueError, RecursionError) as error:
            examples = """'["x", "y", "z"]' or '{"mass": {"min": 1e12}}'"""
            self.fail(f"{value!r} is not JSON, such as {examples}: {error}", param, ctx)


class StructureOrText(Structure):
    """A number, a list or a mapping written as JSON, or else a text."""

    name = "JSON or text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Parse a text as JSON, or return it."""
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter:
            return value


class Finite(click.FloatRange):
    """A finite number in a range."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Convert a text to a number."""
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{number} is not a finite number; give another", param, ctx)
        return number


class FiniteOrRange(Structure):
    """A finite number, or a range of two."""

    name = "number or [low, high]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Parse a text as a number or a list of two."""
        value = super().convert(value, param, ctx)
        numbers = value if isinstance(value, list) and len(value) == 2 else [value]
        for number in numbers:
            if isinstance(number, bool) or not isinstance(number, int | float):
                self.fail(f"{value!r} is neither a number nor a range [low, high]", param, ctx)
            Finite(min=0).convert(number, param, ctx)
        return value


class KindOfFile(click.ParamType):
    """A file that exists, with what it is used as: ``grid=boxes.h5``."""

    name = "kind=file"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Split a text into the kind and the path."""
        if not isinstance(value, str):
            return value
        kind, separator, path = value.partition("=")
        if not (kind and separator):
            self.fail(f"{value!r} names no kind; write KIND=FILE", param, ctx)
        return kind, click.Path(exists=True, path_type=Path).convert(path, param, ctx)


class NumberOrName(click.ParamType):
    """The number or the name of a column."""

    name = "column"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Convert a text of digits to an integer."""
        return int(value) if isinstance(value, str) and value.isdigit() else value


def settings_options(
    path: str, stage: str | None = None, *, without: Collection[str] = (), prefix: str = ""
) -> Callable:
    """Return a decorator that adds an option for each key of a section of the configuration.

    Parameters
    ----------
    path : str
        The section in the schema, such as ``<experiment>/grids/*``. Keys that refer to other
        entries or that affect the workflow alone become no options.
    stage : str, optional
        Of a section that two commands share, the ``x-stage`` of the keys of this command. By
        default the keys without one.
    without : collection of str
        Keys that the command takes in another way.
    prefix : str
        Beginning of the names of the options, for a section inside that of the command.

    Returns
    -------
    callable
        Decorator of a command.
    """

    def decorate(command):
        required = settings.section(path).get("required", [])
        for key, part in reversed(settings.stage_keys(path, stage)):
            if key not in without:
                command = _option(f"{prefix}{key}", part, key in required)(command)
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


def output(
    help: str, kind: Output, name: str = "--output", *, required: bool = True
) -> Callable[[Callable], Callable]:
    """Return an option for a file or folder that a command writes.

    Before the command runs, it refuses to replace anything but what the same command wrote, see
    `cosmodag.outputs`.

    Parameters
    ----------
    help : str
        Description of the option.
    kind : Output
        What the command writes.
    name : str
        Name of the option.
    required : bool
        Whether it must be given.
    """
    parameter = name.removeprefix("--").replace("-", "_")

    def decorate(command: Callable) -> Callable:
        @functools.wraps(command)
        def checked(**values: Any) -> Any:
            if values[parameter] is not None:
                others = {key: value for key, value in values.items() if key != parameter}
                check_output(values[parameter], kind, others)
            return command(**values)

        path = click.Path(path_type=Path)
        return click.option(name, type=path, required=required, help=help)(checked)

    return decorate


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


def _checked(part: dict) -> Callable:
    """Return a callback that checks the value of an option against its part of the schema."""

    def check(context: click.Context, parameter: click.Parameter, value: Any) -> Any:
        value = list(value) if isinstance(value, tuple) else value
        try:
            return None if value is None else settings.checked_value(value, part)
        except ConfigError as error:
            raise click.BadParameter(str(error), context, parameter) from None

    return check


def _option(key: str, part: dict, required: bool) -> Callable:
    """Return the option of a key."""
    name = f"--{key.replace('_', '-')}"
    shared = {"help": part.get("description", ""), "required": required, "callback": _checked(part)}
    if "default" in part and not required:
        shared["default"] = part["default"]
    if part.get("x-files"):  # given once per file
        return click.option(name, type=click.Path(), multiple=True, **shared)
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
    texts = any(other.get("type") == "string" for other in part.get("oneOf", ()))
    return click.option(name, type=StructureOrText() if texts else Structure(), **shared)
