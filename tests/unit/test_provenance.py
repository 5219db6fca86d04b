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
        for cached in (provenance.imports, provenance._tree, provenance._code_hash):
            cached.cache_clear()
        return provenance.fingerprint("cosmodag.stage")

    monkeypatch.setattr(provenance, "PACKAGE", package)
    first = fingerprint()
    (package / "kernel.py").write_text('"""Doc."""\ndef double(x):\n    # why\n    return 2 * x\n')
    commented = fingerprint()
    (package / "kernel.py").write_text("def double(x):\n    return x + x + 0\n")
    changed = fingerprint()
    monkeypatch.undo()
    fingerprint_of_package = provenance.imports
    fingerprint_of_package.cache_clear()
    provenance._tree.cache_clear()
    provenance._code_hash.cache_clear()
    assert first != changed
    assert first == commented


def test_an_unknown_module_is_named():
    with pytest.raises(ModuleNotFoundError, match="nothing_here"):
        provenance.imports("cosmodag.nothing_here")


def test_value_hash_ignores_the_order_of_keys():
    assert provenance.value_hash({"a": 1, "b": 2}) == provenance.value_hash({"b": 2, "a": 1})
    assert provenance.value_hash({"a": 1}) != provenance.value_hash({"a": 2})
