"""Runs that read through another run's encoder, and what runs on slices take from their dataset."""

import json

import numpy as np
import pytest
import torch

from cosmodag.datasets.dataset import Dataset
from cosmodag.errors import InputError
from cosmodag.training.completion import complete_task
from cosmodag.training.prediction import load_run, predict, run_loader
from cosmodag.training.run import train_run
from cosmodag.training.settings import RunSettings
from tests.slices import ESCAPE_FRACTIONS, REDSHIFTS

RECONSTRUCTION = {"name": "reconstruction"}
REDSHIFT = {"name": "classification", "column": "redshift_class"}
SMALL = {"name": "convnet", "widths": [8]}
TRAINING = {"epochs": 1, "batch_size": 32}


def train(dataset, folder, task, model, state_folder=None, **settings):
    settings = {"training": TRAINING, "transform": "unit", **settings}
    run_settings = RunSettings(model, task, **settings)
    return train_run(dataset, folder, run_settings, state_folder=state_folder, threads=1)


@pytest.fixture(scope="module")
def encoder(slices, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "encoder"
    train(slices, folder, RECONSTRUCTION, {"name": "autoencoder"})
    return folder


@pytest.fixture(scope="module")
def encoded(slices, encoder):
    folder = encoder.parent / "encoded"
    train(slices, folder, REDSHIFT, SMALL, encoder=encoder)
    return folder


def test_a_run_reads_through_an_encoder_that_it_leaves_as_it_was(encoder, encoded):
    before, _, _ = load_run(encoder)
    after, _, description = load_run(encoded)
    for one, other in zip(before.encoder.parameters(), after.encoder.parameters()):
        assert torch.equal(one, other)
    assert description["model"]["channels"] == 8
    assert description["model"]["side"] == 4
    # What was trained: 8·8·9 + 8 of the convolution, and a cell of 8 features to 3 classes.
    assert description["parameters"] == 584 + 3 * (8 + 1)


def test_a_run_behind_an_encoder_is_predicted_as_it_was_trained(slices, encoder, encoded):
    _, _, description = load_run(encoded)
    loader = run_loader(slices, "test", description)
    found = predict(encoded, loader, threads=1)
    model, _, _ = load_run(encoded)
    statistics = Dataset.open(slices).statistics
    low, high = statistics["x_min"][0], statistics["x_max"][0]
    plain = run_loader(slices, "test", {**description, "encoder": None, "transform": "none"})
    batch = plain.read(np.arange(5))
    with torch.no_grad():
        expected = model.network(model.encoder((batch.x - low) / (high - low)))
    np.testing.assert_allclose(found["logit"][:5], expected.numpy(), rtol=1e-4, atol=1e-4)


def test_an_encoder_that_saw_what_is_to_be_tested_on_is_refused(make_slices, slices, tmp_path):
    leaking = make_slices(seeds=10, protocol="random", step=16)
    train(leaking, tmp_path / "leaking", RECONSTRUCTION, {"name": "autoencoder"})
    with pytest.raises(InputError, match=r"encoder leaking: it was trained on s000., .* of the t"):
        train(slices, tmp_path / "run", REDSHIFT, SMALL, encoder=tmp_path / "leaking")
    # Under the original's protocol everything was seen, and nothing is claimed.
    train(leaking, tmp_path / "run", REDSHIFT, SMALL, encoder=tmp_path / "leaking")


def test_only_a_reconstruction_of_the_same_channels_is_an_encoder(
    slices, densities, encoded, encoder, tmp_path
):
    with pytest.raises(InputError, match="encoder encoded: its task is classification"):
        train(slices, tmp_path, REDSHIFT, SMALL, encoder=encoded)
    with pytest.raises(InputError, match="on brightness_temperature, but the dataset has density"):
        train(densities, tmp_path, REDSHIFT, SMALL, encoder=encoder)


def test_an_interrupted_run_behind_an_encoder_has_a_state_of_its_own(slices, encoder, tmp_path):
    """Two encoders that differ in their weights alone must not share checkpoints."""
    other = tmp_path / "encoder"
    train(slices, other, RECONSTRUCTION, {"name": "autoencoder"}, seed=1)
    found = [
        train(slices, tmp_path / f"run{n}", REDSHIFT, SMALL, encoder=each)["encoder"]["weights"]
        for n, each in enumerate((encoder, other))
    ]
    assert found[0] != found[1]


def test_classes_take_their_number_and_values_from_the_dataset(slices, encoded):
    dataset = Dataset.open(slices)
    assert dataset.class_values("redshift_class") == list(REDSHIFTS)
    assert dataset.class_values("escape_fraction_class") == list(ESCAPE_FRACTIONS)
    assert dataset.class_values("axis") is None
    description = json.loads((encoded / "run.json").read_text())
    assert description["task"] == REDSHIFT | {"classes": 3, "values": list(REDSHIFTS)}
    both = {"name": "ordinal", "columns": ["redshift_class", "escape_fraction_class"]}
    assert complete_task(both, dataset)["values"] == [list(REDSHIFTS), list(ESCAPE_FRACTIONS)]
    with pytest.raises(InputError, match=r"defines no values for the classes of 'axis'"):
        complete_task({"name": "ordinal", "columns": ["axis"]}, dataset)
    with pytest.raises(InputError, match=r"task\.classes: 5, .* has 3 values"):
        complete_task(REDSHIFT | {"classes": 5}, dataset)


def test_maps_of_the_input_s_resolution_set_the_factor_of_a_unet(densities, tmp_path):
    task = {"name": "map", "channel": "ionized"}
    model = {"name": "unet", "width": 8, "levels": 1}
    assert train(densities, tmp_path, task, model)["model"]["factor"] == 1


def test_matching_and_ordinal_runs_train(slices, pairs, tmp_path):
    ordinal = {"name": "ordinal", "columns": ["redshift_class", "escape_fraction_class"]}
    noise = {"rms": 5.0, "beam": 2.0}
    model = {"name": "slicenet", "width": 8}
    found = train(slices, tmp_path / "a", ordinal, model, augment="periodic", noise=noise)
    assert found["noise"] == noise
    assert 0.05 <= found["temperature"] <= 20
    matching = {"name": "matching", "columns": ["redshift_class"], "size": 128}
    found = train(pairs, tmp_path / "b", matching, {"name": "siamese", "width": 8})
    assert found["model"]["outputs"] == 256
    assert "temperature" not in found


def test_interrupted_training_behind_an_encoder_sees_the_same_noise(
    slices, encoder, tmp_path, interrupted_at
):
    settings = {
        "encoder": encoder,
        "noise": {"rms": 5.0, "beam": 2.0},
        "augment": "periodic",
        "training": {"epochs": 2, "batch_size": 64, "checkpoint_steps": 1},
    }
    task = {"name": "ordinal", "columns": ["redshift_class", "escape_fraction_class"]}
    train(slices, tmp_path / "once", task, SMALL, **settings)
    state = {"state_folder": tmp_path / "state"}
    with interrupted_at(12):
        train(slices, tmp_path / "again", task, SMALL, **settings, **state)
    assert list((tmp_path / "state").rglob("*.pt"))
    train(slices, tmp_path / "again", task, SMALL, **settings, **state)
    found = [(tmp_path / name / "model.pt").read_bytes() for name in ("once", "again")]
    assert found[0] == found[1]
