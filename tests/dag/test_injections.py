"""The injection experiment as a workflow, at a scale of minutes."""

import json

import pandas as pd
import pytest
import yaml

pytestmark = pytest.mark.dag


@pytest.fixture
def configured(checkout, repository):
    path = repository / "tests" / "dag" / "tiny_injections.yaml"
    checkout.configure(yaml.safe_load(path.read_text()))
    return checkout


@pytest.mark.slow
def test_a_survey_is_simulated_cut_trained_on_and_judged_and_a_second_run_does_nothing(configured):
    configured.snakemake("--cores", "2", "--configfile", "tiny.yaml", "--", "all")
    results = configured.folder / "results"
    verdict = json.loads((results / "injections/verdicts/same.json").read_text())
    assert verdict["outcome"] == "void"  # two epochs see no shift of a pixel
    assert "the fault of position was not detected" in verdict["failures"][0]
    assert verdict["null"]["relabellings"] >= 200
    cuts = pd.read_csv(results / "injections/selections/same/0.csv").set_index("cut")
    assert (cuts.loc["kept"] > 20).all()
    metrics = json.loads((results / "injections/runs/same/metrics.json").read_text())
    assert len(metrics["two_sample"]["bins"]) == 5
    assert metrics["baselines"].keys() == {"rate", "logistic", "catalogue_trees", "index_only"}
    page = (results / "report.html").read_text()
    assert "The test of same, with its controls" in page
    assert configured.planned() == set()


def test_a_changed_cut_reruns_what_depends_on_it(configured):
    planned = configured.planned("injections")
    assert "injections_simulate source=sky,batch=0" in planned
    assert "injections_verdict verdict=same" in planned
    assert len([job for job in planned if job.startswith("injections_cutouts")]) == 2
