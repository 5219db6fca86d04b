"""Raw cubes are read unchanged; invalid files are refused with their path."""

import gzip

import numpy as np
import pytest

from cosmodag.errors import InputError
from cosmodag.reionization.cubes.raw_cubes import read_raw_cube


@pytest.fixture
def cube() -> np.ndarray:
    values = np.random.default_rng(1).lognormal(2, 1, (20, 20, 20)).astype("<f4")
    values[:5] = 0
    return values


def write(path, values) -> str:
    data = values.tobytes()
    path.write_bytes(gzip.compress(data, 1) if path.suffix == ".gz" else data)
    return str(path)


@pytest.mark.parametrize("name", ["cube", "cube.gz"])
def test_a_cube_is_read_unchanged(tmp_path, cube, name):
    path = write(tmp_path / name, cube)
    np.testing.assert_array_equal(read_raw_cube(path, "brightness_temperature", cells=20), cube)


def test_an_uncompressed_cube_is_a_memory_map(tmp_path, cube):
    values = read_raw_cube(write(tmp_path / "cube", cube), "brightness_temperature")
    assert isinstance(values, np.memmap) or isinstance(values.base, np.memmap)
    assert not values.flags.writeable


def refused(path, match, field="brightness_temperature", cells=None):
    with pytest.raises(InputError, match=match) as error:
        read_raw_cube(path, field, cells=cells)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["cube", "cube.gz"])
def test_a_number_of_values_that_is_not_a_cube_is_refused(tmp_path, cube, name):
    refused(write(tmp_path / name, cube[:19]), "7600 float32 values are not a cube")


def test_a_fraction_of_a_value_is_refused(tmp_path, cube):
    path = tmp_path / "cube"
    path.write_bytes(cube.tobytes()[:-3])
    refused(path, "not a multiple of 4")


def test_an_empty_file_is_refused(tmp_path):
    (tmp_path / "cube").touch()
    refused(tmp_path / "cube", "are not a cube")


def test_another_number_of_cells_than_expected_is_refused(tmp_path, cube):
    refused(write(tmp_path / "cube", cube), "contains 20³ cells, but its name says 200³", cells=200)


@pytest.mark.parametrize("cut", [10, 1000])
def test_a_truncated_gzip_file_is_refused(tmp_path, cube, cut):
    path = tmp_path / "cube.gz"
    data = gzip.compress(cube.tobytes(), 1)
    # The last four bytes, which state the size, stay, so only decompression can notice.
    path.write_bytes(data[: -cut - 4] + data[-4:])
    refused(path, "cannot be decompressed")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_nan_and_infinite_values_are_counted(tmp_path, cube, value):
    cube[3, 4, 5:7] = value
    refused(write(tmp_path / "cube", cube), "2 cells of brightness_temperature are NaN or infinite")


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("brightness_temperature", np.geomspace(0.1, 60, 8000)),
        ("density", np.linspace(-0.9, 9, 8000)),
        ("neutral_fraction", np.where(np.arange(8000) % 3, 1.0, 0.0)),
    ],
)
def test_the_other_byte_order_is_recognized(tmp_path, field, values):
    path = write(tmp_path / "cube", values.reshape(20, 20, 20).astype(">f4"))
    refused(path, "other byte order", field)


@pytest.mark.parametrize(
    ("field", "value"),
    [("brightness_temperature", 5e4), ("density", -1.5), ("neutral_fraction", 1.5)],
)
def test_values_that_a_field_cannot_have_are_refused(tmp_path, field, value):
    cube = np.full((8, 8, 8), 0.5, "<f4")
    cube[1, 2, 3] = value
    refused(write(tmp_path / "cube", cube), "another field, unit or type", field)


def test_a_missing_file_is_refused(tmp_path):
    refused(tmp_path / "none", "there is no such file")
