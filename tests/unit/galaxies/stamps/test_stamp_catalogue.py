"""Catalogues beside stamps: matched by name or position, used as labels, conditions and groups."""

import h5py
import numpy as np
import pandas as pd
import pytest
from astropy.table import Table

from cosmodag.datasets.folder import read_index
from cosmodag.datasets.shards import write_dataset
from cosmodag.errors import InputError
from cosmodag.evaluation.evaluate import evaluate
from cosmodag.galaxies.cutouts.galaxy_stamps import cut_galaxies
from cosmodag.galaxies.stamps.catalogue_format import CatalogueFormat
from cosmodag.galaxies.stamps.stamp_catalogue import StampCatalogue
from cosmodag.galaxies.stamps.stamp_files import open_stamp_files
from cosmodag.galaxies.stamps.stamp_format import StampFormat
from cosmodag.training.run import train_run
from cosmodag.training.settings import RunSettings
from tests.stamps import blobs
from tests.unit.galaxies.stamps.test_real_formats import CUBE, write

NOWHERE = np.full((3, 2), np.nan)
ROWS = {
    "name": ["g2", "g0", "g1"],
    "ra": [12.0, 10.0, 11.0],
    "dec": [2.0, 0.0, 1.0],
    "z": [0.3, 0.1, 0.2],
    "kind": ["disc", "bar", "disc"],
    "field": [7, 7, 8],
}


def catalogue(folder, suffix="csv", rows=ROWS, **settings):
    path = folder / f"catalogue.{suffix}"
    if suffix == "fits":
        Table(rows).write(path, overwrite=True)
    elif suffix == "parquet":
        pd.DataFrame(rows).to_parquet(path)
    else:
        pd.DataFrame(rows).to_csv(path, index=False)
    settings = {"key": "name", "columns": ["z", "kind"]} | settings
    return StampCatalogue(CatalogueFormat.from_mapping({"path": str(path)} | settings))


@pytest.mark.parametrize("suffix", ["csv", "fits", "parquet"])
def test_tables_of_all_formats_are_matched_by_name(suffix, tmp_path):
    ids, names = ["a/g0.fits", "g1.fits", "other.fits"], ["g0", "g1", "other"]
    matched = catalogue(tmp_path, suffix, group="field").match(ids, names, NOWHERE)
    assert matched.found.tolist() == [True, True, False]
    np.testing.assert_array_equal(matched.values["z"], [0.1, 0.2, np.nan])
    assert matched.values["kind"].tolist() == ["bar", "disc", ""]
    np.testing.assert_array_equal(matched.values["kind_class"], [0, 1, np.nan])
    assert matched.groups == ["7", "8", ""]
    assert matched.positions is None


@pytest.mark.parametrize("form", ["{}", "{}.fits", "images/{}.fits"])
def test_keys_may_have_folders_and_extensions(form, tmp_path):
    rows = ROWS | {"name": [form.format(name) for name in ROWS["name"]]}
    matched = catalogue(tmp_path, rows=rows).match(["x/g0.fits"], ["g0"], NOWHERE[:1])
    assert matched.values["z"].tolist() == [0.1]


def test_numbers_are_names(tmp_path):
    rows = ROWS | {"name": [2.0, 0.0, 1.0]}
    matched = catalogue(tmp_path, rows=rows).match(["1.fits"], ["1"], NOWHERE[:1])
    assert matched.values["z"].tolist() == [0.2]


@pytest.mark.parametrize("missing", ["", "NA", None])
@pytest.mark.parametrize("suffix", ["csv", "fits", "parquet"])
def test_rows_without_a_name_belong_to_no_stamp(missing, suffix, tmp_path):
    if suffix == "fits":
        missing = missing or ""
    for names in (["g2", "g0", missing, missing], [2**60 + 1, 2**60, missing, missing]):
        rows = {"name": [None if each is None else str(each) for each in names]}
        rows |= {"z": [0.1, 0.2, 0.3, 0.4]}
        name = str(names[1])
        matched = catalogue(tmp_path, suffix, rows, columns=["z"]).match(
            [f"{name}.fits", "other.fits"], [name, "other"], NOWHERE[:2]
        )
        assert matched.found.tolist() == [True, False]
        assert matched.values["z"][0] == 0.2


def test_widths_that_are_no_lengths_are_rejected(tmp_path):
    widths = {"g0": "1.5", "g1": "bad", "g2": "0", "g3": "-1", "g4": "inf"}
    paths = [str(write(tmp_path / f"{name}.fits", CUBE)) for name in widths]
    rows = {"name": list(widths), "psf": list(widths.values())}
    opened = open_stamp_files(
        paths,
        "stamps",
        StampFormat(bands="grz", pixel=0.2, max_rejected=0.9),
        catalogue=catalogue(tmp_path, rows=rows, columns=["psf"]),
    )
    count = cut_galaxies(opened, tmp_path / "cut.h5", side=16, flux_unit=1, conditions=["psf"])
    assert count == 1
    with h5py.File(tmp_path / "cut.h5") as file:
        assert file["x"][0, 0, 0, -1] == pytest.approx(1.5 / 0.2)
    reasons = {row.item: row.reason for row in opened.rejections.rejected}
    assert "has no row with all columns" in reasons.pop("stamp g1.fits")
    for name, width in (("g2", "0.0"), ("g3", "-1.0"), ("g4", "inf")):
        assert f"its psf is {width}, no length in arcsec above 0" in reasons[f"stamp {name}.fits"]


