"""Thermal noise: new in every epoch of training, constant in validation and test."""

import numpy as np
import pytest

from cosmodag.cutouts.examples_file import create_examples, write_index
from cosmodag.datasets.dataset import Dataset
from cosmodag.datasets.loader import Loader, Preprocessing
from cosmodag.datasets.shards import write_dataset
from cosmodag.datasets.thermal_noise import ThermalNoise, apply_beam
from cosmodag.errors import InputError
from cosmodag.evaluation.targets import read_examples
from cosmodag.evaluation.task_evaluations import make_evaluation
from tests.checksummed import hdf5_file

CHANNELS = ["density", "brightness_temperature"]
NOISE = {"rms": 4.0, "beam": 2.0}


def drawn(split="train", *, epoch=0, rows=range(6), side=32, **settings):
    noise = ThermalNoise(CHANNELS, split, **{**NOISE, **settings})
    return noise.add(np.zeros((len(rows), side, side, 2), np.float32), epoch, np.array(rows))


@pytest.mark.parametrize("beam", [0.0, 1.5, 4.0])
def test_noise_has_the_requested_rms_and_zero_mean_for_any_beam(beam):
    sky = drawn(beam=beam, rows=range(200), side=64)[..., 1]
    assert sky.std() == pytest.approx(4.0, rel=0.02)
    assert np.abs(sky.mean((1, 2))).max() < 1e-4


def test_a_beam_correlates_neighbours_as_a_gaussian_does():
    white = np.random.default_rng(0).normal(size=(200, 64, 64)).astype(np.float32)
    sky = apply_beam(white, beam=4.0)
    width = 4.0 / np.sqrt(8 * np.log(2))
    for distance in (1, 2, 4):
        correlation = (sky * np.roll(sky, distance, 1)).mean()
        assert correlation == pytest.approx(np.exp(-(distance**2) / (4 * width**2)), abs=0.03)


def test_the_beam_is_isotropic():
    white = np.random.default_rng(0).normal(size=(1, 24, 16)).astype(np.float32)
    turned = apply_beam(white.transpose(0, 2, 1), beam=3.0).transpose(0, 2, 1)
    np.testing.assert_allclose(apply_beam(white, beam=3.0), turned, atol=1e-5)


def test_noise_depends_on_seed_epoch_and_example_alone():
    whole = drawn(epoch=3, seed=5)
    np.testing.assert_array_equal(drawn(epoch=3, seed=5, rows=[4, 2]), whole[[4, 2]])
    others = [drawn(epoch=4, seed=5), drawn(epoch=3, seed=6), drawn(epoch=3, seed=5)[::-1]]
    for other in others:
        assert abs(np.corrcoef(whole[0].ravel(), other[0].ravel())[0, 1]) < 0.2


def test_splits_have_independent_noise_and_the_test_s_is_equal_for_all_seeds():
    np.testing.assert_array_equal(drawn("test", seed=1), drawn("test", seed=2))
    for one, other in (("train", "test"), ("valid", "test"), ("train", "valid")):
        assert not np.array_equal(drawn(one)[..., 1], drawn(other)[..., 1])


def test_only_the_brightness_temperature_is_noisy():
    assert not drawn()[..., 0].any()
    with pytest.raises(InputError, match="has density, not the brightness_temperature"):
        ThermalNoise(["density"], "train", **NOISE)
    with pytest.raises(InputError, match="rms -1 mK"):
        ThermalNoise(CHANNELS, "train", rms=-1)


def test_noise_by_redshift_is_linear_between_the_redshifts_of_its_table():
    noise = ThermalNoise(CHANNELS, "train", rms=[[7, 1.0], [9, 3.0]], beam=2.0)
    redshifts = np.repeat([6.0, 7.5, 9.0, 12.0], 50)
    sky = noise.add(np.zeros((200, 32, 32, 2), np.float32), 0, np.arange(200), redshifts)[..., 1]
    levels = sky.reshape(4, -1).std(1)
    np.testing.assert_allclose(levels, [1.0, 1.5, 3.0, 3.0], rtol=0.03)
    constant = ThermalNoise(CHANNELS, "train", rms=1.5, beam=2.0)
    same = constant.add(np.zeros((200, 32, 32, 2), np.float32), 0, np.arange(200))[..., 1]
    np.testing.assert_array_equal(sky[50:100], same[50:100])
    with pytest.raises(InputError, match="by redshift, but the redshift of slices is unknown"):
        noise.add(np.zeros((1, 32, 32, 2), np.float32), 0, np.arange(1))
    with pytest.raises(InputError, match="redshifts 8, 7 do not increase; sort"):
        ThermalNoise(CHANNELS, "train", rms=[[8, 1.0], [7, 2.0]])


