"""Snakemake refuses mistakes in a configuration, and plans what is unusual but right."""

import re
import shlex

import numpy as np
import pytest

from tests.checkout import tiny

pytestmark = [pytest.mark.dag, pytest.mark.slow]


def test_a_mistake_is_shown_in_two_lines_with_its_place(checkout):
    config = checkout.config
    config["voids"]["runs"]["unet"]["training"]["monitor"] = "aucc"
    shown = [line for line in checkout.refused(config).splitlines() if "profile" not in line]
    assert shown[0] == "InputMistake:"
    assert re.fullmatch(
        r"tiny.yaml, line \d+: voids.runs.unet.training.monitor: 'aucc' is not a score of the task "
        r"map; known: loss, brier, brier_skill, mcc, mcc_best",
        shown[1],
    )
    assert len(shown) == 2


def test_a_key_that_is_defined_twice_is_refused(checkout):
    path = checkout.folder / "tiny.yaml"
    path.write_text(path.read_text() + "voids:\n  runs: {}\n")
    shown = checkout.snakemake("-n", "--configfile", "tiny.yaml", ok=False)
    assert re.search(r"tiny.yaml, line \d+: key voids is defined twice, first in line 2", shown)


def test_values_of_the_command_line_have_the_types_of_the_schema(checkout):
    epochs = "voids={runs: {unet: {training: {epochs: %s}}}}"
    base = ("-n", "-p", "--configfile", "tiny.yaml", "--config")
    assert '"epochs": 3' in checkout.snakemake(*base, epochs % 3)
    shown = checkout.snakemake(*base, epochs % "many", ok=False)
    assert "voids.runs.unet.training.epochs: 'many' is not allowed; give an integer" in shown


def test_a_folder_that_no_job_could_write_is_refused_before_the_plan(checkout):
    config = checkout.config
    for key, value, fault in (
        ("results", "/", "'/' is the root of the file system; give a folder below it"),
        ("scratch", "~/x", "'~/x' begins with ~, which is not replaced by a home folder; give '"),
        ("results", 256 * "b", "'b.* a name of 256 bytes, and file systems allow 255; give a"),
    ):
        name, shown = checkout.refused({**config, key: value}).splitlines()[-2:]
        assert name == "InputMistake:"
        assert re.match(rf"tiny.yaml, line \d+: {key}: {fault}", shown)
    assert not list(checkout.folder.glob("~*"))


def test_results_may_contain_spaces(checkout):
    config = checkout.config | {"results": "res ults"}
    for name in ("galaxies", "injections", "reionization"):
        config |= tiny(name)
    checkout.configure(config)
    commands = re.findall(r"^Shell command: (.*python -m cosmodag .*)$", checkout.commands(), re.M)
    assert len(commands) > 30
    for command in commands:
        assert not [word for word in shlex.split(command) if word == "res"], command


def test_a_job_with_a_mistake_in_its_input_is_not_run_again(checkout):
    positions = np.random.default_rng(0).uniform(0, 400, (2000, 3))
    header = {"header": "x,y,z", "comments": "", "delimiter": ","}
    np.savetxt(checkout.folder / "galaxies.csv", positions, **header)
    config = checkout.config
    voids = config["voids"]
    voids["sources"] = {"boxes": {"catalogue": {"path": "galaxies.csv", "box_size": 200}}}
    voids["grids"]["boxes"] = {"source": "boxes", "cells": 64}
    voids["labels"]["boxes"] = {"source": "boxes", "mesh": 32, "spheres": {}}
    voids["cutouts"] = {"slabs": voids["cutouts"]["slabs"] | {"regions": [2, 2, 1]}}
    voids["datasets"] = {"slabs": {"cutouts": "slabs"}}
    voids["runs"] = {"unet": voids["runs"]["unet"]}
    voids["runs"]["unet"]["task"]["channel"] = "fraction_spheres"
    checkout.configure(config)
    grid = "results/voids/grids/boxes/0.h5"
    words = ("--cores", "1", "--retries", "3", "--configfile", "tiny.yaml", "--", grid)
    shown = checkout.snakemake(*words, ok=False)
    assert "Error: galaxies.csv: galaxies" in shown
    assert "Trying to restart job" not in shown
