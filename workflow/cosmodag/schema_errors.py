"""Messages about mistakes in a configuration: the key, its value, and what is allowed instead."""

import difflib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence

import jsonschema

from cosmodag.errors import InputError

_LISTED = 12
_SHOWN = 60
_TYPES = {
    "integer": "an integer",
    "number": "a number",
    "string": "text",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping of keys",
    "null": "null",
}

Resolve = Callable[[dict], dict]


class ConfigError(InputError):
    """A mistake at a key of the configuration.

    Parameters
    ----------
    keys : sequence of str
        The key and those above it, outermost first.
    message : str
        What is wrong, with the value found and the values allowed.

    Attributes
    ----------
    keys : tuple of str
        As given.
    """

    def __init__(self, keys: Sequence[str], message: str):
        super().__init__(f"{'.'.join(keys)}: {message}" if keys else message)
        self.keys = tuple(keys)


def nearest(name: object, known: Iterable[object]) -> str:
    """Return the end of a message about an unknown name: the nearest known one, or all of them."""
    names = [str(name) for name in known]
    # mpc and MPC are nearer to Mpc than to kpc.
    near = [other for other in names if other.lower() == str(name).lower()][:1]
    near = near or difflib.get_close_matches(str(name), names, n=1, cutoff=0.6)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    if len(names) <= _LISTED or not near:
        hint += f"{' ' if near else '; '}known: {', '.join(names)}" if names else ""
    return hint


def shown(value: object) -> str:
    """Return a value as it would be written in a configuration, shortened."""
    text = (
        repr(value)
        if isinstance(value, str)
        else json.dumps(value, ensure_ascii=False, default=str)
    )
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def explain(error: jsonschema.ValidationError, resolve: Resolve) -> ConfigError:
    """Return the error of a configuration in words.

    Parameters
    ----------
    error : jsonschema.ValidationError
        What a validator found.
    resolve : callable
        Follows the references of a part of the schema.
    """
    keys = [str(key) for key in error.absolute_path]
    error_schema = resolve(dict(error.schema)) if isinstance(error.schema, Mapping) else {}
    if error.validator in ("oneOf", "anyOf"):
        inner = _alternative(error, resolve)
        return inner if isinstance(inner, ConfigError) else explain(inner, resolve)
    if error.validator == "additionalProperties":
        known = error_schema.get("properties", {})
        key = next(key for key in error.instance if key not in known)
        renamed = error_schema.get("x-renamed", {})
        if key in renamed:
            return ConfigError([*keys, key], f"this key is now {renamed[key]!r}")
        return ConfigError([*keys, key], f"not a known key{nearest(key, known)}")
    if error.validator == "required":
        key = next(key for key in error.validator_value if key not in error.instance)
        part = resolve(error_schema.get("properties", {}).get(key, {}))
        return ConfigError([*keys, key], f"missing{_purpose(part)}")
    if error.validator == "dependentRequired":
        pairs = error.validator_value.items()
        key, needed = next(
            (key, name)
            for key, names in pairs
            for name in names
            if key in error.instance and name not in error.instance
        )
        return ConfigError([*keys, key], f"this key needs the key {needed} beside it")
    if error.validator in ("minProperties", "maxProperties"):
        known = error_schema.get("properties", {})
        return ConfigError(keys, f"give just one of {', '.join(known)}")
    if "propertyNames" in error.absolute_schema_path:
        return ConfigError([*keys, str(error.instance)], f"a name takes {error_schema['x-words']}")
    return _wrong_value(keys, error.instance, error_schema, resolve)


def _wrong_value(keys: list[str], value: object, part: dict, resolve: Resolve) -> ConfigError:
    choices = _choices(part)
    if isinstance(value, str) and value in part.get("x-renamed", {}):
        return ConfigError(keys, f"{value!r} is now {part['x-renamed'][value]!r}")
    if choices and isinstance(value, str):
        return ConfigError(keys, f"{value!r} is not known{nearest(value, choices)}")
    return ConfigError(keys, f"{shown(value)} is not allowed; give {allowed(part, resolve)}")


