"""Inference on new images of galaxies."""

import logging
import shutil

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits

from cosmodag.datasets.folder import read_index
from cosmodag.errors import InputError
from cosmodag.evaluation.latents import read_latents
from cosmodag.evaluation.symmetric_prediction import predict_splits
from cosmodag.evaluation.trained_run import TrainedRun, find_dataset
from cosmodag.galaxies.clusters.cluster_file import LatentClusters, write_clusters
from cosmodag.galaxies.clusters.cluster_models import Centroids
from cosmodag.galaxies.clusters.outliers import outlier_reference
from cosmodag.galaxies.outputs import PREDICTIONS
from cosmodag.galaxies.prediction.predict import predict_galaxies
from cosmodag.galaxies.prediction.trained_stamps import PredictionRuns
from cosmodag.galaxies.stamps.stamp_catalogue import open_catalogue
from cosmodag.galaxies.stamps.stamp_format import StampFormat
from cosmodag.galaxies.stamps.stamps_file import read_stamps
from cosmodag.provenance import file_hash
from tests.checksummed import edit_json
from tests.galaxy_runs import simulate


def predict(galaxy_runs, output, stamps, *names, clusters=None, **stamp_format):
    folders = {name: galaxy_runs / "runs" / name for name in names or ("parameters", "latent")}
    runs = PredictionRuns(**folders, clusters=clusters)
    return predict_galaxies([stamps], output, runs, StampFormat(**stamp_format), threads=1)


@pytest.fixture(scope="module")
def table(galaxy_runs, tmp_path_factory):
    output = tmp_path_factory.mktemp("predictions") / "table.parquet"
    predict(galaxy_runs, output, galaxy_runs / "stamps.h5")
    return pd.read_parquet(output).set_index("id")


def test_predictions_equal_those_of_the_test_split(galaxy_runs, table):
    dataset = galaxy_runs / "datasets" / "stamps"
    test = table.loc[read_index(dataset, "test")["id"]]
    splits = predict_splits(galaxy_runs / "runs" / "parameters", dataset, threads=1)
    for column, name in enumerate(("magnitude", "log_radius")):
        expected = splits["test"]["mean"][:, column]
        assert test[name].to_numpy() == pytest.approx(expected, abs=1e-4)
    latents = read_latents(galaxy_runs / "runs" / "latent", dataset, ["test"], threads=1)["test"]
    columns = [f"latent_{number}" for number in range(4)]
    np.testing.assert_allclose(test[columns], latents, atol=1e-4)


def test_intervals_have_nominal_coverage_on_the_validation_split(galaxy_runs, table):
    index = read_index(galaxy_runs / "datasets" / "stamps", "valid").set_index("id")
    valid = table.loc[index.index]
    for name in ("magnitude", "log_radius"):
        inside = index[name].between(valid[f"{name}_low"], valid[f"{name}_high"])
        assert inside.mean() == pytest.approx(0.6827, abs=1.5 / len(index))


def test_galaxies_of_the_same_distribution_rarely_have_warnings(galaxy_runs, tmp_path, caplog):
    stamps = simulate(tmp_path / "stamps.h5", count=300, seed=8)
    with caplog.at_level(logging.INFO):
        table = predict(galaxy_runs, tmp_path / "table.csv", stamps, "parameters")
    outside = int(table["outside"].sum())
    assert outside <= 12  # 1 % of 300, with a threshold from 80 images
    assert f"300 galaxies: {outside} outside the training distribution" in caplog.text
    assert (table["warning"] != "").sum() <= outside + 3
    read = pd.read_csv(tmp_path / "table.csv", keep_default_na=False)
    assert read["warning"].tolist() == table["warning"].tolist()
    assert (tmp_path / "table.svg").read_text().count("<image") == 48


def test_angular_sizes_scale_with_the_pixel_and_magnitudes_do_not(galaxy_runs, table, tmp_path):
    _, stamps = write_files(galaxy_runs, tmp_path / "stamps", bands="grz")
    near, far = (
        predict(galaxy_runs, tmp_path / "table.csv", stamps, "parameters", pixel=p, psf=3 * p)
        for p in (0.1, 0.2)
    )
    assert far["magnitude"].to_numpy() == pytest.approx(near["magnitude"].to_numpy())
    for name in ("log_radius", "log_radius_low", "log_radius_high"):
        assert (far[name] - near[name]).to_numpy() == pytest.approx(np.log10(2))


def test_bands_are_reordered_like_those_of_the_run(galaxy_runs, tmp_path):
    tables = []
    for number, (bands, order) in enumerate((("grz", None), ("zrg", None), ("zrg", list("zrg")))):
        named = order is None
        _, stamps = write_files(galaxy_runs, tmp_path / str(number), bands=bands, named=named)
        stamp_format = {"pixel": 0.1, "psf": 0.3, "bands": order}
        tables.append(
            predict(galaxy_runs, tmp_path / "table.csv", stamps, "parameters", **stamp_format)
        )
    for other in tables[1:]:
        pd.testing.assert_frame_equal(other, tables[0])


