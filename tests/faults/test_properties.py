"""Properties of all readers: valid data come back, and any bytes raise nothing but InputError."""

import gzip
import tempfile
from pathlib import Path

import numpy as np
import pytest

from cosmodag.errors import InputError
from cosmodag.galaxies.stamps.stamp_headers import read_header
from cosmodag.galaxies.stamps.stamp_images import read_images
from cosmodag.reionization.cubes.raw_cubes import read_raw_cube
from cosmodag.voids.catalogues.tables import read_columns
from tests.faults.corpus import catalogues, stamps
from tests.faults.readers import READERS, valid

hypothesis = pytest.importorskip("hypothesis", reason="hypothesis is not installed")
st = pytest.importorskip("hypothesis.strategies")
numpy_strategies = pytest.importorskip("hypothesis.extra.numpy")

pytestmark = pytest.mark.faults

FEW = hypothesis.settings(
    max_examples=15,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=list(hypothesis.HealthCheck),
)
NUMBERS = {
    ">f4": st.floats(width=32, allow_nan=False, allow_infinity=False),
    "<f8": st.floats(allow_nan=False, allow_infinity=False),
    ">i2": st.integers(-(2**15), 2**15 - 1),
    "<i8": st.integers(-(2**53), 2**53),
}


def read(name: str, content: bytes) -> None:
    """Read bytes as a file; refusal is fine."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / READERS[name].name
        path.write_bytes(content)
        try:
            READERS[name].read(path)
        except InputError as error:
            message = str(error)
        else:
            return
    assert str(path) in message
    assert "\n" not in message


@pytest.mark.parametrize("name", READERS)
def test_valid_files_are_read(name, tmp_path):
    path = tmp_path / READERS[name].name
    path.write_bytes(valid(name))
    READERS[name].read(path)


@pytest.mark.parametrize("name", READERS)
@FEW
@hypothesis.given(content=st.binary(max_size=4000))
def test_any_bytes_raise_nothing_but_input_errors(name, content):
    read(name, content)


@pytest.mark.parametrize("name", READERS)
@FEW
@hypothesis.given(data=st.data())
def test_damaged_files_raise_nothing_but_input_errors(name, data):
    content = bytearray(valid(name))
    head = st.integers(0, min(len(content), 6000) - 1)
    anywhere = st.integers(0, len(content) - 1)
    for _ in range(data.draw(st.integers(1, 4))):
        place = min(data.draw(head | anywhere), max(len(content) - 1, 0))
        new = data.draw(st.binary(max_size=12))
        if data.draw(st.booleans()):
            content[place : place + len(new)] = new
        else:
            content[place : place + data.draw(st.integers(0, 40))] = new
    if data.draw(st.integers(0, 3)) == 0:
        del content[data.draw(anywhere) :]
    read(name, bytes(content))


@pytest.mark.parametrize("dtype", NUMBERS)
@pytest.mark.parametrize("suffix", catalogues.SUFFIXES)
@FEW
@hypothesis.given(data=st.data())
def test_columns_come_back_from_every_format(suffix, dtype, data):
    n_rows = data.draw(st.integers(1, 40))
    columns = {
        name: data.draw(numpy_strategies.arrays(dtype, n_rows, elements=NUMBERS[dtype]))
        for name in "xyz"
    }
    if suffix == "ff":
        columns = {name: values.astype("<f4", copy=False) for name, values in columns.items()}
        hypothesis.assume(all(np.isfinite(values).all() for values in columns.values()))
    with tempfile.TemporaryDirectory() as folder:
        native = {k: v.astype(v.dtype.newbyteorder("=")) for k, v in columns.items()}
        kept = columns if suffix in ("h5", "fits") else native
        path = catalogues.write(Path(folder) / f"c.{suffix}", kept)
        problems = {}
        chunks = list(read_columns(path, ["z", "x"], chunk_rows=7, problems=problems))
    assert not problems
    z, x = (np.concatenate(pieces) for pieces in zip(*chunks))
    for values, name in ((z, "z"), (x, "x")):  # text has as many digits as the type needs
        expected = columns[name].astype(columns[name].dtype.newbyteorder("="))
        tolerance = 1e-15 if suffix in ("csv", "txt") else 0
        found = values.astype(expected.dtype)
        np.testing.assert_allclose(found, expected, rtol=tolerance, atol=1e-300)


@pytest.mark.parametrize("dtype", [">f4", "<f8", ">i2", "u1"])
@pytest.mark.parametrize("form", ["fits", "fits.gz", "h5"])
@FEW
@hypothesis.given(seed=st.integers(0, 99), side=st.integers(1, 9), bands=st.integers(2, 5))
def test_stamps_come_back_from_every_format(form, dtype, seed, side, bands):
    cube = np.random.default_rng(seed).uniform(0, 200, (bands, side, side + 1)).astype(dtype)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"s.{form}"
        if form == "h5":
            stamps.header(path, images=cube[None])
        else:
            plain = stamps.write_fits(Path(folder) / "plain.fits", cube)
            content = plain.read_bytes()
            path.write_bytes(gzip.compress(content) if form == "fits.gz" else content)
        header = read_header(path)
        (image,) = read_images(path, header, tuple("abcde"[:bands]))
    assert header.shape == cube.shape
    white = 255 if (form, dtype) == ("h5", "u1") else 1  # as pictures have it
    np.testing.assert_array_equal(image, cube.astype("f4") / np.float32(white))


@pytest.mark.parametrize("suffix", ["", ".gz"])
@FEW
@hypothesis.given(side=st.integers(1, 8), seed=st.integers(0, 99))
def test_raw_cubes_come_back(suffix, side, seed):
    cube = np.random.default_rng(seed).uniform(-0.9, 5, (side,) * 3).astype("<f4")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"updated_smoothed_deltax{suffix}"
        content = cube.tobytes()
        path.write_bytes(gzip.compress(content) if suffix else content)
        np.testing.assert_array_equal(read_raw_cube(path, "density", cells=side), cube)
