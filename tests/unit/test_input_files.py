"""Guards of users' files: what is not a regular, complete file is named and not opened."""

import bz2
import gzip
import os

import pytest

from cosmodag.errors import InputError
from cosmodag.input_files import check_file, open_bytes, read_json, read_parquet, read_text


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda path: None, "there is no such file"),
        (lambda path: path.mkdir(), "a folder, not a regular file"),
        (os.mkfifo, "a named pipe, not a regular file"),
        (lambda path: path.symlink_to("/dev/zero"), "a device, not a regular file"),
        (lambda path: path.symlink_to("nowhere"), "there is no such file"),
        (lambda path: path.symlink_to(path.name), "cannot be read"),
    ],
)
def test_what_is_no_regular_file_is_refused_with_the_cure(make, reason, tmp_path):
    path = tmp_path / "input"
    make(path)
    with pytest.raises(InputError, match=f"input: {reason}.*; give another"):
        check_file(path, "give another")


def test_a_path_with_a_null_character_is_refused():
    with pytest.raises(InputError, match="not a path"):
        check_file("a\0b")


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, bytes])
def test_compressed_files_are_recognized_by_their_content(compress, tmp_path):
    path = tmp_path / "input"
    path.write_bytes(compress(b"numbers"))
    with open_bytes(path) as file:
        assert file.read() == b"numbers"


def test_other_compressions_are_named(tmp_path):
    path = tmp_path / "input"
    path.write_bytes(b"PK\x03\x04 and so on")
    with pytest.raises(InputError, match="compressed by zip; decompress it"):
        open_bytes(path)


def test_text_loses_its_byte_order_mark_and_must_be_utf8(tmp_path):
    path = tmp_path / "input"
    path.write_bytes("é".encode("utf-8-sig"))
    assert read_text(path, cure="give text") == "é"
    for content in ("é".encode("latin-1"), "a".encode("utf-16"), b"a\0"):
        path.write_bytes(content)
        with pytest.raises(InputError, match=r"not text in UTF-8 .*; give text"):
            read_text(path, cure="give text")
    with pytest.raises(InputError, match="too large"):
        read_text(path, cure="give text", largest=1)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"{", "not readable as JSON"),
        (b"[1]", "not a mapping"),
        (b"[" * 100_000, "nested too deeply"),
        (b"{}", "it has no key 'a'"),
    ],
)
def test_json_must_be_a_mapping_with_its_keys(content, reason, tmp_path):
    path = tmp_path / "input"
    path.write_bytes(content)
    with pytest.raises(InputError, match=f"{reason}.*; make it again"):
        read_json(path, cure="make it again", keys=("a",))


def test_a_table_that_is_no_parquet_is_named(tmp_path):
    (tmp_path / "t.parquet").write_bytes(b"PAR1")
    with pytest.raises(InputError, match=r"t\.parquet: not a whole Parquet file .*; select again"):
        read_parquet(tmp_path / "t.parquet", cure="select again")
