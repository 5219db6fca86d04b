"""A split by groups does not leak: a predictor from the index alone has no skill."""

import h5py
import numpy as np
import pytest
from sklearn.metrics import r2_score
from sklearn.neighbors import KNeighborsRegressor

from cosmodag.cutouts.sub_box_lattice import SubBoxGeometry
from cosmodag.datasets.folder import read_index
from cosmodag.datasets.shards import write_dataset
from cosmodag.errors import InputError
from cosmodag.voids.cutouts.sub_boxes import cut_sub_boxes
from tests.checksummed import hdf5_file

BOXES = 15


@pytest.fixture(scope="module")
def overlapping(tmp_path_factory):
    """Return an examples file of sub-boxes that share 81 % of a side with their neighbours."""
    folder = tmp_path_factory.mktemp("boxes")
    random = np.random.default_rng(0)
    names = [f"r{number:04d}" for number in range(BOXES)]
    common = {
        "box_size": np.full(3, 32.0),
        "periodic": True,
        "boxes": names,
        "groups": [f"boxes/{name}" for name in names],
    }
    with hdf5_file(folder / "grid.h5", "w") as file:
        file["grid"] = np.ones((BOXES, 32, 32, 32), np.float32)
        made = {"source": "uniform", "method": "cic", "particles": np.full(BOXES, 1000)}
        file.attrs.update(common, kind="grid", mean_density=np.ones(BOXES), **made)
    with hdf5_file(folder / "labels.h5", "w") as file:
        file.attrs.update(common, kind="labels", labels=["spheres"])
        file["spheres/mask"] = np.zeros((BOXES, 8, 8, 8), np.uint8)
        for name in names:
            voids = file.create_group(f"spheres/voids/{name}")
            voids["position"] = random.uniform(0, 32, (60, 3)).astype(np.float32)
            voids["volume"] = np.ones(60, np.float32)
    geometry = SubBoxGeometry(side=16, depth=16, stride=3, stride_depth=3)
    cut_sub_boxes(folder / "grid.h5", folder / "labels.h5", folder / "examples.h5", geometry)
    return folder / "examples.h5"


def score_of_the_index(folder):
    """Return R² of the void count, predicted from the number of the box and the position in it."""
    train, test = read_index(folder, "train"), read_index(folder, "test")

    def position(index):
        corners = index[["lower_x", "lower_y", "lower_z"]].to_numpy()
        box = index["box"].str[1:].astype(int).to_numpy()
        return np.column_stack([box * 100.0, corners])

    nearest = KNeighborsRegressor(6, weights="distance").fit(
        position(train), train["count_spheres"]
    )
    return r2_score(test["count_spheres"], nearest.predict(position(test)))


def test_the_index_has_no_skill_in_a_split_by_groups(overlapping, tmp_path):
    description = write_dataset([overlapping], tmp_path / "dataset", protocol="group")
    assert description["leaks"] == []
    assert score_of_the_index(tmp_path / "dataset") < 0.1


def test_the_index_has_skill_in_a_random_split_of_overlapping_boxes(overlapping, tmp_path):
    description = write_dataset([overlapping], tmp_path / "dataset", protocol="random")
    assert score_of_the_index(tmp_path / "dataset") > 0.7
    assert any("volumes shared between splits" in leak for leak in description["leaks"])


def test_groups_of_overlapping_regions_are_refused(overlapping, tmp_path):
    with h5py.File(overlapping) as source, hdf5_file(tmp_path / "wrong.h5", "w") as file:
        for name in source:
            source.copy(name, file)
        file.attrs.update(source.attrs)
        del file["index/group"]
        groups = [f"sub-box-{number % 50}" for number in range(len(source["x"]))]
        file["index"].create_dataset("group", data=groups, dtype=h5py.string_dtype())
    with pytest.raises(InputError, match=r"the split leaks: volumes shared between splits"):
        write_dataset([tmp_path / "wrong.h5"], tmp_path / "dataset")
    assert not (tmp_path / "dataset").exists()
