"""Text as surveys, halo finders and spreadsheets write it: every file gives the same numbers."""

import bz2
import gzip
from decimal import Decimal

import numpy as np
import pandas
import pyarrow.parquet
import pytest
from astropy import units
from astropy.table import QTable, Table

from cosmodag.errors import InputError
from cosmodag.voids.catalogues.file_headers import read_header
from cosmodag.voids.catalogues.tables import read_columns

ROWS = 300
ROCKSTAR = """#id num_p mvir x y z
#a = 1.000000
#Om = 0.270000; Ol = 0.730000; h = 0.700000
#Box size: 250.000000 Mpc/h
#Units: Positions in Mpc / h (comoving)
"""
CONSISTENT_TREES = "#scale(0) id(1) mvir(2) x(3) y(4) z(5)\n#Full box size = 250.000000 Mpc/h\n"
AHF = "#ID(1)\thostHalo(2)\tMvir(4)\tXc(6)\tYc(7)\tZc(8)\n"


@pytest.fixture(scope="module")
def columns():
    """Return three columns of random numbers."""
    rng = np.random.default_rng(5)
    return {name: rng.uniform(0, 250, ROWS) for name in "xyz"}


def read(path, names=("x", "y", "z"), **settings):
    """Read columns in chunks of at most 64 rows, and join them."""
    chunks = list(read_columns(path, names, chunk_rows=64, **settings))
    return np.transpose([np.concatenate(pieces) for pieces in zip(*chunks)])


def lines(columns, separator, before=""):
    """Return rows of text."""
    rows = np.transpose(list(columns.values()))
    return [separator.join([*before.split(), *map(repr, row.tolist())]) for row in rows]


def content(columns):
    """Yield names of files with their bytes."""
    rows = lines(columns, ",")
    csv = "\n".join(["x,y,z", *rows, ""]).encode()
    yield "plain.csv", csv
    yield "mark.csv", b"\xef\xbb\xbf" + csv
    yield "windows.csv", csv.replace(b"\n", b"\r\n")
    yield "comments.csv", b"# made by hand\n# x, y and z\n\n" + csv
    yield "marked_comments.csv", b"\xef\xbb\xbf# made by hand\n" + csv
    yield "middle.csv", "\n".join(["x,y,z", *rows[:9], "# half", *rows[9:]]).encode()
    yield "savetxt.csv", "\n".join(["# x,y,z", *rows]).encode()
    yield "quoted.csv", "\n".join(['"x","y","z"', *rows]).encode()
    yield "packed.csv.gz", gzip.compress(csv)
    yield "packed.csv.bz2", bz2.compress(csv)
    yield "packed_without_suffix.csv", gzip.compress(csv)
    yield "fortran.csv", csv.replace(b",", b"D+00,").replace(b"xD+00,yD+00,", b"x,y,")
    rows = lines(columns, "\t")
    text = "\n".join(["x\ty\tz", *rows]).encode()
    yield "header.txt", text
    yield "mark.txt", b"\xef\xbb\xbf" + text
    yield "table.tsv", text
    yield "fortran.dat", text.replace(b"\n", b"d0\n").replace(b"zd0", b"z")
    yield "hash.dat", b"# by hand\n#x y z\n" + "\n".join(rows).encode()
    yield "packed.txt.gz", gzip.compress(text)
    halos = "\n".join(lines(columns, " ", "17 20 1e12"))
    yield "out_0.list", (ROCKSTAR + halos).encode()
    yield "hlist_1.00000.list", (CONSISTENT_TREES + halos).encode()
    yield "out_0.list.gz", gzip.compress((ROCKSTAR + halos).encode())


NAMES = [name for name, _ in content({name: np.zeros(20) for name in "xyz"})]


@pytest.mark.parametrize("name", NAMES)
def test_text_is_read_whatever_wrote_it(name, columns, tmp_path):
    path = tmp_path / name
    path.write_bytes(dict(content(columns))[name])
    np.testing.assert_array_equal(read(path), np.transpose(list(columns.values())))


def test_haloes_of_ahf_are_read_by_names_without_their_numbers(columns, tmp_path):
    path = tmp_path / "snap_099.z0.000.AHF_halos"
    path.write_text(AHF + "\n".join(lines(columns, "\t", "17 0 1e12")))
    expected = np.transpose(list(columns.values()))
    np.testing.assert_array_equal(read(path, ["Xc", "Yc", "Zc"]), expected)
    np.testing.assert_array_equal(read(path, ["Xc(6)", "Yc(7)", "Zc(8)"]), expected)


@pytest.mark.parametrize("delimiter", [" ", ","])
@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_enhanced_csv_is_read_beside_columns_of_text(columns, delimiter, suffix, tmp_path):
    table = Table({"name": [f"galaxy {n}" for n in range(ROWS)], **columns})
    table.meta["comments"] = ["x y z of galaxies here"]
    path = tmp_path / "galaxies.ecsv"
    table.write(path, delimiter=delimiter)
    if suffix:
        path.with_suffix(".ecsv.gz").write_bytes(gzip.compress(path.read_bytes()))
    np.testing.assert_array_equal(
        read(path.with_name(path.name + suffix)), np.transpose(list(columns.values()))
    )


def test_a_fits_table_is_read_compressed(columns, tmp_path):
    Table(columns).write(tmp_path / "galaxies.fits")
    packed = tmp_path / "galaxies.fits.gz"
    packed.write_bytes(gzip.compress((tmp_path / "galaxies.fits").read_bytes()))
    np.testing.assert_array_equal(read(packed), np.transpose(list(columns.values())))


