"""A dataset is copied to a local disk of the node, and the copy removed."""

import pytest

from cosmodag.datasets.dataset import Dataset
from cosmodag.datasets.staging import staged
from cosmodag.json_files import write_json


@pytest.fixture
def dataset(tmp_path):
    folder = tmp_path / "dataset"
    folder.mkdir()
    keys = ("experiment", "shapes", "statistics", "x_channels", "y_channels")
    write_json(folder / "dataset.json", {key: {} for key in keys})
    (folder / "xtrain_1.npy").write_bytes(b"numbers")
    return Dataset.open(folder)


def test_a_copy_is_read_and_removed(dataset, tmp_path):
    with staged(dataset, tmp_path / "disk") as copy:
        assert copy.folder.parent == tmp_path / "disk"
        assert (copy.folder / "xtrain_1.npy").read_bytes() == b"numbers"
    assert list((tmp_path / "disk").iterdir()) == []


def test_processes_of_a_node_share_one_copy(dataset, tmp_path):
    calls = []
    with staged(dataset, tmp_path / "disk", wait=lambda: calls.append(1)) as copy:
        with staged(dataset, tmp_path / "disk", first=False) as other:
            assert other == copy
        assert copy.folder.is_dir()
    assert calls == [1]


def test_without_room_on_the_disk_the_dataset_is_read_in_place(dataset, tmp_path, caplog):
    (tmp_path / "disk").touch()
    with staged(dataset, tmp_path / "disk") as copy:
        assert copy == dataset
    assert "no copy of the dataset (File exists)" in caplog.text or "Not a dir" in caplog.text


def test_without_staging_the_dataset_is_read_in_place(dataset):
    with staged(dataset, None) as copy:
        assert copy == dataset


def test_cubes_are_read_in_place(dataset, tmp_path):
    cubes = Dataset(dataset.folder, {"cubes": ["elsewhere.h5"]})
    with staged(cubes, tmp_path / "disk") as copy:
        assert copy == cubes
