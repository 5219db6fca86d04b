"""The reference of the public API as Markdown, from docstrings; the package is not imported."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

HEADINGS = re.compile(r"^(\w[\w ]*)\n-{3,}\n", re.M)
ITEM = re.compile(r"^(\S.*?)(?: : (.*))?$")


def reference(package: Path) -> str:
    """Return all public functions and classes of a package, a section for each sub-package.

    Parameters
    ----------
    package : pathlib.Path
        Folder of the package. What a sub-package exports stands in its `__init__.pyi`.
    """
    parts = []
    for stub in sorted(package.rglob("__init__.pyi")):
        name = ".".join(stub.parent.relative_to(package.parent).parts)
        parts += [f"## {name}", *_summary(stub), *_exports(stub)]
    return "\n\n".join(parts)


def _summary(stub: Path) -> Iterator[str]:
    docstring = ast.get_docstring(ast.parse(stub.with_suffix(".py").read_text()))
    if docstring:
        yield docstring.splitlines()[0]


def _exports(stub: Path) -> Iterator[str]:
    """Yield each exported definition, in alphabetical order."""
    found = {}
    for node in ast.parse(stub.read_text()).body:
        if isinstance(node, ast.ImportFrom) and node.module:
            module = ast.parse((stub.parent / f"{node.module.replace('.', '/')}.py").read_text())
            found |= {alias.name: _definition(module, alias.name) for alias in node.names}
    for name in sorted(found, key=str.lower):
        if found[name] is not None:
            yield _describe(found[name])


def _definition(module: ast.Module, name: str) -> ast.FunctionDef | ast.ClassDef | None:
    kinds = (ast.FunctionDef, ast.ClassDef)
    return next((n for n in module.body if isinstance(n, kinds) and n.name == name), None)


def _describe(node: ast.FunctionDef | ast.ClassDef) -> str:
    docstring = ast.get_docstring(node) or ""
    return f"### {node.name}\n\n```python\n{_signature(node)}\n```\n\n{markdown(docstring)}"


def _signature(node: ast.FunctionDef | ast.ClassDef) -> str:
    if isinstance(node, ast.ClassDef):
        bases = ", ".join(map(ast.unparse, node.bases))
        return f"class {node.name}({bases})" if bases else f"class {node.name}"
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    arguments = re.sub(r"(?<=\S)=(?=\S)", " = ", ast.unparse(node.args))
    line = f"{node.name}({arguments}){returns}"
    if len(line) <= 88:
        return line
    arguments = re.sub(r", (?=\w+: |\*)", ",\n    ", arguments)
    return f"{node.name}(\n    {arguments},\n){returns}"


def markdown(docstring: str) -> str:
    """Return a numpydoc docstring as Markdown."""
    docstring = docstring.replace("``", "`")
    first, *rest = HEADINGS.split(docstring)
    parts = [first.strip()]
    for heading, text in zip(rest[::2], rest[1::2]):
        parts.append(f"**{heading}**")
        if heading in ("Parameters", "Attributes", "Returns", "Yields", "Raises"):
            parts.append("\n".join(_items(text.strip("\n"))))
        elif heading == "Examples":
            parts.append(_examples(text.strip("\n")))
        else:
            parts.append(re.sub(r"^\.\. \[(\d+)\]", r"\1.", text.strip(), flags=re.M))
    return re.sub(r"\[(\d)\]_", r"[\1]", "\n\n".join(part for part in parts if part))


def _items(text: str) -> Iterator[str]:
    """Yield the entries of a section as a list."""
    for line in text.splitlines():
        if line and not line.startswith(" "):
            name, kind = ITEM.match(line).groups()
            yield f"- `{name}`" + (f" ({kind}):" if kind else ":")
        else:
            yield f"  {line.strip()}" if line.strip() else ""


def _examples(text: str) -> str:
    """Return examples with their code in blocks."""
    blocks = [block.strip("\n") for block in re.split(r"\n\n+", text)]
    shown = (f"```pycon\n{b}\n```" if b.startswith(">>>") else b for b in blocks)
    return "\n\n".join(shown)
