"""Claims on sums along the line of sight that overlapping windows share."""

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
    """A mesh that counts how often each of its cells is read."""

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
    along = np.moveaxis(mesh.astype(np.float64), axis, 0)
    part = DEPTH // LAYERS
    return [
        [
            along[np.arange(offset + k * part, offset + (k + 1) * part) % len(along)].sum(axis=0)
            for k in range(LAYERS)
        ]
        for offset in offsets
    ]


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("block_bytes", [1, 2**26])
def test_windows_equal_brute_force_whatever_is_read_at_once(
    dataset, axis, block_bytes, monkeypatch
):
    monkeypatch.setattr(module, "BLOCK_BYTES", block_bytes)
    offsets = range(0, SHAPE[axis], 5)
    found = list(window_sums(BoxMesh(dataset, 1), axis, offsets, DEPTH, layers=LAYERS))
    np.testing.assert_allclose(found, brute_force(dataset[1], axis, offsets), rtol=1e-12)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_arrays_in_memory_give_the_same_as_files(dataset, axis):
    offsets = [0, 1, 6]
    from_file = list(window_sums(BoxMesh(dataset, 0), axis, offsets, DEPTH))
    from_array = list(window_sums(dataset[0], axis, offsets, DEPTH))
    np.testing.assert_allclose(from_file, from_array, rtol=1e-13)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_each_cell_is_read_once_however_windows_overlap(dataset, axis):
    mesh = CountingMesh(dataset, 0)
    offsets = range(SHAPE[axis] - DEPTH + 1)
    assert len(list(window_sums(mesh, axis, offsets, DEPTH))) == len(offsets)
    assert (mesh.reads == 1).all()


def test_a_coarser_mesh_is_summed_as_if_its_cells_were_repeated(dataset):
    mask = np.random.default_rng(2).integers(0, 2, (10, 12, 14)).astype(np.uint8)
    fine = mask.repeat(3, axis=2)
    offsets = range(0, 42 - 9, 2)
    coarse_sums = list(window_sums(mask, 2, offsets, 9, ratio=3))
    np.testing.assert_array_equal(coarse_sums, list(window_sums(fine, 2, offsets, 9)))


def test_sums_do_not_depend_on_the_number_of_threads(dataset):
    sums = []
    for threads in (1, 2):
        with numba_threads(threads):
            sums.append(list(window_sums(BoxMesh(dataset, 0), 2, range(0, 18, 4), DEPTH)))
    np.testing.assert_array_equal(*sums)


def test_block_means_are_those_of_every_corner():
    plane = np.random.default_rng(3).normal(size=(9, 11))
    means = block_means(plane, 4)
    assert means.shape == (6, 8)
    for i, j in np.ndindex(means.shape):
        assert means[i, j] == pytest.approx(plane[i : i + 4, j : j + 4].mean())
