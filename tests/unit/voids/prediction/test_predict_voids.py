"""Voids that a trained network predicts in catalogues without labels."""

import json
import shutil

import h5py
import numpy as np
import pandas as pd
import pytest
from astropy.io import fits
from click.testing import CliRunner

from cosmodag.commands.main import main
from cosmodag.cutouts.window_sums import transverse_axes
from cosmodag.datasets.folder import read_description, read_split
from cosmodag.errors import InputError
from cosmodag.evaluation.map_scores import choose_threshold
from cosmodag.evaluation.symmetric_prediction import predict_splits
from cosmodag.evaluation.trained_run import TrainedRun
from cosmodag.hdf5 import open_kind
from cosmodag.json_files import write_json
from cosmodag.voids.catalogues.box_coordinates import BoxCoordinates
from cosmodag.voids.catalogues.galaxy_catalogue import GalaxyCatalogue
from cosmodag.voids.fields.box_fields import BoxFields
from cosmodag.voids.prediction.overlapping_windows import average_windows, tile
from cosmodag.voids.prediction.predict import predict_voids
from cosmodag.voids.prediction.run_input import run_input, run_threshold
from tests.void_runs import (
    BOX_SIZE,
    CELL_SIZE,
    DEPTH,
    FACTOR,
    LAYERS,
    SIDE,
    clustered,
    positions,
)

PIXELS = SIDE // FACTOR


@pytest.fixture
def galaxies(write_catalogue):
    """Galaxies of a box like those of training."""
    return write_catalogue(positions(clustered(20)[0]))


def read_maps(folder, letter="z", name="probability"):
    with open_kind(folder / "probability.h5", "void_maps") as file:
        return file[letter][name][:]


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_periodic_box_as_large_as_a_window_is_predicted_once(
    trained, write_catalogue, tmp_path, axis
):
    counts, _ = clustered(21, SIDE)
    catalogue = write_catalogue(positions(counts), box_size=SIDE * CELL_SIZE)
    predict_voids(catalogue, trained.run, tmp_path / "out", axes=[axis], threads=1)
    run = TrainedRun(trained.run, threads=1)
    sight_lines = np.moveaxis(counts / counts.mean(), axis, -1)  # rows and columns keep their order
    layers = sight_lines.reshape(SIDE, SIDE, 2, LAYERS, -1).mean(-1) - 1
    expected = run.probability(np.moveaxis(layers, 2, 0).astype(np.float32))
    found = read_maps(tmp_path / "out", "xyz"[axis])
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert np.ptp(expected) > 0.01


def test_a_run_with_fields_sees_those_of_the_catalogue(
    trained_with_fields, write_catalogue, tmp_path
):
    counts, _ = clustered(21)
    predict_voids(write_catalogue(positions(counts)), trained_with_fields.run, tmp_path / "out")
    run = TrainedRun(trained_with_fields.run, threads=1)
    made = run_input(run)
    assert made.fields == ("smoothed_4", "voids_-0.3")
    overdensity = (counts / counts.mean() - 1).astype(np.float32)
    grid_file = trained_with_fields.dataset.parent.parent / "grid.h5"
    fields = [*BoxFields.read(grid_file).of(overdensity, [BOX_SIZE] * 3)]
    assert 0 < fields[1].mean() < 1
    # The last slab, its margins and the windows continue at the other side.
    deep = [np.roll(each, 4 + DEPTH, 2)[..., : DEPTH + 8] for each in (overdensity, *fields)]
    x = np.stack([each.reshape(16, 2, 16, 2, 4, 4).mean((1, 3, 5)) for each in deep], axis=2)
    planes = np.pad(x.reshape(16, 16, -1), ((0, 8), (0, 8), (0, 0)), mode="wrap")
    expected = average_windows(
        (tile(8, 4, periodic=True),) * 2,
        2,
        lambda corner: planes[corner[0] :, corner[1] :][:8, :8].astype(np.float32),
        run.probability,
    )
    np.testing.assert_allclose(read_maps(tmp_path / "out")[-1], expected, atol=1e-5)
    assert np.ptp(expected) > 0.01


def test_fields_need_a_periodic_box_and_their_grid_file(
    trained, trained_with_fields, write_catalogue, tmp_path
):
    position = positions(clustered(21)[0])
    opened = write_catalogue(position, name="open.csv", periodic=False)
    with pytest.raises(InputError, match=r"open\.csv: the box is not periodic, but .* with fields"):
        predict_voids(opened, trained_with_fields.run, tmp_path / "out")
    without = trained.dataset.parent.parent / "grid.h5"
    with pytest.raises(InputError, match=r"grid\.h5: has no fields"):
        predict_voids(
            write_catalogue(position), trained_with_fields.run, tmp_path / "out", grid_file=without
        )
    assert not (tmp_path / "out").exists()


