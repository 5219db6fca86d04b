"""Clusters of galaxies in all feature spaces, from a trained run to a folder of results."""

import shutil

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from cosmodag.commands.main import main
from cosmodag.datasets.folder import read_index
from cosmodag.errors import InputError
from cosmodag.evaluation.latents import active, read_latents
from cosmodag.evaluation.verification import verify_results
from cosmodag.galaxies.clusters import feature_spaces
from cosmodag.galaxies.clusters.cluster_file import read_clusters
from cosmodag.galaxies.clusters.clustering import cluster_galaxies
from cosmodag.galaxies.clusters.clustering_methods import METHODS
from cosmodag.galaxies.clusters.embedding import tsne_map
from cosmodag.galaxies.clusters.labels import LabelColumn
from cosmodag.galaxies.clusters.model_selection import UNMEASURED, ClusterSearch
from cosmodag.galaxies.report import cluster_section
from cosmodag.imaging.colour_images import rgb_from_channels
from cosmodag.json_files import read_json
from cosmodag.provenance import file_hash
from cosmodag.reporting.report import write_report
from cosmodag.training.run import train_run
from cosmodag.training.settings import RunSettings
from tests.evaluated_runs import make_run

QUICK = {
    "search": ClusterSearch(max_clusters=3, n_bootstrap=2),
    "replicas": 20,
    "max_embedded": 60,
    "threads": 1,
}


@pytest.fixture(scope="module")
def run(stamps, tmp_path_factory):
    """A run with four latent dimensions on small galaxies of three types."""
    return train(stamps, tmp_path_factory.mktemp("latent") / "latent4")


def train(dataset, folder):
    settings = RunSettings(
        task={"name": "latent", "latent_dim": 4},
        model={"name": "vae", "widths": [8, 16]},
        training={"epochs": 4, "batch_size": 32, "learning_rate": 0.005},
        transform="arcsinh",
    )
    train_run(dataset, folder, settings, threads=1)
    return folder


@pytest.fixture(scope="module")
def clustered(run, stamps):
    """The folder and the results of clusters that are compared with the types."""
    folder = run.parent / "kinds"
    return folder, cluster_galaxies(run, stamps, folder, labels=LabelColumn("kind"), **QUICK)


def test_every_method_is_compared_with_labels_in_every_space(clustered):
    _, content = clustered
    assert set(content["spaces"]) == {"latent", "principal", "morphology"}
    n_dimensions = {name: space["n_dimensions"] for name, space in content["spaces"].items()}
    assert n_dimensions["principal"] == n_dimensions["latent"] <= 4
    for space in content["spaces"].values():
        assert set(space["methods"]) == set(METHODS)
        chosen = space["methods"][space["chosen"]]
        assert 1 < chosen["n_clusters"] <= 3
        accuracy = chosen["agreement"]["balanced_accuracy"]
        assert 0 <= accuracy["low"] <= accuracy["value"] <= accuracy["high"] <= 1
    # Red, blue and grey galaxies differ in every pixel.
    methods = content["spaces"]["principal"]["methods"].values()
    accuracies = [method["agreement"]["balanced_accuracy"]["value"] for method in methods]
    assert max(accuracies) > 0.35
    assert content["labels"]["column"] == "kind"
    assert set(content["labels"]["test"]) == {"0", "1", "2"}


def test_folder_has_results_members_and_figures(clustered, stamps):
    folder, content = clustered
    assert read_json(folder / "clusters.json", "") == content
    members = pd.read_csv(folder / "members.csv")
    index = read_index(stamps)
    assert members["id"].tolist() == index["id"].tolist()
    assert members["split"].tolist() == index["split"].tolist()
    assert members["map_x"].notna().sum() == 60
    assert members["outlier_score"].gt(0).all()
    drawn = {path.stem for path in (folder / "figures").glob("*.svg")}
    spaces = {f"members_{name}" for name in content["spaces"]}
    assert drawn == {"places", "outliers", *spaces}


def test_cluster_model_assigns_the_latents_of_the_run(clustered, run, stamps):
    folder, content = clustered
    clusters = read_clusters(folder / "cluster_model.h5")
    latents = read_latents(run, stamps, threads=1)
    np.testing.assert_array_equal(clusters.active, active(latents))
    assert clusters.model_hash == file_hash(run / "model.pt") == content["provenance"]["model"]
    for split, rows in pd.read_csv(folder / "members.csv").groupby("split"):
        np.testing.assert_array_equal(clusters.predict(latents[split]), rows["latent"])
        np.testing.assert_allclose(clusters.outlier_score(latents[split]), rows["outlier_score"])


def test_outliers_have_the_highest_scores_of_the_test_split(clustered):
    folder, content = clustered
    members = pd.read_csv(folder / "members.csv")
    test = members[members["split"] == "test"]
    scores = [outlier["outlier_score"] for outlier in content["outliers"]]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] == pytest.approx(test["outlier_score"].max())
    assert {outlier["id"] for outlier in content["outliers"]} <= set(test["id"])


def test_clusters_are_reproducible(clustered, run, stamps, tmp_path):
    folder, content = clustered
    labels = LabelColumn("kind")
    assert cluster_galaxies(run, stamps, tmp_path / "again", labels=labels, **QUICK) == content
    assert (tmp_path / "again/members.csv").read_text() == (folder / "members.csv").read_text()


