"""Trained networks applied to images of galaxies."""

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
from cosmodag.galaxies.clusters.grouping_file import KeptGrouping, write_grouping
from cosmodag.galaxies.clusters.groupings import Centres
from cosmodag.galaxies.clusters.outliers import surroundings
from cosmodag.galaxies.prediction.predict import predict_galaxies
from cosmodag.galaxies.stamps.stamps_file import read_stamps
from cosmodag.provenance import file_hash
from tests.galaxy_runs import simulate


def applied(galaxy_runs, output, stamps, *names, **settings):
    runs = {name: galaxy_runs / "runs" / name for name in names or ("parameters", "latent")}
    return predict_galaxies([stamps], output, **runs, threads=1, **settings)


@pytest.fixture(scope="module")
def table(galaxy_runs, tmp_path_factory):
    output = tmp_path_factory.mktemp("applied") / "table.parquet"
    applied(galaxy_runs, output, galaxy_runs / "stamps.h5")
    return pd.read_parquet(output).set_index("id")


def test_stamps_are_told_what_they_were_told_in_the_test(galaxy_runs, table):
    dataset = galaxy_runs / "datasets" / "stamps"
    test = table.loc[read_index(dataset, "test")["id"]]
    found = predict_splits(galaxy_runs / "runs" / "parameters", dataset, threads=1)["test"]
    for number, name in enumerate(("magnitude", "log_radius")):
        assert test[name].to_numpy() == pytest.approx(found["mean"][:, number], abs=1e-4)
    latents = read_latents(galaxy_runs / "runs" / "latent", dataset, ["test"], threads=1)["test"]
    columns = [f"latent_{number}" for number in range(4)]
    np.testing.assert_allclose(test[columns], latents, atol=1e-4)


def test_intervals_hold_the_truth_as_often_as_they_say(galaxy_runs, table):
    index = read_index(galaxy_runs / "datasets" / "stamps", "valid").set_index("id")
    valid = table.loc[index.index]
    for name in ("magnitude", "log_radius"):
        inside = index[name].between(valid[f"{name}_low"], valid[f"{name}_high"])
        assert inside.mean() == pytest.approx(0.6827, abs=1.5 / len(index))


def test_galaxies_of_the_same_law_are_hardly_ever_doubted(galaxy_runs, tmp_path, caplog):
    stamps = simulate(tmp_path / "stamps.h5", count=300, seed=8)
    with caplog.at_level(logging.INFO):
        table = applied(galaxy_runs, tmp_path / "table.csv", stamps, "parameters")
    outside = int(table["outside"].sum())
    assert outside <= 12  # 1 % of 300, by a level that rests on 80 images
    assert f"300 galaxies: {outside} outside the training distribution" in caplog.text
    assert (table["warning"] != "").sum() <= outside + 3
    read = pd.read_csv(tmp_path / "table.csv", keep_default_na=False)
    assert read["warning"].tolist() == table["warning"].tolist()
    assert (tmp_path / "table.svg").read_text().count("<image") == 48


def test_angles_grow_with_the_pixel_and_magnitudes_do_not(galaxy_runs, table, tmp_path):
    _, stamps = write_files(galaxy_runs, tmp_path / "stamps", bands="grz")
    near, far = (
        applied(galaxy_runs, tmp_path / "table.csv", stamps, "parameters", pixel=p, psf=3 * p)
        for p in (0.1, 0.2)
    )
    assert far["magnitude"].to_numpy() == pytest.approx(near["magnitude"].to_numpy())
    for name in ("log_radius", "log_radius_low", "log_radius_high"):
        assert (far[name] - near[name]).to_numpy() == pytest.approx(np.log10(2))


def test_bands_are_put_into_the_order_of_the_run(galaxy_runs, tmp_path):
    tables = []
    for number, (bands, order) in enumerate((("grz", None), ("zrg", None), ("zrg", list("zrg")))):
        named = order is None
        _, stamps = write_files(galaxy_runs, tmp_path / str(number), bands=bands, named=named)
        given = {"pixel": 0.1, "psf": 0.3, "bands": order}
        tables.append(applied(galaxy_runs, tmp_path / "table.csv", stamps, "parameters", **given))
    for other in tables[1:]:
        pd.testing.assert_frame_equal(other, tables[0])


