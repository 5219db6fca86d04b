"""Finders on reconstructed matter and trees on their masks, as baselines."""

import json
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner

from cosmodag.commands.baselines import command
from cosmodag.cutouts.sub_box_lattice import SubBoxGeometry
from cosmodag.datasets.dataset import Dataset
from cosmodag.datasets.folder import read_split
from cosmodag.datasets.shards import write_dataset
from cosmodag.evaluation.baselines.examples import LeftOut
from cosmodag.evaluation.baselines.fitting import read_baselines
from cosmodag.evaluation.map_scores import largest_mcc
from cosmodag.voids.baselines.box_examples import BoxExamples
from cosmodag.voids.baselines.whole_box_baselines import OF_MAPS, OF_NUMBERS, fit_whole_boxes
from cosmodag.voids.cutouts.cubes import list_cubes
from tests.unit.voids.baselines.boxes import LABEL, joined, sources_of, write_universe

SETTINGS = {"stack": {"max_pixels": 20_000}}
ON_MATTER = ("matter_finder", "stack")


def fit(examples, baselines=OF_MAPS):
    """Return the predictions of all baselines."""
    fitted = fit_whole_boxes(
        baselines, examples.sources, {examples.target: examples.splits}, settings=SETTINGS
    )
    return fitted[examples.target]


@pytest.fixture(scope="module")
def of_maps(examples):
    """Predictions of all baselines for the maps."""
    return fit(examples)


def test_each_step_finds_the_voids_of_the_matter_better(examples, of_maps):
    truth = examples.splits["test"].y
    mcc = {name: largest_mcc(each.test, truth) for name, each in of_maps.items()}
    assert mcc["stack"] > mcc["matter_finder"] > mcc["box_finder"] > 0.2


def as_numbers(examples):
    """Return the examples with the number of voids as truth."""
    column = f"count_{LABEL}"
    splits = {
        name: each._replace(y=each.index[column].to_numpy(float))
        for name, each in examples.splits.items()
    }
    return replace(examples, target=column, splits=splits)


def test_voids_are_counted_in_the_reconstruction(tmp_path):
    """Galaxies that trace the matter perfectly are reconstructed to it."""
    names = ("u0", "u1", "valid", "test")
    boxes = [write_universe(tmp_path, name, n, perfect=True) for n, name in enumerate(names)]
    *train, valid, test = boxes
    splits = {"train": joined(*train), "valid": valid.examples, "test": test.examples}
    examples = as_numbers(BoxExamples(sources_of(*boxes), f"fraction_{LABEL}", splits))
    fitted = fit(examples, OF_NUMBERS)
    truth = examples.splits["test"].y
    correlation = {name: np.corrcoef(each.test, truth)[0, 1] for name, each in fitted.items()}
    assert correlation["matter_finder"] > 0.95
    assert correlation["stack_ridge"] > correlation["box_finder"] + 0.1


def test_a_medium_radius_is_taken_where_the_definition_has_none(tmp_path):
    definition = {"smoothing": 3.0}
    boxes = [write_universe(tmp_path, f"u{n}", n, definition=definition) for n in range(4)]
    *train, valid, test = boxes
    splits = {"train": joined(*train), "valid": valid.examples, "test": test.examples}
    fitted = fit(BoxExamples(sources_of(*boxes), f"fraction_{LABEL}", splits))
    assert largest_mcc(fitted["stack"].test, test.examples.y) > 0.5


def test_predictions_do_not_depend_on_the_truth_of_the_test_split(examples, of_maps):
    test = examples.splits["test"]
    other = replace(examples, splits={**examples.splits, "test": test._replace(y=~test.y)})
    after = fit(other)
    for name in ON_MATTER:
        np.testing.assert_array_equal(of_maps[name].test, after[name].test)


def test_numbers_do_not_depend_on_the_truth_of_the_test_split(examples):
    numbers = as_numbers(examples)
    test = numbers.splits["test"]
    other = replace(numbers, splits={**numbers.splits, "test": test._replace(y=test.y[::-1] + 1)})
    before, after = fit(numbers, OF_NUMBERS), fit(other, OF_NUMBERS)
    for name in ("matter_finder", "stack_ridge"):
        np.testing.assert_array_equal(before[name].test, after[name].test)


def test_without_matter_both_are_left_out_and_the_finder_is_not(examples):
    sources = {kind: examples.sources[kind] for kind in ("grid", "labels")}
    fitted = fit(replace(examples, sources=sources))
    for name in ON_MATTER:
        assert fitted[name] == LeftOut("the matter of the training boxes was not given")
    assert not isinstance(fitted["box_finder"], LeftOut)


def run_baselines(folder, output, sources, task):
    """Run the command with the files of boxes and return what it wrote."""
    words = ["--dataset", folder, "--output", output, "--task", json.dumps(task), "--threads", 1]
    words += [f"--source={kind}={file}" for kind, files in sources.items() for file in files]
    words += ["--settings", json.dumps(SETTINGS | {"trees": {"max_pixels": 500}})]
    done = CliRunner().invoke(command, list(map(str, words)), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return read_baselines(output)


@pytest.mark.parametrize("cubes", [False, True])
def test_both_are_among_the_baselines_of_a_dataset(examples, tmp_path, cubes):
    sources = examples.sources
    files = [path.with_name(path.name.replace("_grid", "")) for path in sources["grid"]]
    if cubes:
        geometry = SubBoxGeometry(side=24, depth=24, stride=24)
        files = [tmp_path / path.name for path in files]
        for grid, labels, path in zip(sources["grid"], sources["labels"], files):
            list_cubes(grid, labels, path, geometry, factor=2)
    write_dataset(files, tmp_path / "dataset", fractions=(0.5, 0.25, 0.25))
    task = {"name": "map", "channel": f"fraction_{LABEL}"}
    fitted = run_baselines(tmp_path / "dataset", tmp_path / "maps.h5", sources, task)
    channel = Dataset.open(tmp_path / "dataset").y_channels.index(task["channel"])
    truth = read_split(tmp_path / "dataset", "test")[1][..., channel] >= 0.5
    assert truth.ndim == 3 + cubes
    best = largest_mcc(fitted["trees"].test, truth)
    for name in ON_MATTER:
        assert largest_mcc(fitted[name].test, truth) > best
