"""A network of galaxy stamps."""

import numpy as np
import pytest
import torch

from cosmodag.cutouts.photometry import APERTURES
from cosmodag.errors import InputError
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
    inside = 1e4 * (1 - np.exp(-0.5 * (np.array(APERTURES) / 5) ** 2))
    assert found[0][:8].exp().numpy() == pytest.approx(inside, rel=0.05)
    radii = found[0][8:11].exp() / 2
    expected = 5 * np.sqrt(-2 * np.log(1 - np.array([0.2, 0.5, 0.8])))
    assert radii.numpy() == pytest.approx(expected, rel=0.12)
    round_, flat = (each[-1] for each in found)
    assert flat > round_ + 0.05


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
