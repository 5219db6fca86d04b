"""The real DR9 cutout: detection, injection with its own PSF, selection, stamps, a network."""

import h5py
import numpy as np
import pandas as pd
import pytest
import yaml
from astropy.io import fits

from cosmodag.injections.bricks.brick_catalogues import read_tractor
from cosmodag.injections.bricks.brick_files import BrickFiles

pytestmark = [pytest.mark.data, pytest.mark.dag]

BRICK = "0591m305"


@pytest.fixture(scope="module")
def survey(data_folder, tmp_path_factory):
    """A survey of the one brick, with three runs of injections, made by the command line."""
    from click.testing import CliRunner

    from cosmodag.commands.main import main

    folder = tmp_path_factory.mktemp("real")
    inputs = data_folder / "injections"

    def run(*words):
        done = CliRunner().invoke(main, ["injections", *map(str, words)])
        assert done.exit_code == 0, done.output

    image, psf = inputs / "cutout_59.1067_-30.4848.fits", inputs / "copsf_59.1067_-30.4848.fits"
    made = ("--image", image, "--psf", psf, "--brick", BRICK, "--runs", 3)
    run("observe", *made, "--output", folder / "survey")
    tables = ("--output", folder / "objects.parquet", "--cuts", folder / "cuts.csv")
    run("select", folder / "survey", *tables)
    stamps = ("--side", 32, "--scratch", folder / "scratch", "--output", folder / "stamps.h5")
    run("cutouts", "--survey", folder / "survey", "--objects", folder / "objects.parquet", *stamps)
    return folder, image


def test_sources_are_found_and_injections_found_again(survey):
    folder, _ = survey
    found = read_tractor(BrickFiles(folder / "survey", BRICK).tractor)
    assert 26 <= len(found) <= 80  # 26 sources at 3 sigma by another detection
    cuts = pd.read_csv(folder / "cuts.csv").set_index("cut")
    assert cuts.loc["kept", "injected"] > 15
    assert cuts.loc["kept", "real"] >= 1


def test_stamps_catalogue_and_image_agree_for_every_object(survey):
    folder, image = survey
    objects = pd.read_parquet(folder / "objects.parquet").set_index("id")
    with fits.open(image) as file:
        red = file[3].data
    with h5py.File(folder / "stamps.h5") as file:
        names, x = file["index/id"].asstr()[:], file["x"][:]
    assert len(names) > 10
    for name, stamp in zip(names, x):
        row = objects.loc[name]
        column, line = (int(np.floor(row[axis] + 0.5)) - 16 for axis in ("bx", "by"))
        if row["label"] == 0:
            np.testing.assert_array_equal(
                stamp[..., 2], red[line : line + 32, column : column + 32]
            )
        centre = stamp[13:20, 13:20, 2].sum()
        assert centre > 3 * np.abs(np.median(stamp[..., 2])) * 49


@pytest.mark.slow
def test_a_network_trained_on_simulated_bricks_judges_the_real_image(
    checkout, repository, data_folder, monkeypatch
):
    monkeypatch.setenv("COSMODAG_DATA", str(data_folder))
    example = yaml.safe_load((repository / "config/examples/dr9.yaml").read_text())
    example["injections"]["sources"]["sky"]["simulation"] |= {"bricks": 8, "batch": 8, "size": 300}
    example["injections"]["sources"]["dr9"]["image"]["runs"] = 2
    example["injections"]["runs"]["model"]["training"]["epochs"] = 1
    checkout.configure(example)
    checkout.run("all")
    results = checkout.folder / example["results"] / "injections"
    table = pd.read_csv(results / "predictions/dr9.csv")
    selected = pd.read_parquet(results / "selections/dr9/0.parquet")
    assert set(table["id"]) <= set(selected["id"])
    assert set(table["label"]) == {0, 1}
    assert table["probability"].between(0, 1).all()
    assert table["probability"].nunique() > len(table) // 2
