"""The schema of configurations: checks, defaults, and the options of commands."""

import copy
import functools
from collections.abc import Container, Iterable, Iterator, Mapping
from pathlib import Path

import jsonschema

from cosmodag import experiments, schema_errors, schema_values
from cosmodag.errors import InputError
from cosmodag.schema_errors import ConfigError
from cosmodag.yaml_files import YamlFile

PACKAGE = Path(__file__).resolve().parent
_BY_EXPERIMENT = ("runs", "run", "task", "baselines")
"""Definitions of the shared part that each experiment has for itself: it limits the tasks to those
that it declares, and adds settings of its baselines."""


@functools.cache
def schema() -> dict:
    """Return the JSON Schema of the configuration: the shared part and that of each experiment.

    The shared part is `schema.yaml` beside this module. Each experiment adds the section that
    `schema.yaml` in its package describes. Its ``$defs`` take precedence over shared ones of the
    same name, and its runs are limited to the tasks that it declares.
    """
    assembled = YamlFile(PACKAGE / "schema.yaml").data
    for name in experiments.names():
        section = YamlFile(PACKAGE / name / "schema.yaml").data
        definitions = {key: copy.deepcopy(assembled["$defs"][key]) for key in _BY_EXPERIMENT}
        tasks = [f"#/$defs/{task}_task" for task in experiments.find(name).tasks]
        choices = definitions["task"]["oneOf"]
        definitions["task"]["oneOf"] = [each for each in choices if each["$ref"] in tasks]
        section["$defs"] = definitions | section.get("$defs", {})
        own = f"#/properties/{name}/$defs/"
        assembled["properties"][name] = _with_own_references(section, own, section["$defs"])
    return assembled


def _with_own_references(part, own: str, names: Container[str]):
    """Return part of a schema in which references to `names` lead to an experiment's ``$defs``."""
    if isinstance(part, list):
        return [_with_own_references(value, own, names) for value in part]
    if not isinstance(part, Mapping):
        return part
    return {
        key: f"{own}{name}"
        if key == "$ref" and (name := value.removeprefix("#/$defs/")) in names
        else _with_own_references(value, own, names)
        for key, value in part.items()
    }


def section(path: str) -> dict:
    """Return the part of the schema at a path, such as ``<experiment>/grids/*``.

    Parameters
    ----------
    path : str
        Keys from the top of the configuration; a star stands for a name that users choose. What
        begins with ``$defs`` is a definition that experiments share, such as ``$defs/run``.

    Raises
    ------
    KeyError
        If the schema has no such part.
    """
    first, *rest = path.split("/")
    part = schema()
    if first == "$defs":
        part = part["$defs"][rest.pop(0)]
    else:
        rest.insert(0, first)
    part = resolved(part)
    for key in rest:
        part = resolved(part["additionalProperties"] if key == "*" else part["properties"][key])
    return part


def keys(path: str) -> Iterator[tuple[str, dict]]:
    """Yield the keys of a section with the parts of the schema that describe them.

    Parameters
    ----------
    path : str
        The section, see `section`.
    """
    for key, part in section(path).get("properties", {}).items():
        yield key, resolved(part)


def stage_keys(path: str, stage: str | None = None) -> list[tuple[str, dict]]:
    """Return the keys of a section that become options of a command, with their parts.

    Parameters
    ----------
    path : str
        The section, see `section`.
    stage : str, optional
        Of a section that two commands share, the ``x-stage`` of the keys of one of them. By default
        the keys without one.

    Returns
    -------
    list of tuple
        Names of keys and the parts of the schema that describe them. Keys that refer to other
        entries (``x-names``) or that affect the workflow alone (``x-rule``) are left out. Those
        whose value the workflow passes as an input of a job are marked by ``x-input``, and those
        that may be several files by ``x-files``.
    """
    return [
        (key, part)
        for key, part in keys(path)
        if not part.keys() & {"x-names", "x-rule"} and part.get("x-stage") == stage
    ]


