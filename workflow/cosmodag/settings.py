"""The configuration's schema: filling defaults, refusing what it does not know, naming options."""

import difflib
import functools
from collections.abc import Container, Iterator, Mapping
from pathlib import Path

import jsonschema

from cosmodag import experiments
from cosmodag.errors import InputError
from cosmodag.yaml_files import YamlFile

PACKAGE = Path(__file__).resolve().parent


@functools.cache
def schema() -> dict:
    """Return the JSON Schema of the configuration: the shared part and that of each experiment.

    The shared part is `schema.yaml` beside this module. Each experiment adds the section that
    `schema.yaml` in its package describes; its ``$defs`` are its own and go before shared ones of
    the same name.
    """
    assembled = _read(PACKAGE / "schema.yaml")
    for name in experiments.names():
        section = _read(PACKAGE / name / "schema.yaml")
        own = f"#/properties/{name}/$defs/"
        assembled["properties"][name] = _with_own_references(section, own, section.get("$defs", {}))
    return assembled


def _read(path: Path) -> dict:
    return YamlFile(path).data


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
    part = _resolved(part)
    for key in rest:
        part = _resolved(part["additionalProperties"] if key == "*" else part["properties"][key])
    return part


def keys(path: str) -> Iterator[tuple[str, dict]]:
    """Yield the keys of a section with the part of the schema that describes each."""
    for key, part in section(path).get("properties", {}).items():
        yield key, _resolved(part)


def stage_keys(path: str, stage: str | None = None) -> list[tuple[str, dict]]:
    """Return the keys of a section that become options of a command, with their parts.

    Keys that name other entries (``x-names``) or only shape the DAG (``x-rule``) become none; of a
    section that two commands share, ``x-stage`` says whose a key is.
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
        The configuration as read from YAML.

    Returns
    -------
    dict
        A new configuration with every default filled in.

    Raises
    ------
    InputError
        If a key is unknown (the nearest known one is named), missing, or its value not allowed.
    """
    validator = jsonschema.Draft202012Validator(schema())
    errors = sorted(validator.iter_errors(dict(config)), key=lambda error: len(error.path))
    if errors:
        raise InputError(_explanation(errors[0]))
    filled = _filled(config, schema())
    check_names(filled)
    return filled


def check_names(config: Mapping) -> None:
    """Check that a name which one section of an experiment uses is defined in another.

    The schema marks such keys by ``x-names``, the section that must define the name or names.

    Parameters
    ----------
    config : mapping
        The completed configuration.

    Raises
    ------
    InputError
        If a name is not defined; the nearest defined one is named.
    """
    for experiment, sections in config.items():
        if not isinstance(sections, Mapping):
            continue
        for where, entries in sections.items():
            named = {
                key: part["x-names"]
                for key, part in keys(f"{experiment}/{where}/*")
                if "x-names" in part
            }
            for name, entry in entries.items():
                for key, other in named.items():
                    user, section = f"{experiment}.{where}.{name}.{key}", f"{experiment}.{other}"
                    _check_defined(user, entry.get(key), section, sections[other])


def _check_defined(user: str, used, section: str, known) -> None:
    """Check what a key holds, a name, names or nothing, against those that a section defines."""
    for name in [used] if isinstance(used, str) else used or ():
        if name not in known:
            raise InputError(
                f"config key {user}: {name!r} is not defined under {section}{_nearest(name, known)}"
            )


def with_defaults(value: Mapping, path: str) -> dict:
    """Return the settings of a section with the defaults of the keys that it leaves out.

    Raises
    ------
    InputError
        If a key is not known or its value not allowed.
    """
    part = section(path)
    validator = jsonschema.Draft202012Validator(schema())
    errors = list(validator.evolve(schema=part).iter_errors(dict(value)))
    if errors:
        raise InputError(_explanation(errors[0]))
    return _filled(value, part)


def unknown(kind: str, found: str, known) -> InputError:
    """Return the error for a name that is not among the known ones, naming the nearest."""
    return InputError(f"{kind} {found!r} is not known{_nearest(found, known)}")


def _resolved(part: dict) -> dict:
    """Follow `$ref`; what stands beside it wins."""
    while "$ref" in part:
        target = schema()
        for key in part["$ref"].removeprefix("#/").split("/"):
            target = target[key]
        part = {**target, **{key: value for key, value in part.items() if key != "$ref"}}
    return part


def _filled(value, part: dict):
    part = _resolved(part)
    if isinstance(value, Mapping):
        known = part.get("properties", {})
        other = part.get("additionalProperties")
        filled = {key: _filled(value[key], _part(key, known, other)) for key in value}
        for key, entry in known.items():
            entry = _resolved(entry)
            if key not in filled and "default" in entry:
                filled[key] = _filled(entry["default"], entry)
        return filled
    if isinstance(value, list):
        return list(value)
    return value


def _part(key: str, known: dict, other) -> dict:
    return known[key] if key in known else other if isinstance(other, dict) else {}


def _explanation(error: jsonschema.ValidationError) -> str:
    error = _deepest(error)
    path = [str(key) for key in error.absolute_path]
    if error.validator == "additionalProperties":
        known = error.schema.get("properties", {})
        found = next(key for key in error.instance if key not in known)
        return f"config key {'.'.join([*path, found])} is not known{_nearest(found, known)}"
    where = ".".join(path) or "the configuration"
    if error.validator == "oneOf" and not error.context:
        keys_of = [", ".join(part["required"]) for part in error.validator_value]
        return f"config key {where}: give just one of {' or '.join(keys_of)}"
    if error.validator == "required":
        missing = next(key for key in error.validator_value if key not in error.instance)
        return f"config key {'.'.join([*path, missing])} is missing"
    return f"config key {where}: {error.message}"


def _deepest(error: jsonschema.ValidationError) -> jsonschema.ValidationError:
    """Of alternatives that all failed, take the error that lies deepest in the configuration."""
    while error.context:
        error = max(error.context, key=lambda inner: len(inner.path))
    return error


def _nearest(found: str, known) -> str:
    known = [str(name) for name in known]
    near = difflib.get_close_matches(str(found), known, n=1, cutoff=0.4)
    if near:
        return f"; did you mean {near[0]!r}?"
    return f"; known: {', '.join(known)}" if known else ""
