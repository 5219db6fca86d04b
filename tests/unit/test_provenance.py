"""Fingerprints follow the import graph."""

import pytest

from cosmodag import provenance


def test_a_stage_depends_on_what_its_command_imports():
    found = provenance.imports("cosmodag.voids.commands.grid")
    assert "cosmodag.gridding.mass_assignment" in found
    assert "cosmodag.models.unet" not in found
    assert "cosmodag.training.loop" not in found


def test_training_depends_on_the_network_of_its_run_alone():
    found = provenance.imports("cosmodag.commands.train")
    assert "cosmodag.training.loop" in found
    assert not any(name.startswith("cosmodag.models.") and "net" in name for name in found)


def test_fingerprint_changes_with_the_code_and_not_with_comments(tmp_path, monkeypatch):
    package = tmp_path / "cosmodag"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "kernel.py").write_text("def double(x):\n    return 2 * x\n")
    (package / "stage.py").write_text("from cosmodag.kernel import double\n")

    def fingerprint():
        forget()
        return provenance.fingerprint("cosmodag.stage")

    monkeypatch.setattr(provenance, "PACKAGE", package)
    first = fingerprint()
    (package / "kernel.py").write_text('"""Doc."""\ndef double(x):\n    # why\n    return 2 * x\n')
    commented = fingerprint()
    (package / "kernel.py").write_text("def double(x):\n    return x + x + 0\n")
    changed = fingerprint()
    monkeypatch.undo()
    forget()
    assert first != changed
    assert first == commented


def test_an_unknown_module_is_named():
    with pytest.raises(ModuleNotFoundError, match="nothing_here"):
        provenance.imports("cosmodag.nothing_here")


def test_value_hash_ignores_the_order_of_keys():
    assert provenance.value_hash({"a": 1, "b": 2}) == provenance.value_hash({"b": 2, "a": 1})
    assert provenance.value_hash({"a": 1}) != provenance.value_hash({"a": 2})


def forget() -> None:
    """Let the package be read anew."""
    for cached in (
        provenance.imports,
        provenance.imported_by,
        provenance.data_files,
        provenance._source,
        provenance._facts,
        provenance._data_hash,
    ):
        cached.cache_clear()


@pytest.fixture
def package(tmp_path, monkeypatch):
    """An empty package, and a function that takes the fingerprint of its module `stage`."""
    folder = tmp_path / "cosmodag"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    monkeypatch.setattr(provenance, "PACKAGE", folder)

    def fingerprint(source: str) -> str:
        (folder / "stage.py").write_text(source)
        forget()
        return provenance.fingerprint("cosmodag.stage")

    yield folder, fingerprint
    monkeypatch.undo()
    forget()


def test_every_data_file_belongs_to_a_module():
    found = [path for path in provenance.PACKAGE.rglob("*") if path.suffix in provenance.DATA]
    sources = (path for path in provenance.PACKAGE.rglob("*.py"))
    parts = (path.relative_to(provenance.PACKAGE.parent).with_suffix("").parts for path in sources)
    modules = {".".join(name for name in part if name != "__init__") for part in parts}
    read = set().union(*(provenance.data_files(module) for module in modules))
    assert found
    assert read == set(found)


@pytest.mark.parametrize(
    ("module", "path"),
    [
        ("galaxies.commands.simulate", "galaxies/simulation/cosmos_galaxies.json"),
        ("injections.commands.simulate", "injections/simulation/emission_line_galaxies.json"),
        ("injections.commands.observe", "injections/simulation/emission_line_galaxies.json"),
        ("commands.report", "reporting/report.html.jinja"),
        ("commands.report", "reporting/report.css"),
        ("commands.evaluate", "evaluation/cosmodag.mplstyle"),
    ],
)
def test_a_command_depends_on_the_data_files_that_it_reads(module, path):
    assert path in provenance.code_hashes(f"cosmodag.{module}")


def test_an_edited_data_file_changes_the_fingerprint(package):
    folder, fingerprint = package
    (folder / "table.json").write_text("1")
    source = "TABLE = Path(__file__).with_name('table.json')\n"
    first = fingerprint(source)
    (folder / "table.json").write_text("2")
    assert fingerprint(source) != first


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("log.info('%d galaxies', n)", "log.info('found %d galaxies', n)"),
        ("logger.warning(f'{n} rows')", "logger.warning(f'{n} rows skipped')"),
        ("for x in tqdm(xs, desc='a'):\n    use(x)", "for x in tqdm(xs, desc='b'):\n    use(x)"),
        (
            "@click.option('--n', help='a')\ndef f(n): g(n)",
            "@click.option('--n', help='b')\ndef f(n): g(n)",
        ),
    ],
)
def test_texts_that_are_only_displayed_do_not_count(package, before, after):
    _, fingerprint = package
    assert fingerprint(before) == fingerprint(after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("log.info('%d galaxies', n)", "log.info('%d galaxies', m)"),
        ("y = log('a')", "y = log('b')"),
        ("y = np.log('a')", "y = np.log('b')"),
        ("f(unit='Mpc')", "f(unit='kpc')"),
        ("raise ValueError('a')", "raise ValueError('b')"),
    ],
)
def test_other_texts_count(package, before, after):
    _, fingerprint = package
    assert fingerprint(before) != fingerprint(after)
