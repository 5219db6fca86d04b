"""Anchors: magnitude and radius follow from a measured flux and radius."""

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


@pytest.mark.parametrize(("kind", "per_column"), [(CountTask, 2), (RegressionTask, 1)])
def test_anchors_give_magnitude_and_radius_of_a_bright_galaxy(kind, per_column):
    task = kind(COLUMNS, **MOMENTS)
    output = torch.zeros(1, task.outputs)
    measured = {"flux": math.log(1000 / 0.003), "radius": math.log(7)}  # 1000 nanomaggies
    for number, measurement, slope, offset in anchors(task, DATASET):
        output[0, number] = slope * measured[measurement] + offset
    assert {number // per_column for number, *_ in anchors(task, DATASET)} == {0, 2}
    assert task.expectation(output)[0].tolist() == pytest.approx(
        [math.log10(0.7), 0.6, 22.5 - 2.5 * 3], abs=1e-4
    )


@pytest.mark.parametrize("examples", [[{}], [{"flux_unit": 0.003, "pixel": 0.1}, {"pixel": 0.1}]])
def test_stamps_of_unknown_unit_have_no_anchors(examples):
    dataset = Dataset(Path("dataset"), DESCRIPTION | {"examples": examples})
    assert anchors(CountTask(COLUMNS, **MOMENTS), dataset) == []


def test_only_networks_with_anchors_receive_them():
    task = CountTask(COLUMNS, **MOMENTS)
    model = complete_model({"name": "galaxynet"}, DATASET, task)
    assert [measurement for _, measurement, *_ in model["anchors"]] == ["radius", "flux"]
    GalaxyNet(**{key: value for key, value in model.items() if key != "name"})
    assert "anchors" not in complete_model({"name": "stampnet"}, DATASET, task)
