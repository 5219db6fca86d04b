"""Effects on simulated stamps: sky, neighbours, correlated and shot noise, masks, PSF images."""

import galsim
import numpy as np
import pytest
from astropy.io import fits
from click.testing import CliRunner

from cosmodag.errors import InputError
from cosmodag.galaxies.commands.simulate import command
from cosmodag.galaxies.simulation.galaxy_parameters import (
    NOISE,
    ObservingConditions,
    draw_galaxies,
    galaxy_generator,
)
from cosmodag.galaxies.simulation.image_effects import (
    ImageEffects,
    correlated,
    draw_sky,
    masked,
    noisy,
    read_psf,
)
from cosmodag.galaxies.simulation.neighbours import draw_neighbours, neighbour_columns
from cosmodag.galaxies.simulation.stamp_rendering import NOISE_RATIO, draw_stamp, observe
from cosmodag.galaxies.simulation.stamp_simulation import simulate_stamps
from cosmodag.galaxies.stamps.stamps_file import read_stamps

SMALL = ObservingConditions(sides=(40, 40))
SIGMA = np.full((3, 1, 1), 0.003, np.float32)
ALL = ImageEffects(
    sky=(-0.1, 0.1),
    neighbour_density=300,
    neighbour_separation=1.0,
    noise_correlation=(0.3, 0.8),
    gain=2000,
    masked_fraction=0.02,
)


def one_galaxy(**changes) -> dict:
    return draw_galaxies([4], seed=1, conditions=SMALL).to_dict("records")[0] | changes


def test_without_effects_an_image_is_the_galaxy_with_white_noise():
    galaxy = one_galaxy()
    observation = observe(galaxy, seed=1, pixel=0.1)
    sigma = galaxy["noise"] * np.array(NOISE_RATIO, np.float32)[:, None, None]
    white = galaxy_generator(1, 4, NOISE).standard_normal((3, 40, 40), np.float32)
    assert np.array_equal(observation.noise_free, draw_stamp(galaxy, pixel=0.1))
    assert np.array_equal(observation.image, observation.noise_free + sigma * white)


def test_effects_do_not_depend_on_batches_and_truths_stay_those_of_the_galaxy(tmp_path):
    shared = {"seed": 5, "conditions": SMALL, "effects": ALL, "noise_free": True}
    simulate_stamps(tmp_path / "all.h5", count=12, **shared)
    simulate_stamps(tmp_path / "rest.h5", first=8, count=4, processes=2, **shared)
    simulate_stamps(tmp_path / "plain.h5", count=12, **shared | {"effects": None})
    every, plain = (list(read_stamps(tmp_path / name)) for name in ("all.h5", "plain.h5"))
    for one, other in zip(read_stamps(tmp_path / "rest.h5"), every[8:]):
        assert one.metadata == other.metadata
        assert np.array_equal(one.image, other.image, equal_nan=True)
    for one, other in zip(every, plain):
        assert np.array_equal(one.noise_free, other.noise_free)
        assert other.metadata.items() <= one.metadata.items()
    added = {"sky_g", "sky_r", "sky_z", "noise_correlation", "n_neighbours", "neighbour_flux"}
    assert every[0].metadata.keys() - plain[0].metadata.keys() == added
    assert sum(stamp.metadata["n_neighbours"] for stamp in every) > 12


def test_sky_is_a_pedestal_in_units_of_the_noise():
    galaxies = draw_galaxies(range(400), seed=1)
    uniform = draw_sky(galaxies, seed=1, effects=ImageEffects(sky=(-0.1, 0.3)))
    assert list(uniform) == ["sky_g", "sky_r", "sky_z"]
    assert uniform.to_numpy().min() == pytest.approx(-0.1, abs=0.005)
    assert uniform.to_numpy().max() == pytest.approx(0.3, abs=0.005)
    normal = draw_sky(galaxies, seed=1, effects=ImageEffects(sky=(-0.1, 0.3), sky_law="normal"))
    assert normal["sky_r"].mean() == pytest.approx(0.1, abs=0.03)
    assert normal["sky_r"].std() == pytest.approx(0.2, rel=0.1)
    dark = np.zeros((3, 8, 8), np.float32)
    sky = {"sky_g": 0.5, "sky_r": -1.0, "sky_z": 0.0}
    images = [noisy(dark, SIGMA, {"number": 3} | more, seed=1, gain=None) for more in ({}, sky)]
    difference = (images[1] - images[0]) / SIGMA
    assert difference[:, 0, 0] == pytest.approx([0.5, -1.0, 0.0], abs=1e-3)