def test_predictions_are_written_back_with_the_catalogue_as_fits(galaxy_runs, tmp_path):
    _, stamps = write_files(galaxy_runs, tmp_path / "stamps", bands="grz")
    names = sorted(path.name for path in stamps.iterdir())
    rows = {"file": names, "z": np.arange(len(names)) / 10, "kind": ["a"] * len(names)}
    pd.DataFrame(rows).to_csv(tmp_path / "own.csv", index=False)
    own = {"path": str(tmp_path / "own.csv"), "key": "file", "columns": ["z", "kind"]}
    output = tmp_path / "table.fits"
    predict_galaxies(
        [stamps],
        output,
        PredictionRuns(parameters=galaxy_runs / "runs" / "parameters"),
        StampFormat(pixel=0.1, psf=0.3),
        catalogue=open_catalogue(own),
        threads=1,
    )
    table = fits.getdata(output, 1)
    assert list(table["id"]) == names
    assert table["z"] == pytest.approx(rows["z"])
    assert set(table["kind"]) == {"a"}
    assert np.isfinite(table["magnitude"]).all()
    assert PREDICTIONS.fault(output) is None


def test_clusters_have_outlier_scores(galaxy_runs, tmp_path):
    clusters = write_two_clusters(galaxy_runs, tmp_path / "clusters")
    stamps = galaxy_runs / "stamps.h5"
    table = predict(
        galaxy_runs, tmp_path / "table.csv", stamps, "latent", clusters=tmp_path / "clusters"
    )
    latents = table[[f"latent_{number}" for number in range(4)]].to_numpy()
    np.testing.assert_array_equal(table["cluster"], clusters.predict(latents))
    np.testing.assert_allclose(table["outlier_score"], clusters.outlier_score(latents))
    assert set(table["cluster"]) == {0, 1}
    assert "magnitude" not in table
    assert "cluster 1" in (tmp_path / "table.svg").read_text()


def test_clusters_of_another_run_raise(galaxy_runs, tmp_path):
    write_two_clusters(galaxy_runs, tmp_path / "clusters", model_hash="0" * 64)
    stamps, output = galaxy_runs / "stamps.h5", tmp_path / "table.csv"
    with pytest.raises(InputError, match="clusters are of another training of the run latent"):
        predict(galaxy_runs, output, stamps, "latent", clusters=tmp_path / "clusters")
    with pytest.raises(InputError, match="clusters need the run of the task latent; set latent"):
        predict(galaxy_runs, output, stamps, "parameters", clusters=tmp_path / "clusters")


def test_runs_of_other_tasks_raise(galaxy_runs, tmp_path):
    runs, stamps = galaxy_runs / "runs", galaxy_runs / "stamps.h5"
    wrong = PredictionRuns(parameters=runs / "latent")
    with pytest.raises(InputError, match="its task is latent; choose a run of count or regression"):
        predict_galaxies([stamps], tmp_path / "table.csv", wrong)
    wrong = PredictionRuns(latent=runs / "parameters")
    with pytest.raises(InputError, match="its task is count; choose a run of latent"):
        predict_galaxies([stamps], tmp_path / "table.csv", wrong)
    with pytest.raises(InputError, match="no run is given: set parameters, latent, or both"):
        predict_galaxies([stamps], tmp_path / "table.csv", PredictionRuns())
    latent = PredictionRuns(latent=runs / "latent")
    with pytest.raises(
        InputError, match=r"table\.txt: its name must end in \.csv or \.parquet or \.fits"
    ):
        predict_galaxies([stamps], tmp_path / "table.txt", latent)
    assert not any(tmp_path.iterdir())


def test_dataset_of_a_run_is_found_by_its_hash(galaxy_runs, tmp_path):
    run = galaxy_runs / "runs" / "latent"
    assert TrainedRun(run).dataset_folder == galaxy_runs.resolve() / "datasets" / "stamps"
    shutil.copytree(run, tmp_path / "runs" / "copy")
    with pytest.raises(InputError, match="the dataset that it was trained on is not under"):
        TrainedRun(tmp_path / "runs" / "copy")
    with pytest.raises(InputError, match="is not under"):
        find_dataset(run, "another hash")
    other = tmp_path / "other"
    shutil.copytree(galaxy_runs / "datasets" / "stamps", other)
    TrainedRun(tmp_path / "runs" / "copy", other)
    edit_json(other / "dataset.json", seed=1)
    with pytest.raises(InputError, match=r"other: not the dataset that .* was trained on"):
        TrainedRun(tmp_path / "runs" / "copy", other)


def write_files(galaxy_runs, folder, *, bands, named=True):
    """Write the first stamps as FITS files with their bands in a given order."""
    folder.mkdir(parents=True)
    places = ["grz".index(band) for band in bands]
    stamps = [stamp for stamp, _ in zip(read_stamps(galaxy_runs / "stamps.h5"), range(5))]
    for stamp in stamps:
        hdu = fits.PrimaryHDU(stamp.image[places])
        if named:
            hdu.header["BANDS"] = bands
        hdu.writeto(folder / f"{stamp.id}.fits")
    return stamps, folder


def write_two_clusters(galaxy_runs, folder, model_hash=None):
    """Write two clusters that differ in the first latent dimension."""
    run = galaxy_runs / "runs" / "latent"
    dataset = galaxy_runs / "datasets" / "stamps"
    latents = read_latents(run, dataset, ["train"], threads=1)["train"]
    mean, offset = latents.mean(0), latents.std(0) * [1, 0, 0, 0]
    clusters = LatentClusters(
        run="latent",
        model_hash=model_hash or file_hash(run / "model.pt"),
        method="k_means",
        active=np.ones(4, bool),
        clusters=Centroids(np.stack([mean - offset, mean + offset]).astype(np.float64)),
        outliers=outlier_reference(latents.astype(np.float64)),
    )
    write_clusters(folder / "cluster_model.h5", clusters)
    return clusters
