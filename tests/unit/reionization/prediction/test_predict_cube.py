"""What trained networks predict of cubes without labels."""

import json

import h5py
import numpy as np
import pandas as pd
import pytest
from astropy.io import fits
from click.testing import CliRunner

from cosmodag.commands.main import main
from cosmodag.datasets.folder import read_index
from cosmodag.errors import InputError
from cosmodag.evaluation.symmetric_prediction import predict_splits
from cosmodag.evaluation.trained_run import TrainedRun
from cosmodag.hdf5 import open_kind
from cosmodag.reionization.cubes.input_cubes import ArrayFormat
from cosmodag.reionization.prediction.input_slices import SliceSelection
from cosmodag.reionization.prediction.predict import predict_cube
from tests.unit.reionization.prediction.conftest import (
    CELL_SIZE,
    CELLS,
    HUBBLE,
    OMEGA_M,
    temperature,
)

BOX = CELLS * CELL_SIZE
LEVELS = ("low_68", "high_68", "low_95", "high_95")


@pytest.fixture
def write(tmp_path):
    """Function that saves a cube and returns its path."""

    def save(values, name="cube.npy"):
        np.save(tmp_path / name, values)
        return tmp_path / name

    return save


def predict(path, run, output, *, axes=None, stride_depth=4, observed=False, **stated):
    stated = ArrayFormat(**({"box_size": BOX, "redshift": 8.0} | stated))
    selection = SliceSelection(axes, stride_depth, observed)
    return predict_cube(path, run, output, stated, selection=selection, threads=1)


def test_new_inputs_are_scaled_as_the_test_split_of_a_noisy_run(trained):
    """Of the same slices with the same noise, predictions are those of the evaluation."""
    run = TrainedRun(trained.runs / "classification", threads=1)
    index = read_index(trained.dataset, "test")
    x = np.load(trained.dataset / "xtest_1.npy", allow_pickle=False)
    noisy = run.noise.add(x.copy(), 0, np.arange(len(index)))
    expected = predict_splits(run.folder, trained.dataset, threads=1)["test"]["probability"]
    np.testing.assert_allclose(run.predict(noisy)["probability"], expected, atol=1e-5)


def test_ordered_classes_have_probabilities_means_and_intervals(trained, write, tmp_path):
    table = predict(write(temperature(50, 8.0)), trained.runs / "ordinal", tmp_path / "out")
    assert table["part"].tolist() == ["cube"] + 8 * ["slice"]
    values = {"redshift": (6, 8, 10), "escape_fraction": (0.08, 0.12)}
    for name, known in values.items():
        probability = table[[f"p_{name}_{value:g}" for value in known]].to_numpy()
        np.testing.assert_allclose(probability.sum(1), 1, atol=1e-5)
        np.testing.assert_allclose(table[name], probability @ np.array(known), atol=1e-5)
        low95, low68, high68, high95 = (
            table[f"{name}_{level}"] for level in ("low_95", "low_68", "high_68", "high_95")
        )
        assert ((low95 <= low68) & (low68 <= high68) & (high68 <= high95)).all()
    # The synthetic universes are ionized from redshift 10 to 6.
    other = predict(write(temperature(50, 6.0)), trained.runs / "ordinal", tmp_path / "out")
    assert other["redshift"][0] < table["redshift"][0]


@pytest.mark.parametrize(
    ("task", "columns"),
    [("count", ["slice_neutral_fraction"]), ("regression", ["redshift", "neutral_fraction"])],
)
def test_numbers_have_intervals(trained, write, tmp_path, task, columns):
    table = predict(write(temperature(50, 8.0)), trained.runs / task, tmp_path / "out")
    for column in columns:
        low, high = (table[f"{column}_{level}"] for level in LEVELS[:2])
        assert (low < table[column]).all()
        assert (table[column] < high).all()
        assert table[column][0] == pytest.approx(table[column][1:].mean(), rel=1e-5)
    record = json.loads((tmp_path / "out" / "prediction.json").read_text())
    assert set(record["how"]) == set(columns)
    # Two validation universes, three redshifts and two escape fractions.
    assert record["how"][columns[0]] == {"rule": "mean over slices", "n_cubes": 12}


def test_posteriors_have_samples_and_marginals_that_agree(trained, write, tmp_path):
    table = predict(write(temperature(50, 8.0)), trained.runs / "posterior", tmp_path / "out")
    assert not [name for name in table if name.startswith("p_")]
    with h5py.File(tmp_path / "out" / "posterior.h5") as file:
        samples, columns = file["samples"][:], list(file.attrs["columns"])
    assert columns == ["redshift", "neutral_fraction"]
    slices = table[table["part"] == "slice"]
    assert samples.shape == (len(slices), 1000, 2)
    assert (samples[..., 0] > 5).all()
    assert (samples[..., 0] < 11).all()
    for number, name in enumerate(columns):
        drawn, spread = samples[..., number], samples[..., number].std(1)
        np.testing.assert_allclose(slices[name], drawn.mean(1), atol=0.2 * spread.max())
        for share, end in ((0.16, "low_68"), (0.84, "high_68"), (0.025, "low_95")):
            quantile = np.quantile(drawn, share, axis=1)
            np.testing.assert_allclose(slices[f"{name}_{end}"], quantile, atol=0.3 * spread.max())
        # The cube is known at least about as well as a slice.
        widths = table[f"{name}_high_68"] - table[f"{name}_low_68"]
        assert widths[0] < 1.3 * widths[1:].median()
    other = predict(write(temperature(50, 6.0)), trained.runs / "posterior", tmp_path / "out")
    assert other["redshift"][0] < table["redshift"][0]


