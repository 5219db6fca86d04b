"""The transfer function of bricks of the simulator, from their images."""

import json

import pandas as pd
import pytest
from click.testing import CliRunner

from cosmodag.commands.main import main
from tests.checkout import tiny

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Folder of the transfer function of the bricks of the tiny configuration."""
    folder = tmp_path_factory.mktemp("simulated")
    source = tiny("injections")["injections"]["sources"]["sky"]["simulation"]
    surveys = json.dumps({"same": source["surveys"]["same"]})
    words = f"simulate --output {folder}/sky --count 4 --size {source['size']} --surveys"
    for each in (
        [*words.split(), surveys],
        f"match {folder}/sky --survey-name same --output {folder}/m.parquet".split(),
        f"transfer {folder}/m.parquet --output {folder}/t --minimum 10 --bins 2".split(),
    ):
        done = CliRunner().invoke(main, ["injections", *each])
        assert done.exit_code == 0, done.output
    return folder


def test_simulated_injections_are_matched_in_the_images(folder):
    content = json.loads((folder / "t/transfer.json").read_text())
    assert content["groups"]["unit"] == "bricks"
    assert content["n_injections"] > 30
    assert content["n_unchecked"] == 0
    assert content["total"]["completeness"] > 0.6
    assert all(abs(offset) < 0.2 for offset in content["offset_pixels"].values())
    table = pd.read_parquet(folder / "m.parquet")
    injected = table[table["injection_id"] >= 0]
    assert injected["depth_r"].median() == pytest.approx(25.2, abs=0.5)
    assert injected["seeing_r"].between(1.1, 1.9).all()
    detected = injected[injected["status"] == "detected"]
    assert (detected["measured_r"] - detected["r"]).median() == pytest.approx(0, abs=0.3)
