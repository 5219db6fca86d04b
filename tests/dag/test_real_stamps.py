"""Real galaxies of DECaLS: filtered, brought to one size, dealt, learned from."""

import json
import os
import shutil
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
import yaml
from astropy.io import fits

from cosmodag.evaluation.latents import read_latents
from cosmodag.galaxies.clusters.cluster_file import read_clusters
from cosmodag.galaxies.cutouts.galaxy_stamps import cut_galaxies
from cosmodag.galaxies.stamps.path_list import read_path_list
from cosmodag.galaxies.stamps.stamp_files import open_path_list
from cosmodag.galaxies.stamps.stamp_filter import filter_stamps
from cosmodag.galaxies.stamps.stamp_format import StampFormat

pytestmark = [pytest.mark.data, pytest.mark.dag]


@pytest.mark.slow
def test_real_galaxies_pass_filter_crop_encoding_and_clustering(
    checkout, repository, data_folder, tmp_path_factory, monkeypatch
):
    data = tmp_path_factory.mktemp("data")
    shutil.copytree(data_folder / "galaxies/zoobot_png", data / "galaxies/zoobot_png")
    shutil.copy(data_folder / "galaxies/example_b.fits", data / "galaxies/zoobot_png")
    monkeypatch.setenv("COSMODAG_DATA", str(data))
    example = yaml.safe_load((repository / "config/examples/decals.yaml").read_text())
    checkout.configure(example)
    checkout.run("galaxies")
    results = checkout.folder / example["results"] / "galaxies"
    accepted = read_path_list(results / "sources/decals/accepted.txt")
    assert len(accepted) == 24
    (rejected,) = (results / "sources/decals/rejected.tsv").read_text().splitlines()
    assert rejected.endswith("example_b.fits\t3 × 162 × 162 is not 3 × 256 × 256 or larger")
    described = json.loads((results / "datasets/pictures/dataset.json").read_text())
    assert sum(described["counts"].values()) == 24
    assert described["shapes"]["x"] == [64, 64, 3]
    assert (results / "runs/encoder/metrics.json").is_file()
    found = json.loads((results / "clusters/rings/clusters.json").read_text())
    assert sum(found["n"].values()) == 24
    assert set(found["labels"]["train"]) == {"0", "1"}
    for space in found["spaces"].values():
        accuracy = space["methods"][space["chosen"]]["agreement"]["balanced_accuracy"]
        assert 0 <= accuracy["value"] <= 1
    members = pd.read_csv(results / "clusters/rings/members.csv")
    assert sorted(members["id"]) == sorted(Path(path).name for path in accepted)
    assert members["label"].notna().all()
    clusters = read_clusters(results / "clusters/rings/cluster_model.h5")
    latents = read_latents(results / "runs/latent4", results / "datasets/pictures", threads=1)
    for split, each in members.groupby("split"):
        np.testing.assert_array_equal(clusters.predict(latents[split]), each["latent"])
    assert checkout.planned("galaxies") == set()


def test_a_real_stamp_is_padded_with_its_own_noise(data_folder, tmp_path):
    path = data_folder / "galaxies/example_b.fits"
    (tmp_path / "list.txt").write_text(f"{path}\n")
    stamp_format = StampFormat(bands=("z", "r", "g"), pixel=0.262, psf=1.3)
    opened = open_path_list(tmp_path / "list.txt", stamp_format)
    cut_galaxies(opened, tmp_path / "cut.h5", side=256, flux_unit=1, conditions=["psf"])
    with h5py.File(tmp_path / "cut.h5") as file:
        x, noise = file["x"][0], file["index/noise"][0]
        assert list(file.attrs["x_channels"]) == ["z_image", "r_image", "g_image", "psf"]
    original = fits.getdata(path)
    assert np.array_equal(x[47:209, 47:209, :3], np.moveaxis(original[::-1], 0, -1))
    assert x[:40, :, 1].std() == pytest.approx(noise, rel=0.1)
    assert np.allclose(x[..., 3], 1.3 / 0.262)


@pytest.mark.parametrize(
    ("survey", "psf", "noise"), [("KiDS", (0.5, 0.9), 0.0025), ("SDSS", (1.1, 1.3), 0.0197)]
)
def test_two_surveys_are_read_by_their_configuration(
    survey, psf, noise, data_folder, repository, tmp_path, monkeypatch
):
    monkeypatch.setenv("COSMODAG_DATA", str(data_folder))
    config = yaml.safe_load((repository / "config/examples/two_surveys.yaml").read_text())
    folder = dict(config["galaxies"]["sources"][survey.lower()]["folder"])
    path = os.path.expandvars(folder.pop("path"))
    shape, larger = folder.pop("shape"), folder.pop("accept_larger")
    stamp_format = StampFormat.from_mapping(folder)
    lists = tmp_path / "accepted.txt", tmp_path / "rejected.tsv"
    settings = {"shape": shape, "accept_larger": larger, "stamp_format": stamp_format}
    assert filter_stamps(path, *lists, headers=tmp_path / "h.parquet", **settings) == (10, 0)
    opened = open_path_list(lists[0], stamp_format, headers=tmp_path / "h.parquet")
    stamps = list(opened.stamps)
    assert not opened.rejections.rejected
    assert [stamp.object for stamp in stamps][:2] == ["G265911", "G265940"]
    for stamp in stamps:
        assert psf[0] < stamp.metadata["psf"] < psf[1]
        assert 0.5 * noise < stamp.metadata["noise"] < 1.2 * noise
    name = "G265911fitim.fits"
    segment = fits.getdata(f"{path}/{name.replace('fitim', 'segim')}") == 1
    magnitude = -2.5 * np.log10(fits.getdata(f"{path}/{name}")[segment].sum(dtype=float))
    assert stamps[0].metadata["segment_magnitude"] == pytest.approx(magnitude, abs=1e-3)
