"""Cubes that are cut out of grids and masks when they are read."""

import os
import shutil

import h5py
import numpy as np
import pytest

from cosmodag.cutouts.box_mesh import read_region
from cosmodag.cutouts.sub_box_lattice import SubBoxGeometry
from cosmodag.datasets.augmentation import apply_symmetries, build_augmentation
from cosmodag.datasets.dataset import Dataset
from cosmodag.datasets.folder import read_description, read_index, read_split
from cosmodag.datasets.loader import Loader, Preprocessing
from cosmodag.datasets.shards import write_dataset
from cosmodag.errors import InputError
from cosmodag.voids.cutouts.cubes import list_cubes
from tests.checksummed import hdf5_file

CELLS = (16, 12, 20)


@pytest.fixture
def boxes(tmp_path):
    """Return the grid and labels files of five boxes, with masks of half the resolution."""
    random = np.random.default_rng(2)
    names = [f"r{number:04d}" for number in range(5)]
    common = {
        "box_size": np.array(CELLS) * 2.0,
        "periodic": True,
        "boxes": names,
        "groups": [f"boxes/{name}" for name in names],
    }
    with hdf5_file(tmp_path / "grid.h5", "w") as file:
        file["grid"] = random.gamma(1.0, 2.0, (5, *CELLS)).astype(np.float32)
        mean = file["grid"][:].mean(axis=(1, 2, 3), dtype=np.float64)
        made = {"source": "random", "method": "cic", "particles": np.full(5, 1000)}
        file.attrs.update(common, kind="grid", mean_density=mean, **made)
    with hdf5_file(tmp_path / "labels.h5", "w") as file:
        file.attrs.update(common, kind="labels", labels=["matter"])
        mesh = tuple(length // 2 for length in CELLS)
        file["matter/mask"] = random.integers(0, 2, (5, *mesh)).astype(np.uint8)
        for name in names:
            voids = file.create_group(f"matter/voids/{name}")
            voids["position"] = random.uniform(0, 24, (30, 3)).astype(np.float32)
            voids["volume"] = np.ones(30, np.float32)
    return tmp_path / "grid.h5", tmp_path / "labels.h5"


@pytest.fixture
def dataset(boxes, tmp_path):
    """Return the folder of a dataset of periodic cubes with 8 cells per side."""
    (tmp_path / "examples").mkdir()
    geometry = SubBoxGeometry(side=8, depth=8, stride=5, wrap=True)
    list_cubes(*boxes, tmp_path / "examples" / "cubes.h5", geometry, factor=2)
    write_dataset([tmp_path / "examples" / "cubes.h5"], tmp_path / "data" / "cubes")
    return tmp_path / "data" / "cubes"


def load(folder, **preprocessing):
    return Loader(
        Dataset.open(folder),
        "train",
        target={"channels": ["fraction_matter"]},
        batch_size=4,
        preprocessing=Preprocessing(**preprocessing),
        seed=1,
        shuffle=True,
    )


def test_cubes_equal_blocks_of_the_grid_and_the_mask(boxes, dataset):
    with h5py.File(boxes[0]) as file:
        grids, means = file["grid"][:], file.attrs["mean_density"]
    with h5py.File(boxes[1]) as file:
        masks = file["matter/mask"][:].repeat(2, 1).repeat(2, 2).repeat(2, 3)
    loader = load(dataset)
    wrapped = 0
    for batch in loader.batches(0):
        assert batch.x.shape[1:] == (1, 8, 8, 8)
        assert batch.y.shape[1:] == (1, 4, 4, 4)
        for x, y, row in zip(batch.x.numpy(), batch.y.numpy(), batch.rows):
            box = int(loader.index["box"][row][1:])
            corner = loader.index.loc[row, ["corner_x", "corner_y", "corner_z"]].astype(int)
            inside = np.ix_(*[np.arange(a, a + 8) % n for a, n in zip(corner, CELLS)])
            np.testing.assert_allclose(x[0], grids[box][inside] / means[box] - 1, atol=1e-5)
            blocks = masks[box][inside].reshape(4, 2, 4, 2, 4, 2).mean(axis=(1, 3, 5))
            np.testing.assert_allclose(y[0], blocks, atol=1e-6)
            wrapped += any(a + 8 > n for a, n in zip(corner, CELLS))
    assert wrapped > 5


def test_a_dataset_of_cubes_has_no_shards(dataset):
    assert sorted(path.name for path in dataset.iterdir()) == ["dataset.json", "index.parquet"]
    assert len(read_index(dataset)) == 5 * 3 * 2 * 4


def test_statistics_of_cubes_are_those_of_the_training_set(dataset):
    x, y, _ = read_split(dataset, "train")
    statistics = read_description(dataset)["statistics"]
    np.testing.assert_allclose(statistics["x_std"], x.std(axis=(0, 1, 2, 3)), rtol=1e-4)
    np.testing.assert_allclose(statistics["y_mean"], y.mean(axis=(0, 1, 2, 3)), rtol=1e-4)


def test_input_and_target_cubes_share_one_of_48_symmetries(dataset):
    cube = np.arange(27.0).reshape(1, 3, 3, 3, 1).repeat(48, axis=0)
    assert len({item.tobytes() for item in apply_symmetries(cube, np.arange(48))}) == 48
    plain, turned = load(dataset), load(dataset, augment="symmetries")
    moved = 0
    for before, after in zip(plain.batches(0), turned.batches(0)):
        for x, y, new_x, new_y in zip(before.x, before.y, after.x, after.y):
            ways = [
                number
                for number in range(48)
                if np.array_equal(turn(x.numpy(), number), new_x.numpy())
                and np.array_equal(turn(y.numpy(), number), new_y.numpy())
            ]
            assert len(ways) == 1
            moved += ways != [0]
    assert moved > 0.9 * len(plain.index)


def test_axial_symmetries_keep_what_varies_along_z(dataset):
    line = np.arange(3.0)
    x, y = (np.broadcast_to(line.reshape(shape), (3, 3, 3)) for shape in ((3, 1, 1), (1, 1, 3)))
    cubes = np.stack([x, y], axis=-1)[np.newaxis].repeat(400, axis=0)
    augment = build_augmentation("axial_symmetries", 0)
    turned, _ = augment(cubes, None, 0, np.arange(400))
    along = turned[..., 1]
    assert (along == along[:, :1, :1]).all()
    across = {item.tobytes() for item in turned[..., 0]}
    assert len(across) == 4  # Along either axis of the sky, in either direction.


def turn(cube, number):
    """Apply one symmetry to a cube with channels first."""
    return apply_symmetries(np.moveaxis(cube, 0, -1)[np.newaxis], np.array([number]))[0, ..., 0][
        np.newaxis
    ]


def test_dataset_grid_and_labels_may_be_moved_together(dataset, tmp_path):
    before = next(load(dataset).batches(0))
    (tmp_path / "elsewhere").mkdir()
    for name in ("grid.h5", "labels.h5", "data"):
        shutil.move(tmp_path / name, tmp_path / "elsewhere" / name)
    after = next(load(tmp_path / "elsewhere" / "data" / "cubes").batches(0))
    assert np.array_equal(before.x, after.x)


def test_a_reader_survives_a_fork(dataset):
    loader = load(dataset)
    expected = loader.read(np.arange(3)).x.sum().item()
    child = os.fork()
    if child == 0:
        os._exit(loader.read(np.arange(3)).x.sum().item() != expected)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_an_altered_grid_is_detected(dataset, boxes):
    with hdf5_file(boxes[0], "r+") as file:
        file["grid"][0, 0, 0, 0] += 1
    with pytest.raises(InputError, match=r"grid.h5: not the file that the dataset was split from"):
        load(dataset)


def test_overlapping_cubes_split_at_random_are_recorded_as_leaking(boxes, tmp_path):
    list_cubes(*boxes, tmp_path / "cubes.h5", SubBoxGeometry(side=8, depth=8, stride=4))
    description = write_dataset([tmp_path / "cubes.h5"], tmp_path / "data", protocol="random")
    assert any(
        "volumes shared between splits in box r0000" in leak for leak in description["leaks"]
    )


def test_regions_wrap_at_the_end_of_the_mesh():
    mesh = np.arange(4 * 5 * 6).reshape(4, 5, 6)
    region = read_region(mesh, (3, 2, 5), (2, 3, 4))
    expected = mesh[np.ix_([3, 0], [2, 3, 4], [5, 0, 1, 2])]
    np.testing.assert_array_equal(region, expected)
