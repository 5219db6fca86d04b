"""A real catalogue becomes a dataset, at a reduced scale.

Training on a catalogue and its report are tested by the documentation's page on own catalogues.
"""

import json

import numpy as np
import pytest
import yaml
from scipy.spatial import cKDTree

from cosmodag.voids.finders.labels_file import read_voids

pytestmark = [pytest.mark.dag, pytest.mark.data, pytest.mark.slow]


@pytest.fixture(scope="module")
def finished(tmp_path_factory, repository, data_folder):
    """The example's configuration, coarser, up to the dataset."""
    from tests.checkout import copy_checkout

    checkout = copy_checkout(tmp_path_factory.mktemp("mr19"), repository)
    example = repository / "config" / "examples" / "mr19.yaml"
    config = yaml.safe_load(example.read_text().replace("$COSMODAG_DATA", str(data_folder)))
    voids = config["voids"]
    voids["grids"]["mr19"]["cells"] = 84
    voids["labels"]["mr19"] = {**voids["labels"]["mr19"], "mesh": 84}
    voids["cutouts"] = {
        "slabs": {
            **voids["cutouts"]["slabs"],
            **{"side": 24, "depth": 4, "layers": 2, "stride": 12, "regions": [3, 3, 1]},
        }
    }
    voids["datasets"] = {"slabs": voids["datasets"]["slabs"]}
    voids["runs"] = {}
    checkout.configure({**config, "results": "results"})
    checkout.run("results/voids/datasets/slabs")
    return checkout


def test_all_galaxies_are_on_the_grid(finished):
    import h5py

    with h5py.File(finished.folder / "results/voids/grids/mr19/0.h5") as file:
        assert file.attrs["particles"].tolist() == [1_235_904]
        assert file["grid"][0].sum(dtype=float) == pytest.approx(1_235_904, rel=1e-6)


def test_our_finder_sees_the_voids_that_vast_sees(finished):
    labels = finished.folder / "results/voids/labels/mr19/0.h5"
    theirs, ours = (read_voids(labels, label, "mr19") for label in ("catalogue", "spheres"))
    # VAST lists a void at a face of the box twice, so pairs are not one to one.
    distance, _ = cKDTree(ours.position % 420, boxsize=420).query(theirs.position % 420)
    for smallest, share in ((10, 0.9), (12, 0.98), (14, 0.99)):
        large = theirs.radius > smallest
        assert np.mean(distance[large] < theirs.radius[large]) > share


def test_regions_of_the_box_are_groups(finished):
    description = finished.folder / "results/voids/datasets/slabs/dataset.json"
    assert json.loads(description.read_text())["protocol"] == "group"