def test_clusters_verify_until_their_run_changes(stamps, tmp_path):
    dataset = shutil.copytree(stamps, tmp_path / "galaxies/datasets/stamps")
    shutil.copy(stamps.parent / "stamps.h5", dataset.parent)  # where its record names it
    run = train(dataset, tmp_path / "galaxies/runs/latent4")
    cluster_galaxies(run, dataset, tmp_path / "galaxies/clusters/kinds", **QUICK)
    assert not verify_results(tmp_path).problems
    model = tmp_path / "galaxies/runs/latent4/model.pt"
    with open(model, "ab") as file:
        file.write(b"1")
    (problem,) = verify_results(tmp_path).problems[model]
    assert problem == "altered since it was written: run.json names another"
    shutil.rmtree(tmp_path / "galaxies/runs")
    clusters = tmp_path / "galaxies/clusters/kinds/clusters.json"
    (problem,) = verify_results(tmp_path).problems[clusters]
    assert problem == "its input ../../runs/latent4/run.json is missing"


def test_stamps_without_a_morphology_are_counted_and_may_skip_the_space(
    run, stamps, tmp_path, monkeypatch
):
    measure = feature_spaces.morphology

    def incomplete(x, channels):
        values = measure(x, channels)
        values[::5] = np.nan
        return values

    monkeypatch.setattr(feature_spaces, "morphology", incomplete)
    content = cluster_galaxies(run, stamps, tmp_path / "some", **QUICK)
    unmeasured = content["spaces"]["morphology"]["unmeasured"]
    members = pd.read_csv(tmp_path / "some/members.csv")
    counts = members[members["morphology"] == UNMEASURED].groupby("split").size()
    assert unmeasured == counts.to_dict()
    assert min(unmeasured.values()) > 0
    assert content["labels"] is None
    monkeypatch.setattr(
        feature_spaces, "morphology", lambda x, channels: np.full((len(x), 4), np.nan)
    )
    content = cluster_galaxies(run, stamps, tmp_path / "none", **QUICK)
    assert "0 examples for up to 3 clusters" in content["spaces"]["morphology"]["skipped"]
    assert "no clusters in morphology" in content["sentence"]


def test_report_has_the_clusters_and_their_figures(clustered, tmp_path):
    folder, _ = clustered
    section = cluster_section(folder)
    assert len(section.figures) == 5
    assert "Adjusted mutual information" in section.tables[0].columns
    evaluated = make_run(tmp_path / "galaxies" / "runs" / "a", experiment="galaxies")
    product = tmp_path / "galaxies" / "clusters" / "latent4"
    shutil.copytree(folder, product)
    write_report(tmp_path / "report.html", [evaluated], products=[product])
    text = (tmp_path / "report.html").read_text()
    shown = text[text.index(f"{cluster_section(product).title}</h3>") :]
    for words in ("HDBSCAN", "principal components", section.answer):
        assert words in shown
    assert shown.count("data:image/svg+xml") == 5


def test_command_prints_the_result_and_refuses_too_many_clusters(run, stamps, tmp_path):
    words = ["galaxies", "cluster", "--run", str(run), "--dataset", str(stamps)]
    words += ["--output", str(tmp_path / "clusters"), "--n-bootstrap", "2", "--max-embedded", "20"]
    done = CliRunner().invoke(main, [*words, "--max-clusters", "2"])
    assert done.exit_code == 0, done.output
    assert "2 clusters in latent space" in done.output
    done = CliRunner().invoke(main, [*words, "--max-clusters", "200"])
    assert done.exit_code == 2
    assert "examples for up to 200 clusters; 3 per cluster are needed" in done.output


def test_latent_without_active_dimensions_raises(run, stamps, tmp_path, monkeypatch):
    latents = read_latents(run, stamps, threads=1)
    constant = {split: np.zeros_like(values) for split, values in latents.items()}
    monkeypatch.setattr(feature_spaces, "read_latents", lambda *_, **__: constant)
    with pytest.raises(InputError, match="none of its 4 latent dimensions is active"):
        cluster_galaxies(run, stamps, tmp_path / "clusters", **QUICK)
    assert not (tmp_path / "clusters").exists()


def test_map_keeps_neighbours_together():
    random = np.random.default_rng(0)
    features = np.concatenate([random.normal(size=(40, 3)), random.normal(size=(40, 3)) + 20])
    positions = tsne_map(features, 80)
    first, second = positions[:40], positions[40:]
    separation = np.linalg.norm(first.mean(0) - second.mean(0))
    assert separation > 2 * max(first.std(0).max(), second.std(0).max())
    assert tsne_map(features[:, :1], 80).shape == (80, 2)


def test_colour_image_is_red_where_the_red_band_is_bright():
    stamp = np.zeros((8, 8, 4), np.float32)
    stamp[..., 2] = 5
    red = rgb_from_channels(stamp, ["g_image", "r_image", "z_image", "psf"])
    assert red.shape == (8, 8, 3)
    assert (red[..., 0] > red[..., 2]).all()
    picture = np.random.default_rng(0).uniform(size=(8, 8, 3)).astype(np.float32)
    np.testing.assert_array_equal(
        rgb_from_channels(picture, ["R_image", "G_image", "B_image"]), picture
    )
    assert rgb_from_channels(stamp[..., :2], ["g_image", "r_image"]).shape == (8, 8, 3)
