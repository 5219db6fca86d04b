"""Networks of simulated galaxies applied to real ones of DECaLS: what to doubt."""

import logging

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from cosmodag.commands.main import main
from tests.galaxy_runs import train_runs

pytestmark = pytest.mark.data


def predict(stamps, folder, output, *names, psf=1.3):
    """Call the command line; give the table and what it said."""
    runs = [word for name in names for word in (f"--{name}", folder / "runs" / name)]
    words = ["galaxies", "predict", stamps, *runs, "--pixel", 0.262, "--psf", psf]
    done = CliRunner().invoke(main, [str(word) for word in (*words, "--output", output)])
    assert done.exit_code == 0, done.output
    return pd.read_csv(output, keep_default_na=False)


def test_real_pictures_lie_outside_what_simulated_ones_taught(data_folder, tmp_path, caplog):
    pictures = data_folder / "galaxies" / "zoobot_png"
    runs = train_runs(tmp_path, count=200, bands="BGR", larger="shrink")
    with caplog.at_level(logging.INFO):
        table = predict(pictures, runs, tmp_path / "table.csv", "parameters", "latent")
    assert sorted(table["id"]) == sorted(path.name for path in pictures.glob("*.png"))
    assert len(table) == 24
    assert table["outside"].all()
    assert "24 galaxies: 24 outside the training distribution" in caplog.text
    assert table["warning"].str.startswith("outside the training distribution; ").all()
    assert (table["stamp_side"] == 424).all()
    assert table["warning"].str.contains("stamp of 424 pixels, training range 24 to 40").all()
    numbers = table[["magnitude", "log_radius_low", "latent_3"]].to_numpy(np.float64)
    assert np.isfinite(numbers).all()
    drawn = (tmp_path / "table.svg").read_text()
    assert drawn.count("<image") == 24
    assert "framed: outside the training distribution" in drawn


def test_a_real_stamp_is_read_off_and_what_it_was_seen_through_is_doubted(data_folder, tmp_path):
    stamp = data_folder / "galaxies" / "example_b.fits"
    runs = train_runs(tmp_path, count=200)
    table = predict(stamp, runs, tmp_path / "table.csv", "parameters", psf=2.6)
    (row,) = table.to_dict("records")
    assert row["id"] == "example_b.fits"
    assert (row["ra"], row["dec"]) == pytest.approx((0.004367, 0.541321), abs=1e-5)
    assert row["magnitude_low"] < row["magnitude"] < row["magnitude_high"]
    assert "point-spread function of 9.92 pixels, training range 2" in row["warning"]
    near = predict(stamp, runs, tmp_path / "near.csv", "parameters", psf=0.262 * 3)
    assert "point-spread" not in near["warning"][0]
