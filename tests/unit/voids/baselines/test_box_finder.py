"""The finder on the galaxies of whole boxes, as a baseline."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from cosmodag.commands.baselines import command
from cosmodag.datasets.dataset import Dataset
from cosmodag.datasets.folder import read_index, read_split
from cosmodag.datasets.shards import write_dataset
from cosmodag.evaluation.baselines.examples import LeftOut, Predictions
from cosmodag.evaluation.baselines.fitting import read_baselines
from cosmodag.evaluation.map_scores import largest_mcc
from cosmodag.voids.baselines import box_finder, sphere_search
from cosmodag.voids.baselines.box_examples import BoxExamples
from cosmodag.voids.baselines.box_searches import BoxSearches
from cosmodag.voids.baselines.whole_box_baselines import fit_whole_boxes
from cosmodag.voids.finders.voxelize import voxelize_spheres
from tests.unit.voids.baselines.boxes import BOX, CELLS, LABEL, sources_of, spheres, write_box

CHANNEL = f"fraction_{LABEL}"
DEEP = np.array([[20.0, 20.0, 3.0], [70.0, 20.0, 40.0], [20.0, 70.0, 60.0]])
SHALLOW = DEEP + np.array([0.0, 0.0, 30.0])
RADIUS = 11.0


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
        density *= 5 * noise.astype(np.float32)  # no two boxes are alike
        definition = {"minimum_radius": 8.0} if definition is None else definition
        voids = spheres(true_centres, RADIUS)
        return write_box(tmp_path, name, density, voids, definition=definition)

    return write


@pytest.fixture
def planted(write_planted):
    """Validation and test boxes in which the deep voids are true, and their files."""
    boxes = [write_planted("valid", DEEP), write_planted("test", DEEP)]
    return sources_of(*boxes), *(box.examples for box in boxes)


def fit(sources, target, valid, test, **settings):
    """Return the predictions of the finder, which does without a training split."""
    splits = {"train": valid, "valid": valid, "test": test}
    baselines = {box_finder.NAME: box_finder.fit}
    settings = {box_finder.NAME: settings}
    fitted = fit_whole_boxes(baselines, sources, {target: splits}, settings=settings)
    return fitted[target][box_finder.NAME]


def test_planted_voids_are_found_in_maps_and_counts(planted):
    sources, valid, test = planted
    predictions = fit(sources, CHANNEL, valid, test)
    assert isinstance(predictions, Predictions)
    assert largest_mcc(predictions.test, test.y) > 0.9
    column = f"count_{LABEL}"
    numbers = [each._replace(y=each.index[column].to_numpy(float)) for each in (valid, test)]
    counts = fit(sources, column, *numbers)
    np.testing.assert_allclose(counts.test, numbers[1].y, atol=1e-5)


def test_the_threshold_is_chosen_on_validation_alone(write_planted):
    everything = np.concatenate([DEEP, SHALLOW])
    boxes = [write_planted("valid", DEEP), write_planted("test", everything)]
    valid, test = (box.examples for box in boxes)
    sources = sources_of(*boxes)
    examples = BoxExamples(sources, CHANNEL, {"train": valid, "valid": valid, "test": test})
    search = BoxSearches.of(examples).galaxies
    deep, shallow = ({"threshold": t, "minimum_radius": 8.0} for t in (-0.86, -0.78))
    mcc = {
        (split, settings["threshold"]): largest_mcc(
            *search.see(each, "fraction", [settings]), each.y
        )
        for split, each in (("valid", valid), ("test", test))
        for settings in (deep, shallow)
    }
    assert mcc["valid", -0.86] > mcc["valid", -0.78] + 0.1
    assert mcc["test", -0.78] > mcc["test", -0.86] + 0.1
    fitted = fit(sources, CHANNEL, valid, test, thresholds=(-0.78, -0.86))
    (chosen,) = search.see(test, "fraction", [deep])
    for value in np.unique(chosen):  # a function of the fraction at the threshold of validation
        assert np.ptp(fitted.test[chosen == value]) == 0
    assert largest_mcc(fitted.test, test.y) < mcc["test", -0.78] - 0.1


def test_predictions_do_not_depend_on_the_truth_of_the_test_split(planted):
    sources, valid, test = planted
    channel = CHANNEL
    fitted = fit(sources, channel, valid, test)
    other = fit(sources, channel, valid, test._replace(y=~test.y))
    np.testing.assert_array_equal(fitted.test, other.test)


def test_a_radius_is_chosen_where_the_definition_has_none(write_planted):
    boxes = [write_planted(name, DEEP, definition={"smoothing": 3.0}) for name in ("valid", "test")]
    valid, test = (box.examples for box in boxes)
    fitted = fit(sources_of(*boxes), CHANNEL, valid, test)
    assert largest_mcc(fitted.test, test.y) > 0.9


def test_settings_that_do_not_suit_the_boxes_are_not_tried(write_planted, monkeypatch):
    boxes = [write_planted(name, DEEP, definition={"smoothing": 3.0}) for name in ("valid", "test")]
    valid, test = (box.examples for box in boxes)
    sources, channel = sources_of(*boxes), CHANNEL
    monkeypatch.setattr(sphere_search, "RADII", (1.0, 8.0))  # the first is below two cells
    fitted = fit(sources, channel, valid, test)
    assert largest_mcc(fitted.test, test.y) > 0.9
    monkeypatch.setattr(sphere_search, "RADII", (1.0,))
    left_out = fit(sources, channel, valid, test)
    assert "minimum_radius 1.0 Mpc/h is below two cells" in left_out.reason


@pytest.mark.parametrize(
    ("channel", "known", "reason"),
    [
        (CHANNEL, False, "were not given"),
        (f"centres_{LABEL}", True, "neither the fraction of a sight line"),
        ("fraction_underdensity", True, "what it finds itself"),
    ],
)
def test_maps_that_it_cannot_predict_are_left_out_with_a_reason(planted, channel, known, reason):
    sources, valid, test = planted
    left_out = fit(sources if known else {}, channel, valid, test)
    assert isinstance(left_out, LeftOut)
    assert reason in left_out.reason


def test_numbers_other_than_voids_are_left_out_with_a_reason(planted):
    sources, valid, test = planted
    left_out = fit(sources, "omega_m", valid, test)
    assert "the target omega_m is neither" in left_out.reason


@pytest.fixture
def dataset(write_planted, tmp_path):
    """Return the folder of a dataset of six planted boxes, and the options that name its files."""
    names = [f"b{number}" for number in range(6)]
    boxes = [write_planted(name, DEEP) for name in names]
    examples = [tmp_path / f"{name}.h5" for name in names]
    write_dataset(examples, tmp_path / "dataset", fractions=(0.4, 0.3, 0.3))
    options = [f"--source={kind}={f}" for box in boxes for kind, f in box.files.items()]
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
    task = {"name": "map", "channel": CHANNEL}
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
    task = {"name": "map", "channel": CHANNEL}
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
    left_out = fit(only_valid, CHANNEL, valid, test)
    assert left_out == LeftOut(
        "box test is in none of the given grid files; give those of all examples"
    )
