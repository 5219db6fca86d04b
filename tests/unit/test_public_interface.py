"""The names that packages export are found, documented and loaded when they are used."""

import ast
import doctest
import importlib
import subprocess
import sys

import pytest

from cosmodag import provenance

PACKAGE = provenance.PACKAGE
STUBS = sorted(PACKAGE.rglob("__init__.pyi"))


def package_name(stub) -> str:
    return ".".join(["cosmodag", *stub.parent.relative_to(PACKAGE).parts])


def exported(stub) -> list[str]:
    """Return the names in the list ``__all__`` of a stub."""
    (names,) = [
        ast.literal_eval(node.value)
        for node in ast.parse(stub.read_text()).body
        if isinstance(node, ast.Assign)
    ]
    return names


NAMES = [(package_name(stub), name) for stub in STUBS for name in exported(stub)]


def modules_after(statement: str) -> set[str]:
    """Return the modules that a new interpreter has loaded after a statement."""
    code = f"import sys\n{statement}\nprint(*sys.modules)"
    command = [sys.executable, "-c", code]
    environment = {"PYTHONPATH": str(PACKAGE.parent)}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return set(done.stdout.split())


@pytest.mark.parametrize("stub", STUBS, ids=package_name)
def test_a_stub_lists_what_its_package_exports(stub):
    package = importlib.import_module(package_name(stub))
    assert sorted(exported(stub)) == sorted(package.__all__)


@pytest.mark.parametrize(("package", "name"), NAMES)
def test_exports_are_documented_and_not_named_like_a_module(package, name):
    exports = getattr(importlib.import_module(package), name)
    assert exports.__doc__, "docstring"
    assert provenance._source(f"{package}.{name}") is None


@pytest.mark.parametrize(("package", "name"), NAMES)
def test_examples_of_exports_run(package, name):
    value = getattr(importlib.import_module(package), name)
    finder = doctest.DocTestFinder(recurse=False)
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    for example in finder.find(value, name, globs={}):
        assert runner.run(example).failed == 0


@pytest.mark.parametrize("stub", STUBS, ids=package_name)
def test_importing_a_package_loads_none_of_its_modules(stub):
    package = package_name(stub)
    loaded = {name for name in modules_after(f"import {package}") if name.startswith("cosmodag")}
    assert loaded == {"cosmodag", "cosmodag.exports", package}


def test_an_unknown_export_is_an_attribute_error():
    from cosmodag import gridding

    with pytest.raises(AttributeError, match=r"'cosmodag\.gridding' has no attribute 'assign_mas'"):
        gridding.assign_mas  # noqa: B018


def test_gridding_needs_neither_torch_nor_snakemake():
    loaded = modules_after("from cosmodag.gridding import assign_mass, power_spectrum")
    assert "cosmodag.gridding.spectra" in loaded
    assert not {"h5py", "matplotlib", "pandas", "snakemake", "torch"} & loaded


def test_exports_do_not_widen_the_fingerprint_of_a_module():
    names = provenance.imports("cosmodag.gridding.cells")
    modules = {name.removeprefix("cosmodag.") for name in names}
    assert modules == {"cosmodag", "errors", "exports", "gridding", "gridding.cells"}
