"""The variational auto-encoder has its published size and returns all that its loss needs."""

import pytest
import torch
from torch import nn

from cosmodag.errors import InputError
from cosmodag.models.registry import build
from cosmodag.training.reproducible import seed_step


def n_parameters(network: nn.Module) -> int:
    return sum(values.numel() for values in network.parameters())


def test_the_variational_auto_encoder_has_its_published_size():
    network = build("vae")
    assert n_parameters(network) == 6_622_377
    names = ["encoder", "fc_mu", "fc_var", "decoder_input", "decoder", "final_layer"]
    assert [name for name, _ in network.named_children()] == names
    assert network.fc_mu.in_features == network.decoder_input.out_features == 32_768
    kinds = [type(layer).__name__ for layer in network.final_layer]
    assert kinds == ["ConvTranspose2d", "BatchNorm2d", "LeakyReLU", "Conv2d", "Tanh"]
    layers = [layer for layer in network.modules() if hasattr(layer, "out_channels")]
    channels = [layer.out_channels for layer in layers]
    assert channels == [32, 64, 128, 256, 512, 256, 128, 64, 32, 32, 3]


def test_learned_noise_adds_one_parameter_per_channel():
    assert n_parameters(build("vae", head="gaussian")) == 6_622_377 + 3


@pytest.mark.parametrize("head", ["published", "gaussian"])
@pytest.mark.parametrize(("side", "latent_dim"), [(64, 2), (128, 20)])
def test_images_of_other_sizes_are_reconstructed(side, latent_dim, head):
    network = build("vae", side=side, latent_dim=latent_dim, head=head).eval()
    x = torch.randn(2, 3, side, side)
    with torch.no_grad():
        pixels = 3 * side**2
        reconstruction, mean, log_variance, noise = network(x).split(
            [pixels, latent_dim, latent_dim, 3], 1
        )
        encoded = network.encode(x)
        assert network.decode(mean).shape == x.shape
    torch.testing.assert_close(reconstruction, network.decode(mean).flatten(1))
    torch.testing.assert_close((mean, log_variance), encoded)
    assert not noise.any()
    assert head == "gaussian" or reconstruction.abs().max() < 1


def test_the_latent_is_drawn_in_training_and_its_mean_in_evaluation():
    torch.manual_seed(0)
    network = build("vae", channels=1, outputs=1, side=32, latent_dim=4, widths=[4, 8])
    x = torch.randn(6, 1, 32, 32)
    outputs = []
    for step in (0, 0, 1):
        seed_step(3, step)
        outputs.append(network(x))
    assert torch.equal(outputs[0], outputs[1])
    pixels = 32**2
    assert (outputs[0] - outputs[2])[:, :pixels].abs().max() > 1e-4
    torch.testing.assert_close(outputs[0][:, pixels:], outputs[2][:, pixels:])
    network.eval()
    assert torch.equal(network(x), network(x))


def test_half_precision_leaves_the_latent_finite_and_in_full_precision():
    network = build("vae", side=64, latent_dim=4, widths=[8, 16], head="gaussian")
    with torch.autocast("cpu", torch.bfloat16):
        output = network(torch.randn(4, 3, 64, 64))
    assert output.dtype == torch.float32
    assert output.isfinite().all()


def test_settings_that_are_not_allowed_are_refused():
    with pytest.raises(InputError, match="images of 100 pixels; a multiple of 32 is needed"):
        build("vae", side=100)
    with pytest.raises(InputError, match=r"model\.head: 'map' is none of published, gaussian"):
        build("vae", head="map")
    with pytest.raises(InputError, match="latent_dim 0, widths"):
        build("vae", latent_dim=0)
