"""The finder on the galaxies of whole boxes, as a baseline."""

import json

import h5py
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from cosmodag.commands.baselines import command
from cosmodag.cutouts.sub_box_lattice import SubBoxGeometry
from cosmodag.datasets.dataset import Dataset
from cosmodag.datasets.folder import read_index, read_split
from cosmodag.datasets.shards import write_dataset
from cosmodag.evaluation.baselines.examples import Examples, LeftOut, Predictions
from cosmodag.evaluation.baselines.fitting import read_baselines
from cosmodag.evaluation.map_scores import largest_mcc
from cosmodag.voids.baselines import box_finder
from cosmodag.voids.baselines.sub_box_maps import count_voids, map_mesh
from cosmodag.voids.cutouts.cubes import list_cubes
from cosmodag.voids.cutouts.sub_boxes import cut_sub_boxes
from cosmodag.voids.finders.labels_file import read_voids
from cosmodag.voids.finders.void_catalogue import spheres_as_voids
from cosmodag.voids.finders.voxelize import voxelize_spheres
from tests.checksummed import hdf5_file

CELLS, CELL, LABEL = 48, 2.0, "matter_spheres"
BOX = np.full(3, CELLS * CELL)
DEEP = np.array([[20.0, 20.0, 3.0], [70.0, 20.0, 40.0], [20.0, 70.0, 60.0]])
SHALLOW = DEEP + np.array([0.0, 0.0, 30.0])
RADIUS = 11.0
GEOMETRY = SubBoxGeometry(side=24, depth=8, stride=24, axes=(0, 1, 2))


def read_examples(path, label=LABEL):
    """Return the maps of an examples file as masks of one label, with their index."""
    with h5py.File(path) as file:
        index = {
            name: column.asstr()[:] if column.dtype.kind == "O" else column[:]
            for name, column in file["index"].items()
        }
        channel = list(file.attrs["y_channels"]).index(f"fraction_{label}")
        mask = file["y"][..., channel] >= 0.5
        return Examples(file["x"][:], mask, pd.DataFrame(index))


def sphere_mask(centres):
    return voxelize_spheres(centres, np.full(len(centres), RADIUS), (CELLS,) * 3, BOX)


@pytest.fixture
def write_planted(tmp_path):
    """Function that writes boxes with deep and shallow voids, of which those given are true."""

    def write(name, true_centres, definition=None):
        density = np.ones((CELLS,) * 3, np.float32)
        density[sphere_mask(DEEP) > 0] = 0.04
        density[sphere_mask(SHALLOW) > 0] = 0.18
        noise = np.random.default_rng(list(name.encode())).uniform(0.9, 1.1, density.shape)
        density *= noise.astype(np.float32)  # no two boxes are alike
        common = {
            "box_size": BOX,
            "periodic": True,
            "boxes": [name],
            "groups": [f"boxes/{name}"],
        }
        grid_file, labels_file = tmp_path / f"{name}_grid.h5", tmp_path / f"{name}_labels.h5"
        with hdf5_file(grid_file, "w") as file:
            file["grid"] = density[np.newaxis] * 5
            made = {"method": "cic", "particles": [1000]}
            file.attrs.update(common, kind="grid", mean_density=[5 * density.mean()], **made)
        voids = spheres_as_voids(true_centres, np.full(len(true_centres), RADIUS))
        with hdf5_file(labels_file, "w") as file:
            file.attrs.update(common, kind="labels", labels=[LABEL])
            file[f"{LABEL}/mask"] = sphere_mask(true_centres)[np.newaxis]
            settings = {"minimum_radius": 8.0} if definition is None else definition
            file[LABEL].attrs["settings"] = json.dumps(settings)
            for key in ("position", "radius", "volume"):
                file[f"{LABEL}/voids/{name}/{key}"] = getattr(voids, key)
        cut_sub_boxes(grid_file, labels_file, tmp_path / f"{name}.h5", GEOMETRY)
        return grid_file, labels_file, read_examples(tmp_path / f"{name}.h5")

    return write


def sources_of(*boxes):
    return {"grid": [grid for grid, *_ in boxes], "labels": [labels for _, labels, _ in boxes]}


@pytest.fixture
def planted(write_planted):
    """Validation and test boxes in which the deep voids are true, and their files."""
    boxes = [write_planted("valid", DEEP), write_planted("test", DEEP)]
    return sources_of(*boxes), *(examples for *_, examples in boxes)


@pytest.mark.parametrize("ratio", [1, 2])
@pytest.mark.parametrize("wrap", [False, True])
def test_a_mask_is_projected_as_the_targets_are(write_boxes, tmp_path, ratio, wrap):
    cells = (24, 20, 28)
    files = write_boxes(cells, ratio=ratio, boxes=1)
    geometry = SubBoxGeometry(side=12, depth=6, stride=5, stride_depth=3, axes=(0, 1, 2), wrap=wrap)
    cut_sub_boxes(*files, tmp_path / "examples.h5", geometry)
    examples = read_examples(tmp_path / "examples.h5", "matter")
    with h5py.File(files[1]) as file:
        mask = file["matter/mask"][0]
    with h5py.File(tmp_path / "examples.h5") as file:
        fractions = file["y"][..., 0]
    assert len(fractions) > 100
    maps = map_mesh(mask, examples.index, (3, 3), cells)
    np.testing.assert_allclose(maps, fractions, atol=1e-6)


def test_a_mask_is_cut_into_cubes_as_the_targets_are(write_boxes, tmp_path):
    cells = (24, 20, 28)
    files = write_boxes(cells, ratio=2, boxes=5)
    geometry = SubBoxGeometry(side=8, depth=8, stride=5, wrap=True)
    list_cubes(*files, tmp_path / "cubes.h5", geometry, factor=2)
    write_dataset([tmp_path / "cubes.h5"], tmp_path / "dataset")
    _, y, index = read_split(tmp_path / "dataset", "train")
    with h5py.File(files[1]) as file:
        masks = file["matter/mask"][:]
    for number, name in enumerate(f"r{n:04d}" for n in range(5)):
        rows = np.flatnonzero(index["box"] == name)
        maps = map_mesh(masks[number], index.iloc[rows], (4, 4, 4), cells)
        np.testing.assert_allclose(maps, y[rows, ..., 0], atol=1e-6)


def test_voids_are_counted_as_the_targets_are(write_boxes, tmp_path):
    files = write_boxes((24, 20, 28), boxes=1)
    geometry = SubBoxGeometry(side=12, depth=6, stride=5, axes=(0, 1, 2), wrap=True)
    cut_sub_boxes(*files, tmp_path / "examples.h5", geometry)
    index = read_examples(tmp_path / "examples.h5", "matter").index
    counted = count_voids(read_voids(files[1], "matter", "r0000"), index)
    assert index["count_matter"].max() > 2
    np.testing.assert_array_equal(counted["count"], index["count_matter"])
    np.testing.assert_allclose(counted["volume"], index["volume_matter"], rtol=1e-6)


def test_planted_voids_are_found_in_maps_and_counts(planted):
    sources, valid, test = planted
    predictions = box_finder.fit_maps(sources, f"fraction_{LABEL}", valid, test)
    assert isinstance(predictions, Predictions)
    assert largest_mcc(predictions.test, test.y) > 0.9
    column = f"count_{LABEL}"
    numbers = [each._replace(y=each.index[column].to_numpy(float)) for each in (valid, test)]
    counts = box_finder.fit_numbers(sources, column, *numbers)
    np.testing.assert_allclose(counts.test, numbers[1].y, atol=1e-5)


def test_the_threshold_is_chosen_on_validation_alone(write_planted):
    everything = np.concatenate([DEEP, SHALLOW])
    boxes = [write_planted("valid", DEEP), write_planted("test", everything)]
    (*_, valid), (*_, test) = boxes
    finder = box_finder.BoxFinder(sources_of(*boxes), LABEL)
    deep, shallow = ({"threshold": t, "minimum_radius": 8.0} for t in (-0.86, -0.78))
    mcc = {
        (split, settings["threshold"]): largest_mcc(finder.maps(each, settings), each.y)
        for split, each in (("valid", valid), ("test", test))
        for settings in (deep, shallow)
    }
    assert mcc["valid", -0.86] > mcc["valid", -0.78] + 0.1
    assert mcc["test", -0.78] > mcc["test", -0.86] + 0.1
    fitted = box_finder.fit_maps(
        finder.sources, f"fraction_{LABEL}", valid, test, thresholds=(-0.78, -0.86)
    )
    chosen = finder.maps(test, deep)
    for value in np.unique(chosen):  # a function of the fraction at the threshold of validation
        assert np.ptp(fitted.test[chosen == value]) == 0
    assert largest_mcc(fitted.test, test.y) < mcc["test", -0.78] - 0.1


def test_predictions_do_not_depend_on_the_truth_of_the_test_split(planted):
    sources, valid, test = planted
    channel = f"fraction_{LABEL}"
    fitted = box_finder.fit_maps(sources, channel, valid, test)
    other = box_finder.fit_maps(sources, channel, valid, test._replace(y=~test.y))
    np.testing.assert_array_equal(fitted.test, other.test)


def test_a_radius_is_chosen_where_the_definition_has_none(write_planted):
    boxes = [write_planted(name, DEEP, definition={"smoothing": 3.0}) for name in ("valid", "test")]
    (*_, valid), (*_, test) = boxes
    fitted = box_finder.fit_maps(sources_of(*boxes), f"fraction_{LABEL}", valid, test)
    assert largest_mcc(fitted.test, test.y) > 0.9


def test_settings_that_do_not_suit_the_boxes_are_not_tried(write_planted, monkeypatch):
    boxes = [write_planted(name, DEEP, definition={"smoothing": 3.0}) for name in ("valid", "test")]
    (*_, valid), (*_, test) = boxes
    sources, channel = sources_of(*boxes), f"fraction_{LABEL}"
    monkeypatch.setattr(box_finder, "RADII", (1.0, 8.0))  # the first is below two cells
    fitted = box_finder.fit_maps(sources, channel, valid, test)
    assert largest_mcc(fitted.test, test.y) > 0.9
    monkeypatch.setattr(box_finder, "RADII", (1.0,))
    left_out = box_finder.fit_maps(sources, channel, valid, test)
    assert "minimum_radius 1.0 Mpc/h is below two cells" in left_out.reason


@pytest.mark.parametrize(
    ("channel", "known", "reason"),
    [
        (f"fraction_{LABEL}", False, "were not given"),
        (f"centres_{LABEL}", True, "not the fraction of a sight line"),
        ("fraction_underdensity", True, "what it finds itself"),
    ],
)
def test_maps_that_it_cannot_predict_are_left_out_with_a_reason(planted, channel, known, reason):
    sources, valid, test = planted
    left_out = box_finder.fit_maps(sources if known else {}, channel, valid, test)
    assert isinstance(left_out, LeftOut)
    assert reason in left_out.reason


def test_numbers_other_than_voids_are_left_out_with_a_reason(planted):
    sources, valid, test = planted
    left_out = box_finder.fit_numbers(sources, "omega_m", valid, test)
    assert left_out == LeftOut("the target omega_m is no number of voids")


@pytest.fixture
def dataset(write_planted, tmp_path):
    """Return the folder of a dataset of six planted boxes, and the options that name its files."""
    names = [f"b{number}" for number in range(6)]
    files = [write_planted(name, DEEP)[:2] for name in names]
    examples = [tmp_path / f"{name}.h5" for name in names]
    write_dataset(examples, tmp_path / "dataset", fractions=(0.4, 0.3, 0.3))
    options = [
        f"--source={kind}={f}" for pair in files for kind, f in zip(("grid", "labels"), pair)
    ]
    return tmp_path / "dataset", options


def run_baselines(dataset, output, task, *options):
    """Run the command and return what it wrote."""
    words = ["--dataset", dataset, "--output", output, "--task", json.dumps(task), "--threads", 1]
    settings = json.dumps({"trees": {"max_pixels": 500}}) if task["name"] == "map" else "{}"
    words += ["--settings", settings, *options]
    done = CliRunner().invoke(command, list(map(str, words)), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return read_baselines(output)


def test_the_finder_is_among_the_baselines_of_a_dataset(dataset, tmp_path):
    folder, options = dataset
    task = {"name": "map", "channel": f"fraction_{LABEL}"}
    fitted = run_baselines(folder, tmp_path / "maps.h5", task, *options)
    channel = Dataset.open(folder).y_channels.index(task["channel"])
    truth = read_split(folder, "test")[1][..., channel] >= 0.5
    assert largest_mcc(fitted["box_finder"].test, truth) > 0.9
    count = {"name": "count", "columns": [f"count_{LABEL}"]}
    fitted = run_baselines(folder, tmp_path / "counts.h5", count, *options)
    numbers = read_index(folder, "test")[f"count_{LABEL}"]
    np.testing.assert_allclose(fitted[f"count_{LABEL}:box_finder"].test, numbers, atol=1e-5)


def test_the_finder_is_left_out_without_the_boxes(dataset, tmp_path):
    folder, _ = dataset
    task = {"name": "map", "channel": f"fraction_{LABEL}"}
    fitted = run_baselines(folder, tmp_path / "maps.h5", task)
    assert fitted["box_finder"] == LeftOut(
        "the files that the examples were cut out of were not given"
    )
    assert isinstance(fitted["trees"], Predictions)


def test_a_source_without_its_kind_is_named(dataset):
    words = [
        "--dataset",
        str(dataset[0]),
        "--source",
        "grid.h5",
        "--output",
        "b.h5",
        "--task",
        "{}",
    ]
    done = CliRunner().invoke(command, words)
    assert done.exit_code == 2
    assert "'grid.h5' names no kind; write KIND=FILE" in done.output


def test_boxes_that_are_in_none_of_the_files_are_a_reason(planted):
    sources, valid, test = planted
    only_valid = {kind: files[:1] for kind, files in sources.items()}
    left_out = box_finder.fit_maps(only_valid, f"fraction_{LABEL}", valid, test)
    assert left_out == LeftOut(
        "box test is in none of the given grid files; give those of all examples"
    )
