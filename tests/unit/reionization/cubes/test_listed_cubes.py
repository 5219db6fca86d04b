"""Cubes of any simulation that a table lists are read, or refused with the row."""

import h5py
import numpy as np
import pandas as pd
import pytest

from cosmodag.errors import InputError
from cosmodag.reionization.cubes.cube_folder import read_folder
from cosmodag.reionization.cubes.cubes_file import CubesFile, Universe
from tests.unit.reionization.cubes.cubes import (
    BOX,
    CELLS,
    fields,
    write_records,
    write_with_header,
)


@pytest.fixture
def folder(tmp_path):
    """Two universes of C2-Ray at redshift 8, in the formats that its users have."""
    folder = tmp_path / "c2ray"
    folder.mkdir()
    for seed in (1, 2):
        values = fields(seed)
        write_with_header(folder / f"dT_{seed}.bin", values["brightness_temperature"] / 1000)
        ionized = 1 - values["neutral_fraction"].astype("<f8")
        write_records(folder / f"xfrac3d_{seed}.bin", ionized)
        with h5py.File(folder / f"run{seed}.h5", "w") as file:
            file["grids/delta"] = values["density"]
    return folder


def table(*, seeds=(1, 2), **more):
    columns = {
        "brightness_temperature": [f"dT_{seed}.bin" for seed in seeds],
        "ionized_fraction": [f"xfrac3d_{seed}.bin" for seed in seeds],
        "density": [f"run{seed}.h5:grids/delta" for seed in seeds],
        "redshift": [8.0] * len(seeds),
        "realization": list(seeds),
    }
    return pd.DataFrame(columns | more)


def read(folder, rows, **more):
    path = folder.parent / "cubes.csv"
    rows.to_csv(path, index=False)
    output = folder.parent / "cubes.h5"
    stated = {"cells": CELLS, "box_size": BOX, "escape_fraction": 0.1, "unit": "K"} | more
    read_folder(folder, output, redshift=8.0, table=path, **stated)
    return CubesFile(output)


def test_formats_of_c2ray_are_read_with_the_unit_that_is_stated(folder):
    with read(folder, table(distorted_axis=[2, 2])) as file:
        assert file.header.realizations == (1, 2)
        assert file.header.axes == (2,)
        for s, seed in enumerate((1, 2)):
            expected = fields(seed)
            np.testing.assert_array_equal(file.read("density", s), expected["density"])
            neutral_fraction = file.read("neutral_fraction", s, 0)
            np.testing.assert_allclose(neutral_fraction, expected["neutral_fraction"], atol=1e-6)
            temperature = file.read("brightness_temperature", s, 0, 0)
            np.testing.assert_allclose(temperature, expected["brightness_temperature"], rtol=1e-6)


def test_other_columns_are_parameters_of_a_scan(folder):
    rows = table(realization=[1, 1], clumping=[2.0, 3.5], escape_fraction=[0.1, 0.1])
    with read(folder, rows) as file:
        names = [Universe(1, "clumping=2"), Universe(1, "clumping=3.5")]
        header = file.header
        assert [Universe(*pair) for pair in zip(header.realizations, header.variants)] == names


def test_escape_fractions_are_those_of_the_table(folder):
    rows = table(realization=[1, 1], escape_fraction=[0.2, 0.1]).drop(columns="density")
    with read(folder, rows, escape_fraction=None) as file:
        assert file.header.escape_fractions == (0.1, 0.2)
        temperature = file.read("brightness_temperature", 0, 0, 0)
        expected = fields(2)["brightness_temperature"]
        np.testing.assert_allclose(temperature, expected, rtol=1e-6)


def test_another_byte_order_is_that_of_the_header_or_refused_without_one(folder):
    values = fields(1)["brightness_temperature"] / 1000
    write_with_header(folder / "dT_1.bin", values, byte_order=">")
    with read(folder, table()) as file:
        temperature = file.read("brightness_temperature", 0, 0, 0)
        np.testing.assert_allclose(temperature, 1000 * values, rtol=1e-6)
    values.astype(">f4").tofile(folder / "dT_1.bin")
    with pytest.raises(InputError, match=r"0 of 2|other byte order"):
        read(folder, table(), max_rejected=0)


