"""Configuration files in YAML: duplicate keys are refused, and the line of each key is known."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from cosmodag.errors import InputError

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MERGE = "tag:yaml.org,2002:merge"


class YamlFile:
    """A YAML file of one document.

    Parameters
    ----------
    path : str or os.PathLike
        The file, UTF-8.

    Attributes
    ----------
    path : pathlib.Path
        The file, relative to the working directory if it lies there.
    data : object
        Its content as plain Python values.

    Raises
    ------
    InputError
        If the file cannot be read, is not YAML, or defines a key twice.

    Examples
    --------
    >>> YamlFile("config/config.yaml").data["voids"]["grids"]
    {'boxes': {'source': 'boxes', 'cells': 192}}
    """

    def __init__(self, path: str | os.PathLike):
        path = Path(path)
        if path.is_relative_to(Path.cwd()):
            path = path.relative_to(Path.cwd())
        self.path = path
        self.data: Any = None
        try:
            loader = _Loader(self.path.read_bytes())
            try:
                self._node = loader.get_single_node()
                _check_duplicates(self.path, self._node)
                if self._node is not None:
                    self.data = loader.construct_document(self._node)
                json.dumps(self.data, default=str)  # refuses an alias inside what it stands for
            finally:
                loader.dispose()
        except InputError:
            raise
        except OSError as error:
            raise InputError(f"{path}: cannot be read ({error.strerror})") from None
        except (yaml.YAMLError, ValueError, TypeError) as error:
            raise InputError(f"{path}: not YAML: {' '.join(str(error).split())}") from None

    def locate(self, keys: Sequence[str]) -> tuple[int, int]:
        """Find a key, or the last one above it that the file defines.

        Parameters
        ----------
        keys : sequence of str
            The key and those above it, outermost first.

        Returns
        -------
        depth : int
            Number of these keys that the file defines.
        line : int
            Line of the last one, counted from 1; 0 if the file defines none.
        """
        node, line = self._node, 0
        for depth, key in enumerate(keys):
            entry = _entry(node, key)
            if entry is None:
                return depth, line
            line, node = entry[0].start_mark.line + 1, entry[1]
        return len(keys), line


def _entry(node: yaml.Node | None, key: str) -> tuple[yaml.Node, yaml.Node] | None:
    """Find a key of a mapping, or an item of a sequence, as key and value."""
    if isinstance(node, yaml.SequenceNode) and key.isdecimal() and int(key) < len(node.value):
        return node.value[int(key)], node.value[int(key)]
    if not isinstance(node, yaml.MappingNode):
        return None
    for name, value in node.value:
        if name.tag != _MERGE and name.value == key:
            return name, value
    for name, value in node.value:
        if name.tag == _MERGE:
            merged = value.value if isinstance(value, yaml.SequenceNode) else [value]
            for other in merged:
                if (entry := _entry(other, key)) is not None:
                    return entry
    return None


def _check_duplicates(path: Path, node: yaml.Node | None) -> None:
    waiting, visited = [(node, "")], set()
    while waiting:
        node, where = waiting.pop()
        if id(node) in visited:  # an alias
            continue
        visited.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            waiting += [(item, f"{where}{place}.") for place, item in enumerate(node.value)]
        if not isinstance(node, yaml.MappingNode):
            continue
        lines: dict[str, int] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise InputError(f"{path}, line {key.start_mark.line + 1}: a key must be a name")
            line = key.start_mark.line + 1
            if key.tag != _MERGE and key.value in lines:
                raise InputError(
                    f"{path}, line {line}: key {where}{key.value} is defined twice, first in line "
                    f"{lines[key.value]}; rename or remove one"
                )
            lines[key.value] = line
            waiting.append((value, f"{where}{key.value}."))
