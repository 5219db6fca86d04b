"""Simulated stamps: their content, and their independence of batches and processes."""

import hashlib

import galsim
import numpy as np
import pytest

from cosmodag.errors import InputError
from cosmodag.galaxies.simulation.galaxy_parameters import ObservingConditions, draw_galaxies
from cosmodag.galaxies.simulation.stamp_rendering import (
    NOISE_RATIO,
    draw_stamp,
    fluxes,
    observe,
)
from cosmodag.galaxies.simulation.stamp_simulation import simulate_stamps
from cosmodag.galaxies.stamps.stamps_file import open_stamps_file, read_stamps

SMALL = ObservingConditions(sides=(24, 40))
RANGES = {"radius": (0.3, 0.8), "magnitude": (20.0, 22.0)}
"""Galaxies that fit into stamps of 160 pixels."""


def hashes(path) -> dict:
    """Return the hash of the image and the metadata of each stamp of a file."""
    return {
        stamp.id: (hashlib.sha256(stamp.image.tobytes()).hexdigest(), stamp.metadata)
        for stamp in read_stamps(path)
    }


def test_galaxies_do_not_depend_on_batches_and_processes(tmp_path):
    shared = {"seed": 5, "conditions": SMALL}
    simulate_stamps(tmp_path / "all.h5", count=70, **shared)
    simulate_stamps(tmp_path / "shared.h5", count=70, processes=2, **shared)
    simulate_stamps(tmp_path / "rest.h5", first=40, count=30, **shared)
    every = hashes(tmp_path / "all.h5")
    assert len({image for image, _ in every.values()}) == 70
    assert hashes(tmp_path / "shared.h5") == every
    rest = hashes(tmp_path / "rest.h5")
    assert len(rest) == 30
    assert rest.items() <= every.items()


def test_sum_of_the_pixels_is_the_flux_of_the_galaxy():
    conditions = ObservingConditions(sides=(160, 160))
    galaxies = draw_galaxies(range(12), seed=2, ranges=RANGES, conditions=conditions)
    for galaxy in galaxies.to_dict("records"):
        image = draw_stamp(galaxy, pixel=0.1)
        assert image.sum((1, 2)) == pytest.approx(fluxes(galaxy), rel=0.06)
        assert -2.5 * np.log10(fluxes(galaxy)[1]) + 22.5 == pytest.approx(galaxy["magnitude"])


def test_half_of_the_flux_is_within_the_half_light_radius():
    conditions = ObservingConditions(psf=(0.05, 0.05), sides=(160, 160))
    galaxies = draw_galaxies(range(12), seed=2, ranges=RANGES, conditions=conditions)
    galaxies = galaxies.assign(axis_ratio=1.0, dx=0.0, dy=0.0)  # circular isophotes
    y, x = np.mgrid[:160, :160] - 79.5
    for galaxy in galaxies.to_dict("records"):
        r = draw_stamp(galaxy, pixel=0.1)[1]
        within = r[np.hypot(x, y) * 0.1 < galaxy["radius"]].sum() / fluxes(galaxy)[1]
        assert within == pytest.approx(0.5, abs=0.06)


def test_single_profile_agrees_with_galsim():
    conditions = ObservingConditions(sides=(64, 64))
    galaxy = draw_galaxies([0], seed=1, conditions=conditions).to_dict("records")[0]
    galaxy |= {"bulge_fraction": 0.0, "body_radius": 0.5, "sersic_index": 1.5, "psf": 0.3}
    body = galsim.Sersic(n=1.5, half_light_radius=0.5, flux=fluxes(galaxy)[0])
    angle = galaxy["position_angle"] * galsim.degrees
    convolved = galsim.Convolve(
        body.shear(q=galaxy["axis_ratio"], beta=angle), galsim.Moffat(beta=3.5, fwhm=0.3)
    )
    expected = galsim.ImageD(64, 64, scale=0.1)
    convolved.drawImage(image=expected, offset=(galaxy["dx"], galaxy["dy"]))
    tolerance = 2e-3 * expected.array.max()
    assert draw_stamp(galaxy, pixel=0.1)[0] == pytest.approx(expected.array, abs=tolerance)


def test_redder_bulge_makes_the_centre_redder():
    conditions = ObservingConditions(sides=(64, 64))
    table = draw_galaxies(range(200), seed=1, conditions=conditions)
    table = table[table["bulge_fraction"].between(0.2, 0.6) & (table["bulge_ratio"] < 0.5)]
    galaxy = table.iloc[0].to_dict() | {"gradient": 0.8, "dx": 0.0, "dy": 0.0}
    image = draw_stamp(galaxy, pixel=0.1)
    total, centre = image.sum((1, 2)), image[:, 30:34, 30:34].sum((1, 2))
    assert centre[2] / centre[0] > 1.1 * total[2] / total[0]


def test_noise_has_the_recorded_standard_deviation(tmp_path):
    simulate_stamps(
        tmp_path / "stamps.h5",
        count=6,
        seed=1,
        ranges={"magnitude": (22, 22.5)},
        conditions=ObservingConditions(sides=(64, 64)),
    )
    for stamp in read_stamps(tmp_path / "stamps.h5"):
        corner = stamp.image[:, :12, :12]
        measured = corner.std((1, 2)) / np.array(NOISE_RATIO)
        assert measured == pytest.approx(stamp.metadata["noise"], rel=0.25)


def test_signal_to_noise_is_inversely_proportional_to_the_noise():
    galaxy = draw_galaxies([0], seed=1).to_dict("records")[0]
    reference = observe(galaxy, seed=1, pixel=0.1).signal_to_noise
    noisier = galaxy | {"noise": 3 * galaxy["noise"]}
    noisy = observe(noisier, seed=1, pixel=0.1).signal_to_noise
    assert reference == pytest.approx(3 * noisy)


def test_noise_free_images_are_optional_and_change_no_image(tmp_path):
    shared = {"count": 6, "seed": 1, "conditions": SMALL}
    simulate_stamps(tmp_path / "plain.h5", **shared)
    simulate_stamps(tmp_path / "both.h5", noise_free=True, **shared)
    assert hashes(tmp_path / "both.h5") == hashes(tmp_path / "plain.h5")
    assert all(stamp.noise_free is None for stamp in read_stamps(tmp_path / "plain.h5"))
    galaxies = draw_galaxies(range(6), seed=1, conditions=SMALL).to_dict("records")
    for stamp, galaxy in zip(read_stamps(tmp_path / "both.h5"), galaxies):
        assert np.array_equal(stamp.noise_free, draw_stamp(galaxy, pixel=0.1))


def test_stamp_smaller_than_the_point_spread_function_raises(tmp_path):
    conditions = ObservingConditions(sides=(16, 16), psf=(1, 1.2))
    with pytest.raises(InputError, match=r"a stamp of 16 pixels of 0\.1 arcsec is too small"):
        simulate_stamps(tmp_path / "stamps.h5", count=2, conditions=conditions)
    assert not list(tmp_path.iterdir())


def test_stamps_file_records_bands_and_pixel_scale(tmp_path):
    simulate_stamps(tmp_path / "stamps.h5", count=3, pixel=0.2)
    opened = open_stamps_file(tmp_path / "stamps.h5")
    assert (opened.n_stamps, opened.bands, opened.pixel) == (3, ("g", "r", "z"), 0.2)
