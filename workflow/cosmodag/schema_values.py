"""Values of a configuration: texts converted to the types of the schema, defaults filled in."""

import math
from collections.abc import Callable, Mapping

from cosmodag.schema_errors import ConfigError

Resolve = Callable[[dict], dict]


def converted(value, part: dict, resolve: Resolve, keys: tuple[str, ...] = ()):
    """Return a value in which texts, and names given as numbers, have the types of the schema.

    Snakemake's ``--config`` gives every value as text, and YAML 1.1 takes ``1e-3`` for text.

    Parameters
    ----------
    value : object
        Part of a configuration.
    part : dict
        The part of the schema that describes it.
    resolve : callable
        Follows the references of a part of the schema.
    keys : tuple of str
        Keys above the value, for messages.

    Raises
    ------
    ConfigError
        If a number is not finite.
    """
    part = resolve(part)
    if isinstance(value, Mapping):
        part = _chosen(value, part, resolve)
        known, other = part.get("properties", {}), part.get("additionalProperties")
        other = other if isinstance(other, Mapping) else {}
        return {
            name: converted(each, known.get(name, other), resolve, (*keys, name))
            for key, each in value.items()
            for name in [key if isinstance(key, str) else str(key)]
        }
    if isinstance(value, list):
        lists = [each for each in _alternatives(part, resolve) if each.get("type") == "array"]
        items = lists[0].get("items", {}) if lists else {}
        return [
            converted(each, items, resolve, (*keys, str(place))) for place, each in enumerate(value)
        ]
    if isinstance(value, float) and not math.isfinite(value):
        raise ConfigError(keys, f"{value} is not a finite number; give one")
    return _scalar(value, part, resolve)


def filled(value, part: dict, resolve: Resolve):
    """Return a value with the defaults of all keys that it leaves out.

    Settings of tasks and networks, which are alternatives of the schema, stay as they are: they
    are completed when the dataset is known.
    """
    part = resolve(part)
    if isinstance(value, Mapping):
        known = part.get("properties", {})
        other = part.get("additionalProperties")
        other = other if isinstance(other, Mapping) else {}
        complete = {
            key: filled(each, known.get(key, other), resolve) for key, each in value.items()
        }
        for key, entry in known.items():
            entry = resolve(entry)
            if key not in complete and "default" in entry:
                complete[key] = filled(entry["default"], entry, resolve)
        return complete
    return list(value) if isinstance(value, list) else value


def _alternatives(part: dict, resolve: Resolve) -> list[dict]:
    return [resolve(each) for each in part["oneOf"]] if "oneOf" in part else [part]


def _chosen(value: Mapping, part: dict, resolve: Resolve) -> dict:
    """Return the alternative of the schema that a mapping chooses by its name, if it does."""
    if "properties" in part:
        return part
    for each in _alternatives(part, resolve):
        if each.get("properties", {}).get("name", {}).get("const") == value.get("name"):
            return each
    return part


def _scalar(value, part: dict, resolve: Resolve):
    parts = _alternatives(part, resolve)
    choices = [choice for each in parts for choice in each.get("enum", ())]
    if choices:
        texts = {str(choice): choice for choice in choices}
        return texts.get(value, value) if isinstance(value, str) else value
    types = {
        name
        for each in parts
        for name in ([each["type"]] if isinstance(each.get("type"), str) else each.get("type", ()))
    }
    if isinstance(value, str):
        return _from_text(value, types)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if types == {"string"} else value
    if isinstance(value, float) and value.is_integer() and "integer" in types:
        return value if "number" in types else int(value)
    return value


def _from_text(text: str, types: set[str]):
    """Return the number, truth value or null that a text stands for, if one of the types allows."""
    word = text.strip()
    if "null" in types and word.lower() in ("null", "none", "~"):
        return None
    if "boolean" in types and word.lower() in ("true", "false"):
        return word.lower() == "true"
    if types & {"integer", "number"}:
        if "string" in types:  # numbers of columns
            return int(word) if word.isdecimal() else text
        try:
            return int(word)
        except ValueError:
            pass
        try:
            number = float(word)
        except ValueError:
            return text
        if math.isfinite(number):
            whole = number.is_integer() and "number" not in types
            return int(number) if whole else number
    return text
