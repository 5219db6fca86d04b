"""The dataset folder: shards, index, description and hashes."""

import json
import re

import h5py
import numpy as np
import pandas as pd
import pytest

from cosmodag.datasets.folder import read_description, read_index, read_split
from cosmodag.datasets.maps import open_shards
from cosmodag.datasets.shards import write_dataset
from cosmodag.errors import InputError
from cosmodag.evaluation.verification import verify_results
from tests.checksummed import hdf5_file


def test_every_example_is_stored_once_at_the_row_in_the_index(write_examples, tmp_path):
    paths = [write_examples("a.h5", groups=5), write_examples("b.h5", groups=3)]
    description = write_dataset(paths, tmp_path / "dataset", shard_size=4)
    index = read_index(tmp_path / "dataset")
    assert len(index) == 56 == len(set(index["id"])) == sum(description["counts"].values())
    sources = {}
    for path in paths:
        with h5py.File(path) as file:
            ids = file["index/id"].asstr()[:]
            sources |= dict(zip(ids, zip(file["x"][:], file["y"][:])))
    for row in index.itertuples():
        for letter, expected in zip("xy", sources[row.id]):
            name = f"{letter}{row.split}_{row.shard}.npy"
            shard = np.load(tmp_path / "dataset" / name, mmap_mode="r", allow_pickle=False)
            np.testing.assert_array_equal(shard[row.row], expected)


def test_shards_are_float32_channels_last_and_of_equal_size(dataset):
    description = read_description(dataset)
    for split, count in description["counts"].items():
        sizes = [len(shard) for shard in open_shards(dataset, split, "x", description)]
        assert sum(sizes) == count
        assert set(sizes[:-1]) <= {4}
        shard = np.load(dataset / f"x{split}_1.npy", allow_pickle=False)
        assert shard.dtype == np.float32
        assert shard.flags.c_contiguous
        assert shard.shape[1:] == tuple(description["shapes"]["x"]) == (8, 8, 2)


def test_examples_of_a_group_are_spread_over_shards(dataset):
    train = read_index(dataset, "train")
    assert not train["group"].is_monotonic_increasing
    assert train.groupby("shard")["group"].nunique().max() > 1


def test_statistics_are_those_of_the_training_split_alone(dataset):
    statistics = read_description(dataset)["statistics"]
    x, y, index = read_split(dataset, "train")
    np.testing.assert_allclose(statistics["x_mean"], x.mean(axis=(0, 1, 2)), rtol=1e-5)
    np.testing.assert_allclose(statistics["x_std"], x.std(axis=(0, 1, 2)), rtol=1e-5)
    np.testing.assert_allclose(statistics["y_max"], y.max(axis=(0, 1, 2)))
    stretched = np.arcsinh(x)
    moments = statistics["transforms"]["arcsinh"]
    np.testing.assert_allclose(moments["x_std"], stretched.std(axis=(0, 1, 2)), rtol=1e-5)
    assert statistics["columns"]["count_matter"]["mean"] == index["count_matter"].mean()


def test_the_same_seed_writes_the_same_bytes_and_another_does_not(write_examples, tmp_path):
    path = write_examples()
    first, again, other = (
        write_dataset([path], tmp_path / name, seed=seed)["shards"]
        for name, seed in (("first", 1), ("again", 1), ("other", 2))
    )
    assert first == again
    assert first != other


def test_missing_and_altered_files_are_named(dataset):
    assert not verify_results(dataset).problems
    shard = dataset / "ytrain_2.npy"
    content = bytearray(shard.read_bytes())
    content[200] ^= 1
    shard.write_bytes(content)
    (dataset / "xtest_1.npy").unlink()
    assert verify_results(dataset).problems == {
        shard: ["altered since it was written: dataset.json names another"],
        dataset / "dataset.json": ["xtest_1.npy, which it names, is missing"],
    }
    with pytest.raises(InputError, match=r"ytrain_2\.npy: altered since it was written"):
        read_split(dataset, "train")


def test_a_truncated_shard_is_named_when_opened(dataset):
    shard = dataset / "xtrain_1.npy"
    shard.write_bytes(shard.read_bytes()[:-100])
    with pytest.raises(InputError, match=r"xtrain_1.npy: not a readable shard"):
        open_shards(dataset, "train", "x", read_description(dataset))


def test_two_groups_are_refused_where_a_split_needs_three(write_examples, tmp_path):
    with pytest.raises(InputError, match="2 groups where a split needs three"):
        write_dataset([write_examples(groups=2)], tmp_path / "dataset")


