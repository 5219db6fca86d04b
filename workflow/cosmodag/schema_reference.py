"""The reference of all configuration keys, as Markdown from the schema."""

import json
import re
from collections.abc import Iterator

from cosmodag import experiments, settings
from cosmodag.schema_errors import allowed

UNITS = (
    "(Mpc/h)³",
    "(Mpc/h)⁻³",
    "Mpc/h",
    "Mpc",
    "solar masses",
    "square arcminute",
    "arcsec",
    "arcmin",
    "mK",
    "nanomaggies",
    "magnitudes",
    "pixels",
    "cells",
    "bits",
    "seconds",
)
"""Units that descriptions name as "in …" or "per …". Longer ones come before their beginnings."""

_UNIT = re.compile(rf"\b(in|per) ({'|'.join(map(re.escape, UNITS))})(?![\w/])")
_HEADER = "| key | values | unit | default | description |\n|---|---|---|---|---|\n"


def reference() -> str:
    """Return the reference page of the configuration in Markdown.

    Returns
    -------
    str
        A heading per section and a row per key: its values, unit, default and description.

    Examples
    --------
    >>> reference().splitlines()[0]
    '# Configuration keys'
    """
    parts = ["# Configuration keys", settings.schema()["description"], _table("")]
    for name in experiments.names():
        section = settings.section(name)
        parts += [f"## `{name}`", section["description"]]
        for key, part in settings.keys(name):
            parts += list(_section(f"{name}/{key}", part))
    parts += ["## Datasets", "Entries of `datasets` of every experiment.", _table("$defs/dataset")]
    parts += ["## Runs", "Entries of `runs` of every experiment.", _table("$defs/run")]
    for title, kind in (("Tasks", "task"), ("Networks", "model")):
        parts += [f"## {title}", settings.section(f"$defs/{kind}")["description"]]
        for choice in settings.section(f"$defs/{kind}")["oneOf"]:
            parts += list(_choice(choice["$ref"].removeprefix("#/")))
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _section(path: str, part: dict) -> Iterator[str]:
    """Yield heading, description and tables of a section of an experiment."""
    experiment, _, key = path.partition("/")
    yield f"### `{experiment}.{key}`"
    yield part["description"]
    if key == "datasets":
        yield "See [Datasets](#datasets)."
    elif key == "runs":
        tasks = ", ".join(f"`{task}`" for task in experiments.find(experiment).tasks)
        yield f"See [Runs](#runs). Tasks: {tasks}."
        if own := list(settings.keys(f"{path}/*/baselines")):
            yield _HEADER + "\n".join(_rows(f"baselines.{name}", part) for name, part in own)
    else:
        entry = settings.section(f"{path}/*")
        if entry.get("maxProperties") == 1:
            yield "Each entry has one of these keys."
            for kind, kind_part in settings.keys(f"{path}/*"):
                yield f"#### `{experiment}.{key}.<name>.{kind}`"
                yield kind_part["description"]
                yield _table(f"{path}/*/{kind}")
        else:
            yield _table(f"{path}/*")


def _choice(path: str) -> Iterator[str]:
    """Yield heading, description and table of a task or of a network."""
    part = settings.section(path)
    yield f"### `{part['properties']['name']['const']}`"
    yield part["description"]
    if "x-scores" in part:
        yield f"Scores for `monitor`: {', '.join(f'`{name}`' for name in part['x-scores'])}."
    if "x-heads" in part:
        yield f"Outputs: {', '.join(part['x-heads'])}."
    rows = [_rows(key, entry) for key, entry in settings.keys(path) if key != "name"]
    if rows:
        yield _HEADER + "\n".join(rows)


def _table(path: str) -> str:
    pairs = settings.keys(path) if path else _top_level()
    return _HEADER + "\n".join(_rows(key, part) for key, part in pairs)


def _top_level() -> Iterator[tuple[str, dict]]:
    for key, part in settings.schema()["properties"].items():
        if key not in experiments.names():
            yield key, part


def _rows(key: str, part: dict) -> str:
    """Return the row of a key, and those of the keys inside it."""
    description = " ".join(part.get("description", "").split())
    unit = _UNIT.search(description)
    default = f"`{json.dumps(part['default'], ensure_ascii=False)}`" if "default" in part else ""
    nested = list(part.get("properties", {}).items())
    values = (
        "" if nested or ("oneOf" in part and "type" in part) else allowed(part, settings.resolved)
    )
    words = f"{'per ' if unit[1] == 'per' else ''}{unit[2]}" if unit else ""
    row = f"| `{key}` | {values} | {words} | {default} | {description} |"
    inner = [_rows(f"{key}.{name}", settings.resolved(each)) for name, each in nested]
    return "\n".join([row, *inner])
