"""Facts about sources are kept between processes, and never outlive a change of the file."""

import os
import subprocess
import sys

import pytest

from cosmodag import provenance, source_cache

PROGRAM = """
import sys
from pathlib import Path
from cosmodag import source_cache
reads = []
def read(path):
    reads.append(path)
    return source_cache.Facts(path.read_text(), ("cosmodag.a",), ())
source_cache.keep_in(sys.argv[1])
facts = source_cache.facts_of(Path(sys.argv[2]), read)
source_cache.remember_fingerprint("f" * 16, {"cosmodag.a": "1"})
print(len(reads), facts.code, facts.imports)
"""


@pytest.fixture
def look(tmp_path):
    """Take the facts of a source in a process of its own."""
    source = tmp_path / "module.py"
    source.write_text("one")

    def run() -> str:
        words = [sys.executable, "-c", PROGRAM, str(tmp_path / "kept"), str(source)]
        return subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()

    return source, run


def test_a_source_is_read_once(look):
    _, run = look
    assert run() == "1 one ('cosmodag.a',)"
    assert run() == "0 one ('cosmodag.a',)"


def test_an_edited_source_is_read_again_even_if_its_time_is_set_back(look):
    source, run = look
    run()
    before = source.stat()
    source.write_text("two")
    os.utime(source, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert run() == "1 two ('cosmodag.a',)"


@pytest.mark.parametrize("content", ["", "[]", '{"version": 1, "sources": []}', '{"version": 0}'])
def test_a_damaged_cache_is_ignored(look, tmp_path, content):
    _, run = look
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "sources.json").write_text(content)
    assert run() == "1 one ('cosmodag.a',)"


def test_a_folder_that_cannot_be_written_is_no_reason_to_fail(look, tmp_path):
    _, run = look
    (tmp_path / "kept").write_text("a file")
    assert run() == "1 one ('cosmodag.a',)"


def test_the_parts_of_a_fingerprint_are_kept(look, tmp_path):
    _, run = look
    run()
    assert source_cache.hashes_of("f" * 16, tmp_path / "kept") == {"cosmodag.a": "1"}
    assert source_cache.hashes_of("e" * 16, tmp_path / "kept") is None


def test_this_process_knows_the_parts_of_its_fingerprints(tmp_path):
    fingerprint = provenance.fingerprint("cosmodag.commands.split")
    known = source_cache.hashes_of(fingerprint, tmp_path)
    assert known == provenance.code_hashes("cosmodag.commands.split")
