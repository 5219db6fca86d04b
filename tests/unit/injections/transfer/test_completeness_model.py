"""The model of completeness."""

import json

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from scipy.special import expit

from cosmodag.errors import InputError
from cosmodag.injections.commands.completeness import command
from cosmodag.injections.transfer.completeness_fit import fit_completeness
from cosmodag.injections.transfer.completeness_model import read_model
from cosmodag.injections.transfer.variables import Variable
from cosmodag.json_files import write_json

FEATURES = [Variable("r", "true r", "mag"), Variable("size", "true size", "arcsec")]


def truth(r, size):
    """Completeness with a plateau and a limit that depends on the size."""
    return 0.95 * expit((23.5 - 0.8 * size - r) / 0.25)


@pytest.fixture(scope="module")
def fitted():
    """A fit to injections with a known completeness, in 20 groups."""
    random = np.random.default_rng(1)
    sample = {"r": random.uniform(20, 25, 20_000), "size": random.uniform(0.2, 1.5, 20_000)}
    detected = random.random(20_000) < truth(**sample)
    group = np.arange(20_000) % 20
    return fit_completeness(sample, FEATURES, detected, group, unit="bricks")


@pytest.fixture(scope="module")
def file(fitted, tmp_path_factory):
    """File of the model."""
    path = tmp_path_factory.mktemp("model") / "completeness.json"
    write_json(path, fitted.model.numbers())
    return path


def test_the_model_recovers_the_completeness(fitted):
    random = np.random.default_rng(2)
    points = pd.DataFrame(
        {"r": random.uniform(20.5, 24.8, 2000), "size": random.uniform(0.3, 1.4, 2000)}
    )
    found = fitted.model.at(points)
    error = found["completeness"] - truth(points["r"], points["size"])
    assert np.sqrt(np.mean(error**2)) < 0.03
    assert not found["outside"].any()


def test_the_log_loss_is_better_than_that_of_simpler_models(fitted):
    loss = fitted.validation["log_loss"]
    assert fitted.model.form == "splines"
    assert loss["splines"] < loss["magnitude"] < loss["constant"]
    for form in ("constant", "magnitude"):
        assert fitted.validation["improvement"][form]["low"] > 0
    assert fitted.validation["unit"] == "bricks"
    for row in fitted.validation["calibration"]:
        assert row["observed"] == pytest.approx(row["predicted"], abs=0.03)


def test_noise_is_modelled_by_a_constant():
    random = np.random.default_rng(3)
    sample = {"r": random.uniform(20, 25, 400), "size": random.uniform(0.2, 1.5, 400)}
    detected = random.random(400) < 0.7
    fit = fit_completeness(sample, FEATURES, detected, np.arange(400) % 8, unit="bricks")
    assert fit.validation["log_loss"][fit.model.form] < np.log(2)
    values = fit.model.at({"r": [21.0, 24.0], "size": [0.5, 1.0]})["completeness"]
    np.testing.assert_allclose(values, 0.7, atol=0.12)


def test_all_detected_is_nearly_one_everywhere():
    sample = {"r": np.linspace(20, 25, 300), "size": np.linspace(0.2, 1.5, 300)}
    fit = fit_completeness(sample, FEATURES, np.ones(300, bool), np.zeros(300, int), unit="bricks")
    assert fit.validation["unit"] == "injections"
    assert 0.99 < fit.model.at({"r": [22.0]})["completeness"][0] < 1


def test_unknown_and_constant_features_are_left_out():
    random = np.random.default_rng(4)
    sample = {"r": random.uniform(20, 25, 3000), "size": np.full(3000, np.nan)}
    sample["seeing_r"] = np.full(3000, 1.4)
    detected = random.random(3000) < truth(sample["r"], 0.5)
    known = [*FEATURES, Variable("seeing_r", "seeing", "arcsec")]
    fit = fit_completeness(sample, known, detected, np.arange(3000) % 9, unit="bricks")
    assert {each.name for each in fit.model.features} == {"r"}


def test_the_file_gives_the_same_values(fitted, file):
    content = json.loads(file.read_text())
    assert content["form"] == "splines"
    points = {"r": np.linspace(19, 26, 50), "size": np.linspace(0.1, 2, 50)}
    pd.testing.assert_frame_equal(read_model(file).at(points), fitted.model.at(points))


def test_points_on_the_command_line(fitted, file):
    done = CliRunner().invoke(command, [str(file), "--at", '{"r": 22.5, "size": 0.5}'])
    assert done.exit_code == 0, done.output
    expected = fitted.model.at({"r": [22.5], "size": [0.5]})["completeness"][0]
    assert done.output == f"{expected:.4f}\n"
    done = CliRunner().invoke(command, [str(file), "--at", '[{"r": 22.5}, {"r": 29}]'])
    assert "size is not given: 0.8" in done.output
    assert done.output.count("outside the range of the injections") == 1


@pytest.mark.parametrize("ending", ["csv", "parquet", "fits"])
def test_a_table_in_and_a_table_out(fitted, file, tmp_path, ending):
    from astropy.table import Table

    points = pd.DataFrame({"name": ["a", "b"], "r": [22.0, 24.0], "size": [0.5, 0.6]})
    path = tmp_path / f"points.{ending}"
    if ending == "fits":
        Table(
            {name: points[name].to_numpy(dtype=None if name != "name" else "U1") for name in points}
        ).write(path)
    else:
        getattr(points, f"to_{ending}")(path, index=False)
    words = [str(file), f"--table={path}", f"--output={tmp_path / 'out.csv'}"]
    for _ in range(2):  # its own output is replaced
        done = CliRunner().invoke(command, words)
        assert done.exit_code == 0, done.output
    found = pd.read_csv(tmp_path / "out.csv")
    assert found["name"].tolist() == ["a", "b"]
    expected = fitted.model.at(points)["completeness"]
    np.testing.assert_allclose(found["completeness"], expected)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--at", '{"rr": 22}'], "feature 'rr' is not known; did you mean 'r'"),
        (["--at", '{"r": "faint"}'], "r is 'faint'; give a number"),
        (["--at", "[]"], "no point"),
        (["--at", '[{"r": 1}, {"size": 1}]'], "is no point with the features of the others"),
        ([], "give either --at, or --table with --output"),
    ],
)
def test_a_mistake_is_named(file, words, message):
    done = CliRunner().invoke(command, [str(file), *words])
    printed = done.output + str(done.exception)
    assert message in printed


def test_a_constant_model_says_that_features_do_not_matter(tmp_path):
    sample = {"r": np.linspace(20, 25, 300), "size": np.linspace(0.2, 1.5, 300)}
    fit = fit_completeness(sample, FEATURES, np.ones(300, bool), np.arange(300) % 6, unit="bricks")
    write_json(tmp_path / "model.json", fit.model.numbers())
    done = CliRunner().invoke(command, [str(tmp_path / "model.json"), "--at", '{"r": 22}'])
    assert "the model is the mean" in done.output
    done = CliRunner().invoke(command, [str(tmp_path / "model.json"), "--at", '{"rr": 22}'])
    assert "did you mean 'r'" in str(done.exception)


def test_text_in_a_column_is_no_feature(file, tmp_path):
    (tmp_path / "points.csv").write_text("r,size\nfaint,0.5\n")
    words = [str(file), f"--table={tmp_path / 'points.csv'}", f"--output={tmp_path / 'out.csv'}"]
    done = CliRunner().invoke(command, words)
    assert "feature r: its values are no numbers" in str(done.exception)
    assert not (tmp_path / "out.csv").exists()


def test_another_file_is_no_model(tmp_path):
    path = tmp_path / "other.json"
    keys = {"form": "splines", "features": [], "intercept": 0, "coefficients": []}
    write_json(path, {"kind": "other", **keys})
    with pytest.raises(InputError, match=r"other\.json: it is no model of completeness"):
        read_model(path)
    write_json(path, {"kind": "completeness", **keys, "form": "linear", "features": [{"a": 1}]})
    with pytest.raises(InputError, match="it is no model of completeness"):
        read_model(path)
