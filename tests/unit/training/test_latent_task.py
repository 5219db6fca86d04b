"""Latents: the bound that is trained against closed forms, and runs from end to end."""

import math

import numpy as np
import pytest
import torch
from torch import distributions
from torch.nn import functional

from cosmodag.errors import InputError
from cosmodag.evaluation.latent_evaluation import LatentEvaluation
from cosmodag.evaluation.symmetric_prediction import predict_splits
from cosmodag.evaluation.targets import read_examples
from cosmodag.models.registry import build
from cosmodag.training.prediction import predict, run_loader
from cosmodag.training.reproducible import reproducible
from cosmodag.training.run import train_run
from cosmodag.training.settings import RunSettings
from cosmodag.training.tasks import make_task

SIDE, SIZE = 8, 3
BANDS = ["g", "r"]
SMALL = {"name": "vae", "widths": [8, 16, 16]}


def task(**settings):
    return make_task("latent", channels=BANDS, side=SIDE, size=SIZE, **settings)


def train(dataset, folder, *, model=SMALL, channels=None, augment=None, state_folder=None):
    settings = RunSettings(
        model,
        task={"name": "latent", "size": 4} | ({"channels": channels} if channels else {}),
        training={"epochs": 2, "batch_size": 32, "checkpoint_steps": 1, "learning_rate": 3e-3},
        transform="arcsinh",
        augment=augment,
    )
    return train_run(dataset, folder, settings, state_folder=state_folder, threads=1)


@pytest.fixture
def rows():
    """Rows as the network gives them for five images, and the images."""
    generator = torch.Generator().manual_seed(2)
    pixels = len(BANDS) * SIDE**2
    output = torch.randn(5, pixels + 2 * SIZE + len(BANDS), generator=generator)
    return output, torch.randn(5, len(BANDS), SIDE, SIDE, generator=generator)


def test_the_loss_is_the_bound_in_nats_a_pixel(rows):
    output, y = rows
    the_task = task(free_bits=0)
    given, mean, log_variance, noise = the_task.parts(output)
    scale = (noise / 2).exp()[:, :, None, None]
    likelihood = distributions.Normal(given, scale).log_prob(y).sum((1, 2, 3))
    latent = distributions.Normal(mean, (log_variance / 2).exp())
    unit = distributions.Normal(torch.zeros(()), torch.ones(()))
    divergence = distributions.kl_divergence(latent, unit).sum(1)
    expected = (divergence - likelihood) / y[0].numel()
    torch.testing.assert_close(the_task.loss(output, y), expected)


def test_the_printed_loss_is_the_sum_of_squares_and_divergence(rows):
    output, y = rows
    the_task = task(loss="printed")
    given, mean, log_variance, _ = the_task.parts(output)
    expected = functional.mse_loss(given, y, reduction="sum")
    expected -= 0.5 * (1 + log_variance - mean**2 - log_variance.exp()).sum()
    torch.testing.assert_close(the_task.loss(output, y).sum(), expected)


def test_an_example_s_loss_is_its_own_whatever_the_batch_or_rank(rows):
    output, y = rows
    the_task = task()
    apart = torch.cat([the_task.loss(output[part], y[part]) for part in (np.s_[:2], np.s_[2:])])
    torch.testing.assert_close(the_task.loss(output, y), apart)
    parts = [the_task.sums(output[part], y[part]) for part in (np.s_[:2], np.s_[2:])]
    added = {name: parts[0][name] + parts[1][name] for name in parts[0]}
    assert the_task.metrics(added) == pytest.approx(the_task.metrics(the_task.sums(output, y)))


def test_bits_that_are_free_cost_nothing_and_pull_nothing(rows):
    output, y = rows
    output[:, -2 * SIZE - 2 : -2] *= 1e-2  # a latent that says next to nothing
    output.requires_grad_()
    bits = 0.5
    task(free_bits=bits).loss(output, y).sum().backward()
    assert not output.grad[:, -2 * SIZE - 2 : -2].any()
    paid = task(free_bits=bits).loss(output, y) - task(free_bits=0).loss(output, y)
    torch.testing.assert_close(
        paid * y[0].numel(), torch.full((5,), SIZE * bits * math.log(2)), rtol=1e-2, atol=1e-2
    )


def test_units_that_tell_examples_apart_are_counted(rows):
    output, y = rows
    mean = torch.tensor([[0.0, 0.5, -1], [0, 0.51, 1], [0, 0.5, 0], [0, 0.5, 2], [0, 0.5, 5]])
    output[:, -2 * SIZE - 2 : -SIZE - 2] = mean
    the_task = task()
    found = the_task.metrics(the_task.sums(output, y))
    assert found["active_units"] == 1
    predicted = the_task.predict(output)
    np.testing.assert_array_equal(predicted["latent"], mean)
    assert predicted["reconstruction"].shape == y.shape
    assert found["mse"] == pytest.approx(((predicted["reconstruction"] - y.numpy()) ** 2).mean())


def active_units(free_bits: float) -> float:
    """Units in use of a network that learned three faint patterns under noise, for a while."""
    generator = torch.Generator().manual_seed(0)
    white = torch.randn(3, 1, 20, 20, generator=generator)
    pattern = functional.normalize(functional.avg_pool2d(white, 5, 1).flatten(1)).view(3, 16, 16)

    def images(count):
        amount = torch.randn(count, 3, generator=generator)
        noise = torch.randn(count, 1, 16, 16, generator=generator)
        return noise + torch.einsum("nk,kij->nij", amount, pattern)[:, None]

    faint = make_task("latent", channels=["g"], side=16, size=8, free_bits=free_bits)
    with reproducible(True, 1):
        torch.manual_seed(0)
        settings = {"channels": 1, "outputs": 1, "side": 16, "latent": 8, "widths": [8, 16]}
        network = build("vae", head="gaussian", **settings)
        optimizer = torch.optim.Adam(network.parameters(), 3e-3)
        for _ in range(200):
            x = images(64)
            optimizer.zero_grad()
            faint.loss(network(x), x).mean().backward()
            optimizer.step()
        x = images(512)
        with torch.no_grad():
            return faint.metrics(faint.sums(network.eval()(x), x))["active_units"]


@pytest.mark.slow
def test_free_bits_keep_units_in_use_that_are_given_up_without():
    assert active_units(0.0) <= 1
    assert active_units(0.5) == 8


def test_a_run_takes_its_shape_from_dataset_and_task(stamps, tmp_path):
    found = train(stamps, tmp_path)
    assert found["task"]["channels"] == ["g", "r", "z"]
    assert found["task"]["side"] == found["model"]["side"] == 32
    assert found["model"] | {"latent": 4, "head": "gaussian", "channels": 3} == found["model"]
    assert set(found["validation"]) == {
        f"valid_{name}"
        for name in ("loss", "mse", "explained_variance", "divergence", "active_units")
    }


def test_some_channels_are_given_back_and_scored_and_all_are_seen(stamps, tmp_path):
    found = train(stamps, tmp_path, channels=["z", "g"])
    assert (found["model"]["channels"], found["model"]["outputs"]) == (3, 2)
    predicted = predict(tmp_path, run_loader(stamps, "test", found), threads=1)
    truth = read_examples(stamps, LatentEvaluation(found["task"], transform="arcsinh"))["test"]
    assert truth.channels == ("z", "g")
    np.testing.assert_allclose(np.moveaxis(predicted["y"], 1, -1), truth.y, rtol=1e-6)
    assert predicted["reconstruction"].shape == predicted["y"].shape


def test_latents_are_not_averaged_over_symmetries(stamps, tmp_path):
    found = train(stamps, tmp_path, augment="centred_symmetries")
    plain = predict(tmp_path, run_loader(stamps, "test", found), threads=1)
    averaged = predict_splits(tmp_path, stamps, threads=1)["test"]
    for name in ("latent", "reconstruction"):
        np.testing.assert_array_equal(averaged[name], plain[name])


def test_interrupted_training_of_a_latent_draws_what_it_would_have_drawn(
    stamps, tmp_path, interrupted_at
):
    settings = {"augment": "symmetries"}
    train(stamps, tmp_path / "once", **settings)
    state = {"state_folder": tmp_path / "state"}
    with interrupted_at(20):
        train(stamps, tmp_path / "again", **settings, **state)
    assert list((tmp_path / "state").rglob("*.pt"))
    train(stamps, tmp_path / "again", **settings, **state)
    found = [(tmp_path / name / "model.pt").read_bytes() for name in ("once", "again")]
    assert found[0] == found[1]


def test_latents_that_cannot_be_are_refused(stamps, tmp_path):
    with pytest.raises(InputError, match=r"model\.latent: 5, but task\.size is 4"):
        train(stamps, tmp_path, model=SMALL | {"latent": 5})
    with pytest.raises(InputError, match=r"model\.name: unet gives no latent; .* network vae"):
        train(stamps, tmp_path, model={"name": "unet"})
    with pytest.raises(InputError, match=r"task\.loss 'gausian' .* did you mean 'gaussian'"):
        task(loss="gausian")
    with pytest.raises(InputError, match=r"task\.free_bits: -1 must be 0 or more"):
        task(free_bits=-1)
