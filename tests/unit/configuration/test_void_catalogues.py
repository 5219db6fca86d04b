"""Mistakes in ``voids.void_catalogues`` are refused before the first job, with key and cure."""

import re

import numpy as np
import pandas as pd
import pytest
import yaml
from click.testing import CliRunner

from cosmodag import settings
from cosmodag.commands.config import command as config_command
from cosmodag.dag.common import checked, command_options
from cosmodag.dag.config_files import complete_config
from cosmodag.errors import InputError
from cosmodag.voids.commands.find import command
from cosmodag.voids.files import BASE_MB, LARGEST_GRID_MB, VoidsFiles
from tests.unit.voids.survey.test_footprint import write_map

SURVEY = {"path": "galaxies.csv", "randoms": {"path": "randoms.csv"}}
BOX = {"path": "box.csv", "box_size": 100}


@pytest.fixture
def files(tmp_path, monkeypatch):
    """A folder with the first rows of a survey, its randoms and mask, and of a box."""
    monkeypatch.chdir(tmp_path)
    rows = np.random.default_rng(1).uniform(0, 1, (3, 3))
    for name, columns in (("galaxies", "ra,dec,z"), ("randoms", "ra,dec,z"), ("box", "x,y,z")):
        pd.DataFrame(rows, columns=columns.split(",")).to_csv(f"{name}.csv", index=False)
    write_map(tmp_path / "mask.fits", eastern=1.0)
    return tmp_path


def config_of(entry: dict) -> dict:
    return {"voids": {"void_catalogues": {"own": entry}}}


def refusal(entry: dict) -> str:
    with pytest.raises(InputError) as error:
        complete_config(config_of(entry))
    message = str(error.value)
    assert message.startswith("voids.void_catalogues.own")
    assert "\n" not in message
    return message


def test_a_configuration_may_consist_of_void_catalogues(files):
    complete = complete_config(config_of(SURVEY))["voids"]
    assert complete["void_catalogues"]["own"]["minimum_radius"] == 10
    assert complete["runs"] == {}


@pytest.mark.parametrize(
    "entry",
    [
        SURVEY,
        {**SURVEY, "randoms": {"path": "randoms.csv", "columns": ["ra", "dec"]}},
        {"path": "galaxies.csv", "mask": {"path": "mask.fits"}},
        {"path": "galaxies.csv", "estimate_footprint": True, "finder": "spheres"},
        {**BOX, "unit": "Mpc", "hubble": 0.7, "periodic": False},
        {"path": "absent.fits", "mask": {"path": "absent.fits"}},  # an earlier job may make it
    ],
)
def test_a_completed_entry_is_accepted_again(files, entry):
    complete = complete_config(config_of(entry))
    assert complete_config(complete) == complete
    (files / "own.yaml").write_text(yaml.safe_dump(complete))
    assert CliRunner().invoke(config_command, ["own.yaml"]).exit_code == 0


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (
            {"path": "galaxies.csv"},
            "own: give just one of randoms or mask or estimate_",
        ),
        ({**SURVEY, "box_size": 100}, "own: give just one of randoms or mask or estimate"),
        ({"randoms": {"path": "randoms.csv"}}, "own.path: missing; required: path of the file"),
        ({**SURVEY, "minimum_raduis": 8}, "minimum_raduis: not a known key; .*'minimum_radius'"),
        ({**SURVEY, "randoms": {"file": "x"}}, "own.randoms.file: not a known key"),
        ({**SURVEY, "threshold": 0.5}, "threshold: 0.5 is not allowed; give a number above -1 and"),
        ({**SURVEY, "finder": "sphere"}, "finder: 'sphere' is not known; did you mean 'spheres'"),
        ({**SURVEY, "maximum_redshift": 30}, "maximum_redshift: 30 is not allowed; .* at most 20"),
        ({**SURVEY, "maximum_radius": 5}, "maximum_radius: 5 is below minimum_radius 10"),
        (
            {**SURVEY, "minimum_redshift": 1, "maximum_redshift": 0.5},
            "minimum_redshift: 1 is not below maximum_redshift 0.5",
        ),
        (
            {"path": "galaxies.csv", "estimate_footprint": False},
            "estimate_footprint: false leaves the footprint unknown; give true, or randoms or",
        ),
        ({**SURVEY, "periodic": False}, "periodic: a setting of a box has no effect here; remove"),
        ({**BOX, "cz": True}, "cz: a setting of a survey has no effect here; remove it"),
        (
            {**SURVEY, "finder": "spheres", "threshold": -0.8},
            "threshold: a setting of the finder underdensity has no effect here; remove it",
        ),
        ({**BOX, "unit": "kpc"}, "hubble: missing; the unit kpc needs H0"),
        ({**BOX, "columns": ["ra", "dec", "z"]}, "own.columns: box.csv: .*'ra'"),
        ({**SURVEY, "columns": ["RA", "DEC", "Z"]}, "own.columns: galaxies.csv: .*'RA'"),
        ({**SURVEY, "columns": ["ra", "dec"]}, "columns: .* is not allowed; give a list of 3"),
        ({**SURVEY, "columns": ["ra", "ra", "z"]}, "a list of 3 items, each once"),
        (
            {**SURVEY, "randoms": {"path": "randoms.csv", "columns": ["ra"]}},
            "randoms.columns: .* is not allowed; give a list of 2 to 3 items",
        ),
        (
            {**SURVEY, "randoms": {"path": "randoms.csv", "weight": "w"}},
            "own.randoms.columns: randoms.csv: .*'w'",
        ),
        ({**SURVEY, "path": "part*.csv"}, r"own.path: part\*.csv: no file"),
        (
            {"path": "galaxies.csv", "mask": {"path": "mask.fits", "column": "W"}},
            "own.mask: mask.fits: no column 'W'; name one of COMPLETENESS",
        ),
        (
            {"path": "galaxies.csv", "mask": {"path": "galaxies.csv"}},
            "own.mask: galaxies.csv: not a complete FITS|own.mask: galaxies.csv: .*FITS",
        ),
    ],
)
def test_a_mistake_is_refused(files, entry, message):
    assert re.search(message, refusal(entry))


