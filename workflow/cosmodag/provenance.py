"""Where a result comes from: hashes of code, files and settings, and versions of packages."""

import ast
import functools
import hashlib
import importlib.metadata
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
"""Parts of a source that docstrings belong to."""


@functools.cache
def imports(module: str) -> frozenset[str]:
    """Return the modules of this package that `module` imports, directly or not, and itself.

    The import graph is read from the source, so that nothing is imported to find it; imports
    inside functions count as well.

    Parameters
    ----------
    module : str
        Dotted name of a module or package of cosmodag.

    Raises
    ------
    ModuleNotFoundError
        If the package has no such module.
    """
    found: set[str] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        if _source(name) is None:
            raise ModuleNotFoundError(f"cosmodag has no module {name!r}")
        found.add(name)
        waiting.extend(_imported_by(name) - found)
        parent = name.rpartition(".")[0]
        if parent:
            waiting.append(parent)
    return frozenset(found)


def fingerprint(*modules: str) -> str:
    """Return a hash of the source of `modules` and of all of the package that they import.

    Comments and layout do not count: the hash is of the parsed code without docstrings.
    """
    names = sorted(set().union(*(imports(module) for module in modules)))
    digest = hashlib.sha256()
    for name in names:
        digest.update(f"{name}:{_code_hash(name)}\n".encode())
    return digest.hexdigest()[:16]


def file_hash(path: str | os.PathLike) -> str:
    """Return the SHA-256 of a file's bytes in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def value_hash(value: object) -> str:
    """Return a hash of a value that JSON can hold, independent of the order of keys."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def versions(packages: Iterable[str] = ("numpy", "numba", "torch", "h5py")) -> dict[str, str]:
    """Return the installed version of each package; those that are absent are left out."""
    found = {}
    for package in packages:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


@functools.cache
def _source(module: str) -> Path | None:
    parts = module.split(".")
    if parts[0] != PACKAGE.name:
        return None
    folder = PACKAGE.joinpath(*parts[1:])
    for path in (folder.with_suffix(".py") if parts[1:] else None, folder / "__init__.py"):
        if path is not None and path.is_file():
            return path
    return None


@functools.cache
def _tree(module: str) -> ast.Module:
    path = _source(module)
    if path is None:
        raise ModuleNotFoundError(f"cosmodag has no module {module!r}")
    return ast.parse(path.read_text())


@functools.cache
def _imported_by(module: str) -> frozenset[str]:
    found: set[str] = set()
    for node in _statements(_tree(module)):
        if isinstance(node, ast.Import):
            candidates = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module is not None and node.level == 0:
            candidates = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        found.update(name for name in candidates if _source(name) is not None)
    return frozenset(found)


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    """Yield a node and the statements inside it; expressions, most of a tree, are passed over."""
    yield node
    for name in ("body", "handlers", "orelse", "finalbody", "cases"):
        children = getattr(node, name, None)
        for child in children if isinstance(children, list) else ():
            yield from _statements(child)


@functools.cache
def _code_hash(module: str) -> str:
    tree = _tree(module)
    for node in list(_statements(tree)):
        if isinstance(node, DOCUMENTED):
            node.body = [part for part in node.body if not _is_docstring(part)] or [ast.Pass()]
    return hashlib.sha256("\n".join(_tokens(tree)).encode()).hexdigest()


def _tokens(tree: ast.AST | list) -> list[str]:
    """Return what `ast.dump` shows of a tree, in half its time: the controller waits for it."""
    tokens: list[str] = []
    append = tokens.append

    def add(part: ast.AST | list) -> None:
        if isinstance(part, list):
            append("[")
            values = part
        else:
            append(f"{part.__class__.__name__}(")
            # Whether a name is read or set follows from where it stands.
            values = [getattr(part, name, None) for name in part._fields if name != "ctx"]
        for value in values:
            if isinstance(value, ast.AST | list):
                add(value)
            else:
                append(repr(value))
        append("end")

    add(tree)
    return tokens


def _is_docstring(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )
