"""Examples of galaxies: stamps of one size with their metadata."""

import h5py
import numpy as np
import pandas as pd
import pytest

from cosmodag.datasets.shards import write_dataset
from cosmodag.errors import InputError
from cosmodag.galaxies.cutouts.galaxy_stamps import cut_galaxies
from cosmodag.galaxies.simulation.galaxy_parameters import ObservingConditions
from cosmodag.galaxies.simulation.stamp_simulation import simulate_stamps
from cosmodag.galaxies.stamps.stamps_file import (
    Stamp,
    StampCollection,
    open_stamps_file,
    read_stamps,
)
from cosmodag.rejections import Rejections
from tests.checksummed import hdf5_file

CONDITIONS = ObservingConditions(sides=(24, 48))


@pytest.fixture(scope="module")
def stamps(tmp_path_factory):
    path = tmp_path_factory.mktemp("stamps") / "stamps.h5"
    simulate_stamps(path, count=40, seed=1, conditions=CONDITIONS)
    return path


def test_examples_are_stamps_in_flux_units_with_their_metadata(stamps, tmp_path):
    cut_galaxies(
        open_stamps_file(stamps),
        tmp_path / "cut.h5",
        side=32,
        flux_unit=0.002,
        conditions=["psf", "noise"],
    )
    with h5py.File(tmp_path / "cut.h5") as file:
        assert list(file.attrs["x_channels"]) == ["g_image", "r_image", "z_image", "psf", "noise"]
        assert file["x"].shape == (40, 32, 32, 5)
        for row, stamp in enumerate(read_stamps(stamps)):
            assert file["index/id"].asstr()[row] == stamp.id
            assert file["index/stamp_side"][row] == stamp.metadata["side"]
            for name in ("magnitude", "radius", "sersic_index", "psf", "signal_to_noise"):
                assert file[f"index/{name}"][row] == stamp.metadata[name]
            low = (stamp.metadata["side"] - 32) // 2
            if low >= 0:
                cropped = stamp.image[:, low : low + 32, low : low + 32]
                assert file["x"][row, ..., :3] == pytest.approx(np.moveaxis(cropped, 0, -1) / 0.002)
            assert file["x"][row, ..., 3] == pytest.approx(stamp.metadata["psf"] / 0.1)
            assert file["x"][row, ..., 4] == pytest.approx(np.log(stamp.metadata["noise"] / 0.002))


@pytest.mark.parametrize("larger", ["crop", "shrink"])
def test_noise_free_images_are_resized_like_the_observed_ones(tmp_path, larger):
    path = tmp_path / "stamps.h5"
    simulate_stamps(path, count=12, seed=1, conditions=CONDITIONS, noise_free=True)
    cut_galaxies(open_stamps_file(path), tmp_path / "cut.h5", side=32, larger=larger)
    with h5py.File(tmp_path / "cut.h5") as file:
        assert list(file.attrs["y_channels"]) == ["g_light", "r_light", "z_light"]
        for row, stamp in enumerate(read_stamps(path)):
            side, scale = stamp.metadata["side"], 1.0
            if larger == "shrink" and side > 32:
                side, scale = 32, side / 32  # averaging reduces the noise
            low = (32 - min(side, 32)) // 2
            inner = slice(low, low + min(side, 32))
            noise = (file["x"][row] - file["y"][row])[inner, inner, 1].std() * 0.003 / scale
            assert noise == pytest.approx(stamp.metadata["noise"], rel=0.2)
            padding = file["y"][row]
            padding[inner, inner] = 0
            assert not padding.any()


def test_padding_is_reproducible_and_depends_on_the_seed(stamps, tmp_path):
    examples = {}
    for name, seed in (("one", 1), ("again", 1), ("other", 2)):
        cut_galaxies(open_stamps_file(stamps), tmp_path / name, side=48, seed=seed)
        with h5py.File(tmp_path / name) as file:
            examples[name] = file["x"][:]
    assert np.array_equal(examples["one"], examples["again"])
    assert not np.array_equal(examples["one"], examples["other"])


def test_examples_are_split_by_object(stamps, tmp_path):
    cut_galaxies(open_stamps_file(stamps), tmp_path / "cut.h5", side=32)
    write_dataset([tmp_path / "cut.h5"], tmp_path / "dataset", fractions=(0.8, 0.1, 0.1))
    index = pd.read_parquet(tmp_path / "dataset" / "index.parquet")
    assert index["split"].value_counts().to_dict() == {"train": 32, "valid": 4, "test": 4}
    assert index["group"].is_unique


def test_stamp_with_pixels_that_are_not_finite_is_left_out_and_listed(stamps, tmp_path):
    broken = tmp_path / "broken.h5"
    broken.write_bytes(stamps.read_bytes())
    with hdf5_file(broken, "r+") as file:
        start, side = (int(file[f"galaxies/{name}"][3]) for name in ("offset", "side"))
        file["pixels"][start : start + side**2] = np.nan  # the first band
        name = file["galaxies/id"].asstr()[3]
    cut_galaxies(open_stamps_file(broken), tmp_path / "cut.h5", side=32)
    cut_galaxies(open_stamps_file(stamps), tmp_path / "whole.h5", side=32)
    table = pd.read_csv(tmp_path / "cut.rejected.csv")
    assert table["item"].tolist() == [f"stamp {name}"]
    with h5py.File(tmp_path / "cut.h5") as cut, h5py.File(tmp_path / "whole.h5") as whole:
        for key in ("x", "y", "index/id"):
            assert np.array_equal(cut[key][:], np.delete(whole[key][:], 3, axis=0))
        assert cut.attrs["n_rejected_stamps"] == 1
    strict = open_stamps_file(broken)._replace(rejections=Rejections("stamps", 0))
    with pytest.raises(InputError, match=f"stamp {name}: {side**2} pixels are masked"):
        cut_galaxies(strict, tmp_path / "none.h5", side=32)
    assert not (tmp_path / "none.h5").exists()


def single(side: int, **metadata) -> StampCollection:
    """Return a stamp of one band with a Gaussian at its centre."""
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    image = np.exp(-0.5 * (x**2 + y**2) / 9)[None].astype(np.float32)
    return StampCollection("folder", 1, ("r",), 0.262, iter([Stamp("a", "a", image, metadata)]))


def test_shrinking_conserves_the_flux(tmp_path):
    cut_galaxies(single(64), tmp_path / "cut.h5", side=32, larger="shrink", flux_unit=1)
    cut_galaxies(single(64), tmp_path / "cropped.h5", side=32, flux_unit=1)
    with h5py.File(tmp_path / "cut.h5") as file, h5py.File(tmp_path / "cropped.h5") as cropped:
        flux = 2 * np.pi * 9
        assert file["x"][:].sum() == pytest.approx(flux, rel=1e-3)
        assert file["x"][0, 15, 15, 0] > 3 * cropped["x"][0, 15, 15, 0]


def test_unknown_observing_conditions_raise(tmp_path):
    with pytest.raises(InputError, match="conditions: the psf of a is unknown"):
        cut_galaxies(single(64), tmp_path / "cut.h5", side=32, conditions=["psf"])


def test_stamp_smaller_than_its_point_spread_function_raises(tmp_path):
    with pytest.raises(InputError, match="stamp a: its 16 pixels are less than its point-spread"):
        cut_galaxies(single(16, psf=5.0), tmp_path / "cut.h5", side=32)
