"""Mass assignment of a galaxies file to a grid file, chunk by chunk."""

import os
import tracemalloc

import h5py
import numpy as np
import pytest

from cosmodag.errors import InputError
from cosmodag.gridding.mass_assignment import assign_mass
from cosmodag.voids.grids.assign_galaxies import grid_galaxies, grid_shape
from cosmodag.voids.grids.grid_file import read_grid, read_header
from tests.checksummed import hdf5_file

BOX = (40.0, 30.0, 20.0)


def write_galaxies(path, counts, *, weighted=False, **attributes):
    """Write a galaxies file with a number of galaxies per box."""
    rng = np.random.default_rng(11)
    with hdf5_file(path, "w") as file:
        file.attrs.update(kind="galaxies", source="a test")
        for name, count in counts.items():
            box = file.create_group(name)
            box["position"] = rng.random((count, 3), np.float32) * np.float32(BOX)
            if weighted:
                box["weight"] = rng.random(count, np.float32)
            box.attrs.update(
                box_size=BOX, origin=(0.0,) * 3, periodic=True, group=f"boxes/{name}", **attributes
            )
    return path


@pytest.fixture
def galaxies(tmp_path):
    return write_galaxies(tmp_path / "galaxies.h5", {"r0001": 5000, "r0000": 3000}, omega_m=0.3)


def test_grids_contain_every_galaxy_and_the_header_their_source(galaxies, tmp_path):
    grid_galaxies(galaxies, tmp_path / "grid.h5", cells=(20, 15, 10), method="tsc", chunk=700)
    header = read_header(tmp_path / "grid.h5")
    assert header.boxes == ("r0000", "r0001")
    assert header.groups == ("boxes/r0000", "boxes/r0001")
    assert (header.method, header.periodic, header.source) == ("tsc", True, "a test")
    np.testing.assert_array_equal(header.particles, [3000, 5000])
    np.testing.assert_allclose(header.mean_density, [1, 5 / 3], rtol=1e-6)
    np.testing.assert_array_equal(header.omega_m, [0.3, 0.3])
    assert header.sigma8 is None
    with h5py.File(galaxies) as file:
        positions = file["r0001/position"][:]
    expected = assign_mass(positions, np.zeros((20, 15, 10)), BOX, method="tsc")
    grid, _ = read_grid(tmp_path / "grid.h5", "r0001")
    np.testing.assert_allclose(grid, expected, rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(grid, read_grid(tmp_path / "grid.h5", 1)[0])


def test_weights_are_assigned_as_mass(tmp_path):
    path = write_galaxies(tmp_path / "galaxies.h5", {"a": 1000}, weighted=True)
    grid_galaxies(path, tmp_path / "grid.h5", cell_size=5.0)
    with h5py.File(path) as file:
        mass = file["a/weight"][:].sum(dtype=np.float64)
    grid, header = read_grid(tmp_path / "grid.h5", 0)
    assert grid.shape == (8, 6, 4)
    assert grid.sum(dtype=np.float64) == pytest.approx(mass, rel=1e-6)
    assert header.mean_density[0] * grid.size == pytest.approx(mass, rel=1e-6)


def test_memory_does_not_grow_with_the_number_of_galaxies(tmp_path):
    peaks = []
    for count in (20_000, 200_000):
        path = write_galaxies(tmp_path / f"{count}.h5", {"a": count})
        os.utime(path, (0, 0))  # its checksum is not computed again, as that of a new file is
        grid_galaxies(path, tmp_path / "grid.h5", cells=(16, 12, 8), chunk=5000)
        tracemalloc.start()
        grid_galaxies(path, tmp_path / "grid.h5", cells=(16, 12, 8), chunk=5000)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    # Ten times the galaxies; temporaries of the threads vary by up to 50 %.
    assert peaks[1] < 2 * peaks[0]


def test_a_cell_size_is_adjusted_to_a_whole_number_of_cells():
    assert grid_shape(BOX, cell_size=2.0) == (20, 15, 10)
    assert grid_shape((40.1, 30, 20), cell_size=2.0) == (20, 15, 10)
    assert grid_shape((20, 20, 20), cells=7) == (7, 7, 7)
    assert grid_shape(BOX, cells=(8, 6, 4)) == (8, 6, 4)


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({}, "exactly one"),
        ({"cells": 4, "cell_size": 2.0}, "exactly one"),
        ({"cells": 0}, "cells 0"),
        ({"cells": 2.5}, "cells 2.5"),
        ({"cells": 8}, r"cells of 5×3.75×2.5 Mpc/h; .* such as \[8, 6, 4\]"),
        ({"cell_size": 0.0}, "cell_size 0"),
        ({"cell_size": 50.0}, "at most 20"),
        ({"cell_size": 13.0}, "does not divide"),
    ],
)
def test_impossible_sizes_of_a_grid_are_refused(sizes, message):
    with pytest.raises(InputError, match=message):
        grid_shape(BOX, **sizes)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda file: file.attrs.update(kind="grid"), "its kind is 'grid'; .*'galaxies'"),
        (lambda file: file["r0001"].attrs.pop("box_size"), "'r0001' lacks box_size"),
        (lambda file: file["r0001"].pop("position"), "'r0001' lacks position"),
        (lambda file: file["r0001"].attrs.update(box_size=(1.0, 1, 1)), "differ in box_size"),
        (lambda file: file["r0001/position"].write_direct(np.full((5000, 3), 99, "f4")), "r0001"),
        (lambda file: file["r0001/position"].write_direct(np.full((5000, 3), np.nan, "f4")), "NaN"),
    ],
)
def test_errors_name_file_and_box_and_no_file_is_written(galaxies, tmp_path, change, message):
    with hdf5_file(galaxies, "r+") as file:
        change(file)
    with pytest.raises(InputError, match=message) as caught:
        grid_galaxies(galaxies, tmp_path / "grid.h5", cells=(8, 6, 4))
    assert str(galaxies) in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["galaxies.h5"]


def test_an_empty_box_is_refused(tmp_path):
    path = write_galaxies(tmp_path / "galaxies.h5", {"a": 10, "b": 0})
    with pytest.raises(InputError, match="'b' has no galaxies"):
        grid_galaxies(path, tmp_path / "grid.h5", cells=(8, 6, 4))


def test_missing_and_truncated_files_are_refused(galaxies, tmp_path):
    with pytest.raises(InputError, match=r"none.h5: there is no such file; .*'galaxies'"):
        grid_galaxies(tmp_path / "none.h5", tmp_path / "grid.h5", cells=(8, 6, 4))
    grid_galaxies(galaxies, tmp_path / "grid.h5", cells=(8, 6, 4))
    for path, read in (
        (galaxies, lambda: grid_galaxies(galaxies, tmp_path / "other.h5", cells=(8, 6, 4))),
        (tmp_path / "grid.h5", lambda: read_header(tmp_path / "grid.h5")),
    ):
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        with pytest.raises(InputError, match="not a whole HDF5 file"):
            read()


def test_a_missing_box_is_refused(galaxies, tmp_path):
    grid_galaxies(galaxies, tmp_path / "grid.h5", cells=(8, 6, 4))
    for box in ("r0009", 2):
        with pytest.raises(InputError, match=f"no box .*{box}"):
            read_grid(tmp_path / "grid.h5", box)
