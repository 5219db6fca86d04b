"""The latent task: its loss agrees with closed forms, and runs train from end to end."""

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
    return make_task("latent", channels=BANDS, side=SIDE, latent_dim=SIZE, **settings)


def train(dataset, folder, *, model=SMALL, channels=None, augment=None, state_folder=None):
    settings = RunSettings(
        model,
        task={"name": "latent", "latent_dim": 4} | ({"channels": channels} if channels else {}),
        training={"epochs": 2, "batch_size": 32, "checkpoint_steps": 1, "learning_rate": 3e-3},
        transform="arcsinh",
        augment=augment,
    )
    return train_run(dataset, folder, settings, state_folder=state_folder, threads=1)


@pytest.fixture
def rows():
    """Return the network's output for five images, and the images."""
    generator = torch.Generator().manual_seed(2)
    pixels = len(BANDS) * SIDE**2
    output = torch.randn(5, pixels + 2 * SIZE + len(BANDS), generator=generator)
    return output, torch.randn(5, len(BANDS), SIDE, SIDE, generator=generator)


def test_the_loss_is_the_bound_in_nats_per_pixel(rows):
    output, y = rows
    the_task = task(free_bits=0)
    reconstruction, mean, log_variance, noise = the_task.split(output)
    scale = (noise / 2).exp()[:, :, None, None]
    likelihood = distributions.Normal(reconstruction, scale).log_prob(y).sum((1, 2, 3))
    latent = distributions.Normal(mean, (log_variance / 2).exp())
    unit = distributions.Normal(torch.zeros(()), torch.ones(()))
    divergence = distributions.kl_divergence(latent, unit).sum(1)
    expected = (divergence - likelihood) / y[0].numel()
    torch.testing.assert_close(the_task.loss(output, y), expected)


def test_the_published_loss_is_the_sum_of_squares_and_divergence(rows):
    output, y = rows
    the_task = task(loss="published")
    reconstruction, mean, log_variance, _ = the_task.split(output)
    expected = functional.mse_loss(reconstruction, y, reduction="sum")
    expected -= 0.5 * (1 + log_variance - mean**2 - log_variance.exp()).sum()
    torch.testing.assert_close(the_task.loss(output, y).sum(), expected)


def test_the_loss_of_an_example_is_independent_of_batch_and_rank(rows):
    output, y = rows
    the_task = task()
    parts = (np.s_[:2], np.s_[2:])
    separate = torch.cat([the_task.loss(output[part], y[part]) for part in parts])
    torch.testing.assert_close(the_task.loss(output, y), separate)
    first, second = (the_task.sums(output[part], y[part]) for part in parts)
    total = {name: first[name] + second[name] for name in first}
    assert the_task.metrics(total) == pytest.approx(the_task.metrics(the_task.sums(output, y)))


def test_free_bits_have_neither_loss_nor_gradient(rows):
    output, y = rows
    output[:, -2 * SIZE - 2 : -2] *= 1e-2  # a latent of little information
    output.requires_grad_()
    bits = 0.5
    task(free_bits=bits).loss(output, y).sum().backward()
    assert not output.grad[:, -2 * SIZE - 2 : -2].any()
    constant = task(free_bits=bits).loss(output, y) - task(free_bits=0).loss(output, y)
    torch.testing.assert_close(
        constant * y[0].numel(), torch.full((5,), SIZE * bits * math.log(2)), rtol=1e-2, atol=1e-2
    )


def test_latent_dimensions_that_vary_between_examples_are_active(rows):
    output, y = rows
    mean = torch.tensor([[0.0, 0.5, -1], [0, 0.51, 1], [0, 0.5, 0], [0, 0.5, 2], [0, 0.5, 5]])
    output[:, -2 * SIZE - 2 : -SIZE - 2] = mean
    the_task = task()
    scores = the_task.metrics(the_task.sums(output, y))
    assert scores["active_units"] == 1
    predicted = the_task.predict(output)
    np.testing.assert_array_equal(predicted["latent"], mean)
    assert predicted["reconstruction"].shape == y.shape
    assert scores["mse"] == pytest.approx(((predicted["reconstruction"] - y.numpy()) ** 2).mean())