def test_files_agree_and_say_what_made_them(trained, write, tmp_path):
    path, folder = write(temperature(50, 8.0)), tmp_path / "out"
    table = predict(path, trained.runs / "ordinal", folder, axes=[0, 2])
    read = pd.read_csv(folder / "predictions.csv", keep_default_na=False, na_values=["nan", ""])
    assert read["redshift"].to_numpy() == pytest.approx(table["redshift"].to_numpy(), rel=1e-4)
    with fits.open(folder / "predictions.fits") as file:
        data, header = file["PREDICTIONS"].data, file["PREDICTIONS"].header
        np.testing.assert_allclose(data["p_redshift_8"], table["p_redshift_8"], rtol=1e-5)
        assert data["part"].tolist() == table["part"].tolist()
        assert header["RUN"] == "ordinal"
        assert file["PREDICTIONS"].columns["slice_std"].unit == "mK"
    assert (folder / "slices.png").read_bytes().startswith(b"\x89PNG")
    record = json.loads((folder / "prediction.json").read_text())
    assert (record["experiment"], record["run"], record["n"]) == ("reionization", "ordinal", 16)
    assert record["combined"]["redshift"] == pytest.approx(table["redshift"][0])
    assert record["slices"]["beam"] == 1.0
    assert record["slices"]["noise"] == {"rms": 2.0, "beam": 2.0}
    assert 1 <= record["how"]["redshift"]["n_independent"] <= 12
    written = sorted(each.name for each in folder.iterdir() if each.name != "prediction.json")
    assert sorted(record["record"]["files"]) == written
    inputs = record["record"]["inputs"]
    assert any(name.endswith("cube.npy") for name in inputs)
    assert any(name.endswith("run.json") for name in inputs)


def test_a_second_prediction_replaces_the_first_and_nothing_else(trained, write, tmp_path):
    path = write(temperature(50, 8.0))
    for _ in range(2):
        predict(path, trained.runs / "count", tmp_path / "out")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.txt").write_text("years of work")
    with pytest.raises(InputError, match=r"contains thesis\.txt"):
        predict(path, trained.runs / "count", tmp_path / "other")


def test_cubes_of_training_are_inside_the_distribution(trained, write, tmp_path):
    table = predict(write(temperature(51, 8.0)), trained.runs / "count", tmp_path / "out")
    assert table["outside"][1:].mean() <= 0.25
    assert not table["outside"][0]


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda cube: 10 * cube, "standard deviation"),
        (lambda cube: np.random.default_rng(1).normal(0, 30, cube.shape), "power"),
        (lambda cube: np.repeat(np.repeat(cube[::4, ::4], 4, 0), 4, 1) * 3, "outside"),
    ],
    ids=["scaled", "noise", "blocky"],
)
def test_cubes_unlike_those_of_training_have_a_warning(
    trained, write, tmp_path, caplog, change, word
):
    cube = change(temperature(50, 8.0)).astype("f4")
    table = predict(write(cube), trained.runs / "count", tmp_path / "out")
    assert table["outside"].mean() > 0.8
    assert word in table["warning"][0]
    assert "not reliable" in caplog.text
    record = json.loads((tmp_path / "out" / "prediction.json").read_text())
    assert record["warnings"]


def test_values_at_the_edge_of_training_have_a_warning(trained, write, tmp_path):
    path, run = write(temperature(50, 6.0)), trained.runs / "ordinal"
    inside = predict(path, run, tmp_path / "out", redshift=6.0)
    assert "redshift 6 of the file" not in inside["warning"][0]
    assert (
        inside["p_redshift_6"][0] == inside[[f"p_redshift_{z}" for z in (6, 8, 10)]].max(axis=1)[0]
    )
    assert "the likeliest redshift is the lowest of training, 6" in inside["warning"][0]
    beyond = predict(path, run, tmp_path / "out", redshift=5.5)
    assert "redshift 5.5 of the file, training range 6 to 10" in beyond["warning"][0]


def test_slices_without_signal_are_flagged(trained, write, tmp_path):
    cube = temperature(50, 8.0)
    cube[..., 4] = 0
    table = predict(write(cube), trained.runs / "count", tmp_path / "out")
    empty = table["warning"].str.contains("0 everywhere")
    assert table["slice"][empty].tolist() == [4]