def test_neighbours_add_their_light_at_their_density():
    galaxies = draw_galaxies(range(300), seed=2, conditions=SMALL)
    effects = ImageEffects(neighbour_density=200, neighbour_separation=1.0)
    options = {"pixel": 0.1, "effects": effects, "law": "cosmos", "ranges": {}}
    neighbours = draw_neighbours(galaxies, seed=2, **options)
    area = ((5.6**2) - np.pi) / 3600  # square arcmin, of the stamp with its margin
    assert len(neighbours) == pytest.approx(300 * 200 * area, rel=0.1)
    own = galaxies.set_index("number").loc[neighbours["number"]].reset_index()
    separation = np.hypot(*(neighbours[["dx", "dy"]].to_numpy() - own[["dx", "dy"]].to_numpy()).T)
    assert separation.min() >= 10  # pixels
    sparse = ImageEffects(neighbour_density=1e-9)
    nothing = draw_neighbours(galaxies, seed=2, **options | {"effects": sparse})
    assert (neighbour_columns(galaxies, nothing) == 0).all(axis=None)
    columns = neighbour_columns(galaxies, neighbours)
    assert columns["n_neighbours"].sum() == len(neighbours)
    assert neighbours["magnitude"].nunique() == len(neighbours)
    alone = draw_neighbours(galaxies.iloc[[7]], seed=2, **options)
    of_seven = neighbours[neighbours["number"] == 7].reset_index(drop=True)
    assert alone.reset_index(drop=True).equals(of_seven)


def test_a_copy_of_the_galaxy_as_its_neighbour_doubles_the_light():
    galaxy = one_galaxy(dx=0.0, dy=0.0, magnitude=19.0, body_radius=0.3)
    copy = galaxy | {"dx": 9.0, "dy": -4.0, "side": 56}
    alone, blended = (observe(galaxy, seed=1, pixel=0.1, neighbours=near) for near in ((), [copy]))
    added = blended.image - alone.image
    assert np.array_equal(blended.noise_free, alone.noise_free)
    shifted = np.roll(alone.noise_free, (-4, 9), (1, 2))
    assert added[:, 6:26, 19:39] == pytest.approx(
        shifted[:, 6:26, 19:39], abs=0.01 * float(alone.noise_free.max())
    )


@pytest.mark.parametrize("width", [0.5, 1.0])
def test_correlated_noise_keeps_its_variance(width):
    white = np.random.default_rng(1).standard_normal((3, 200, 200)).astype(np.float32)
    noise = correlated(white, width)
    assert noise.std() == pytest.approx(1, abs=0.02)
    neighbouring = np.mean(noise[:, 1:] * noise[:, :-1])
    kernel = np.exp(-0.5 * (np.arange(-8, 9) / width) ** 2)
    expected = (kernel[1:] * kernel[:-1]).sum() / (kernel**2).sum()
    assert neighbouring == pytest.approx(expected, abs=0.02)


def test_shot_noise_has_the_variance_of_the_electrons():
    bright = np.full((3, 100, 100), 0.5, np.float32)
    image = noisy(bright, 1e-6 * SIGMA, {"number": 1}, seed=1, gain=2000)
    assert image.mean() == pytest.approx(0.5, rel=1e-3)
    assert image.var() == pytest.approx(0.5 / 2000, rel=0.03)


def test_masks_have_their_fraction_and_leave_the_centre_free():
    image = np.zeros((3, 60, 60), np.float32)
    masks = [np.isnan(masked(image, number, seed=1, fraction=0.05)) for number in range(20)]
    assert np.mean(masks) == pytest.approx(0.05, rel=0.15)
    assert not np.any(np.array(masks)[:, :, 29:31, 29:31])


def test_image_of_the_moffat_profile_gives_the_stamps_of_the_profile(tmp_path):
    image = galsim.ImageD(61, 61, scale=0.1)
    galsim.Moffat(beta=3.5, fwhm=0.4).drawImage(image=image)
    fits.writeto(tmp_path / "psf.fits", image.array)
    psf, width = read_psf(tmp_path / "psf.fits", 0.1)
    assert width == pytest.approx(0.4, rel=0.05)  # the image is blurred by its pixels
    galaxy = one_galaxy(psf=0.4, body_radius=0.4, sersic_index=1.0, bulge_fraction=0.0)
    expected = draw_stamp(galaxy, pixel=0.1)
    drawn = draw_stamp(galaxy, pixel=0.1, psf_image=psf)
    assert drawn == pytest.approx(expected, abs=0.02 * float(expected.max()))


def test_command_takes_effects_and_the_image_of_a_point_spread_function(tmp_path):
    psf = np.zeros((21, 21))
    psf[9:12, 9:12] = [[1, 2, 1], [2, 4, 2], [1, 2, 1]]
    fits.writeto(tmp_path / "psf.fits", psf)
    output = tmp_path / "stamps.h5"
    options = ["--count", "2", "--sides", "[32, 32]", "--sky", "[0.5, 0.5]", "--gain", "1000"]
    options += ["--psf-image", str(tmp_path / "psf.fits"), "--output", str(output)]
    result = CliRunner().invoke(command, options, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    stamps = list(read_stamps(output))
    assert [stamp.metadata["sky_r"] for stamp in stamps] == [0.5, 0.5]
    _, width = read_psf(tmp_path / "psf.fits", 0.1)
    assert [stamp.metadata["psf"] for stamp in stamps] == pytest.approx([width] * 2)


def test_unusable_effects_name_the_setting(tmp_path):
    with pytest.raises(InputError, match=r"sky: the range \[0.2, 0.1\] is reversed"):
        ImageEffects(sky=(0.2, 0.1))
    with pytest.raises(InputError, match="sky_law 'gauss' is not known"):
        ImageEffects(sky_law="gauss")
    fits.writeto(tmp_path / "psf.fits", np.ones((9, 9)))
    with pytest.raises(InputError, match=r"psf\.fits: the image of the point-spread function has"):
        read_psf(tmp_path / "psf.fits", 0.1)
