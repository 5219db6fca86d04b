"""The galaxy experiment as a workflow, at a scale of a minute."""

import json

import pandas as pd
import pytest
import yaml

from tests.checkout import tiny

pytestmark = pytest.mark.dag

TARGET = "magnitude-log_radius-sersic_fit-6"
"""What simple methods are asked, with the size of the sample of the slow one."""


@pytest.fixture
def configured(checkout):
    checkout.configure(tiny("galaxies"))
    return checkout


@pytest.mark.slow
def test_galaxies_are_simulated_learned_from_and_compared_and_a_second_run_does_nothing(configured):
    configured.run("all")
    results = configured.folder / "results"
    metrics = json.loads((results / "galaxies/runs/parameters/metrics.json").read_text())
    assert metrics["n"] == 18
    assert {"magnitude.r2", "log_radius.r2"} <= metrics["scores"].keys()
    assert metrics["baselines"].keys() == {"mean", "stamp_ridge", "stamp_trees", "index_only"}
    assert metrics["samples"]["sersic_fit"]["n"] == 6
    assert metrics["by_signal_to_noise"].keys() == {"magnitude", "log_radius"}
    index = pd.read_parquet(results / "galaxies/datasets/stamps/index.parquet")
    assert index["group"].is_unique
    assert {"magnitude", "radius", "psf", "noise", "signal_to_noise"} <= set(index)
    clusters = json.loads((results / "galaxies/clusters/shapes/clusters.json").read_text())
    assert clusters["run"] == "latent4"
    report = (results / "report.html").read_text()
    assert "Which parameters does a galaxy have" in report
    assert "At a signal-to-noise above 30, median error of" in report
    assert "Beside fitted Sérsic profiles, on a sample of 6" in report
    assert "which clusters do galaxies form?" in report
    table = pd.read_csv(results / "galaxies/predictions/sky.csv")
    assert len(table) == 90
    assert table["magnitude"].between(table["magnitude_low"], table["magnitude_high"]).all()
    assert (results / "galaxies/predictions/sky.svg").is_file()
    assert "Predictions for sky" in report
    assert f"90 galaxies: {table['outside'].sum()} outside" in report
    assert set(table["cluster"]) <= {-1, 0, 1, 2}
    assert configured.planned() == set()
    configured.check_examples("galaxies")
    assert_a_latent_size_more_trains_that_one_alone(configured)
    assert_other_labels_group_anew_and_train_nothing(configured)


def assert_a_latent_size_more_trains_that_one_alone(done):
    config = done.config
    runs = config["galaxies"]["runs"]
    runs["latent3"] = runs["latent2"] | {"task": {"name": "latent", "latent_dim": 3}}
    done.configure(config)
    assert done.planned("galaxies") == {
        "galaxies",
        "galaxies_train experiment=galaxies,run=latent3",
        "galaxies_baselines experiment=galaxies,dataset=images,target=latent-3-arcsinh",
        "galaxies_evaluate experiment=galaxies,run=latent3",
        "galaxies_report experiment=galaxies",
    }
    del runs["latent3"]
    done.configure(config)


def assert_other_labels_group_anew_and_train_nothing(done):
    config = done.config
    config["galaxies"]["clusters"]["shapes"]["label_edges"] = [0.2]
    done.configure(config)
    assert done.planned("galaxies") == {
        "galaxies",
        "galaxies_cluster clusters=shapes",
        "galaxies_predict prediction=sky",
        "galaxies_report experiment=galaxies",
    }


def test_the_plan_holds_a_job_a_batch(configured):
    planned = configured.planned("galaxies")
    assert planned == {
        "galaxies",
        "galaxies_report experiment=galaxies",
        *(f"galaxies_simulate source=sky,batch={batch}" for batch in (0, 1)),
        *(
            f"galaxies_cutouts cutouts={cutouts},batch={batch}"
            for cutouts in ("stamps", "images")
            for batch in (0, 1)
        ),
        *(f"galaxies_split experiment=galaxies,dataset={name}" for name in ("stamps", "images")),
        f"galaxies_baselines experiment=galaxies,dataset=stamps,target={TARGET}",
        *(
            f"galaxies_baselines experiment=galaxies,dataset=images,target=latent-{size}-arcsinh"
            for size in (2, 4)
        ),
        *(
            f"galaxies_{stage} experiment=galaxies,run={run}"
            for stage in ("train", "evaluate")
            for run in ("parameters", "latent2", "latent4")
        ),
        "galaxies_cluster clusters=shapes",
        "galaxies_predict prediction=sky",
    }
    printed = configured.commands()
    assert "--first 60 --count 30" in printed


