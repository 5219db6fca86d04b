"""The real pair of cubes becomes a dataset, at a reduced scale.

Training on cubes and its report are tested by the documentation's page on own cubes.
"""

import gzip

import h5py
import numpy as np
import pandas as pd
import pytest
import yaml

from cosmodag.reionization.cubes.cubes_file import CubesFile
from cosmodag.reionization.cubes.neutral_fraction import neutral_temperature

pytestmark = [pytest.mark.dag, pytest.mark.data, pytest.mark.slow]

CELLS = 200


@pytest.fixture(scope="module")
def finished(tmp_path_factory, repository, data_folder):
    """The example's configuration with fewer slices, up to the dataset."""
    from tests.checkout import copy_checkout

    checkout = copy_checkout(tmp_path_factory.mktemp("bubbles"), repository)
    example = repository / "config" / "examples" / "bubbles.yaml"
    config = yaml.safe_load(example.read_text().replace("$COSMODAG_DATA", str(data_folder)))
    config["reionization"]["cutouts"]["blocks"]["stride_depth"] = 10
    checkout.configure({**config, "results": "results"})
    checkout.run("results/reionization/datasets/blocks")
    return checkout.folder / "results" / "reionization"


def raw(data_folder, beginning):
    with gzip.open(data_folder / "reionization" / f"{beginning}_z006.50_200_300Mpc.gz") as file:
        return np.frombuffer(file.read(), "<f4").reshape((CELLS,) * 3)


def test_cubes_are_what_the_files_hold(finished, data_folder):
    with h5py.File(finished / "sources/published/0/z6.5.h5") as file:
        assert (file["brightness_temperature"][0, 0, 0] == raw(data_folder, "delta_T")).all()
        assert (file["density"][0] == raw(data_folder, "updated_smoothed_deltax")).all()


def test_slices_are_patches_of_the_density_with_the_ionization_of_its_temperature(
    finished, data_folder
):
    index = pd.read_parquet(finished / "datasets/blocks/index.parquet")
    density = raw(data_folder, "updated_smoothed_deltax")
    temperature = raw(data_folder, "delta_T")
    dark = temperature == 0
    assert dark.mean() == pytest.approx(0.556, abs=0.001)
    assert index["group"].nunique() == 64
    test = index[index["split"] == "test"].reset_index(drop=True)
    x = np.load(finished / "datasets/blocks/xtest_1.npy", allow_pickle=False)
    y = np.load(finished / "datasets/blocks/ytest_1.npy", allow_pickle=False)
    for row in (0, 17, 150):
        told = test.iloc[row]
        place = tuple(
            int(told["slice"])
            if axis == told["axis"]
            else slice(start := round(told[f"lower_{letter}"] / 0.6766 / 1.5), start + 48)
            for axis, letter in enumerate("xyz")
        )
        np.testing.assert_array_equal(x[row, ..., 0], density[place])
        ionized = y[row, ..., 0]
        assert (ionized[dark[place]] == 1).all()
        assert (ionized[~dark[place]] < 1).all()
        with CubesFile(finished / "sources/published/0/z6.5.h5") as file:
            scale = neutral_temperature(file.header)
        neutral = np.clip(temperature[place] / (scale * (1 + density[place])), 0, 1)
        np.testing.assert_allclose(ionized, 1 - neutral, atol=1e-5)
