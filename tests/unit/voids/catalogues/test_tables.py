"""Readers of tables: every format returns what was written, and names what is wrong."""

import h5py
import numpy as np
import pandas
import pytest
from astropy.table import Table

from cosmodag.errors import InputError
from cosmodag.voids.catalogues.table_columns import missing_error
from cosmodag.voids.catalogues.tables import read_columns

ROWS = 1000


@pytest.fixture(scope="module")
def columns():
    """Return four columns of random numbers."""
    rng = np.random.default_rng(5)
    return {name: rng.random(ROWS) * 100 for name in ("x", "y", "z", "mass")}


def write_fastfood(path, columns, dtype="f4", box=100.0):
    """Write Fortran records as Corrfunc does."""
    records = [
        np.array([0, len(columns[0]), 0, 0, 0], "<i4"),
        np.array([box, *[0] * 8], "<f4"),
        np.array([0.5], "<f4"),
        *[np.asarray(column, "<" + dtype) for column in columns],
    ]
    with open(path, "wb") as file:
        for record in records:
            count = np.array([record.nbytes], "<i4").tobytes()
            file.write(count + record.tobytes() + count)


def write(path, columns):
    """Write a table in the format that the suffix names."""
    frame = pandas.DataFrame(columns)
    if path.suffix == ".h5":
        with h5py.File(path, "w") as file:
            for name, values in columns.items():
                file[name] = values
    elif path.suffix == ".parquet":
        frame.to_parquet(path, row_group_size=300)
    elif path.suffix == ".fits":
        Table(columns).write(path)
    elif path.suffix == ".csv":
        frame.to_csv(path, index=False)
    elif path.suffix == ".dat":
        header = "x y z mass"
        np.savetxt(path, frame.to_numpy(), header=header, fmt="%.17g")


def read(path, names, **settings):
    """Read columns in chunks of at most 256 rows, and join them."""
    chunks = list(read_columns(path, names, chunk_rows=256, **settings))
    assert max(len(chunk[0]) for chunk in chunks) <= 256
    return [np.concatenate(pieces) for pieces in zip(*chunks)]


@pytest.mark.parametrize("suffix", ["h5", "parquet", "fits", "csv", "dat"])
def test_readers_return_the_columns_in_the_requested_order(tmp_path, columns, suffix):
    path = tmp_path / f"table.{suffix}"
    write(path, columns)
    z, x = read(path, ["z", "x"])
    np.testing.assert_array_equal(z, columns["z"])
    np.testing.assert_array_equal(x, columns["x"])
    assert x.dtype == np.dtype("f8").newbyteorder("=")


@pytest.mark.parametrize("suffix", ["parquet", "fits", "csv", "dat"])
def test_columns_may_be_given_by_index(tmp_path, columns, suffix):
    path = tmp_path / f"table.{suffix}"
    write(path, columns)
    (mass,) = read(path, [3])
    np.testing.assert_array_equal(mass, columns["mass"])


def test_a_name_in_another_case_is_the_nearest():
    names = ["RA", "DEC", "Z", "rabsmag"]
    assert "nearest: RA" in str(missing_error("table.fits", "column", "ra", names))


@pytest.mark.parametrize("suffix", ["h5", "parquet", "fits", "csv", "dat"])
def test_an_error_for_a_missing_column_names_the_nearest(tmp_path, columns, suffix):
    path = tmp_path / f"table.{suffix}"
    write(path, columns)
    with pytest.raises(InputError, match=r"no column 'mas'; nearest: mass"):
        read(path, ["mas"])


@pytest.mark.parametrize("suffix", ["h5", "parquet", "fits", "csv", "dat", "ff"])
def test_a_missing_file_is_refused(tmp_path, suffix):
    with pytest.raises(InputError, match=rf"gone\.{suffix}: there is no such file"):
        read(tmp_path / f"gone.{suffix}", ["x"])


@pytest.mark.parametrize("suffix", ["h5", "parquet", "fits"])
@pytest.mark.parametrize("fraction", [0.02, 0.5, 0.9])
def test_a_truncated_file_is_refused_in_one_line(tmp_path, columns, suffix, fraction):
    path = tmp_path / f"table.{suffix}"
    write(path, columns)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * fraction)])
    with pytest.raises(InputError, match=rf"table\.{suffix}: ") as caught:
        read(path, ["x", "mass"])
    assert "\n" not in str(caught.value)


def test_columns_of_text_without_header_have_indices(tmp_path, columns):
    path = tmp_path / "table.txt"
    np.savetxt(path, np.transpose([columns["x"], columns["y"]]), fmt="%.17g")
    np.testing.assert_array_equal(read(path, [1])[0], columns["y"])


