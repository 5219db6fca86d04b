"""What sub-boxes see of the meshes and voids of their box."""

import h5py
import numpy as np
import pytest

from cosmodag.cutouts.sub_box_lattice import SubBoxGeometry
from cosmodag.datasets.folder import read_split
from cosmodag.datasets.shards import write_dataset
from cosmodag.voids.baselines.sub_box_maps import count_voids, map_mesh
from cosmodag.voids.cutouts.cubes import list_cubes
from cosmodag.voids.cutouts.sub_boxes import cut_sub_boxes
from cosmodag.voids.finders.labels_file import read_voids
from tests.unit.voids.baselines.boxes import read_examples


@pytest.mark.parametrize("ratio", [1, 2])
@pytest.mark.parametrize("wrap", [False, True])
def test_a_mask_is_projected_as_the_targets_are(write_boxes, tmp_path, ratio, wrap):
    cells = (24, 20, 28)
    files = write_boxes(cells, ratio=ratio, boxes=1)
    geometry = SubBoxGeometry(side=12, depth=6, stride=5, stride_depth=3, axes=(0, 1, 2), wrap=wrap)
    cut_sub_boxes(*files, tmp_path / "examples.h5", geometry)
    examples = read_examples(tmp_path / "examples.h5", "matter")
    with h5py.File(files[1]) as file:
        mask = file["matter/mask"][0]
    with h5py.File(tmp_path / "examples.h5") as file:
        fractions = file["y"][..., 0]
    assert len(fractions) > 100
    maps = map_mesh(mask, examples.index, (3, 3), cells)
    np.testing.assert_allclose(maps, fractions, atol=1e-6)


def test_a_mask_is_cut_into_cubes_as_the_targets_are(write_boxes, tmp_path):
    cells = (24, 20, 28)
    files = write_boxes(cells, ratio=2, boxes=5)
    geometry = SubBoxGeometry(side=8, depth=8, stride=5, wrap=True)
    list_cubes(*files, tmp_path / "cubes.h5", geometry, factor=2)
    write_dataset([tmp_path / "cubes.h5"], tmp_path / "dataset")
    _, y, index = read_split(tmp_path / "dataset", "train")
    with h5py.File(files[1]) as file:
        masks = file["matter/mask"][:]
    for number, name in enumerate(f"r{n:04d}" for n in range(5)):
        rows = np.flatnonzero(index["box"] == name)
        maps = map_mesh(masks[number], index.iloc[rows], (4, 4, 4), cells)
        np.testing.assert_allclose(maps, y[rows, ..., 0], atol=1e-6)


def test_voids_are_counted_as_the_targets_are(write_boxes, tmp_path):
    files = write_boxes((24, 20, 28), boxes=1)
    geometry = SubBoxGeometry(side=12, depth=6, stride=5, axes=(0, 1, 2), wrap=True)
    cut_sub_boxes(*files, tmp_path / "examples.h5", geometry)
    index = read_examples(tmp_path / "examples.h5", "matter").index
    counted = count_voids(read_voids(files[1], "matter", "r0000"), index)
    assert index["count_matter"].max() > 2
    np.testing.assert_array_equal(counted["count"], index["count_matter"])
    np.testing.assert_allclose(counted["volume"], index["volume_matter"], rtol=1e-6)
