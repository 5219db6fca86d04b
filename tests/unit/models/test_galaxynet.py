"""A network of galaxy stamps."""

import numpy as np
import pytest
import torch

from cosmodag.errors import InputError
from cosmodag.imaging.photometry import APERTURE_RADII
from cosmodag.models.galaxynet import GalaxyNet, Measures, _rings


def gaussian(width: float, ratio: float, flux: float, side: int = 64) -> torch.Tensor:
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    light = np.exp(-0.5 * (x**2 + (y / ratio) ** 2) / width**2)
    return torch.from_numpy(flux * light / light.sum()).float()[None, None]


def test_scalars_come_of_stamps_with_and_without_conditions():
    x = torch.randn(4, 5, 32, 32)
    assert GalaxyNet(channels=5, side=32, outputs=3)(x).shape == (4, 3)
    assert GalaxyNet(channels=5, conditions=2, side=32, outputs=3)(x).shape == (4, 3)


def test_what_is_told_of_a_stamp_reaches_the_answer():
    network = GalaxyNet(channels=4, conditions=1, side=32, outputs=1).eval()
    x = torch.randn(2, 4, 32, 32)
    other = x.clone()
    other[:, 3] += 1
    assert not torch.allclose(network(x), network(other))


def test_fluxes_radii_and_shapes_are_measured():
    measures = Measures(64)
    found = [measures(gaussian(5, ratio, 1e4))[0] for ratio in (1.0, 0.5)]
    assert len(found[0]) == Measures.count(1)
    inside = 1e4 * (1 - np.exp(-0.5 * (np.array(APERTURE_RADII) / 5) ** 2))
    assert found[0][:8].exp().numpy() == pytest.approx(inside, rel=0.05)
    radii = found[0][8:11].exp()
    expected = 5 * np.sqrt(-2 * np.log(1 - np.array([0.2, 0.5, 0.8])))
    assert radii.numpy() == pytest.approx(expected, rel=0.12)
    round_, flat = (each[-1] for each in found)
    assert flat > round_ + 0.05


def test_differences_of_fluxes_tell_of_shape_and_colour_whatever_the_brightness():
    measures = Measures(64)
    stamps = [
        torch.cat([flux * gaussian(5, 1.0, 1), 2 * flux * gaussian(5, 1.0, 1)], 1)
        for flux in (1e4, 1e5)
    ]
    faint, bright = (measures(stamp)[0] for stamp in stamps)
    differences = slice(2 * 8 + 3, 2 * 8 + 3 + 2 * 7 + 8)
    assert bright[0] - faint[0] == pytest.approx(np.log(10), abs=1e-2)
    assert faint[differences].numpy() == pytest.approx(bright[differences].numpy(), abs=1e-2)
    assert faint[differences][-8:].numpy() == pytest.approx(np.log(2), abs=1e-2)


def test_an_anchored_output_begins_from_flux_and_radius_and_is_learned_from_there():
    anchors = [(0, "flux", -2.0, 3.0), (1, "radius", 0.5, -1.0)]
    torch.manual_seed(0)
    network = GalaxyNet(channels=1, side=64, outputs=3, anchors=anchors).eval()
    torch.manual_seed(0)
    plain = GalaxyNet(channels=1, side=64, outputs=3).eval()
    x = gaussian(5, 1.0, 1e5)
    added = (network(x) - plain(x))[0].detach().numpy()
    inside = 1e5 * (1 - np.exp(-0.5 * (4 / 5) ** 2))
    assert added == pytest.approx([3 - 2 * np.log(inside), 0.5 * np.log(5.9) - 1, 0], abs=0.1)
    # What is anchored follows from the settings: weights know nothing of it.
    assert network.state_dict().keys() == plain.state_dict().keys()


def test_rings_share_the_stamp():
    rings = _rings(32)
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