def test_finer_cells_are_averaged_and_larger_cubes_cut_into_patches(trained, write, tmp_path):
    cube = temperature(50, 8.0)
    fine = np.kron(cube, np.ones((2, 2, 2), "f4"))
    run = trained.runs / "regression"
    coarse = predict(write(cube), run, tmp_path / "a")
    averaged = predict(write(fine), run, tmp_path / "b")
    np.testing.assert_allclose(averaged["redshift"], coarse["redshift"], rtol=1e-3)
    tiled = np.tile(cube, (2, 1, 1))
    patches = predict(write(tiled), run, tmp_path / "c", kind="cube", box_size=2 * BOX)
    assert len(patches) == 1 + 2 * 8


def test_light_cones_are_predicted_slice_by_slice(trained, tmp_path):
    cone = np.concatenate([temperature(seed, 8.0) for seed in (50, 51)], axis=2)
    path = tmp_path / "cone.h5"
    with h5py.File(path, "w") as file:
        file["lightcones/brightness_temp"] = cone
        file["lightcone_distances"] = 8800 + CELL_SIZE * np.arange(cone.shape[2])
        group = file.create_group("InputParameters/simulation_options")
        group.attrs.update(HII_DIM=CELLS, BOX_LEN=BOX)
        cosmology = file.create_group("InputParameters/cosmo_params")
        cosmology.attrs.update(hlittle=HUBBLE, OMm=OMEGA_M)
    run = trained.runs / "ordinal"
    table = predict_cube(path, run, tmp_path / "out", threads=1)
    assert len(table) == 1 + 2 * CELLS
    assert table["input_redshift"][1:].is_monotonic_increasing
    assert "the redshift differs between slices" in table["warning"][0]
    mean = table["p_redshift_8"][1:].mean()
    assert table["p_redshift_8"][0] == pytest.approx(mean, rel=1e-5)


def test_measured_slices_need_no_redshift(trained, write, tmp_path):
    slices = np.moveaxis(temperature(50, 8.0), 2, 0)[:5]
    noisy = slices + np.random.default_rng(1).normal(0, 2, slices.shape)
    stated = {"kind": "slices", "redshift": None}
    table = predict(
        write(noisy),
        trained.runs / "count",
        tmp_path / "out",
        observed=True,
        stride_depth=1,
        **stated,
    )
    assert len(table) == 6
    with pytest.raises(InputError, match="set --redshift, or --observed"):
        predict(write(slices), trained.runs / "count", tmp_path / "out", **stated)


def test_kelvin_are_refused_until_they_are_stated(trained, write, tmp_path):
    path, run = write(temperature(50, 8.0) / 1000), trained.runs / "count"
    with pytest.raises(InputError, match="those of cubes in K; set --unit K"):
        predict(path, run, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    kelvin = predict(path, run, tmp_path / "out", unit="K")
    expected = predict(write(temperature(50, 8.0), "mk.npy"), run, tmp_path / "mk")
    column = "slice_neutral_fraction"
    np.testing.assert_allclose(kelvin[column], expected[column], rtol=1e-3)


def test_maps_of_ionized_regions(trained_patches, write, tmp_path):
    cube = temperature(50, 8.0)
    folder = tmp_path / "out"
    table = predict(write(cube), trained_patches.runs / "map", folder, stride_depth=8)
    assert len(table) == 1 + 4 * 4
    with open_kind(folder / "ionized.h5", "ionized_maps") as file:
        maps = file["probability"][:]
        assert maps.shape == (16, CELLS // 2, CELLS // 2)
        places = [file[name][:] for name in ("axis", "slice", "row", "column")]
    np.testing.assert_allclose(maps.mean((1, 2)), table["ionized_fraction"][1:], rtol=1e-5)
    correct = [
        (probability > 0.5) == (cube[r : r + 16, c : c + 16, i] == 0)
        for probability, i, r, c in zip(maps, *places[1:])
    ]
    assert np.mean(correct) > 0.9  # where the temperature is 0 mK is plain to see


def test_runs_of_other_tasks_and_datasets_are_refused(trained, write, tmp_path):
    path = write(temperature(50, 8.0))
    with pytest.raises(InputError, match="give a finer cube, or choose a run with larger cells"):
        predict(path, trained.runs / "count", tmp_path / "out", box_size=2 * BOX)
    assert not (tmp_path / "out").exists()


def test_the_command_predicts(trained, write, tmp_path):
    words = ["reionization", "predict", str(write(temperature(50, 8.0)))]
    words += ["--run", str(trained.runs / "ordinal"), "--output", str(tmp_path / "out")]
    words += ["--box-size", str(BOX), "--redshift", "8", "--axes", "[0]", "--stride-depth", "8"]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 0, done.output
    assert len(pd.read_csv(tmp_path / "out" / "predictions.csv")) == 5
    done = CliRunner().invoke(main, [*words, "--shape", "[1"])
    assert done.exit_code == 2