def test_a_universe_whose_file_is_missing_is_left_out_and_listed(folder):
    (folder / "xfrac3d_2.bin").unlink()
    with read(folder, table()) as file:
        assert file.header.realizations == (1,)
    assert "xfrac3d_2.bin" in (folder.parent / "cubes.rejected.csv").read_text()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"redshift": [8.0, np.nan]}, "row 2: redshift is nan, not a redshift"),
        ({"redshift": [9.0, 9.0]}, "no cube of redshift 8; there are 9"),
        ({"realization": [1, 1]}, r"rows 1 and 2: both are .* state different realizations"),
        ({"realization": [1, 1.5]}, "row 2: realization is 1.5, not a whole number"),
        ({"distorted_axis": [2, 3]}, "row 2: distorted_axis is 3, not 0, 1 or 2"),
        ({"density": ["run1.h5:grids/delta", None]}, "row 2: density is nan, not a file"),
        ({"redshift": [8.0, -8.0]}, "row 2: redshift is -8.0, not a redshift"),
        (
            {"escape_fraction": [0.1, 10]},
            "row 2: escape_fraction is 10.0, not above 0 and at most 1",
        ),
        ({"brightness_temperature": ["dT_1.bin"] * 2}, "rows 1 and 2: both name dT_1.bin"),
        ({"neutral_fraction": ["a", "b"]}, "has both neutral_fraction and ionized_fraction"),
        ({"desnity": ["a", "b"]}, "did you mean 'density'"),
        ({"note": ["a", "b"]}, "column note has text, so that it is no parameter"),
    ],
)
def test_a_mistake_in_the_table_is_named_with_its_row(folder, change, message):
    with pytest.raises(InputError, match=message):
        read(folder, table(**change))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"density": ["run1.h5:delta", "run2.h5:grids/delta"]}, "give one of its datasets: grids/"),
        ({"density": ["run1.h5", "run2.h5:grids/delta"]}, "the dataset is not stated"),
        ({"density": ["dT_1.bin.gz", "run2.h5:grids/delta"]}, "no such file"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_the_reason(folder, change, reason):
    with read(folder, table(**change)) as file:
        assert file.header.realizations == (2,)
    assert reason in (folder.parent / "cubes.rejected.csv").read_text()


def test_columns_that_are_needed_are_named(folder):
    with pytest.raises(InputError, match="has no column brightness_temperature, only"):
        read(folder, table().rename(columns={"brightness_temperature": "brightness_temp"}))
    with pytest.raises(InputError, match="has no column escape_fraction: add it, or set the key"):
        read(folder, table(), escape_fraction=None)


def test_a_header_of_another_number_of_cells_is_refused(folder):
    with pytest.raises(InputError, match=r"its header states \[20, 20, 20\] cells, not \[10"):
        read(folder, table(), cells=10, max_rejected=0)


def test_numbers_of_rows_and_spaces_are_left_out(folder):
    rows = table()
    rows.columns = [f" {name}" for name in rows]
    path = folder.parent / "cubes.csv"
    rows.to_csv(path)  # with the index of pandas
    output = folder.parent / "cubes.h5"
    stated = {"cells": CELLS, "box_size": BOX, "escape_fraction": 0.1, "unit": "K"}
    read_folder(folder, output, redshift=8.0, table=path, **stated)
    with CubesFile(output) as file:
        assert file.header.variants == ()


def test_the_order_of_fortran_is_stated_or_noticed(folder):
    for seed in (1, 2):
        values = fields(seed)["density"]
        with open(folder / f"density_{seed}.bin", "wb") as file:
            np.array(values.shape, "<i4").tofile(file)
            values.ravel("F").tofile(file)
        np.save(folder / f"dT_{seed}.npy", fields(seed)["brightness_temperature"] / 1000)
    columns = {
        "density": [f"density_{seed}.bin" for seed in (1, 2)],
        "brightness_temperature": [f"dT_{seed}.npy" for seed in (1, 2)],
    }
    with read(folder, table(**columns), order="F") as file:
        np.testing.assert_array_equal(file.read("density", 0), fields(1)["density"])
    with pytest.raises(InputError, match="fits its density if that has its axes reversed"):
        read(folder, table(**columns), max_rejected=0)


def test_partners_of_another_kind_are_refused(folder):
    rows = table().rename(columns={"ionized_fraction": "neutral_fraction"})
    with pytest.raises(InputError, match="the fraction is probably the ionized one"):
        read(folder, rows, max_rejected=0)
    np.save(folder / "n.npy", 1 + fields(1)["density"])
    with pytest.raises(InputError, match="but that of a contrast is 0: divide it"):
        read(folder, table(density=["n.npy", "n.npy"]), max_rejected=0)


@pytest.mark.parametrize(("name", "separator"), [("cubes.tsv", "\t"), ("cubes.ecsv", " ")])
def test_tables_with_other_separators_are_read(folder, name, separator):
    table().to_csv(folder.parent / name, sep=separator, index=False)
    output = folder.parent / "cubes.h5"
    stated = {"cells": CELLS, "box_size": BOX, "escape_fraction": 0.1, "unit": "K"}
    read_folder(folder, output, redshift=8.0, table=folder.parent / name, **stated)
    with CubesFile(output) as file:
        assert file.header.realizations == (1, 2)