def test_groups_come_with_how_far_out_a_latent_lies(galaxy_runs, tmp_path):
    kept = write_groups(galaxy_runs, tmp_path / "groups")
    stamps = galaxy_runs / "stamps.h5"
    table = applied(
        galaxy_runs, tmp_path / "table.csv", stamps, "latent", clusters=tmp_path / "groups"
    )
    latents = table[[f"latent_{number}" for number in range(4)]].to_numpy()
    np.testing.assert_array_equal(table["group"], kept.predict(latents))
    np.testing.assert_allclose(table["outlier"], kept.outlier_score(latents))
    assert set(table["group"]) == {0, 1}
    assert "magnitude" not in table
    assert "group 1" in (tmp_path / "table.svg").read_text()


def test_groups_of_other_latents_are_refused(galaxy_runs, tmp_path):
    write_groups(galaxy_runs, tmp_path / "groups", model="0" * 64)
    stamps, output = galaxy_runs / "stamps.h5", tmp_path / "table.csv"
    with pytest.raises(InputError, match="groups are of the latents of latent, as it was then"):
        applied(galaxy_runs, output, stamps, "latent", clusters=tmp_path / "groups")
    with pytest.raises(InputError, match="groups are of latents; give the run of task latent"):
        applied(galaxy_runs, output, stamps, "parameters", clusters=tmp_path / "groups")


def test_runs_are_refused_for_what_they_do_not_do(galaxy_runs, tmp_path):
    runs, stamps = galaxy_runs / "runs", galaxy_runs / "stamps.h5"
    with pytest.raises(InputError, match="its task is latent; give a run of count or regression"):
        predict_galaxies([stamps], tmp_path / "table.csv", parameters=runs / "latent")
    with pytest.raises(InputError, match="its task is count; give a run of latent"):
        predict_galaxies([stamps], tmp_path / "table.csv", latent=runs / "parameters")
    with pytest.raises(InputError, match="no run is given: name one by parameters, by latent"):
        predict_galaxies([stamps], tmp_path / "table.csv")
    with pytest.raises(InputError, match=r"table\.txt: end its name in \.csv or \.parquet"):
        predict_galaxies([stamps], tmp_path / "table.txt", latent=runs / "latent")
    assert not any(tmp_path.iterdir())


def test_a_dataset_is_found_by_what_the_run_was_trained_on(galaxy_runs, tmp_path):
    run = galaxy_runs / "runs" / "latent"
    assert TrainedRun(run).dataset_folder == galaxy_runs.resolve() / "datasets" / "stamps"
    shutil.copytree(run, tmp_path / "runs" / "alone")
    with pytest.raises(InputError, match="the dataset that it was trained on is not under"):
        TrainedRun(tmp_path / "runs" / "alone")
    with pytest.raises(InputError, match="is not under"):
        find_dataset(run, "another hash")
    other = tmp_path / "other"
    shutil.copytree(galaxy_runs / "datasets" / "stamps", other)
    TrainedRun(tmp_path / "runs" / "alone", other)
    text = (other / "dataset.json").read_text()
    (other / "dataset.json").write_text(text.replace('"seed": 0', '"seed": 1'))
    with pytest.raises(InputError, match=r"other: not the dataset that .* was trained on"):
        TrainedRun(tmp_path / "runs" / "alone", other)


def write_files(galaxy_runs, folder, *, bands, named=True):
    """The first stamps as FITS files with their bands in an order."""
    folder.mkdir(parents=True)
    places = ["grz".index(band) for band in bands]
    stamps = [stamp for stamp, _ in zip(read_stamps(galaxy_runs / "stamps.h5"), range(5))]
    for stamp in stamps:
        hdu = fits.PrimaryHDU(stamp.image[places])
        if named:
            hdu.header["BANDS"] = bands
        hdu.writeto(folder / f"{stamp.id}.fits")
    return stamps, folder


def write_groups(galaxy_runs, folder, model=None):
    """Two groups of the latents, told apart by their first number."""
    run = galaxy_runs / "runs" / "latent"
    latents = read_latents(run, galaxy_runs / "datasets" / "stamps", ["train"], threads=1)["train"]
    middle, spread = latents.mean(0), latents.std(0) * [1, 0, 0, 0]
    kept = KeptGrouping(
        "latent",
        model or file_hash(run / "model.pt"),
        "k_means",
        np.ones(4, bool),
        Centres(np.stack([middle - spread, middle + spread]).astype(np.float64)),
        surroundings(latents.astype(np.float64)),
    )
    write_grouping(folder / "grouping.h5", kept)
    return kept
