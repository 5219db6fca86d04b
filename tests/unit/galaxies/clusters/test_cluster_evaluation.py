"""Galaxies grouped in every space, from a trained run to a folder that tells others their group."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from cosmodag.commands.main import main
from cosmodag.datasets.folder import read_index
from cosmodag.errors import InputError
from cosmodag.evaluation.latents import active, read_latents
from cosmodag.evaluation.verification import verify
from cosmodag.galaxies.clusters import spaces
from cosmodag.galaxies.clusters.choice import METHODS, UNMEASURED
from cosmodag.galaxies.clusters.clustering import cluster_galaxies, placed
from cosmodag.galaxies.clusters.grouping_file import read_grouping
from cosmodag.galaxies.report import cluster_section
from cosmodag.imaging.colour_images import rgb_from_channels
from cosmodag.provenance import file_hash
from cosmodag.reporting.report import write_report
from cosmodag.training.run import train_run
from cosmodag.training.settings import RunSettings
from tests.evaluated_runs import make_run

QUICK = {"most": 3, "resampled": 2, "replicas": 20, "mapped": 60, "threads": 1}


@pytest.fixture(scope="module")
def run(stamps, tmp_path_factory):
    """A latent of four numbers of small galaxies of three kinds."""
    folder = tmp_path_factory.mktemp("latent") / "latent4"
    settings = RunSettings(
        task={"name": "latent", "latent_dim": 4},
        model={"name": "vae", "widths": [8, 16]},
        training={"epochs": 4, "batch_size": 32, "learning_rate": 0.005},
        transform="arcsinh",
    )
    train_run(stamps, folder, settings, threads=1)
    return folder


@pytest.fixture(scope="module")
def grouped(run, stamps):
    """Its groups, set against the kinds."""
    folder = run.parent / "kinds"
    return folder, cluster_galaxies(run, stamps, folder, labels="kind", **QUICK)


def test_every_method_is_tried_in_every_space_and_set_against_labels(grouped):
    _, found = grouped
    assert set(found["spaces"]) == {"latent", "principal", "morphology"}
    sizes = {name: space["size"] for name, space in found["spaces"].items()}
    assert sizes["principal"] == sizes["latent"] <= 4
    for space in found["spaces"].values():
        assert set(space["methods"]) == set(METHODS)
        chosen = space["methods"][space["chosen"]]
        assert 1 < chosen["number"] <= 3
        accuracy = chosen["agreement"]["balanced_accuracy"]
        assert 0 <= accuracy["low"] <= accuracy["value"] <= accuracy["high"] <= 1
    # The red, the blue and the grey differ in every pixel.
    best = [each["agreement"] for each in found["spaces"]["principal"]["methods"].values()]
    assert found["labels"]["column"] == "kind"
    assert set(found["labels"]["test"]) == {"0", "1", "2"}
    assert max(each["balanced_accuracy"]["value"] for each in best) > 0.35


def test_the_folder_holds_all_that_it_should(grouped, stamps):
    folder, found = grouped
    assert json.loads((folder / "clusters.json").read_text()) == found
    members = pd.read_csv(folder / "members.csv")
    index = read_index(stamps)
    assert members["id"].tolist() == index["id"].tolist()
    assert members["split"].tolist() == index["split"].tolist()
    assert members["map_x"].notna().sum() == 60
    assert members["outlier_score"].gt(0).all()
    drawn = {path.stem for path in (folder / "figures").glob("*.svg")}
    spaces = {f"members_{name}" for name in found["spaces"]}
    assert drawn == {"places", "outliers", *spaces}


def test_kept_groups_are_those_of_the_latents_of_that_run(grouped, run, stamps):
    folder, found = grouped
    kept, latents = read_grouping(folder / "grouping.h5"), read_latents(run, stamps, threads=1)
    np.testing.assert_array_equal(kept.in_use, active(latents))
    assert kept.model == file_hash(run / "model.pt") == found["provenance"]["model"]
    for split, each in pd.read_csv(folder / "members.csv").groupby("split"):
        np.testing.assert_array_equal(kept.predict(latents[split]), each["latent"])
        np.testing.assert_allclose(kept.outlier_score(latents[split]), each["outlier_score"])


def test_outliers_are_the_farthest_of_the_test_part(grouped):
    folder, found = grouped
    members = pd.read_csv(folder / "members.csv")
    test = members[members["split"] == "test"]
    scores = [each["outlier_score"] for each in found["outliers"]]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] == pytest.approx(test["outlier_score"].max())
    assert {each["id"] for each in found["outliers"]} <= set(test["id"])


def test_the_same_seed_gives_the_same_groups(grouped, run, stamps, tmp_path):
    folder, found = grouped
    again = cluster_galaxies(run, stamps, tmp_path / "again", labels="kind", **QUICK)
    assert again == found
    assert (tmp_path / "again/members.csv").read_text() == (folder / "members.csv").read_text()


def test_groups_verify_until_their_run_is_another(grouped, run, stamps, tmp_path):
    parts = {"clusters/kinds": grouped[0], "runs/latent4": run, "datasets/stamps": stamps}
    for name, folder in parts.items():
        shutil.copytree(folder, tmp_path / "galaxies" / name)
    groups = f"clusters {tmp_path}/galaxies/clusters/kinds"
    assert dict(verify(tmp_path))[groups] == []
    with open(tmp_path / "galaxies/runs/latent4/model.pt", "ab") as file:
        file.write(b"1")
    assert dict(verify(tmp_path))[groups] == ["model.pt is not the one that was scored"]
    shutil.rmtree(tmp_path / "galaxies/runs")
    assert dict(verify(tmp_path))[groups] == ["its run latent4 is not among the results"]


def test_stamps_without_a_morphology_are_counted_and_too_many_of_them_skip_the_space(
    run, stamps, tmp_path, monkeypatch
):
    measure = spaces.morphology

    def sometimes(x, channels):
        found = measure(x, channels)
        found[::5] = np.nan
        return found

    monkeypatch.setattr(spaces, "morphology", sometimes)
    found = cluster_galaxies(run, stamps, tmp_path / "some", **QUICK)
    unmeasured = found["spaces"]["morphology"]["unmeasured"]
    members = pd.read_csv(tmp_path / "some/members.csv")
    apart = members[members["morphology"] == UNMEASURED].groupby("split").size()
    assert unmeasured == apart.to_dict()
    assert min(unmeasured.values()) > 0
    assert found["labels"] is None
    monkeypatch.setattr(spaces, "morphology", lambda x, channels: np.full((len(x), 4), np.nan))
    found = cluster_galaxies(run, stamps, tmp_path / "none", **QUICK)
    assert "0 examples for up to 3 groups" in found["spaces"]["morphology"]["skipped"]
    assert "by morphology none were sought" in found["sentence"]


def test_the_report_shows_groups_and_their_figures(grouped, tmp_path):
    folder, _ = grouped
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


def test_the_command_says_what_was_found_and_refuses_more_groups_than_galaxies_allow(
    run, stamps, tmp_path
):
    words = ["galaxies", "cluster", "--run", str(run), "--dataset", str(stamps)]
    words += ["--output", str(tmp_path / "groups"), "--resampled", "2", "--mapped", "20"]
    done = CliRunner().invoke(main, [*words, "--most", "2"])
    assert done.exit_code == 0, done.output
    assert "2 groups by the latent" in done.output
    done = CliRunner().invoke(main, [*words, "--most", "200"])
    assert done.exit_code == 2
    assert "examples for up to 200 groups; 3 a group are needed" in done.output


def test_a_latent_that_tells_nothing_apart_is_refused(run, stamps, tmp_path, monkeypatch):
    found = read_latents(run, stamps, threads=1)
    flat = {split: np.zeros_like(each) for split, each in found.items()}
    monkeypatch.setattr(spaces, "read_latents", lambda *_, **__: flat)
    with pytest.raises(InputError, match="none of the 4 numbers of its latent"):
        cluster_galaxies(run, stamps, tmp_path / "groups", **QUICK)
    assert not (tmp_path / "groups").exists()


def test_neighbours_stay_neighbours_on_the_map():
    random = np.random.default_rng(0)
    features = np.concatenate([random.normal(size=(40, 3)), random.normal(size=(40, 3)) + 20])
    place = placed(features, 80)
    first, second = place[:40], place[40:]
    apart = np.linalg.norm(first.mean(0) - second.mean(0))
    assert apart > 2 * max(first.std(0).max(), second.std(0).max())
    assert placed(features[:, :1], 80).shape == (80, 2)


def test_pictures_are_red_where_the_red_band_is_bright():
    stamp = np.zeros((8, 8, 4), np.float32)
    stamp[..., 2] = 5
    red = rgb_from_channels(stamp, ["g_image", "r_image", "z_image", "psf"])
    assert red.shape == (8, 8, 3)
    assert (red[..., 0] > red[..., 2]).all()
    given = np.random.default_rng(0).uniform(size=(8, 8, 3)).astype(np.float32)
    np.testing.assert_array_equal(
        rgb_from_channels(given, ["R_image", "G_image", "B_image"]), given
    )
    assert rgb_from_channels(stamp[..., :2], ["g_image", "r_image"]).shape == (8, 8, 3)
