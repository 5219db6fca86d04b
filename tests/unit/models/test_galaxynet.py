"""GalaxyNet measures fluxes, radii and shapes, and starts anchored outputs from them."""

import numpy as np
import pytest
import torch

from cosmodag.errors import InputError
from cosmodag.imaging.photometry import APERTURE_RADII
from cosmodag.models.galaxynet import GalaxyNet, Measurements, _ring_weights


def gaussian(width: float, ratio: float, flux: float, side: int = 64) -> torch.Tensor:
    """Return a stamp (1, 1, side, side) of an elliptical Gaussian."""
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    light = np.exp(-0.5 * (x**2 + (y / ratio) ** 2) / width**2)
    return torch.from_numpy(flux * light / light.sum()).float()[None, None]


def test_scalars_are_predicted_with_and_without_conditions():
    x = torch.randn(4, 5, 32, 32)
    assert GalaxyNet(channels=5, side=32, outputs=3)(x).shape == (4, 3)
    assert GalaxyNet(channels=5, conditions=2, side=32, outputs=3)(x).shape == (4, 3)


def test_conditions_change_the_output():
    network = GalaxyNet(channels=4, conditions=1, side=32, outputs=1).eval()
    x = torch.randn(2, 4, 32, 32)
    changed = x.clone()
    changed[:, 3] += 1
    assert not torch.allclose(network(x), network(changed))


def test_fluxes_radii_and_shapes_are_measured():
    measure = Measurements(64)
    round_galaxy, flat_galaxy = (measure(gaussian(5, ratio, 1e4))[0] for ratio in (1.0, 0.5))
    assert len(round_galaxy) == Measurements.count(1)
    inside = 1e4 * (1 - np.exp(-0.5 * (np.array(APERTURE_RADII) / 5) ** 2))
    assert round_galaxy[:8].exp().numpy() == pytest.approx(inside, rel=0.05)
    radii = round_galaxy[8:11].exp()
    expected = 5 * np.sqrt(-2 * np.log(1 - np.array([0.2, 0.5, 0.8])))
    assert radii.numpy() == pytest.approx(expected, rel=0.12)
    assert flat_galaxy[-1] > round_galaxy[-1] + 0.05  # the ellipticity


def test_flux_differences_measure_shape_and_colour_independently_of_brightness():
    measure = Measurements(64)
    stamps = [
        torch.cat([flux * gaussian(5, 1.0, 1), 2 * flux * gaussian(5, 1.0, 1)], 1)
        for flux in (1e4, 1e5)
    ]
    faint, bright = (measure(stamp)[0] for stamp in stamps)
    differences = slice(2 * 8 + 3, 2 * 8 + 3 + 2 * 7 + 8)
    assert bright[0] - faint[0] == pytest.approx(np.log(10), abs=1e-2)
    assert faint[differences].numpy() == pytest.approx(bright[differences].numpy(), abs=1e-2)
    assert faint[differences][-8:].numpy() == pytest.approx(np.log(2), abs=1e-2)


def test_anchored_outputs_start_from_flux_and_radius():
    anchors = [(0, "flux", -2.0, 3.0), (1, "radius", 0.5, -1.0)]
    torch.manual_seed(0)
    network = GalaxyNet(channels=1, side=64, outputs=3, anchors=anchors).eval()
    torch.manual_seed(0)
    plain = GalaxyNet(channels=1, side=64, outputs=3).eval()
    x = gaussian(5, 1.0, 1e5)
    anchored = (network(x) - plain(x))[0].detach().numpy()
    inside = 1e5 * (1 - np.exp(-0.5 * (4 / 5) ** 2))
    assert anchored == pytest.approx([3 - 2 * np.log(inside), 0.5 * np.log(5.9) - 1, 0], abs=0.1)
    # Anchors follow from the settings, so the weights do not contain them.
    assert network.state_dict().keys() == plain.state_dict().keys()


def test_rings_partition_the_stamp():
    rings = _ring_weights(32)
    assert rings.sum((1, 2)).tolist() == pytest.approx([1, 1, 1, 1])
    assert ((rings > 0).sum(0) == 1).all()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"side": 36}, "stamps of 36 pixels; a multiple of 8 is needed"),
        ({"channels": 2, "conditions": 2}, "2 of 2 channels; no band is left"),
    ],
)
def test_settings_that_do_not_fit_are_refused(settings, message):
    with pytest.raises(InputError, match=message):
        GalaxyNet(**settings)
