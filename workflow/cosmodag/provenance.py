"""Where a result comes from: hashes of code, files and settings, and versions of packages.

The code of a command is the parsed source of its module and of all modules of this package that it
imports, with the data files that they name. Not counted are comments, layout and docstrings, the
texts of log messages, and the help of options and labels of progress bars.
"""

import ast
import functools
import hashlib
import importlib.metadata
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from cosmodag import source_cache

PACKAGE = Path(__file__).resolve().parent
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
"""Parts of a source that docstrings belong to."""
LOGGERS = ("log", "logger", "logging")
LEVELS = ("debug", "info", "warning", "error", "exception", "critical")
"""Names of what writes log messages, and of its methods."""
DISPLAYED = ("desc", "epilog", "help")
"""Keyword arguments whose literal text is only displayed."""
DATA = (".css", ".jinja", ".json", ".mplstyle")
"""Endings of data files. A module that reads one contains its path from the folder of the module.
Schemas are no data: their defaults reach commands as options."""


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
        waiting.extend(imported_by(name) - found)
        parent = name.rpartition(".")[0]
        if parent:
            waiting.append(parent)
    return frozenset(found)


@functools.cache
def imported_by(module: str) -> frozenset[str]:
    """Return the modules of this package that a module itself imports."""
    return frozenset(name for name in _facts(module).imports if _source(name) is not None)


def fingerprint(*modules: str) -> str:
    """Return a hash of the code of `modules` and of all of the package that they import.

    See `code_hashes` for the parts.
    """
    hashes = code_hashes(*modules)
    digest = hashlib.sha256()
    for name, each in hashes.items():
        digest.update(f"{name}:{each}\n".encode())
    text = digest.hexdigest()[:16]
    source_cache.remember_fingerprint(text, hashes)
    return text


def code_hashes(*modules: str) -> dict[str, str]:
    """Return the hashes of `modules`, of all that they import, and of the data files of these.

    Returns
    -------
    dict
        ``{name: hash}``, sorted. The name of a data file is its path in the package.
    """
    names = set().union(*(imports(module) for module in modules))
    hashes = {name: _facts(name).code for name in names}
    for path in set().union(*(data_files(name) for name in names)):
        hashes[path.relative_to(PACKAGE).as_posix()] = _data_hash(path)
    return dict(sorted(hashes.items()))


def declaration_fingerprint(module: str) -> str:
    """Return a hash of a module alone, without those that it imports.

    It serves modules that are found by their names and read for what they declare.
    """
    hashes = {module: _facts(module).code}
    text = value_hash(hashes)
    source_cache.remember_fingerprint(text, hashes)
    return text


@functools.cache
def data_files(module: str) -> frozenset[Path]:
    """Return the data files that a module reads: those whose paths it contains as text."""
    source = _source(module)
    if source is None:
        raise ModuleNotFoundError(f"cosmodag has no module {module!r}")
    paths = (source.parent / text for text in _facts(module).texts)
    return frozenset(path for path in paths if path.is_file())


def file_hash(path: str | os.PathLike) -> str:
    """Return the SHA-256 of a file's bytes in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def value_hash(value: object) -> str:
    """Return a hash of a value that JSON can represent, independent of the order of keys."""
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
def _facts(module: str) -> source_cache.Facts:
    path = _source(module)
    if path is None:
        raise ModuleNotFoundError(f"cosmodag has no module {module!r}")
    return source_cache.facts_of(path, _read_facts)


@functools.cache
def _data_hash(path: Path) -> str:
    return file_hash(path)


def _read_facts(path: Path) -> source_cache.Facts:
    """Parse a module."""
    tree = ast.parse(path.read_text())
    statements = list(_statements(tree))
    imported: set[str] = set()
    for node in statements:
        imported.update(_names_imported_by(node))
        if isinstance(node, DOCUMENTED):
            node.body = [part for part in node.body if not _is_docstring(part)] or [ast.Pass()]
        elif isinstance(node, ast.Expr) and _is_log_call(node.value):
            _blank_texts(node.value)
    tokens, texts = _tokens(tree)
    code = hashlib.sha256("\n".join(tokens).encode()).hexdigest()
    return source_cache.Facts(code, tuple(sorted(imported)), tuple(sorted(texts)))


def _names_imported_by(node: ast.AST) -> Iterator[str]:
    """Yield the names in this package that a statement may import."""
    if isinstance(node, ast.Import):
        candidates = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom) and node.module is not None and node.level == 0:
        candidates = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    else:
        return
    yield from (name for name in candidates if name.split(".")[0] == PACKAGE.name)


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    """Yield a node and the statements inside it; expressions, most of a tree, are passed over."""
    yield node
    for name in ("body", "handlers", "orelse", "finalbody", "cases"):
        children = getattr(node, name, None)
        for child in children if isinstance(children, list) else ():
            yield from _statements(child)


def _is_log_call(node: ast.AST) -> bool:
    """Return whether an expression writes a log message."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id in LOGGERS
        and node.func.attr in LEVELS
    )


def _blank_texts(node: ast.AST) -> None:
    """Remove the content of all literal texts in an expression."""
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            part.value = ""


def _tokens(tree: ast.AST | list) -> tuple[list[str], set[str]]:
    """Return what `ast.dump` shows of a tree, in half its time: the controller waits for it.

    Returns
    -------
    tokens : list of str
    texts : set of str
        The literal texts that may be paths of data files.
    """
    tokens: list[str] = []
    texts: set[str] = set()
    append = tokens.append

    def add(part: ast.AST | list) -> None:
        if isinstance(part, list):
            append("[")
            values = part
        else:
            append(f"{part.__class__.__name__}(")
            if isinstance(part, ast.keyword) and part.arg in DISPLAYED:
                _blank_texts(part.value)
            # Whether a name is read or set follows from where it stands.
            values = [getattr(part, name, None) for name in part._fields if name != "ctx"]
        for value in values:
            if isinstance(value, ast.AST | list):
                add(value)
            else:
                if isinstance(value, str) and value.endswith(DATA):
                    texts.add(value)
                append(repr(value))
        append("end")

    add(tree)
    return tokens, texts


def _is_docstring(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )
