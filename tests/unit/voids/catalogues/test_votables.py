"""VOTables: columns, units, missing values, several tables, and data in other files."""

import gzip
import re

import numpy as np
import pytest
from astropy import units
from astropy.io import votable
from astropy.table import MaskedColumn, Table

from cosmodag.errors import InputError
from cosmodag.voids.catalogues.file_headers import read_header
from cosmodag.voids.catalogues.tables import read_columns

ROWS = 1000
SEVERAL = """<?xml version="1.0"?>
<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3">
<RESOURCE><TABLE name="references"><FIELD name="code" datatype="int"/>
<DATA><TABLEDATA><TR><TD>7</TD></TR></TABLEDATA></DATA></TABLE></RESOURCE>
<RESOURCE><TABLE ID="J_A_A_1" name="J/A+A/1"><FIELD name="x" datatype="float" unit="Mpc"/>
<FIELD name="y" datatype="int"><VALUES null="-1"/></FIELD>
<DATA><TABLEDATA><TR><TD>1.5</TD><TD>3</TD></TR><TR><TD/><TD>-1</TD></TR>
<TR><TD>none</TD><TD>4</TD></TR></TABLEDATA></DATA></TABLE></RESOURCE>
</VOTABLE>"""


@pytest.fixture(scope="module")
def table():
    """Return a table with a unit, a column of vectors, text, and missing values."""
    rng = np.random.default_rng(7)
    missing = rng.random(ROWS) < 0.1
    return Table(
        {
            "RAJ2000": rng.uniform(0, 360, ROWS) * units.deg,
            "position": rng.random((ROWS, 3)),
            "name": [f"galaxy {i}" for i in range(ROWS)],
            "number": MaskedColumn(np.arange(ROWS, dtype=float), mask=missing),
        }
    )


def read(path, names, **settings):
    """Read columns in chunks of at most 256 rows, and join them."""
    chunks = list(read_columns(path, names, chunk_rows=256, **settings))
    assert max(len(chunk[0]) for chunk in chunks) <= 256
    return [np.concatenate(pieces) for pieces in zip(*chunks)]


@pytest.mark.parametrize("data", ["tabledata", "binary", "binary2"])
@pytest.mark.parametrize("suffix", [".vot", ".vot.gz"])
def test_columns_are_as_they_were_written(table, data, suffix, tmp_path):
    path = tmp_path / "vizier.vot"
    table.write(path, format="votable", tabledata_format=data)
    if suffix.endswith("gz"):
        path.with_suffix(".vot.gz").write_bytes(gzip.compress(path.read_bytes()))
    ra, second, number = read(path.with_suffix(suffix), ["RAJ2000", "position[1]", 3])
    np.testing.assert_array_equal(ra, table["RAJ2000"])
    np.testing.assert_array_equal(second, table["position"][:, 1])
    np.testing.assert_array_equal(number, table["number"].astype(float).filled(np.nan))
    assert read_header(path, ["RAJ2000", "number", "name"]).units == ("deg", "", "")


def test_what_cannot_be_read_is_named(table, tmp_path):
    path = tmp_path / "vizier.vot"
    table.write(path, format="votable")
    with pytest.raises(InputError, match="no column 'RA'; nearest: RAJ2000"):
        read(path, ["RA"])
    with pytest.raises(InputError, match="'name' is not a column of numbers"):
        read(path, ["name"])
    with pytest.raises(InputError, match=r"position' is not a column of numbers: .* shape \(3,\)"):
        read(path, ["position"])
    path.write_bytes(path.read_bytes()[:9000])
    with pytest.raises(InputError, match=r"not a whole VOTable .*; copy the file again"):
        read(path, ["RAJ2000"])
    path.write_text("<VOTABLE/>")
    with pytest.raises(InputError, match="has no table"):
        read(path, ["RAJ2000"])


@pytest.mark.parametrize("name", ["J/A+A/1", "J_A_A_1", 1])
def test_a_table_is_chosen_by_name_or_number(name, tmp_path):
    path = tmp_path / "several.votable"
    path.write_text(SEVERAL)
    assert read(path, ["code"]) == [[7]]
    x, y = read(path, ["x", "y"], table=name)
    np.testing.assert_array_equal(x, [1.5, np.nan, np.nan])
    np.testing.assert_array_equal(y, [3, np.nan, 4])
    assert read_header(path, ["x", "y", "y"], table=name).units == ("Mpc", "", "")
    with pytest.raises(InputError, match="no table 'J/A'; nearest: J/A"):
        read(path, ["x"], table="J/A")


def test_tables_after_a_nested_resource_are_read(tmp_path):
    first, second = re.findall(r"<RESOURCE>.*?</RESOURCE>", SEVERAL, re.S)
    nested = second.replace("<RESOURCE>", "<RESOURCE>" + first)
    path = tmp_path / "nested.vot"
    path.write_text(SEVERAL.replace(first, "").replace(second, nested))
    np.testing.assert_array_equal(read(path, ["x"], table="J/A+A/1"), [[1.5, np.nan, np.nan]])
    assert read(path, ["code"]) == [[7]]


def test_a_table_that_was_cut_is_refused_or_warned_of(tmp_path, caplog):
    path = tmp_path / "cut.vot"
    path.write_text(SEVERAL.replace('<TABLE name="references"', '<TABLE nrows="5" name="r"'))
    with pytest.raises(InputError, match="states 5 rows, but has 1; copy the file again"):
        read(path, ["code"])
    info = '<RESOURCE type="results"><INFO name="QUERY_STATUS" value="OVERFLOW"/>'
    path.write_text(SEVERAL.replace("<RESOURCE>", info, 1))
    assert read(path, ["code"]) == [[7]]
    assert "it cut the table at its limit of rows" in caplog.text


@pytest.mark.parametrize("data", ["BINARY2", "FITS"])
def test_data_in_another_file_are_not_fetched(table, data, tmp_path, monkeypatch):
    monkeypatch.setattr(votable, "parse", None)
    path = tmp_path / "remote.vot"
    table.write(path, format="votable")
    head = path.read_text().partition("<DATA>")[0]
    stream = f'<STREAM href="http://localhost/x"/></{data}>'
    path.write_text(f"{head}<DATA><{data}>{stream}</DATA></TABLE></RESOURCE></VOTABLE>")
    with pytest.raises(InputError, match="does not contain its values, which are in http://local"):
        read(path, ["RAJ2000"])
