"""Retrieval of similar galaxies by the latents of a run."""

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from cosmodag.__main__ import main
from cosmodag.datasets.folder import read_index
from cosmodag.datasets.splits import SPLITS
from cosmodag.errors import InputError
from cosmodag.evaluation.latents import active, read_latents
from cosmodag.galaxies.prediction.similar import find_similar
from tests.galaxy_runs import simulate


@pytest.fixture(scope="module")
def table(galaxy_runs, tmp_path_factory):
    output = tmp_path_factory.mktemp("similar") / "table.csv"
    words = ["galaxies", "similar", str(galaxy_runs / "stamps.h5"), "--number=3"]
    words += [f"--run={galaxy_runs / 'runs' / 'latent'}", f"--output={output}"]
    done = CliRunner().invoke(main, words, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    # A row of the figure is an image and the three galaxies found for it.
    assert output.with_suffix(".svg").read_text().count("<image") == 12 * 4
    return pd.read_csv(output)


def test_a_galaxy_of_the_dataset_finds_itself_first(table):
    first = table[table["rank"] == 1]
    assert (first["id"] == first["similar"]).all()
    np.testing.assert_allclose(first["distance"], 0, atol=1e-3)
    assert set(table["split"]) == set(SPLITS)
    assert (table.groupby("id")["distance"].diff().dropna() >= 0).all()


def test_the_galaxies_found_are_those_of_the_nearest_latents(galaxy_runs, table):
    dataset = galaxy_runs / "datasets" / "stamps"
    latents = read_latents(galaxy_runs / "runs" / "latent", dataset, threads=1)
    names = np.concatenate([read_index(dataset, split)["id"] for split in SPLITS])
    points = np.concatenate([latents[split] for split in SPLITS])[:, active(latents)]
    unit = nearest_neighbours(points[: len(latents["train"])])[:, 1]
    distances = np.linalg.norm(points[7] - points, axis=1)
    rows = table[table["id"] == names[7]]
    assert rows["similar"].tolist() == names[np.argsort(distances)[:3]].tolist()
    expected = np.sort(distances)[:3] / np.median(unit)
    np.testing.assert_allclose(rows["distance"], expected, atol=1e-3)


def test_columns_of_the_dataset_describe_the_galaxies_found(galaxy_runs, table):
    index = read_index(galaxy_runs / "datasets" / "stamps", "test").set_index("id")
    rows = table[table["split"] == "test"]
    expected = index.loc[rows["similar"], "magnitude"]
    np.testing.assert_allclose(rows["similar_magnitude"], expected, rtol=1e-6)


def test_new_galaxies_find_galaxies_of_the_dataset(galaxy_runs, tmp_path):
    stamps = simulate(tmp_path / "stamps.h5", count=60, seed=9)
    run = galaxy_runs / "runs" / "latent"
    table = find_similar([stamps], tmp_path / "table.parquet", run, number=1, threads=1)
    found = pd.read_parquet(tmp_path / "table.parquet")
    pd.testing.assert_frame_equal(found, table, check_dtype=False)
    assert not set(table["similar"]) & set(table["id"])
    assert len(table) == 60


def test_more_galaxies_than_there_are_and_runs_without_latents_are_refused(galaxy_runs, tmp_path):
    stamps, runs = galaxy_runs / "stamps.h5", galaxy_runs / "runs"
    with pytest.raises(InputError, match=r"number 401: .* has 400 galaxies to choose from"):
        find_similar([stamps], tmp_path / "t.csv", runs / "latent", number=401, threads=1)
    with pytest.raises(InputError, match="its task is count; choose a run of latent"):
        find_similar([stamps], tmp_path / "t.csv", runs / "parameters", threads=1)
    with pytest.raises(InputError, match=r"t\.txt: its name must end in \.csv or"):
        find_similar([stamps], tmp_path / "t.txt", runs / "latent", threads=1)


def nearest_neighbours(points):
    """Return sorted distances (N, N) of points to each other."""
    return np.sort(np.linalg.norm(points[:, None] - points[None], axis=2), axis=1)
