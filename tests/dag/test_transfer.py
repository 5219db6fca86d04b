"""Transfer functions of injections as a workflow."""

import json

import pandas as pd
import pytest

pytestmark = pytest.mark.dag

SKY = {"bricks": 6, "batch": 3, "size": 192, "surveys": {"model": {"population": "model"}}}
CONFIG = {
    "injections": {
        "sources": {"sky": {"simulation": SKY}},
        "transfer": {"model": {"source": "sky", "survey": "model", "bins": 2, "minimum": 5}},
    }
}
JOBS = {
    *(f"injections_simulate source=sky,batch={n}" for n in range(2)),
    *(f"injections_match transfer=model,batch={n}" for n in range(2)),
    "injections_transfer transfer=model",
}


@pytest.fixture
def configured(checkout):
    checkout.configure(CONFIG)
    return checkout


def test_a_transfer_function_needs_no_network(configured):
    planned = configured.planned("injections")
    assert planned == {*JOBS, "injections", "injections_report experiment=injections"}
    printed = configured.commands()
    assert "--survey-name model" in printed
    assert "--match-radius 6 --ambiguous-radius 6 --depth invvar" in printed
    assert "--reference r --magnitude-width 0.25 --bins 2 --edges '{}' --minimum 5" in printed


def test_surveys_are_shared_by_batches(configured):
    folder = configured.folder / "survey"
    folder.mkdir()
    (folder / "bricks.txt").touch()
    survey = {"path": "survey", "bricks": {"path": "survey/bricks.txt"}, "batches": 3}
    configured.configure(
        {
            "injections": {
                "sources": {"there": {"survey": survey}},
                "transfer": {"all": {"source": "there", "bands": ["g", "z"], "reference": "z"}},
            }
        }
    )
    planned = configured.planned("injections")
    assert {f"injections_match transfer=all,batch={n}" for n in range(3)} <= planned
    assert "--bricks survey/bricks.txt --batch 2 --batches 3" in configured.commands()


@pytest.mark.slow
def test_bricks_are_simulated_matched_and_measured_and_a_changed_bin_measures_again(configured):
    configured.run("injections")
    results = configured.results / "injections"
    content = json.loads((results / "transfer/model/measured/transfer.json").read_text())
    assert content["groups"] == {"unit": "bricks", "n_units": 6, "n_groups": 6}
    tables = sorted((results / "transfer/model/matches").glob("*.parquet"))
    injected = pd.concat(map(pd.read_parquet, tables)).query("injection_id >= 0")
    assert content["n_injections"] == len(injected)
    assert "Transfer function model" in (results / "report.html").read_text()
    code, printed = configured.python("-m", "cosmodag", "verify", "results")
    assert code == 0, printed
    assert configured.planned("injections") == set()
    config = configured.config
    config["injections"]["transfer"]["model"]["bins"] = 3
    configured.configure(config)
    again = {"injections_transfer transfer=model", "injections_report experiment=injections"}
    assert configured.planned("injections") == {*again, "injections"}
