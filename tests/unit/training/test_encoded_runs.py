"""Runs behind a frozen encoder, and settings of runs on slices that follow from the dataset."""

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


def test_training_leaves_the_frozen_encoder_unchanged(encoder, encoded):
    before, _, _ = load_run(encoder)
    after, _, description = load_run(encoded)
    for expected, weights in zip(before.encoder.parameters(), after.encoder.parameters()):
        assert torch.equal(weights, expected)
    assert description["model"]["channels"] == 8
    assert description["model"]["side"] == 4
    # Trained parameters: 8·8·9 + 8 of the convolution, and a cell of 8 features to 3 classes.
    assert description["parameters"] == 584 + 3 * (8 + 1)


def test_a_run_behind_an_encoder_is_predicted_as_it_was_trained(slices, encoder, encoded):
    _, _, description = load_run(encoded)
    loader = run_loader(slices, "test", description)
    predictions = predict(encoded, loader, threads=1)
    model, _, _ = load_run(encoded)
    statistics = Dataset.open(slices).statistics
    low, high = statistics["x_min"][0], statistics["x_max"][0]
    plain = run_loader(slices, "test", {**description, "encoder": None, "transform": "none"})
    batch = plain.read(np.arange(5))
    with torch.no_grad():
        expected = model.network(model.encoder((batch.x - low) / (high - low)))
    np.testing.assert_allclose(predictions["logit"][:5], expected.numpy(), rtol=1e-4, atol=1e-4)


def test_an_encoder_trained_on_the_test_split_is_refused(make_slices, slices, tmp_path):
    leaking = make_slices(seeds=10, protocol="random", step=16)
    train(leaking, tmp_path / "leaking", RECONSTRUCTION, {"name": "autoencoder"})
    with pytest.raises(InputError, match=r"encoder leaking: it was trained on s000., .* of the t"):
        train(slices, tmp_path / "run", REDSHIFT, SMALL, encoder=tmp_path / "leaking")
    # A random split leaks anyway, and no result is claimed from it.
    train(leaking, tmp_path / "run", REDSHIFT, SMALL, encoder=tmp_path / "leaking")


def test_only_a_reconstruction_of_the_same_channels_serves_as_an_encoder(
    slices, densities, encoded, encoder, tmp_path
):
    with pytest.raises(InputError, match="encoder encoded: its task is classification"):
        train(slices, tmp_path, REDSHIFT, SMALL, encoder=encoded)
    with pytest.raises(InputError, match="on brightness_temperature, but the dataset has density"):
        train(densities, tmp_path, REDSHIFT, SMALL, encoder=encoder)


def test_the_weights_of_the_encoder_are_part_of_the_description(slices, encoder, tmp_path):
    """Runs behind encoders that differ only in their weights must not share checkpoints."""
    other = tmp_path / "encoder"
    train(slices, other, RECONSTRUCTION, {"name": "autoencoder"}, seed=1)
    first, second = (
        train(slices, tmp_path / f"run{n}", REDSHIFT, SMALL, encoder=folder)["encoder"]
        for n, folder in enumerate((encoder, other))
    )
    assert first["weights"] != second["weights"]


def test_number_and_values_of_classes_follow_from_the_dataset(slices, encoded):
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
    run = train(slices, tmp_path / "a", ordinal, model, augment="periodic", noise=noise)
    assert run["noise"] == noise
    assert 0.05 <= run["temperature"] <= 20
    matching = {"name": "matching", "columns": ["redshift_class"], "embedding_dim": 128}
    run = train(pairs, tmp_path / "b", matching, {"name": "siamese", "width": 8})
    assert run["model"]["outputs"] == 256
    assert "temperature" not in run


def test_interrupted_training_behind_an_encoder_continues_bit_identically(
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
    once, again = ((tmp_path / name / "model.pt").read_bytes() for name in ("once", "again"))
    assert once == again
