"""Voids that a network trained on cubes predicts in catalogues without labels."""

import json
import shutil
from types import SimpleNamespace

import h5py
import numpy as np
import pandas as pd
import pytest
from astropy.io import fits
from click.testing import CliRunner

from cosmodag.commands.main import main
from cosmodag.datasets.folder import read_index, read_split
from cosmodag.errors import InputError
from cosmodag.evaluation.evaluate import evaluate
from cosmodag.evaluation.trained_run import TrainedRun
from cosmodag.hdf5 import open_kind
from cosmodag.voids.prediction.cube_prediction import CubePrediction
from cosmodag.voids.prediction.predict import predict_voids
from cosmodag.voids.prediction.run_input import run_input
from tests.void_runs import (
    BOX_SIZE,
    CELL_SIZE,
    CELLS,
    FACTOR,
    SIDE,
    clustered,
    positions,
)

VOXELS = CELLS // FACTOR
VOXEL = FACTOR * CELL_SIZE


@pytest.fixture(scope="module")
def evaluated(trained_on_boxes, tmp_path_factory):
    """The folder of an evaluated run on whole boxes with fields; its dataset is not beside it."""
    folder = tmp_path_factory.mktemp("evaluated") / "voids"
    shutil.copytree(trained_on_boxes.run, folder)
    settings = {"trees": {"max_pixels": 1000}}
    evaluate(trained_on_boxes.dataset, folder, replicas=50, threads=1, baseline_settings=settings)
    return folder


@pytest.fixture
def galaxies(write_catalogue):
    """Galaxies of a box like those of training."""
    return write_catalogue(positions(clustered(20)[0]))


def read_cube(folder, name="probability"):
    with open_kind(folder / "probability.h5", "void_cube") as file:
        return file[name][:]


def test_boxes_of_the_test_set_are_predicted_as_they_were_evaluated(
    evaluated, trained_on_boxes, write_catalogue, tmp_path
):
    index = read_index(trained_on_boxes.dataset, "test").set_index("id")
    with h5py.File(evaluated / "predictions.h5") as file:
        expected = dict(zip(file["id"].asstr(), file["probability"][:], strict=True))
    assert len(expected) == len(index) > 0
    threshold = json.loads((evaluated / "metrics.json").read_text())["thresholds"]["network"]
    for name, cube in expected.items():
        counts, _ = clustered(int(index.loc[name, "box"][1:]))
        voids = predict_voids(
            write_catalogue(positions(counts)),
            evaluated,
            tmp_path / "out",
            dataset_folder=trained_on_boxes.dataset,
            threads=1,
        )
        np.testing.assert_allclose(read_cube(tmp_path / "out"), cube, atol=1e-5)
        assert np.ptp(cube) > 0.01
        record = json.loads((tmp_path / "out" / "prediction.json").read_text())
        assert record["threshold"] == threshold
        assert voids["volume"].sum() == pytest.approx(VOXEL**3 * (cube >= threshold).sum())


def test_an_evaluation_records_the_temperature_that_inference_fits_without_it(
    evaluated, trained_on_boxes
):
    run = TrainedRun(trained_on_boxes.run, threads=1)
    assert not run.metrics
    recorded = TrainedRun(evaluated, trained_on_boxes.dataset, threads=1).metrics["temperature"]
    assert run.temperature == pytest.approx(recorded, rel=1e-4)


def test_examples_of_the_dataset_and_windows_of_the_box_have_the_same_channels(trained_on_boxes):
    run = TrainedRun(trained_on_boxes.run, threads=1)
    made = run_input(run)
    assert made.fields == ("smoothed_4", "voids_-0.3")
    assert (made.shape.side, made.shape.depth, made.shape.pixels) == (CELLS, CELLS, VOXELS)
    x, _, index = read_split(trained_on_boxes.dataset, "train")
    counts, _ = clustered(int(index["box"][0][1:]))
    blocks = (counts / counts.mean() - 1).reshape((VOXELS, FACTOR) * 3).mean((1, 3, 5))
    np.testing.assert_allclose(made.overdensity(x)[0], blocks, atol=1e-5)