def complete(config: Mapping) -> dict:
    """Check a configuration against the schema and fill in the defaults.

    Parameters
    ----------
    config : mapping
        The configuration as read from YAML. Numbers may be given as text.

    Returns
    -------
    dict
        A new configuration with all defaults.

    Raises
    ------
    ConfigError
        If a key is missing or not known, or its value is not allowed. The message names the nearest
        known name or the allowed values.
    """
    filled = _checked(config, schema())
    check_names(filled)
    return filled


def as_given(config: Mapping) -> dict:
    """Return a configuration without defaults, with texts converted to the types of the schema.

    Parameters
    ----------
    config : mapping
        The configuration as read from YAML.
    """
    return schema_values.converted(dict(config), schema(), resolved)


def with_defaults(value: Mapping, path: str) -> dict:
    """Return the settings of a section with the defaults of the keys that it leaves out.

    Parameters
    ----------
    value : mapping
        Settings of one entry.
    path : str
        Its place in the schema, see `section`.

    Raises
    ------
    ConfigError
        If a key is not known or its value is not allowed.
    """
    return _checked(value, section(path))


def checked_value(value, part: dict):
    """Return a value with the types of a part of the schema, if the part allows it.

    Parameters
    ----------
    value : object
        Value of a key.
    part : dict
        The part of the schema that describes the key.

    Raises
    ------
    ConfigError
        If the value is not allowed or a number in it is not finite.
    """
    value = schema_values.converted(value, part, resolved)
    _validate(value, part)
    return value


def _checked(value: Mapping, part: dict) -> dict:
    value = schema_values.converted(dict(value), part, resolved)
    _validate(value, part)
    return schema_values.filled(value, part, resolved)


def _validate(value, part: dict) -> None:
    validator = jsonschema.Draft202012Validator(schema()).evolve(schema=part)
    errors = sorted(validator.iter_errors(value), key=lambda error: len(error.path))
    if errors:
        raise schema_errors.explain(errors[0], resolved)


def check_names(config: Mapping) -> None:
    """Check that each entry that another one refers to is defined.

    The schema marks keys that refer to entries by ``x-names``, the section of these entries.

    Parameters
    ----------
    config : mapping
        The completed configuration.

    Raises
    ------
    ConfigError
        If an entry is not defined. The message names the nearest one that is.
    """
    for experiment in filter(config.__contains__, experiments.names()):
        for where, entries in config[experiment].items():
            references = {
                key: part["x-names"]
                for key, part in keys(f"{experiment}/{where}/*")
                if "x-names" in part
            }
            for name, entry in entries.items():
                for key, target in references.items():
                    defined = config[experiment][target]
                    used = entry.get(key, [])
                    for other in [used] if isinstance(used, str) else used:
                        if other not in defined:
                            raise ConfigError(
                                (experiment, where, name, key),
                                f"{other!r} is not defined under {experiment}.{target}"
                                f"{schema_errors.nearest(other, defined)}",
                            )


def unknown(kind: str, name: str, known: Iterable[str]) -> InputError:
    """Return the error for an unknown name, which names the nearest known one.

    Parameters
    ----------
    kind : str
        What the name denotes, such as ``"model"``.
    name : str
        The unknown name.
    known : iterable of str
        Names that are known.
    """
    return InputError(f"{kind} {name!r} is not known{schema_errors.nearest(name, known)}")


def resolved(part: dict) -> dict:
    """Return a part of the schema with its references replaced by what they refer to.

    Parameters
    ----------
    part : dict
        Part of the schema. Keys beside a reference take precedence.
    """
    while "$ref" in part:
        target = schema()
        for key in part["$ref"].removeprefix("#/").split("/"):
            target = target[key]
        part = {**target, **{key: value for key, value in part.items() if key != "$ref"}}
    return part
