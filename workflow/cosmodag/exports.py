"""Public names of packages, which are imported when they are used (PEP 562)."""

import ast
import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any


def lazy_exports(
    package: str, file: str
) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """Return ``__getattr__``, ``__dir__`` and ``__all__`` of a package.

    The stub ``__init__.pyi`` beside the package's ``__init__.py`` lists the names by imports such
    as ``from .spectra import power_spectrum``. Type checkers and editors read it as well. Code
    fingerprints do not: a stub is no part of the import graph.

    Parameters
    ----------
    package : str
        The package's ``__name__``.
    file : str
        The package's ``__file__``.
    """
    stub = ast.parse(Path(file).with_suffix(".pyi").read_text())
    modules = {
        alias.name: f"{package}.{node.module}"
        for node in stub.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    names = sorted(modules)

    def get(name: str) -> Any:
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(importlib.import_module(modules[name]), name)
        setattr(sys.modules[package], name, value)
        return value

    return get, lambda: names, names