def test_in_a_larger_box_windows_overlap(trained_on_cubes, galaxies, tmp_path):
    predict_voids(galaxies, trained_on_cubes.run, tmp_path / "out", threads=1)
    run = TrainedRun(trained_on_cubes.run, threads=1)
    counts, _ = clustered(20)
    overdensity = (counts / counts.mean() - 1).astype(np.float32)
    pixels = SIDE // FACTOR
    taper = np.sin(np.pi * (np.arange(pixels) + 0.5) / pixels) ** 2
    weights = taper[:, None, None] * taper[:, None] * taper
    expected, total = np.zeros((VOXELS,) * 3), np.zeros((VOXELS,) * 3)
    for corner in np.ndindex((VOXELS // 2,) * 3):
        shift = tuple(-(SIDE // 2) * np.array(corner))
        window = np.roll(overdensity, shift, (0, 1, 2))[:SIDE, :SIDE, :SIDE]
        (cube,) = run.probability(window[None, ..., None])
        place = np.ix_(*((pixels // 2 * n + np.arange(pixels)) % VOXELS for n in corner))
        expected[place] += weights * cube
        total[place] += weights
    np.testing.assert_allclose(read_cube(tmp_path / "out"), expected / total, atol=1e-5)
    assert np.ptp(expected / total) > 0.01


def test_the_cube_moves_with_the_galaxies_by_one_window_step(
    trained_on_cubes, galaxies, write_catalogue, tmp_path
):
    step = np.array([SIDE // 2, SIDE, 0]) * CELL_SIZE
    moved = write_catalogue((positions(clustered(20)[0]) + step) % BOX_SIZE, name="moved.csv")
    for name, catalogue in (("before", galaxies), ("after", moved)):
        predict_voids(catalogue, trained_on_cubes.run, tmp_path / name, threads=1)
    before, after = (read_cube(tmp_path / name) for name in ("before", "after"))
    shift = [SIDE // FACTOR // 2, SIDE // FACTOR]
    np.testing.assert_allclose(after, np.roll(before, shift, (0, 1)), atol=1e-5)


def test_an_open_box_with_an_origin_is_predicted_up_to_its_faces(
    trained_on_cubes, write_catalogue, tmp_path
):
    corner = np.array([-20.0, 0.0, 300.0])
    counts, _ = clustered(20)
    catalogue = write_catalogue(positions(counts) + corner, origin=corner.tolist(), periodic=False)
    voids = predict_voids(catalogue, trained_on_cubes.run, tmp_path / "out", threads=1)
    cube = read_cube(tmp_path / "out")
    assert cube.shape == (VOXELS,) * 3
    assert ((cube > 0) & (cube < 1)).all()
    for letter, low in zip("xyz", corner):
        assert voids[letter].between(low, low + BOX_SIZE).all()
    assert voids["at_edge"].any()
    # The windows in the corner of the box reach no further: nothing wraps round.
    far = counts.copy()
    far[SIDE:] = far[SIDE:][::-1]
    opened = write_catalogue(positions(far), name="far.csv", periodic=False)
    predict_voids(opened, trained_on_cubes.run, tmp_path / "far", threads=1)
    pixels = SIDE // FACTOR // 2
    np.testing.assert_allclose(read_cube(tmp_path / "far")[:pixels], cube[:pixels], atol=1e-5)


def test_files_agree_and_state_where_voxels_are(trained_on_cubes, write_catalogue, tmp_path):
    folder = tmp_path / "out"
    counts, _ = clustered(20)
    catalogue = write_catalogue(positions(counts) + np.array([0, 0, 300]), origin=[0, 0, 300])
    voids = predict_voids(catalogue, trained_on_cubes.run, folder, threshold=0.4, threads=1)
    cube = read_cube(folder)
    with h5py.File(folder / "probability.h5") as file:
        assert file.attrs["voxel_size"].tolist() == [VOXEL] * 3
        assert file.attrs["corner"].tolist() == [0, 0, 300]
    blocks = (counts / counts.mean() - 1).reshape((VOXELS, FACTOR) * 3).mean((1, 3, 5))
    np.testing.assert_allclose(read_cube(folder, "overdensity"), blocks, atol=1e-5)
    with fits.open(folder / "probability.fits") as file:
        image = file["PROBABILITY"]
        np.testing.assert_array_equal(image.data, cube)
        header = image.header
        assert [header[f"CTYPE{n}"] for n in (1, 2, 3)] == ["Z", "Y", "X"]
        assert [header[f"CRVAL{n}"] for n in (1, 2, 3)] == [304, 4, 4]
        assert [header[f"CDELT{n}"] for n in (1, 2, 3)] == [VOXEL] * 3
        assert header["LENUNIT"] == "Mpc/h"
    table = pd.read_csv(folder / "voids.csv")
    pd.testing.assert_frame_equal(table, voids, rtol=1e-5, check_dtype=False)
    with fits.open(folder / "voids.fits") as file:
        np.testing.assert_allclose(file["VOIDS"].data["volume"], voids["volume"])
    assert voids["volume"].sum() == pytest.approx(VOXEL**3 * (cube >= 0.4).sum())
    assert (folder / "voids.png").read_bytes().startswith(b"\x89PNG")
    record = json.loads((folder / "prediction.json").read_text())
    assert (record["threshold"], record["n_voids"]) == (0.4, len(voids))
    assert sorted(record["record"]["files"]) == sorted(
        path.name for path in folder.iterdir() if path.name != "prediction.json"
    )


def test_a_catalogue_unlike_the_training_boxes_is_warned_of(
    trained_on_cubes, write_catalogue, tmp_path, caplog
):
    like = write_catalogue(positions(clustered(24)[0]))
    predict_voids(like, trained_on_cubes.run, tmp_path / "out", threads=1)
    assert "training range" not in caplog.text
    uniform = np.random.default_rng(1).uniform(0, BOX_SIZE, (2000, 3))
    sparse = write_catalogue(uniform, name="sparse.csv")
    predict_voids(sparse, trained_on_cubes.run, tmp_path / "out", threads=1)
    record = json.loads((tmp_path / "out" / "prediction.json").read_text())
    assert "number density of 0.00763" in record["warnings"][0]
    assert record["warnings"][0] in caplog.text


def test_one_region_with_most_of_the_volume_is_warned_of():
    prediction = CubePrediction([])
    (warning,) = prediction.warnings(pd.DataFrame({"volume": [3.0, 1.0, 1.0]}))
    assert warning.startswith("the largest of 3 regions has 60% of their volume: voids that touch")
    assert prediction.warnings(pd.DataFrame({"volume": [1.0, 1.0, 1.0]})) == []
    assert prediction.warnings(pd.DataFrame({"volume": []})) == []


def test_windows_that_a_network_takes_for_periodic_boxes_are_warned_of(trained_on_cubes):
    run = TrainedRun(trained_on_cubes.run, threads=1)
    made = run_input(run)
    larger, equal = (
        SimpleNamespace(periodic=True, known=None, cells=(n,) * 3) for n in (CELLS, SIDE)
    )
    assert made.warnings(run, larger) == []
    run.description["model"]["padding"] = "circular"
    (warning,) = made.warnings(run, larger)
    assert "padding: circular on windows of 32 Mpc/h, which do not cover this box" in warning
    assert made.warnings(run, equal) == []


def test_fields_need_a_periodic_box(trained_on_boxes, write_catalogue, tmp_path):
    opened = write_catalogue(positions(clustered(21)[0]), periodic=False)
    with pytest.raises(InputError, match=r"the box is not periodic, but .* with fields"):
        predict_voids(opened, trained_on_boxes.run, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("box_size", "message"),
    [
        (37.0, r"are not whole numbers of voxels of 8 Mpc/h to within 1 %.*box_size: \[32"),
        (16.0, "is smaller than the windows of 32 Mpc/h .* or a run with smaller windows"),
    ],
)
def test_a_box_that_the_cubes_do_not_fit_is_refused(trained_on_cubes, box_size, message):
    made = run_input(TrainedRun(trained_on_cubes.run, threads=1))
    with pytest.raises(InputError, match=message):
        made.cells([box_size] * 3, "galaxies.csv")


def test_the_command_replaces_maps_by_a_cube_and_refuses_lines_of_sight(
    trained, trained_on_cubes, galaxies, tmp_path
):
    words = [*galaxies.files, "--box-size", BOX_SIZE, "--output", tmp_path / "out"]

    def command(run, *more):
        chosen = ["voids", "predict", *words, "--run", run, *more]
        return CliRunner().invoke(main, list(map(str, chosen)))

    for run in (trained.run, trained_on_cubes.run):
        done = command(run, "--divide", 8)
        assert done.exit_code == 0, done.output
    assert read_cube(tmp_path / "out").shape == (VOXELS,) * 3
    assert json.loads((tmp_path / "out" / "prediction.json").read_text())["divide"] == 8
    done = command(trained_on_cubes.run, "--axes", "[2]")
    assert done.exit_code == 2
    assert "axes [2]: the run was trained on cubes, which have no line of sight" in done.output