def test_maps_move_with_the_galaxies_by_one_window_step(
    trained, galaxies, write_catalogue, tmp_path
):
    step = SIDE // 2 * CELL_SIZE
    position = (positions(clustered(20)[0]) + np.array([step, 0, 0])) % BOX_SIZE
    moved = write_catalogue(position, name="moved.csv")
    for name, catalogue in (("before", galaxies), ("after", moved)):
        predict_voids(catalogue, trained.run, tmp_path / name, threads=1)
    before, after = (read_maps(tmp_path / name) for name in ("before", "after"))
    np.testing.assert_allclose(after, np.roll(before, PIXELS // 2, axis=1), atol=1e-5)


def test_the_order_of_rows_does_not_matter(trained, galaxies, write_catalogue, tmp_path):
    position = np.random.default_rng(3).permutation(positions(clustered(20)[0]))
    shuffled = write_catalogue(position, name="shuffled.csv")
    for name, catalogue in (("before", galaxies), ("after", shuffled)):
        predict_voids(catalogue, trained.run, tmp_path / name, threads=1)
    for name in ("voids.csv", "voids.fits", "probability.fits"):
        before, after = (tmp_path / each / name for each in ("before", "after"))
        assert before.read_bytes() == after.read_bytes(), name


def test_an_open_box_with_an_origin_has_maps_up_to_its_edges(trained, write_catalogue, tmp_path):
    corner = np.array([-20.0, 0.0, 300.0])
    catalogue = write_catalogue(
        positions(clustered(20)[0]) + corner, origin=corner.tolist(), periodic=False
    )
    voids = predict_voids(catalogue, trained.run, tmp_path / "out", axes=[0, 2], threads=1)
    for axis in (0, 2):
        letter = "xyz"[axis]
        maps = read_maps(tmp_path / "out", letter)
        assert maps.shape == (4, 8, 8)
        assert ((maps > 0) & (maps < 1)).all()
        lower = read_maps(tmp_path / "out", letter, "lower")
        np.testing.assert_allclose(lower, corner[axis] + 16 * np.arange(4))
    assert set(voids["axis"]) == {"x", "z"}
    for letter, low in zip("xyz", corner):
        assert voids[letter].between(low, low + BOX_SIZE).all()
    assert voids["at_edge"].any()


def test_files_agree_and_say_where_pixels_are(trained, galaxies, tmp_path):
    folder = tmp_path / "out"
    voids = predict_voids(galaxies, trained.run, folder, axes=[1], threshold=0.4, threads=1)
    maps = read_maps(folder, "y")
    with fits.open(folder / "probability.fits") as file:
        image, slabs = file["PROBABILITY_Y"], file["SLABS_Y"].data
        np.testing.assert_array_equal(image.data, maps)
        header = image.header
        assert [header[f"CTYPE{n}"] for n in (1, 2, 3)] == ["Z", "X", "Y"]
        assert [header[f"CRVAL{n}"] for n in (1, 2, 3)] == [4, 4, 8]
        assert [header[f"CDELT{n}"] for n in (1, 2, 3)] == [8, 8, 16]
        assert (header["AXIS"], header["LENUNIT"]) == ("y", "Mpc/h")
        assert slabs["upper"].tolist() == [16, 32, 48, 64]
    table = pd.read_csv(folder / "voids.csv")
    pd.testing.assert_frame_equal(table, voids, rtol=1e-5, check_dtype=False)
    with fits.open(folder / "voids.fits") as file:
        np.testing.assert_allclose(file["VOIDS"].data["area"], voids["area"])
        assert set(file["VOIDS"].data["axis"]) == {"y"}
    # 64 (Mpc/h)² per pixel
    assert voids["area"].sum() == pytest.approx(64 * (maps >= 0.4).sum())
    record = json.loads((folder / "prediction.json").read_text())
    assert (record["threshold"], record["n_voids"]) == (0.4, len(voids))
    assert sorted(record["record"]["files"]) == sorted(
        path.name for path in folder.iterdir() if path.name != "prediction.json"
    )
    assert any(name.endswith("galaxies.csv") for name in record["record"]["inputs"])


def test_a_catalogue_unlike_the_training_boxes_is_warned_of(
    trained, galaxies, write_catalogue, tmp_path, caplog
):
    predict_voids(galaxies, trained.run, tmp_path / "out", threads=1)
    record = json.loads((tmp_path / "out" / "prediction.json").read_text())
    assert record["warnings"] == []
    low, high = record["comparisons"]["number_density"]["training"]
    assert 0.9 * low < record["comparisons"]["number_density"]["value"] < 1.1 * high
    uniform = np.random.default_rng(1).uniform(0, BOX_SIZE, (2000, 3))
    sparse = write_catalogue(uniform, name="sparse.csv")
    predict_voids(sparse, trained.run, tmp_path / "out", threads=1)
    record = json.loads((tmp_path / "out" / "prediction.json").read_text())
    assert "number density of 0.00763" in record["warnings"][0]
    assert record["warnings"][0] in caplog.text


def test_the_variance_of_counts_includes_that_of_the_galaxies_alone(
    trained, write_catalogue, tmp_path
):
    n_galaxies = int(clustered(20)[0].sum())
    uniform = np.random.default_rng(5).uniform(0, BOX_SIZE, (n_galaxies, 3))
    predict_voids(write_catalogue(uniform), trained.run, tmp_path / "out", threads=1)
    record = json.loads((tmp_path / "out" / "prediction.json").read_text())
    per_cell = n_galaxies * FACTOR**2 * DEPTH * CELL_SIZE**3 / BOX_SIZE**3
    # Clouds in cells lower the variance of Poisson's counts.
    assert record["comparisons"]["variance"]["value"] == pytest.approx(0.8 / per_cell, rel=0.25)
    (warning,) = record["warnings"]
    assert warning.startswith("variance of counts in cells of ")


def test_the_dataset_records_mass_assignment_and_density(trained):
    (file,) = read_description(trained.dataset)["examples"]
    assert (file["method"], file["cell_size"]) == ("cic", [CELL_SIZE] * 3)
    densities = [clustered(seed)[0].sum() / BOX_SIZE**3 for seed in range(6)]
    assert file["number_density"] == pytest.approx(densities)


def test_datasets_without_them_are_read_and_those_without_cells_refused(trained):
    run = TrainedRun(trained.run, threads=1)
    (file,) = run.dataset["examples"]
    for name in ("method", "number_density", "boxes"):
        del file[name]
    assert run_input(run).method == "cic"
    del file["cell_size"]
    with pytest.raises(InputError, match=r"does not record cell_size of examples\.h5; cut, split"):
        run_input(run)


def test_a_dataset_of_unlike_cutouts_is_refused(trained):
    run = TrainedRun(trained.run, threads=1)
    (file,) = run.dataset["examples"]
    run.dataset["examples"] = [file, file | {"cell_size": [1.0] * 3}]
    with pytest.raises(InputError, match="cutouts differ in cells"):
        run_input(run)


def test_runs_of_other_tasks_are_refused(trained):
    run = TrainedRun(trained.run, threads=1)
    run.description["task"]["name"] = "count"
    with pytest.raises(InputError, match="its task is count; choose a run of void maps or cubes"):
        run_input(run)


def test_rows_that_are_left_out_are_listed_in_the_folder(trained, galaxies, tmp_path, caplog):
    (path,) = galaxies.files
    path.write_text(path.read_text() + "1,nan,3\n")
    predict_voids(galaxies, trained.run, tmp_path / "out", threads=1)
    rejected = tmp_path / "out" / "catalogue.rejected.csv"
    assert pd.read_csv(rejected)["file"].tolist() == [str(path)]
    assert f"1 rows left out, listed in {rejected}" in caplog.text


def test_probabilities_are_those_that_the_run_is_scored_by(trained):
    x, _, _ = read_split(trained.dataset, "test")
    scored = predict_splits(trained.run, trained.dataset, threads=1)["test"]["probability"]
    found = TrainedRun(trained.run, threads=1).probability(x)
    np.testing.assert_allclose(found, scored[:, 0], atol=1e-6)


def test_the_threshold_is_that_of_the_evaluation_or_of_the_validation_split(trained, tmp_path):
    run = TrainedRun(trained.run, trained.dataset, threads=1)
    valid = predict_splits(trained.run, trained.dataset, threads=1)["valid"]  # as for scores
    probability, y = valid["probability"][:, 0], valid["y"][:, 0] >= 0.5
    np.testing.assert_allclose(run.validation["probability"][:, 0], probability, atol=1e-5)
    assert run_threshold(run) == pytest.approx(choose_threshold(probability, y), abs=1e-3)
    shutil.copytree(trained.run, tmp_path / "maps")
    write_json(tmp_path / "maps" / "metrics.json", {"thresholds": {"network": 0.37}})
    assert run_threshold(TrainedRun(tmp_path / "maps", trained.dataset, threads=1)) == 0.37


@pytest.mark.parametrize(
    ("box_size", "message"),
    [
        (37.0, r"are not whole numbers of pixels of 8 Mpc/h to within 1 %.*box_size: \[32"),
        (16.0, "is smaller than the windows of 32 Mpc/h"),
        (64.5, None),
    ],
)
def test_cells_fit_the_box_to_within_one_percent(trained, box_size, message):
    made = run_input(TrainedRun(trained.run, threads=1))
    if message is None:
        assert made.cells([box_size] * 3, "galaxies.csv") == (32, 32, 32)
    else:
        with pytest.raises(InputError, match=message):
            made.cells([box_size] * 3, "galaxies.csv")


def test_a_box_that_no_memory_holds_is_refused_before_the_work(trained, galaxies, tmp_path):
    made = run_input(TrainedRun(trained.run, threads=1))
    with pytest.raises(InputError, match=r"the unit of box_size.*GB of memory; check box_size"):
        made.cells([64_000] * 3, "galaxies.csv")


def test_unequal_weights_and_their_warnings_are_recorded(trained, tmp_path):
    position = positions(clustered(20)[0])
    weight = np.random.default_rng(0).lognormal(0, 1.5, len(position))
    path = tmp_path / "weighted.csv"
    table = pd.DataFrame(dict(zip("xyz", position.T)) | {"w": weight})
    table.to_csv(path, index=False)
    box = BoxCoordinates(box_size=BOX_SIZE)
    catalogue = GalaxyCatalogue(path=path, coordinates=box, weight="w")
    predict_voids(catalogue, trained.run, tmp_path / "out", threads=1)
    record = json.loads((tmp_path / "out" / "prediction.json").read_text())
    equal = weight.sum() ** 2 / np.square(weight).sum() / BOX_SIZE**3
    assert record["comparisons"]["number_density"]["value"] == pytest.approx(equal, rel=1e-3)
    assert any("weights of column 'w' are so unequal" in each for each in record["warnings"])
    assert any("number density" in each for each in record["warnings"])
    assert record["catalogue"]["weight"] == "w"
    assert "path" not in record["catalogue"]
    assert any(name.endswith("model.pt") for name in record["record"]["inputs"])


def test_galaxies_much_sparser_than_those_of_training_are_refused(
    trained, write_catalogue, tmp_path
):
    few = write_catalogue(np.random.default_rng(1).uniform(0, BOX_SIZE, (100, 3)))
    with pytest.raises(InputError, match="is less than a 50th of the lowest in training"):
        predict_voids(few, trained.run, tmp_path / "out", threads=1)
    assert not (tmp_path / "out").exists()


def test_unknown_devices_are_refused(trained, galaxies, tmp_path):
    with pytest.raises(InputError, match="device: 'gpu0' is not known"):
        predict_voids(galaxies, trained.run, tmp_path / "out", device="gpu0")


@pytest.mark.parametrize("side", ["0", "-64"])
def test_a_box_needs_sides_above_zero(trained, galaxies, tmp_path, side):
    words = ("--box-size", side, "--run", trained.run, "--output", tmp_path / "out")
    done = command(*galaxies.files, *words)
    assert done.exit_code == 2
    assert "--box-size" in done.output
    assert "give sides above 0" in done.output


def command(*words):
    return CliRunner().invoke(main, ["voids", "predict", *map(str, words)])


def test_the_command_replaces_its_own_folder_and_nothing_else(trained, galaxies, tmp_path):
    words = (*galaxies.files, "--box-size", BOX_SIZE, "--run", trained.run)
    for _ in range(2):
        done = command(*words, "--output", tmp_path / "out", "--axes", "[0, 1, 2]")
        assert done.exit_code == 0, done.output
    with h5py.File(tmp_path / "out" / "probability.h5") as file:
        assert sorted(file) == ["x", "y", "z"]
        assert file["x"].attrs["rows"] == "xyz"[transverse_axes(0)[0]]
    (tmp_path / "out" / "notes.txt").write_text("mine")
    done = command(*words, "--output", tmp_path / "out")
    assert done.exit_code == 2
    assert "it contains notes.txt, which the command does not write" in done.output


@pytest.mark.parametrize("axes", ["[3]", "[]", "[1, 1]", "2", "[true]", "[2.0]"])
def test_axes_that_do_not_exist_are_refused(trained, galaxies, tmp_path, axes):
    words = (*galaxies.files, "--box-size", BOX_SIZE, "--run", trained.run)
    done = command(*words, "--output", tmp_path / "out", "--axes", axes)
    assert done.exit_code == 2
    assert "give a list of different numbers of 0, 1 and 2" in done.output
    assert not (tmp_path / "out").exists()
