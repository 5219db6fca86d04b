"""Sums over overlapping windows along the line of sight."""

import dataclasses

import h5py
import numpy as np
import pytest

from cosmodag.cutouts import window_sums as module
from cosmodag.cutouts.box_mesh import BoxMesh
from cosmodag.cutouts.window_sums import block_means, window_sums
from cosmodag.threads import numba_threads

SHAPE = (24, 18, 30)
DEPTH, LAYERS = 12, 3


@dataclasses.dataclass(frozen=True)
class CountingMesh(BoxMesh):
    """Mesh that counts how often each of its cells is read."""

    reads: np.ndarray = dataclasses.field(default_factory=lambda: np.zeros(SHAPE, int))

    def __getitem__(self, region):
        self.reads[region] += 1
        return super().__getitem__(region)


@pytest.fixture
def dataset(tmp_path):
    values = np.random.default_rng(1).gamma(1.0, 2.0, (2, *SHAPE)).astype(np.float32)
    with h5py.File(tmp_path / "mesh.h5", "w") as file:
        yield file.create_dataset("mesh", data=values, chunks=(1, 5, 7, 8))


def brute_force(mesh, axis, offsets):
    """Sum each layer of each window."""
    along = np.moveaxis(mesh.astype(np.float64), axis, 0)
    thickness = DEPTH // LAYERS
    return [
        [
            along[(offset + k * thickness + np.arange(thickness)) % len(along)].sum(axis=0)
            for k in range(LAYERS)
        ]
        for offset in offsets
    ]


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("block_bytes", [1, 2**26])
def test_window_sums_equal_brute_force_for_any_size_of_blocks(
    dataset, axis, block_bytes, monkeypatch
):
    monkeypatch.setattr(module, "BLOCK_BYTES", block_bytes)
    offsets = range(0, SHAPE[axis], 5)
    sums = list(window_sums(BoxMesh(dataset, 1), axis, offsets, DEPTH, layers=LAYERS))
    np.testing.assert_allclose(sums, brute_force(dataset[1], axis, offsets), rtol=1e-12)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_window_sums_of_files_and_arrays_agree(dataset, axis):
    offsets = [0, 1, 6]
    from_file = list(window_sums(BoxMesh(dataset, 0), axis, offsets, DEPTH))
    from_array = list(window_sums(dataset[0], axis, offsets, DEPTH))
    np.testing.assert_allclose(from_file, from_array, rtol=1e-13)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_each_cell_is_read_once_by_overlapping_windows(dataset, axis):
    mesh = CountingMesh(dataset, 0)
    offsets = range(SHAPE[axis] - DEPTH + 1)
    assert len(list(window_sums(mesh, axis, offsets, DEPTH))) == len(offsets)
    assert (mesh.reads == 1).all()


def test_window_sums_of_a_coarser_mesh_are_those_of_repeated_cells(dataset):
    mask = np.random.default_rng(2).integers(0, 2, (10, 12, 14)).astype(np.uint8)
    fine = mask.repeat(3, axis=2)
    offsets = range(0, 42 - 9, 2)
    coarse_sums = list(window_sums(mask, 2, offsets, 9, ratio=3))
    np.testing.assert_array_equal(coarse_sums, list(window_sums(fine, 2, offsets, 9)))


def test_window_sums_do_not_depend_on_the_number_of_threads(dataset):
    sums = []
    for threads in (1, 2):
        with numba_threads(threads):
            sums.append(list(window_sums(BoxMesh(dataset, 0), 2, range(0, 18, 4), DEPTH)))
    np.testing.assert_array_equal(*sums)


def test_block_means_begin_at_every_corner():
    plane = np.random.default_rng(3).normal(size=(9, 11))
    means = block_means(plane, 4)
    assert means.shape == (6, 8)
    for i, j in np.ndindex(means.shape):
        assert means[i, j] == pytest.approx(plane[i : i + 4, j : j + 4].mean())
