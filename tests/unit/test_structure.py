"""What holds of the package as a whole: the direction of its imports, and what it never does."""

import ast
import re

import pytest

from cosmodag import experiments, provenance

PACKAGE = provenance.PACKAGE
LAYERS = [
    "commands",
    "reporting",
    "evaluation",
    "training",
    "models",
    "datasets",
    "cutouts",
    "imaging",
    "cosmology",
    "gridding",
    "dag",
]
"""Shared layers; each may import those below it, and no experiment."""
ROOT = {
    "checksums",
    "disk_files",
    "errors",
    "experiments",
    "exports",
    "extras",
    "failures",
    "file_patterns",
    "files",
    "hashes",
    "hdf5",
    "hdf5_inputs",
    "input_files",
    "json_files",
    "memory",
    "output_kinds",
    "outputs",
    "processor",
    "provenance",
    "rejections",
    "schema_errors",
    "schema_reference",
    "schema_values",
    "settings",
    "source_cache",
    "streams",
    "tables",
    "threads",
    "yaml_files",
}
"""Modules that all may import."""
EXPERIMENTS = set(experiments.names())
EXPORTS = """from cosmodag.exports import lazy_exports
__getattr__, __dir__, __all__ = lazy_exports(__name__, __file__)"""
"""What the ``__init__.py`` of a package with a public interface consists of."""
LONGEST = 320
ARBITRARY_OBJECTS = {"cloudpickle", "dill", "joblib", "marshal", "pickle", "shelve"}
"""Modules that run the code they find in a file."""
SAFE = {
    "np.load": ("allow_pickle", False),
    "torch.load": ("weights_only", True),
}
"""Functions that refuse such files only when they are told so."""
UNSAFE = {"pd.read_pickle", "yaml.full_load", "yaml.load", "yaml.load_all", "yaml.unsafe_load"}

PATHS = sorted(PACKAGE.rglob("*.py"))
MODULES = {
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts): path
    for path in PATHS
    if path.name != "__init__.py"
}


def imported_by(module: str) -> set[str]:
    """Modules of the package that `module` itself imports, without the package's name."""
    found = provenance.imported_by(f"cosmodag.{module}")
    return {name.removeprefix("cosmodag.") for name in found} - {"cosmodag"}


def allowed(module: str) -> set[str]:
    """Folders and root modules that `module` may import."""
    folder = module.partition(".")[0]
    if folder in EXPERIMENTS:
        return ROOT.union(LAYERS, {folder})
    if folder in LAYERS:
        return ROOT.union(LAYERS[LAYERS.index(folder) :])
    return {"__main__": {"commands"}}.get(folder, ROOT)


@pytest.fixture(params=PATHS, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def nodes(request) -> list[ast.AST]:
    """Everything in the source of one file of the package."""
    return list(ast.walk(ast.parse(request.param.read_text())))


def test_every_folder_has_its_place_in_the_order():
    assert {name.partition(".")[0] for name in MODULES} == EXPERIMENTS | {
        *LAYERS,
        *ROOT,
        "__main__",
    }


@pytest.mark.parametrize("module", MODULES)
def test_imports_run_one_way(module):
    assert {name.partition(".")[0] for name in imported_by(module)} <= allowed(module)


@pytest.mark.parametrize("module", MODULES)
def test_no_module_imports_itself_by_way_of_others(module):
    for name in imported_by(module):
        assert f"cosmodag.{module}" not in provenance.imports(f"cosmodag.{name}")


def test_init_files_have_no_code_but_the_exports_of_their_stub():
    for path in PATHS:
        if path.name == "__init__.py":
            tree = ast.parse(path.read_text())
            code = tree.body[ast.get_docstring(tree) is not None :]
            expected = ast.parse(EXPORTS if path.with_suffix(".pyi").is_file() else "")
            assert list(map(ast.dump, code)) == list(map(ast.dump, expected.body)), path


@pytest.mark.parametrize("module", MODULES)
def test_modules_import_from_the_modules_that_define_a_name(module):
    """An import from a package's lazy exports would be missing from the code fingerprints."""
    for node in ast.walk(ast.parse(MODULES[module].read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and provenance._source(node.module):
            source = provenance._source(node.module)
            if source.name == "__init__.py":
                for alias in node.names:
                    assert provenance._source(f"{node.module}.{alias.name}"), ast.unparse(node)


def names_and_strings(tree: ast.AST) -> set[str]:
    """Return the words of identifiers and of strings that are no docstrings."""
    docstrings = {
        id(part.value)
        for node in ast.walk(tree)
        for part in (node.body if isinstance(getattr(node, "body", None), list) else ())
        if isinstance(part, ast.Expr)
    }
    texts = []
    for node in ast.walk(tree):
        for field in ("id", "arg", "attr", "name", "module"):
            texts.append(str(getattr(node, field, "")))
        if isinstance(node, ast.Constant) and id(node) not in docstrings:
            texts.append(str(node.value))
    return {word for text in texts for word in re.findall(r"\w+", text)}


@pytest.mark.parametrize("module", [m for m in MODULES if m.partition(".")[0] not in EXPERIMENTS])
def test_shared_layers_contain_no_experiment_s_name(module):
    assert not names_and_strings(ast.parse(MODULES[module].read_text())) & EXPERIMENTS


def test_files_are_short():
    lengths = {str(path): len(path.read_text().splitlines()) for path in PATHS}
    assert not {path: length for path, length in lengths.items() if length > LONGEST}


def test_nothing_that_runs_code_from_files_is_imported(nodes):
    for node in nodes:
        if isinstance(node, ast.Import):
            assert not ARBITRARY_OBJECTS & {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports escape the import graph"
            assert node.module.partition(".")[0] not in ARBITRARY_OBJECTS
            if node.module in ("numpy", "torch", "yaml"):
                # Under its bare name a call would escape the test below.
                assert "load" not in {alias.name for alias in node.names}


def test_files_are_loaded_as_plain_data(nodes):
    for node in nodes:
        if isinstance(node, ast.Attribute):
            assert ast.unparse(node) not in UNSAFE
        if isinstance(node, ast.Call) and ast.unparse(node.func) in SAFE:
            given = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
            keyword, value = SAFE[ast.unparse(node.func)]
            assert given.get(keyword) == str(value), ast.unparse(node)
