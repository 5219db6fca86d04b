"""Simulated stamps: what they show, and that they are the same wherever they are drawn."""

import hashlib

import galsim
import numpy as np
import pytest

from cosmodag.errors import InputError
from cosmodag.galaxies.simulation.stamp_law import draw_galaxies
from cosmodag.galaxies.simulation.stamp_rendering import (
    NOISE_RATIO,
    draw_stamp,
    fluxes,
    observed_stamp,
)
from cosmodag.galaxies.simulation.stamp_simulation import simulate_stamps
from cosmodag.galaxies.stamps.stamps_file import open_stamps, read_stamps

WIDE = {"sides": (160, 160), "ranges": {"radius": (0.3, 0.8), "magnitude": (20.0, 22.0)}}


def hashes(path) -> dict:
    """Hash of the image, and what is known, of each galaxy of a file."""
    return {
        stamp.id: (hashlib.sha256(stamp.image.tobytes()).hexdigest(), stamp.known)
        for stamp in read_stamps(path)
    }


def test_the_same_galaxies_come_of_any_batches_and_processes(tmp_path):
    shared = {"seed": 5, "sides": (24, 40)}
    simulate_stamps(tmp_path / "all.h5", count=70, **shared)
    simulate_stamps(tmp_path / "shared.h5", count=70, processes=2, **shared)
    simulate_stamps(tmp_path / "rest.h5", first=40, count=30, **shared)
    every = hashes(tmp_path / "all.h5")
    assert len({image for image, _ in every.values()}) == 70
    assert hashes(tmp_path / "shared.h5") == every
    rest = hashes(tmp_path / "rest.h5")
    assert len(rest) == 30
    assert rest.items() <= every.items()


def test_a_stamp_holds_the_flux_it_is_said_to_hold():
    for galaxy in draw_galaxies(range(12), seed=2, **WIDE).to_dict("records"):
        light = draw_stamp(galaxy, pixel=0.1)
        assert light.sum((1, 2)) == pytest.approx(fluxes(galaxy), rel=0.06)
        assert -2.5 * np.log10(fluxes(galaxy)[1]) + 22.5 == pytest.approx(galaxy["magnitude"])


def test_half_of_the_light_lies_within_the_radius_it_is_said_to_have():
    drawn = draw_galaxies(range(12), seed=2, psf=(0.05, 0.05), **WIDE)
    drawn = drawn.assign(axis_ratio=1.0, dx=0.0, dy=0.0)  # circles, so that a circle holds half
    y, x = np.mgrid[:160, :160] - 79.5
    for galaxy in drawn.to_dict("records"):
        r = draw_stamp(galaxy, pixel=0.1)[1]
        within = r[np.hypot(x, y) * 0.1 < galaxy["radius"]].sum() / fluxes(galaxy)[1]
        assert within == pytest.approx(0.5, abs=0.06)


def test_drawing_is_galsim_s_own_for_one_profile():
    galaxy = draw_galaxies([0], seed=1, sides=(64, 64)).to_dict("records")[0]
    galaxy |= {"bulge_fraction": 0.0, "body_radius": 0.5, "sersic_index": 1.5, "psf": 0.3}
    body = galsim.Sersic(n=1.5, half_light_radius=0.5, flux=fluxes(galaxy)[0])
    angle = galaxy["position_angle"] * galsim.degrees
    seen = galsim.Convolve(
        body.shear(q=galaxy["axis_ratio"], beta=angle), galsim.Moffat(beta=3.5, fwhm=0.3)
    )
    own = galsim.ImageD(64, 64, scale=0.1)
    seen.drawImage(image=own, offset=(galaxy["dx"], galaxy["dy"]))
    assert draw_stamp(galaxy, pixel=0.1)[0] == pytest.approx(own.array, abs=2e-3 * own.array.max())


def test_a_redder_bulge_makes_the_middle_redder():
    drawn = draw_galaxies(range(200), seed=1, sides=(64, 64))
    drawn = drawn[drawn["bulge_fraction"].between(0.2, 0.6) & (drawn["bulge_ratio"] < 0.5)]
    galaxy = drawn.iloc[0].to_dict() | {"gradient": 0.8, "dx": 0.0, "dy": 0.0}
    light = draw_stamp(galaxy, pixel=0.1)
    whole, middle = light.sum((1, 2)), light[:, 30:34, 30:34].sum((1, 2))
    assert middle[2] / middle[0] > 1.1 * whole[2] / whole[0]


def test_noise_has_the_level_that_stands_beside_it(tmp_path):
    simulate_stamps(tmp_path / "stamps.h5", count=6, seed=1, sides=(64, 64), magnitude=(22, 22.5))
    for stamp in read_stamps(tmp_path / "stamps.h5"):
        corner = stamp.image[:, :12, :12]
        measured = corner.std((1, 2)) / np.array(NOISE_RATIO)
        assert measured == pytest.approx(stamp.known["noise"], rel=0.25)


def test_signal_to_noise_falls_with_the_noise():
    galaxy = draw_galaxies([0], seed=1).to_dict("records")[0]
    one = observed_stamp(galaxy, seed=1, pixel=0.1).signal_to_noise
    noisier = galaxy | {"noise": 3 * galaxy["noise"]}
    three = observed_stamp(noisier, seed=1, pixel=0.1).signal_to_noise
    assert one == pytest.approx(3 * three)


def test_light_is_kept_on_demand_and_changes_no_image(tmp_path):
    shared = {"count": 6, "seed": 1, "sides": (24, 40)}
    simulate_stamps(tmp_path / "plain.h5", **shared)
    simulate_stamps(tmp_path / "kept.h5", noiseless=True, **shared)
    assert hashes(tmp_path / "kept.h5") == hashes(tmp_path / "plain.h5")
    assert all(stamp.light is None for stamp in read_stamps(tmp_path / "plain.h5"))
    galaxies = draw_galaxies(range(6), seed=1, sides=(24, 40)).to_dict("records")
    for stamp, galaxy in zip(read_stamps(tmp_path / "kept.h5"), galaxies):
        assert np.array_equal(stamp.light, draw_stamp(galaxy, pixel=0.1))


def test_a_stamp_smaller_than_the_point_spread_function_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"a stamp of 16 pixels of 0\.1 arcsec holds no point"):
        simulate_stamps(tmp_path / "stamps.h5", count=2, sides=(16, 16), psf=(1, 1.2))
    assert not list(tmp_path.iterdir())


def test_a_file_says_its_bands_and_pixels(tmp_path):
    simulate_stamps(tmp_path / "stamps.h5", count=3, pixel=0.2)
    opened = open_stamps(tmp_path / "stamps.h5")
    assert (opened.count, opened.bands, opened.pixel) == (3, ("g", "r", "z"), 0.2)
