"""Outputs that begin from what a stamp shows."""

import math
from pathlib import Path

import pytest
import torch

from cosmodag.datasets.dataset import Dataset
from cosmodag.models.galaxynet import GalaxyNet
from cosmodag.training.anchors import anchors
from cosmodag.training.completion import complete_model
from cosmodag.training.scalar_tasks import CountTask, RegressionTask

COLUMNS = ["log_radius", "axis_ratio", "magnitude"]
MOMENTS = {"mean": [-0.4, 0.6, 22.0], "std": [0.3, 0.2, 1.2]}
DESCRIPTION = {
    "examples": [{"flux_unit": 0.003, "pixel": 0.1}],
    "shapes": {"x": [32, 32, 3], "y": [1]},
}
DATASET = Dataset(Path("dataset"), DESCRIPTION)


@pytest.mark.parametrize(("kind", "each"), [(CountTask, 2), (RegressionTask, 1)])
def test_magnitude_and_radius_of_a_sharp_bright_galaxy_follow_from_the_anchors_alone(kind, each):
    task = kind(COLUMNS, **MOMENTS)
    output = torch.zeros(1, task.outputs)
    measured = {"flux": math.log(1000 / 0.003), "radius": math.log(7)}  # 1000 nanomaggies
    for place, measure, slope, offset in anchors(task, DATASET):
        output[0, place] = slope * measured[measure] + offset
    assert {place // each for place, *_ in anchors(task, DATASET)} == {0, 2}
    found = task.expectation(output)[0].tolist()
    assert found == pytest.approx([math.log10(0.7), 0.6, 22.5 - 2.5 * 3], abs=1e-4)


@pytest.mark.parametrize("examples", [[{}], [{"flux_unit": 0.003, "pixel": 0.1}, {"pixel": 0.1}]])
def test_stamps_in_no_known_unit_anchor_nothing(examples):
    dataset = Dataset(Path("dataset"), DESCRIPTION | {"examples": examples})
    assert anchors(CountTask(COLUMNS, **MOMENTS), dataset) == []


def test_a_network_is_told_its_anchors_and_others_are_not():
    task = CountTask(COLUMNS, **MOMENTS)
    model = complete_model({"name": "galaxynet"}, DATASET, task)
    assert [measure for _, measure, *_ in model["anchors"]] == ["radius", "flux"]
    GalaxyNet(**{key: value for key, value in model.items() if key != "name"})
    assert "anchors" not in complete_model({"name": "stampnet"}, DATASET, task)