def test_text_in_a_column_is_refused(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("x,y\n1,2\nabc,3\n")
    with pytest.raises(InputError, match=r"table\.csv: row 1 \(from 0\): x is 'abc', not a number"):
        read(path, ["x"])
    problems = {}
    (x,) = next(read_columns(path, ["x"], problems=problems))
    np.testing.assert_array_equal(x, [1, np.nan])
    assert problems == {1: "x is 'abc', not a number"}


def test_a_comment_of_another_width_is_not_a_header(tmp_path):
    path = tmp_path / "table.dat"
    path.write_text("# made by hand\n# x y z\n# see above\n1 2 3 4\n5 6 7 8\n")
    np.testing.assert_array_equal(read(path, [1])[0], [2, 6])
    with pytest.raises(InputError, match=r"no column 'x'; it has: 0, 1, 2, 3"):
        read(path, ["x"])


def test_the_header_may_be_one_of_several_comments(tmp_path):
    path = tmp_path / "table.dat"
    path.write_text("# made by hand today\n# x y z\n  1 2 3\n\n4 5 6\n")
    np.testing.assert_array_equal(read(path, ["z"])[0], [3, 6])


def test_text_without_rows_is_refused(tmp_path):
    path = tmp_path / "table.dat"
    path.write_text("# x y z\n")
    with pytest.raises(InputError, match="it has no rows"):
        read(path, ["x"])


def test_hdf5_components_tables_and_compound_datasets_are_read(tmp_path, columns):
    path = tmp_path / "table.h5"
    stacked = np.stack([columns["x"], columns["y"]], axis=1)
    compound = np.zeros(ROWS, [("x", "f4"), ("id", "i8")])
    compound["x"] = columns["x"]
    with h5py.File(path, "w") as file:
        file["halos/position"] = stacked
        file["rows"] = compound
    np.testing.assert_array_equal(read(path, ["halos/position[1]"])[0], columns["y"])
    np.testing.assert_array_equal(read(path, ["position[0]"], table="halos")[0], columns["x"])
    np.testing.assert_array_equal(read(path, [1], table="halos/position")[0], columns["y"])
    np.testing.assert_array_equal(read(path, ["x"], table="rows")[0], compound["x"])
    with pytest.raises(InputError, match=r"its 2 columns count from 0"):
        read(path, [2], table="halos/position")
    with pytest.raises(InputError, match=r"no table 'halo'; nearest: halos"):
        read(path, [2], table="halo")


def test_hdf5_columns_of_different_lengths_are_refused(tmp_path):
    path = tmp_path / "table.h5"
    with h5py.File(path, "w") as file:
        file["x"], file["y"] = np.zeros(3), np.zeros(4)
    with pytest.raises(InputError, match=r"differ in length: \[3, 4\]"):
        read(path, ["x", "y"])


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_fastfood_is_read_in_both_precisions(tmp_path, columns, dtype):
    path = tmp_path / "table.ff"
    write_fastfood(path, list(columns.values()), dtype)
    weight, x = read(path, ["weight", "x"])
    np.testing.assert_array_equal(x, columns["x"].astype(dtype))
    np.testing.assert_array_equal(weight, columns["mass"].astype(dtype))


def test_fastfood_without_weights_has_no_column_of_weights(tmp_path, columns):
    path = tmp_path / "table.ff"
    write_fastfood(path, list(columns.values())[:3])
    np.testing.assert_array_equal(read(path, ["z"])[0], columns["z"].astype("f4"))
    with pytest.raises(InputError, match="no record for weight"):
        read(path, ["weight"])


@pytest.mark.parametrize("size", [1, 30, 90, 2000, 4090, 12000])
def test_truncated_fastfood_is_detected_from_its_byte_counts(tmp_path, columns, size):
    path = tmp_path / "table.ff"
    write_fastfood(path, list(columns.values())[:3])
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(InputError, match=r"table\.ff: .*(truncated|not a whole|no record|counts)"):
        read(path, ["x", "y", "z"])


def test_a_file_of_another_format_is_refused_as_fastfood(tmp_path):
    path = tmp_path / "table.ff"
    path.write_text("x y z\n" * 100)
    with pytest.raises(InputError, match="not a whole fast-food file"):
        read(path, ["x"])


def test_an_error_for_an_unknown_suffix_names_the_formats(tmp_path, columns):
    path = tmp_path / "table.unknown"
    path.write_text("x\n1\n")
    with pytest.raises(InputError, match="set 'format' to one of: hdf5, parquet"):
        read(path, ["x"])
    np.testing.assert_array_equal(read(path, ["x"], format="csv")[0], [1])