@pytest.fixture
def slices(tmp_path):
    """Return a dataset folder of 40 slices in 8 groups, density and brightness temperature."""
    random = np.random.default_rng(3)
    with hdf5_file(tmp_path / "slices.h5", "w") as file:
        x, y = create_examples(
            file,
            experiment="reionization",
            count=40,
            x_shape=(16, 16, 2),
            y_shape=(1, 1, 0),
            x_channels=CHANNELS,
            y_channels=[],
        )
        x[...] = random.normal([0, 10], [1, 3], x.shape)
        y[...] = 0
        names = [f"s{number:04d}" for number in range(8)]
        index = {"id": [f"{n}/{i}" for n in names for i in range(5)], "group": np.repeat(names, 5)}
        redshifts = {"redshift_class": np.arange(40) % 5, "redshift": 6.0 + np.arange(40) % 5}
        write_index(file, index | redshifts)
    write_dataset([tmp_path / "slices.h5"], tmp_path / "dataset")
    return tmp_path / "dataset"


def loader(slices, split, *, target=None, seed=1, **preprocessing):
    return Loader(
        Dataset.open(slices),
        split,
        target=target or {"columns": ["redshift_class"]},
        batch_size=8,
        preprocessing=Preprocessing(**preprocessing),
        seed=seed,
    )


def test_training_has_new_noise_in_every_epoch_and_the_test_the_same(slices):
    training = loader(slices, "train", noise=NOISE)
    rows = np.arange(4)
    assert not np.array_equal(training.read(rows, 0).x, training.read(rows, 1).x)
    np.testing.assert_array_equal(training.read(rows, 1).x, training.read(rows, 1).x)
    test = loader(slices, "test", noise=NOISE, seed=2)
    again = loader(slices, "test", noise=NOISE, seed=9)
    np.testing.assert_array_equal(test.read(rows).x, again.read(rows).x)


def test_networks_and_baselines_see_the_noise_of_the_redshift_of_each_slice(slices):
    noise = {"rms": [[6, 1.0], [10, 9.0]]}
    plain, noisy = (loader(slices, "valid", **kind) for kind in ({}, {"noise": noise}))
    rows = np.arange(len(plain.index))
    added = (noisy.read(rows).x - plain.read(rows).x)[:, 1].numpy()
    expected = 1 + 2 * (plain.index["redshift"].to_numpy() - 6)
    np.testing.assert_allclose(added.std((1, 2)), expected, rtol=0.2)
    evaluation = make_evaluation(
        "reionization", {"name": "classification", "column": "redshift_class", "classes": 5}
    )
    examples = read_examples(slices, evaluation, noise=noise)["valid"]
    np.testing.assert_array_equal(examples.x[..., 1], noisy.read(rows).x[:, 1])


def test_noise_is_added_before_the_transform_and_increases_its_deviation(slices):
    plain = loader(slices, "train", noise={"rms": 4.0}).read(np.arange(20)).x
    scaled = loader(slices, "train", noise={"rms": 4.0}, transform="standardise")
    scaled = scaled.read(np.arange(20)).x
    statistics = loader(slices, "train").dataset.statistics
    deviation = np.hypot(statistics["x_std"][1], 4.0)
    expected = (plain[:, 1] - statistics["x_mean"][1]) / deviation
    np.testing.assert_allclose(scaled[:, 1], expected, atol=1e-5)
    assert scaled[:, 0].std() == pytest.approx(1, abs=0.1)


def test_the_unit_transform_scales_the_training_range_to_one(slices):
    training = loader(slices, "train", transform="unit")
    whole = training.read(np.arange(len(training.index))).x
    low, high = whole.amin((0, 2, 3)), whole.amax((0, 2, 3))
    np.testing.assert_allclose(low, 0, atol=1e-6)
    np.testing.assert_allclose(high, 1, atol=1e-6)


def test_the_preprocessed_input_can_be_the_target(slices):
    settings = {"noise": NOISE, "transform": "unit", "augment": "periodic"}
    target = {"input": ["brightness_temperature"]}
    batch = loader(slices, "train", target=target, **settings).read(np.arange(6), 2)
    np.testing.assert_array_equal(batch.y, batch.x[:, 1:])
    with pytest.raises(InputError, match="'densty' is not among density, brightness"):
        loader(slices, "train", target={"input": ["densty"]})


def test_a_periodic_augmentation_moves_channels_together(slices):
    settings = {"target": {"input": CHANNELS}, "augment": "periodic"}
    plain = loader(slices, "train", target={"input": CHANNELS}).read(np.arange(6)).x
    moved = loader(slices, "train", **settings).read(np.arange(6), 1).x
    assert not np.array_equal(plain, moved)
    for one, other in zip(plain, moved):
        np.testing.assert_allclose(np.sort(one.ravel()), np.sort(other.ravel()))
        # Pixels at the same position of both channels move together.
        products = (one[0] * one[1]).ravel(), (other[0] * other[1]).ravel()
        np.testing.assert_allclose(*map(np.sort, products), rtol=1e-6)
