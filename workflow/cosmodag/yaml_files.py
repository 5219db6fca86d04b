"""Configuration files in YAML: duplicate keys are refused, and the line of each key is known."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from cosmodag.errors import InputError
from cosmodag.input_files import check_file

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MERGE = "tag:yaml.org,2002:merge"
_KEYS = {_MERGE, "tag:yaml.org,2002:str", "tag:yaml.org,2002:int"}
"""Types of keys."""
_LARGEST = 10_000_000
"""Bytes of the longest file that is read."""
_DEEPEST = 100
"""Levels of nesting of a file."""
_MOST_NODES = 1_000_000
"""Values of a document, aliases expanded."""


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
        if check_file(path, "give a configuration").stat().st_size > _LARGEST:
            raise InputError(f"{path}: more than {_LARGEST} bytes; give a configuration")
        try:
            content = self.path.read_bytes()
            _check_depth(path, content)
            loader = _Loader(content)
            try:
                self._node = loader.get_single_node()
                _check_duplicates(self.path, self._node)
                if _expanded_size(self._node) > _MOST_NODES:
                    raise InputError(
                        f"{path}: its aliases expand to more than {_MOST_NODES} values; write them "
                        "out"
                    )
                if self._node is not None:
                    self.data = loader.construct_document(self._node)
                json.dumps(self.data, default=str)  # refuses an alias inside what it stands for
            finally:
                loader.dispose()
        except InputError:
            raise
        except OSError as error:
            raise InputError(f"{path}: cannot be read ({error.strerror})") from None
        except (yaml.YAMLError, ValueError, TypeError, AttributeError, OverflowError) as error:
            reason = " ".join(str(error).split())
            raise InputError(f"{path}: not YAML: {reason}; correct the file") from None

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


def _check_depth(path: Path, content: bytes) -> None:
    """Refuse a file that is nested so deeply that recursion over it would end the process."""
    depth = 0
    for event in yaml.parse(content, Loader=_Loader):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            line = event.start_mark.line + 1 if event.start_mark else 0
            raise InputError(
                f"{path}, line {line}: nested more than {_DEEPEST} levels deep; correct the file"
            )


def _expanded_size(root: yaml.Node | None) -> int:
    """Return the number of values of a document, with what its aliases stand for."""
    sizes: dict[int, int] = {}

    def size(node: yaml.Node) -> int:
        if id(node) not in sizes:
            sizes[id(node)] = 1  # of a node inside itself, which is refused elsewhere
            if isinstance(node, yaml.SequenceNode):
                sizes[id(node)] += sum(map(size, node.value))
            elif isinstance(node, yaml.MappingNode):
                sizes[id(node)] += sum(size(key) + size(value) for key, value in node.value)
        return sizes[id(node)]

    return 0 if root is None else size(root)


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
                raise InputError(
                    f"{path}, line {key.start_mark.line + 1}: a key must be a name; correct it"
                )
            if key.tag not in _KEYS:
                raise InputError(
                    f"{path}, line {key.start_mark.line + 1}: key {where}{key.value} is no name "
                    f"but a {key.tag.rpartition(':')[2]}; put it in quotation marks"
                )
            line = key.start_mark.line + 1
            if key.tag != _MERGE and key.value in lines:
                raise InputError(
                    f"{path}, line {line}: key {where}{key.value} is defined twice, first in line "
                    f"{lines[key.value]}; rename or remove one"
                )
            lines[key.value] = line
            waiting.append((value, f"{where}{key.value}."))