def _alternative(error: jsonschema.ValidationError, resolve: Resolve):
    """Return the error of the alternative that was meant, or one that names the alternatives."""
    keys = [str(key) for key in error.absolute_path]
    parts = [resolve(part) for part in error.validator_value]
    kinds = [part.get("properties", {}).get("name", {}).get("const") for part in parts]
    if all(part.keys() == {"required"} for part in parts):
        names = [" and ".join(part["required"]) for part in parts]
        just = "just one of" if error.validator == "oneOf" else "one of"
        return ConfigError(keys, f"give {just} {' or '.join(names)}")
    inner_errors = list(error.context or ())
    value = error.instance
    if all(kinds) and isinstance(value, Mapping):
        if "name" not in value:
            return ConfigError([*keys, "name"], f"missing; known: {', '.join(kinds)}")
        if value["name"] not in kinds:
            renamed = resolve(error.schema).get("x-renamed", {})
            return _wrong_value(
                [*keys, "name"], value["name"], {"enum": kinds, "x-renamed": renamed}, resolve
            )
        chosen = kinds.index(value["name"])
        return next(inner for inner in inner_errors if inner.schema_path[0] == chosen)
    of_type = {inner.schema_path[0] for inner in inner_errors if inner.validator != "type"} - {
        inner.schema_path[0]
        for inner in inner_errors
        if inner.validator == "type" and len(inner.path) == 0
    }
    if len(of_type) == 1:
        return next(inner for inner in inner_errors if inner.schema_path[0] in of_type)
    return _wrong_value(keys, error.instance, {"oneOf": parts}, resolve)


def _purpose(part: Mapping) -> str:
    """Return what a key is for: the first sentence of its description."""
    sentence = part.get("description", "").partition(". ")[0].rstrip(".")
    return f"; required: {sentence[:1].lower()}{sentence[1:]}" if sentence else ""


def _choices(part: Mapping) -> list:
    return list(part["enum"]) if "enum" in part else [part["const"]] if "const" in part else []


def allowed(part: Mapping, resolve: Resolve) -> str:
    """Return in words which values a part of the schema allows."""
    if "oneOf" in part:
        return " or ".join(dict.fromkeys(allowed(resolve(each), resolve) for each in part["oneOf"]))
    if choices := _choices(part):
        return ("one of " if len(choices) > 1 else "") + ", ".join(map(str, choices))
    if "x-words" in part:
        return part["x-words"]
    types = part.get("type", [])
    types = [types] if isinstance(types, str) else types
    words = " or ".join(_TYPES[name] for name in types) or "a value"
    if "array" in types:
        return _allowed_list(part, resolve)
    if part.get("minLength"):
        words += " that is not empty"
    return words + _bounds(part)


def _allowed_list(part: Mapping, resolve: Resolve) -> str:
    least, most = part.get("minItems", 0), part.get("maxItems")
    items = resolve(part.get("items", {}))
    choices = _choices(items)
    words = "a list" if most is None else f"a list of {most}"
    if most is not None and least != most:
        words = f"a list of {least} to {most}"
    if choices:
        words += f" of {', '.join(map(str, choices))}"
    elif items.get("type") in ("number", "integer"):
        kind = "numbers" if items["type"] == "number" else "integers"
        words += f"{' of' if most is None else ''} {kind}{_bounds(items)}"
    elif most is not None:
        words += " items"
    if least and most is None:
        words += f" with at least {least} item{'s' * (least > 1)}"
    return words + (", each once" if part.get("uniqueItems") else "")


def _bounds(part: Mapping) -> str:
    bounds = [
        f"{words} {part[key]:g}"
        for key, words in (
            ("minimum", "at least"),
            ("exclusiveMinimum", "above"),
            ("maximum", "at most"),
            ("exclusiveMaximum", "below"),
            ("multipleOf", "a multiple of"),
        )
        if key in part
    ]
    return f" {' and '.join(bounds)}" if bounds else ""
