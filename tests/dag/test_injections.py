"""The injection experiment as a workflow, at a scale of minutes."""

import json

import pandas as pd
import pytest

from tests.checkout import tiny

pytestmark = pytest.mark.dag


@pytest.fixture
def configured(checkout):
    checkout.configure(tiny("injections"))
    return checkout


@pytest.mark.slow
def test_a_survey_is_simulated_cut_trained_on_and_judged_and_a_second_run_does_nothing(configured):
    configured.run("all")
    results = configured.folder / "results"
    verdict = json.loads((results / "injections/verdicts/same.json").read_text())
    assert verdict["outcome"] == "invalid"  # two epochs detect no offset of a pixel
    assert "the flaw of position was not detected" in verdict["failures"][0]
    assert verdict["null"]["relabellings"] >= 200
    cuts = pd.read_csv(results / "injections/selections/same/0.csv").set_index("cut")
    assert (cuts.loc["kept"] > 20).all()
    metrics = json.loads((results / "injections/runs/same/metrics.json").read_text())
    assert len(metrics["two_sample"]["bins"]) == 5
    assert metrics["baselines"].keys() == {"rate", "logistic", "catalogue_trees", "index_only"}
    table = pd.read_csv(results / "injections/predictions/elsewhere.csv")
    selected = pd.read_parquet(results / "injections/selections/position/0.parquet")
    assert 0 < len(table) <= len(selected)  # stamps beyond an edge are left out
    assert table["probability"].between(0, 1).all()
    page = (results / "report.html").read_text()
    assert "Two-sample test of run same with its controls" in page
    assert configured.planned() == set()
    configured.check_examples("injections")


def test_a_changed_cut_reruns_what_depends_on_it(configured):
    planned = configured.planned("injections")
    assert "injections_simulate source=sky,batch=0" in planned
    assert "injections_verdict verdict=same" in planned
    assert len([job for job in planned if job.startswith("injections_cutouts")]) == 2


def test_surveys_in_folders_and_single_images_are_sources_too(configured):
    config = configured.config
    folder = configured.folder / "survey"
    folder.mkdir()
    for name in ("bricks.txt", "image.fits", "psf.fits"):
        (folder / name).touch()
    there = {"path": "survey", "bricks": {"path": "survey/bricks.txt"}, "batches": 3}
    image = {"image": {"path": "survey/image.fits"}, "psf": {"path": "survey/psf.fits"}}
    injections = config["injections"]
    injections["sources"] = {
        "there": {"survey": there},
        "one": {"image": image | {"brick": "0591m305"}},
    }
    injections["selections"] = {"same": {"source": "there"}, "position": {"source": "one"}}
    injections["datasets"]["position"]["protocol"] = "random"  # one image is one group
    configured.configure(config)
    planned = configured.planned("injections")
    assert {f"injections_select selection=same,batch={n}" for n in range(3)} <= planned
    assert "injections_observe source=one,batch=0" in planned
    printed = configured.commands()
    assert "--bricks survey/bricks.txt --batch 2 --batches 3" in printed
    assert "--image survey/image.fits --psf survey/psf.fits" in printed


def test_a_verdict_names_runs_that_exist(configured):
    config = configured.config
    config["injections"]["verdicts"]["same"]["positive_controls"] = ["positon"]
    printed = configured.refused(config)
    assert "injections.verdicts.same.positive_controls: 'positon' is not defined" in printed
    assert "did you mean 'position'?" in printed


def test_teachers_are_for_maps_alone(configured):
    config = configured.config
    config["injections"]["datasets"]["taught"] = {"teacher": "same"}
    printed = configured.refused(config)
    assert "injections.datasets.taught.cutouts: missing" in printed