def test_an_index_beyond_what_galsim_draws_is_refused(configured):
    config = configured.config
    config["galaxies"]["sources"]["sky"]["simulation"]["sersic_index"] = [0.5, 8]
    printed = configured.refused(config)
    assert "galaxies.sources.sky.simulation.sersic_index" in printed
    assert "sersic_index" in printed
    assert "6.2" in printed


def test_groups_are_of_a_run_that_there_is_and_a_table_of_labels_is_waited_for(configured):
    config = configured.config
    shapes = config["galaxies"]["clusters"]["shapes"]
    shapes["label_table"] = {"path": "labels.csv", "key": "name"}
    printed = configured.refused(config)
    assert "Missing input files for rule galaxies_cluster" in printed
    assert "labels.csv" in printed
    shapes["run"] = "latent5"
    printed = configured.refused(config)
    assert "galaxies.clusters.shapes.run: 'latent5' is not defined under galaxies.runs" in printed
    shapes["lables"] = shapes.pop("labels")
    printed = configured.refused(config)
    assert "galaxies.clusters.shapes.lables: not a known key; did you mean 'labels'?" in printed


def test_a_folder_of_stamps_is_a_source_too(configured):
    config = configured.config
    (configured.folder / "stamps").mkdir()
    folder = {"path": "stamps", "shape": [3, 64, 64], "psf": 1.2, "batches": 2}
    config["galaxies"]["sources"]["sky"] = {"folder": folder}
    configured.configure(config)
    planned = configured.planned("galaxies")
    assert "galaxies_filter source=sky" in planned
    assert {f"galaxies_cutouts cutouts=stamps,batch={batch}" for batch in (0, 1)} <= planned
    printed = configured.commands()
    assert "--shape '[3, 64, 64]'" in printed
    assert "--stamps results/galaxies/sources/sky/accepted.txt" in printed
    assert "--batch 1 --batches 2" in printed
    assert '"psf": 1.2' in printed


def test_runs_are_applied_to_a_folder_of_stamps(configured):
    config = configured.config
    (configured.folder / "stamps").mkdir()
    galaxies = config["galaxies"]
    galaxies["sources"]["real"] = {"folder": {"path": "stamps", "pixel": 0.4, "psf": 1.2}}
    galaxies["predictions"] = {
        "real": {
            "source": "real",
            "parameters": "parameters",
            "latent": "latent4",
            "clusters": "shapes",
        }
    }
    configured.configure(config)
    planned = configured.planned("results/galaxies/predictions/real.csv")
    assert {"galaxies_filter source=real", "galaxies_predict prediction=real"} <= planned
    assert "galaxies_train experiment=galaxies,run=latent4" in planned
    assert not any(job.startswith("galaxies_evaluate") for job in planned)
    printed = configured.commands()
    command = next(line for line in printed.splitlines() if "cosmodag galaxies predict" in line)
    assert " results/galaxies/sources/real/accepted.txt)" in command
    assert "--pixel 0.4 --psf 1.2" in command
    assert "--latent results/galaxies/runs/latent4" in command
    assert "--latent-dataset results/galaxies/datasets/images" in command
    assert "--clusters results/galaxies/clusters/shapes" in command


def test_a_prediction_names_a_run(configured):
    config = configured.config
    config["galaxies"]["predictions"]["sky"] = {"source": "sky"}
    printed = configured.refused(config)
    assert "galaxies.predictions.sky: give one of parameters or latent" in printed
    config["galaxies"]["predictions"]["sky"] |= {"parameters": "parameters", "clusters": "shapes"}
    printed = configured.refused(config)
    assert "galaxies.predictions.sky.clusters: this key needs the key latent" in printed


@pytest.mark.slow
def test_a_reduced_copy_of_the_published_study_trains_and_finds_clusters(checkout):
    paper = checkout.folder / "config" / "paper.yaml"
    study = yaml.safe_load(paper.read_text())["galaxies"]
    for section in ("sources", "cutouts", "datasets"):
        study[section] = {"stamps": study[section]["stamps"]}
    study["sources"]["stamps"]["simulation"] |= {"galaxies": 60, "batch": 60, "sides": [64, 64]}
    study["cutouts"]["stamps"]["side"] = 64
    study["runs"] = {name: study["runs"][name] for name in ("latent35", "latent35-gaussian")}
    for run in study["runs"].values():
        run["training"] |= {"epochs": 10, "batch_size": 8, "learning_rate": 0.003}
    study["runs"]["latent35-gaussian"]["task"]["free_bits"] = 4
    study["clusters"]["stamps"]["max_clusters"] = 2
    checkout.configure({"galaxies": study})
    clusters, run = "results/galaxies/clusters/stamps", "results/galaxies/runs/latent35"
    checkout.run(clusters, f"{run}/model.pt")
    found = json.loads((checkout.folder / clusters / "clusters.json").read_text())
    assert found["run"] == "latent35-gaussian"