def test_a_column_of_widths_without_numbers_is_refused(tmp_path):
    rows = {"name": ["g0", "g1"], "psf": ["good", "bad"]}
    with pytest.raises(InputError, match="column psf has no numbers, such as 'good'; change"):
        catalogue(tmp_path, rows=rows, columns=["psf"])


def test_positions_match_within_the_radius(tmp_path):
    near = np.array([[11.0, 1.0 + 0.5 / 3600], [10.0, 0.0 + 2 / 3600], [np.nan, np.nan]])
    matched = catalogue(tmp_path, key=None, ra="ra", dec="dec").match(["a"] * 3, ["a"] * 3, near)
    assert matched.found.tolist() == [True, False, False]
    assert matched.values["z"][0] == 0.2


def test_impossible_positions_of_a_catalogue_match_no_stamp(tmp_path):
    rows = ROWS | {"dec": [2.0, 0.0, 179.0]}  # 179 degrees at ra 11 is 1 degree at ra 191
    near = np.array([[191.0, 1.0], [10.0, 0.0]])
    matched = catalogue(tmp_path, rows=rows, key=None, ra="ra", dec="dec").match(
        ["a"] * 2, ["a"] * 2, near
    )
    assert matched.found.tolist() == [False, True]


@pytest.mark.parametrize(
    ("settings", "rows", "message"),
    [
        ({"columns": ["zz"]}, ROWS, "catalogue.columns: column 'zz' is not known"),
        ({"key": "nme"}, ROWS, "did you mean 'name'"),
        ({}, ROWS | {"name": ["g0", "g0", "g1"]}, "its column name has 'g0' twice"),
        ({}, ROWS | {"name": ["x", "y", "w"]}, "has none of the stamps, such as g0"),
        ({"key": None}, ROWS, "catalogue.key: missing"),
        ({"columns": ["group"]}, ROWS, "'group' has another meaning"),
    ],
)
def test_catalogues_that_do_not_fit_are_refused(settings, rows, message, tmp_path):
    with pytest.raises(InputError, match=message):
        catalogue(tmp_path, rows=rows, **settings).match(["g0.fits"], ["g0"], NOWHERE[:1])


@pytest.mark.parametrize("unmatched", ["leave_out", "keep"])
def test_stamps_without_a_row_are_listed_or_kept(unmatched, tmp_path):
    paths = [str(write(tmp_path / f"{name}.fits", CUBE)) for name in ("g0", "g1", "other")]
    opened = open_stamp_files(
        paths,
        "stamps",
        StampFormat(bands="grz", pixel=0.2),
        catalogue=catalogue(tmp_path, unmatched=unmatched),
    )
    found = [stamp.id for stamp in opened.stamps]
    assert opened.rejections.n_rejected == 0
    listed = [row.item for row in opened.rejections.rejected]
    if unmatched == "keep":
        assert (found, listed) == (["g0.fits", "g1.fits", "other.fits"], [])
    else:
        assert (found, listed) == (["g0.fits", "g1.fits"], ["stamp other.fits"])


def test_networks_learn_labels_and_targets_of_a_catalogue(tmp_path):
    images, _, kinds = blobs(90, 16, seed=3)
    names = ["red", "flat", "grey"]
    folder = tmp_path / "stamps"
    folder.mkdir()
    for number, image in enumerate(images):
        write(folder / f"{number}.fits", np.moveaxis(image, -1, 0))
    rows = {
        "name": np.arange(90),
        "kind": [names[kind] for kind in kinds],
        "flux": images[..., 1].sum(axis=(1, 2)),
        "pair": np.arange(90) // 2,
    }
    table = catalogue(tmp_path, rows=rows, columns=["kind", "flux"], group="pair")
    opened = open_stamp_files(
        [str(folder / f"{number}.fits") for number in range(90)],
        "stamps",
        StampFormat(bands="grz", pixel=0.2),
        catalogue=table,
    )
    cut_galaxies(opened, tmp_path / "cut.h5", side=16, flux_unit=1, conditions=["flux"])
    write_dataset([tmp_path / "cut.h5"], tmp_path / "datasets/d", fractions=(0.6, 0.2, 0.2))
    index = read_index(tmp_path / "datasets/d")
    assert index.groupby("group").size().tolist() == [2] * 45
    assert index.groupby("group")["split"].nunique().max() == 1
    classes = index["id"].str.removesuffix(".fits").astype(int).map(lambda row: kinds[row])
    assert (
        index["kind_class"].astype(int).map(["flat", "grey", "red"].__getitem__) == index["kind"]
    ).all()
    assert (classes.map(names.__getitem__) == index["kind"]).all()
    settings = RunSettings(
        task={"name": "classification", "column": "kind_class"},
        model={"name": "stampnet", "width": 4},
        training={"epochs": 1, "batch_size": 16, "learning_rate": 3e-3},
        transform="arcsinh",
    )
    run = tmp_path / "runs/kind"
    train_run(tmp_path / "datasets/d", run, settings, threads=1)
    metrics = evaluate(tmp_path / "datasets/d", run, replicas=50, threads=1)
    assert metrics["n"] == int((index["split"] == "test").sum())
    best = max(scores["accuracy"]["value"] for scores in metrics["baselines"].values())
    assert best > 0.8