def active_units(free_bits: float) -> float:
    """Return the active units of a network that was briefly trained on three faint patterns."""
    generator = torch.Generator().manual_seed(0)
    white = torch.randn(3, 1, 20, 20, generator=generator)
    pattern = functional.normalize(functional.avg_pool2d(white, 5, 1).flatten(1)).view(3, 16, 16)

    def images(count):
        amount = torch.randn(count, 3, generator=generator)
        noise = torch.randn(count, 1, 16, 16, generator=generator)
        return noise + torch.einsum("nk,kij->nij", amount, pattern)[:, None]

    faint = make_task("latent", channels=["g"], side=16, latent_dim=8, free_bits=free_bits)
    with reproducible(True, 1):
        torch.manual_seed(0)
        settings = {"channels": 1, "outputs": 1, "side": 16, "latent_dim": 8, "widths": [8, 16]}
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
def test_free_bits_keep_latent_dimensions_active():
    assert active_units(0.0) <= 1
    assert active_units(0.5) == 8


def test_the_shape_of_a_network_follows_from_dataset_and_task(stamps, tmp_path):
    run = train(stamps, tmp_path)
    assert run["task"]["channels"] == ["g", "r", "z"]
    assert run["task"]["side"] == run["model"]["side"] == 32
    assert run["model"] | {"latent_dim": 4, "head": "gaussian", "channels": 3} == run["model"]
    assert set(run["validation"]) == {
        f"valid_{name}"
        for name in ("loss", "mse", "explained_variance", "divergence", "active_units")
    }


def test_a_subset_of_the_channels_is_reconstructed_from_all_of_them(stamps, tmp_path):
    run = train(stamps, tmp_path, channels=["z", "g"])
    assert (run["model"]["channels"], run["model"]["outputs"]) == (3, 2)
    predicted = predict(tmp_path, run_loader(stamps, "test", run), threads=1)
    truth = read_examples(stamps, LatentEvaluation(run["task"], transform="arcsinh"))["test"]
    assert truth.channels == ("z", "g")
    np.testing.assert_allclose(np.moveaxis(predicted["y"], 1, -1), truth.y, rtol=1e-6)
    assert predicted["reconstruction"].shape == predicted["y"].shape


def test_latents_are_not_averaged_over_symmetries(stamps, tmp_path):
    run = train(stamps, tmp_path, augment="centred_symmetries")
    plain = predict(tmp_path, run_loader(stamps, "test", run), threads=1)
    averaged = predict_splits(tmp_path, stamps, threads=1)["test"]
    for name in ("latent", "reconstruction"):
        np.testing.assert_array_equal(averaged[name], plain[name])


def test_interrupted_training_of_a_latent_continues_bit_identically(
    stamps, tmp_path, interrupted_at
):
    settings = {"augment": "symmetries"}
    train(stamps, tmp_path / "once", **settings)
    state = {"state_folder": tmp_path / "state"}
    with interrupted_at(20):
        train(stamps, tmp_path / "again", **settings, **state)
    assert list((tmp_path / "state").rglob("*.pt"))
    train(stamps, tmp_path / "again", **settings, **state)
    once, again = ((tmp_path / name / "model.pt").read_bytes() for name in ("once", "again"))
    assert once == again


def test_settings_that_are_not_allowed_are_refused(stamps, tmp_path):
    with pytest.raises(InputError, match=r"model\.latent_dim: 5, but task\.latent_dim is 4"):
        train(stamps, tmp_path, model=SMALL | {"latent_dim": 5})
    with pytest.raises(InputError, match=r"model\.name: unet gives no latent; .* network vae"):
        train(stamps, tmp_path, model={"name": "unet"})
    with pytest.raises(InputError, match=r"task\.loss 'gausian' .* did you mean 'gaussian'"):
        task(loss="gausian")
    with pytest.raises(InputError, match=r"task\.free_bits: -1 must be 0 or more"):
        task(free_bits=-1)