def test_formats_that_are_not_read_compressed_say_so(tmp_path):
    path = tmp_path / "galaxies.hdf5.gz"
    path.write_bytes(gzip.compress(b"HDF5"))
    with pytest.raises(InputError, match="hdf5 files are not read compressed; decompress it"):
        read(path)


def test_a_csv_file_without_header_has_numbers_for_names(columns, tmp_path):
    path = tmp_path / "bare.csv"
    path.write_text("\n".join(lines(columns, ",")))
    assert len(read(path, [0, 1, 2])) == ROWS
    with pytest.raises(InputError, match=r"no column 'x'; it has: 0, 1, 2"):
        read(path)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("c.csv", "x;y;z\n1;2;3\n", "separated by semicolons, not by commas"),
        ("c.csv", "x\ty\tz\n1\t2\t3\n", "separated by tabulators.*format: text"),
        ("c.csv", "x,y,x\n1,2,3\n", "its columns name 'x' twice"),
        ("c.csv", "x,y,z\r1,2,3\r", "lines end with a carriage return alone"),
        ("c.txt", "x y x\n1 2 3\n", "its columns name 'x' twice"),
        ("c.txt", "x,y,z\n1,2,3\n", "separated by commas, not by white space; set format: csv"),
        ("c.txt", "x, y, z\n1, 2, 3\n", "separated by commas, not by white space"),
        ("c.txt", "\n".join([" ".join(["1.5"] * 400)] * 3), "3 x 400, with a row per coordinate"),
    ],
)
def test_text_with_another_meaning_is_refused(name, text, message, tmp_path):
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=message):
        read(tmp_path / name, [0, 1, 2] if "400" in message else ["x"])


def test_utf16_is_named(columns, tmp_path):
    path = tmp_path / "c.csv"
    path.write_bytes(dict(content(columns))["plain.csv"].decode().encode("utf-16"))
    with pytest.raises(InputError, match="text in UTF-16; save it as UTF-8"):
        read(path)


def test_comments_of_halo_finders_state_box_and_h(columns, tmp_path):
    for name, hubble in (("out_0.list", 0.7), ("hlist_1.00000.list", None)):
        path = tmp_path / name
        path.write_bytes(dict(content(columns))[name])
        header = read_header(path, ["x", "y", "z"])
        assert (header.box_size, header.box_unit, header.hubble) == ((250.0,), "Mpc/h", hubble)


def test_units_of_columns_are_read(columns, tmp_path):
    table = QTable({name: values * units.kpc for name, values in columns.items()})
    for name in ("c.ecsv", "c.fits"):
        table.write(tmp_path / name)
        assert read_header(tmp_path / name, ["x", "y", 2]).units == ("kpc",) * 3


def test_double_precision_of_fortran_needs_no_header(tmp_path):
    (tmp_path / "bare.dat").write_text("0.15D+03 1.0D0 -2D-1\n1.5d+02 2 3\n")
    found = read(tmp_path / "bare.dat", [0, 1, 2])
    np.testing.assert_array_equal(found, [[150, 1, -0.2], [150, 2, 3]])


def test_vectors_decimals_and_truth_values_with_gaps_are_read_from_parquet(columns, tmp_path):
    values = np.round(np.transpose(list(columns.values())), 3)
    vectors = pyarrow.FixedSizeListArray.from_arrays(pyarrow.array(values.ravel()), 3)
    exact = pyarrow.array([Decimal(f"{value:.3f}") for value in values[:, 0]])
    flag = pyarrow.array([None, *[True] * (ROWS - 1)])
    table = pyarrow.table({"position": vectors, "exact": exact, "flag": flag})
    pyarrow.parquet.write_table(table, tmp_path / "c.parquet")
    found = read(tmp_path / "c.parquet", ["position[0]", "position[2]", "exact", "flag"])
    np.testing.assert_allclose(found[:, :3], values[:, [0, 2, 0]], rtol=1e-15)
    np.testing.assert_array_equal(found[:, 3], [np.nan, *np.ones(ROWS - 1)])
    with pytest.raises(InputError, match="no column 3: its 3 columns count from 0"):
        read(tmp_path / "c.parquet", ["position[3]"])


def test_asdf_needs_a_package(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "asdf", None)
    path = tmp_path / "halo_info_000.asdf"
    path.write_bytes(b"#ASDF 1.0.0\n")
    with pytest.raises(InputError, match=r"halo_info_000.asdf: .* package asdf .*; ?|install it"):
        read(path)


def test_asdf_is_read(columns, tmp_path):
    asdf = pytest.importorskip("asdf")
    path = tmp_path / "halos.asdf"
    stacked = np.transpose(list(columns.values()))
    asdf.AsdfFile({"data": {"x_com": stacked}, "header": {}}).write_to(path)
    np.testing.assert_array_equal(read(path, [f"x_com[{axis}]" for axis in range(3)]), stacked)


def test_a_parquet_column_that_is_twice_there_is_refused(tmp_path):
    import pyarrow
    import pyarrow.parquet

    path = tmp_path / "c.parquet"
    pyarrow.parquet.write_table(pyarrow.table([[1.0]] * 3, names=["x", "y", "x"]), path)
    with pytest.raises(InputError, match="its columns name 'x' twice"):
        read(path, ["x"])
    pandas.DataFrame({"x": [1.0]}).to_parquet(path)
    assert read(path, ["x"]).tolist() == [[1.0]]
