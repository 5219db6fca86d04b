"""Simulated surveys in a configuration: what the workflow makes of them, and mistakes."""

import copy
import json
import re
import shlex

import pytest

from cosmodag.dag.config_files import complete_config
from cosmodag.errors import InputError
from cosmodag.voids.checks import example_format
from cosmodag.voids.files import VoidsFiles

CONFIG = {
    "sources": {
        "sky": {
            "simulation": {
                "survey": {"ra": [350, 40], "dec": [0, 30], "maximum_redshift": 0.08},
                "realizations": 6,
            }
        }
    },
    "grids": {"sky": {"source": "sky", "cells": 32}},
    "labels": {"sky": {"source": "sky", "mesh": 32, "matter_spheres": {}}},
    "cutouts": {"cubes": {"grid": "sky", "labels": "sky", "side": 16, "stride": 16, "cubes": True}},
    "datasets": {"cubes": {"cutouts": "cubes"}},
    "runs": {
        "cube": {
            "dataset": "cubes",
            "task": {"name": "map", "channel": "fraction_matter_spheres", "head": "cube"},
            "model": {"name": "unet3d", "width": 8, "levels": 1},
        }
    },
}
SURVEY = "sources.sky.simulation.survey"
RANDOMS = {"path": "absent.csv", "columns": ["ra", "dec"]}


def changed(changes: dict) -> dict:
    """Return the configuration with some keys of the section changed."""
    section = copy.deepcopy(CONFIG)
    for path, value in changes.items():
        *above, last = path.split(".")
        entry = section
        for key in above:
            entry = entry.setdefault(key, {})
        entry[last] = value
    return {"voids": section}


def test_cubes_of_a_survey_have_its_selection_and_what_is_known():
    section = complete_config(changed({}))["voids"]
    made = example_format(section, "cubes")
    assert made.channels == ("overdensity", "selection")
    assert made.target_channels == ("fraction_matter_spheres", "known")
    assert not made.periodic


def test_files_of_a_survey_are_inputs_and_its_settings_an_option(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    survey = {"randoms": RANDOMS, "maximum_redshift": 0.1}
    files = VoidsFiles(complete_config(changed({SURVEY: survey})))
    assert files.simulate_inputs("sky") == {"survey_randoms": ["absent.csv"]}
    option, text = shlex.split(files.survey_options("sky"))
    settings = json.loads(text)
    assert option == "--survey"
    assert settings["randoms"] == {"columns": ["ra", "dec"], "cz": False}
    assert settings["maximum_redshift"] == 0.1
    assert files.label_inputs("sky", "0") == {"matter_grid": files.matter_file("sky", "0")}


def test_boxes_without_a_survey_have_neither():
    section = changed({"sources.sky.simulation": {"realizations": 6}})
    files = VoidsFiles(complete_config(section))
    assert files.simulate_inputs("sky") == {}
    assert files.survey_options("sky") == ""
    assert "galaxies" in files.label_inputs("sky", "0")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({f"{SURVEY}.ra": [0, 500]}, "survey.ra.1: 500"),
        ({f"{SURVEY}.dec": [30, 0]}, r"survey.dec: \[30, 0\] is no range"),
        ({f"{SURVEY}.minimum_redshift": 0.1}, "minimum_redshift: 0.1 is not below"),
        ({SURVEY: {"ra": [0, 9], "dec": [0, 9]}}, "maximum_redshift: where the survey ends is"),
        ({f"{SURVEY}.redshifts": [0.1, 0.2]}, "survey: redshifts and densities belong together"),
        (
            {f"{SURVEY}.redshifts": [0.1, 0.2], f"{SURVEY}.densities": [1, 1, 1]},
            "densities: 3 for 2 redshifts",
        ),
        (
            {f"{SURVEY}.redshifts": [0.2, 0.1], f"{SURVEY}.densities": [1, 1]},
            "redshifts: .* do not ascend",
        ),
        ({"sources.sky.simulation.redshift_space_axis": 0}, "redshift_space_axis: the survey has"),
        ({"grids.sky.fields": {}}, "fields: the box of the source 'sky' is not periodic"),
        ({"grids.sky.method": "tsc"}, "method: galaxies are compared .* by cic"),
        ({"labels.sky.spheres": {}}, "spheres: the source is observed by a survey"),
        ({"cutouts.cubes.wrap": True}, "wrap: the box of the source 'sky' is not periodic"),
        ({"cutouts.cubes.cubes": False}, "cubes: a survey has no common line of sight"),
        ({"statistics": {"sky": {"labels": "sky"}}}, "statistics need whole boxes"),
        (
            {"runs.cube.task": {"name": "count", "columns": ["count_matter_spheres"]}},
            "count needs whole boxes, but a survey observes a part",
        ),
    ],
)
def test_a_mistake_is_named_with_its_place(changes, message):
    with pytest.raises(InputError) as error:
        complete_config(changed(changes))
    assert re.search(message, str(error.value)), str(error.value)
    assert str(error.value).startswith("voids.")