def test_a_column_in_another_unit_is_refused(files):
    rows = "# %ECSV 1.0\n# ---\n# datatype:\n"
    rows += "# - {name: ra, unit: hourangle, datatype: float64}\n"
    rows += "".join(f"# - {{name: {name}, datatype: float64}}\n" for name in ("dec", "z"))
    (files / "galaxies.ecsv").write_text(f"{rows}ra dec z\n1.0 2.0 0.1\n")
    entry = {**SURVEY, "path": "galaxies.ecsv", "randoms": {"path": "randoms.csv"}}
    assert "column 'ra' is in hourangle by its header; convert it to" in refusal(entry)


def test_an_unset_variable_in_a_path_is_named(monkeypatch):
    monkeypatch.delenv("NOWHERE", raising=False)
    entry = {**SURVEY, "randoms": {"path": "$NOWHERE/randoms.csv"}}
    with pytest.raises(InputError, match=r"own.randoms.path: \$NOWHERE/randoms.csv names a variab"):
        checked(config_of(entry))


def test_every_key_is_an_option_of_the_command_and_reaches_its_job(files):
    options = {name for option in command.params for name in option.opts}
    for key in dict(settings.keys("voids/void_catalogues/*")).keys() - {"path"}:
        assert f"--{key.replace('_', '-')}" in options
    entry = {
        **SURVEY,
        "path": ["galaxies.csv"],
        "randoms": {"path": "randoms.csv", "columns": ["ra", "dec"]},
    }
    complete = complete_config(config_of(entry))
    words = command_options(complete)["voids"]["void_catalogues"]["own"]
    for key in complete["voids"]["void_catalogues"]["own"]:
        given = re.search(rf"--(no-)?{key.replace('_', '-')}\b", words)
        assert (given is None) == (key in {"path", "randoms", "mask"})
    voids = VoidsFiles(complete)
    assert voids.find_inputs("own") == {"galaxies": ["galaxies.csv"], "randoms": ["randoms.csv"]}
    assert voids.footprint_options("own") == """--randoms-columns '["ra", "dec"]'"""
    assert voids.targets == ["results/voids/void_catalogues/own"]


def test_memory_grows_with_the_files_up_to_that_of_the_largest_grid(files):
    voids = VoidsFiles(complete_config(config_of(SURVEY)))
    small = voids.find_mb("own")
    assert small == pytest.approx(2 * BASE_MB, rel=0.01)
    for size, least, most in ((10, 1000, 1200), (1000, LARGEST_GRID_MB, 15_000)):
        with open("galaxies.csv", "r+b") as file:
            file.truncate(size * 1_000_000)  # sparse: it takes no space
        assert least < voids.find_mb("own") - small < most