def test_an_example_that_is_not_finite_is_named_and_nothing_is_written(write_examples, tmp_path):
    path = write_examples()
    with hdf5_file(path, "r+") as file:
        file["x"][17, 3, 3, 0] = np.nan
    with pytest.raises(InputError, match=r"examples/17 contains values that are not finite"):
        write_dataset([path], tmp_path / "dataset")
    assert [item.name for item in tmp_path.iterdir()] == ["examples.h5"]


def test_interrupted_writing_keeps_the_old_dataset(dataset, tmp_path, monkeypatch):
    before = read_description(dataset)
    from cosmodag.datasets import shards

    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(shards, "write_json", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_dataset([tmp_path / "examples.h5"], dataset, seed=9)
    assert read_description(dataset) == before
    assert not verify_results(dataset).problems
    assert sorted(item.name for item in tmp_path.iterdir()) == ["dataset", "examples.h5"]


def test_a_leak_stops_the_group_protocol_and_is_recorded_by_the_random_one(
    write_examples, tmp_path
):
    path = write_examples(seed=np.arange(42) % 7)
    with pytest.raises(InputError, match=r"the split leaks: seed shared between splits: 0 \("):
        write_dataset([path], tmp_path / "dataset")
    assert not (tmp_path / "dataset").exists()
    description = write_dataset([path], tmp_path / "dataset", protocol="random")
    leaks = json.loads((tmp_path / "dataset" / "dataset.json").read_text())["leaks"]
    assert leaks == description["leaks"]
    assert any(re.match("group shared between splits", leak) for leak in leaks)
    assert any(re.match("seed shared between splits", leak) for leak in leaks)


def test_files_that_differ_in_channels_are_named(write_examples, tmp_path):
    paths = [write_examples("a.h5"), write_examples("b.h5", channels=1)]
    with pytest.raises(InputError, match=r"b.h5: x_channels .* differs from"):
        write_dataset(paths, tmp_path / "dataset")


def test_a_file_of_another_kind_is_named(tmp_path):
    with hdf5_file(tmp_path / "grid.h5", "w") as file:
        file.attrs["kind"] = "grid"
    with pytest.raises(InputError, match=r"grid.h5: its kind is 'grid'; .*'examples' is needed"):
        write_dataset([tmp_path / "grid.h5"], tmp_path / "dataset")
    (tmp_path / "text.h5").write_text("no HDF5")
    with pytest.raises(InputError, match=r"text.h5: not a whole HDF5 file"):
        write_dataset([tmp_path / "text.h5"], tmp_path / "dataset")


def test_the_index_is_plain_parquet_with_all_covariates(dataset):
    index = pd.read_parquet(dataset / "index.parquet")
    assert {"id", "group", "split", "shard", "row", "count_matter"} <= set(index.columns)
    assert index["shard"].min() == 1
    assert index["row"].max() == 3


def test_test_files_leave_training_and_validation_unchanged(write_examples, tmp_path):
    own, other = write_examples("own.h5", groups=6), write_examples("other.h5", groups=2)
    without = write_dataset([own], tmp_path / "without")
    with_files = write_dataset([own], tmp_path / "with", test_files=[other])
    for split in ("train", "valid"):
        x, y, index = read_split(tmp_path / "without", split)
        other_x, other_y, other_index = read_split(tmp_path / "with", split)
        np.testing.assert_array_equal(other_x, x)
        np.testing.assert_array_equal(other_y, y)
        pd.testing.assert_frame_equal(other_index, index)
    assert with_files["statistics"] == without["statistics"]
    with h5py.File(other) as file:
        assert set(read_index(tmp_path / "with", "test")["id"]) == set(file["index/id"].asstr()[:])
    assert (without["tested_elsewhere"], with_files["tested_elsewhere"]) == (False, True)


def test_settings_in_which_test_files_differ_are_recorded(write_examples, tmp_path):
    own, other = write_examples("own.h5", groups=6), write_examples("other.h5", groups=2)
    for path, beam in ((own, 3.0), (other, 0.0)):
        with hdf5_file(path, "a") as file:
            file.attrs.update(beam=beam, cell_size=2.0, mean_subtraction=bool(beam))
    description = write_dataset([own], tmp_path / "with", test_files=[other])
    assert description["test_differs"] == (
        "The test set differs from the training set: beam 0 instead of 3, mean_subtraction no "
        "instead of yes."
    )
    assert "test_differs" not in write_dataset([own], tmp_path / "without")


def test_test_files_share_no_group_with_training(write_examples, tmp_path):
    path = write_examples(groups=6)
    with pytest.raises(InputError, match="group shared between splits"):
        write_dataset([path], tmp_path / "dataset", test_files=[path])
