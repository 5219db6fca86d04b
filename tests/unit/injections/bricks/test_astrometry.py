"""Positions of a catalogue against the light in an image."""

import logging
import re

import numpy as np
import pandas as pd
import pytest

from cosmodag.errors import InputError
from cosmodag.injections.bricks.astrometry import check_inside, check_positions, measure_shift
from cosmodag.injections.bricks.detection import detect
from cosmodag.injections.bricks.multiband_image import read_survey_cutout

SIDE, NOISE = 400, 0.02


def spots(seed: int, number: int = 60, flux: float = 20.0, neighbours: bool = False):
    """Catalogue, image and inverse variance of Gaussian spots at random places of a grid."""
    rng = np.random.default_rng(seed)
    grid = np.stack(np.meshgrid(*[np.arange(30, SIDE - 30, 35)] * 2), -1).reshape(-1, 2)
    places = rng.permutation(grid)[:number] + rng.uniform(-5, 5, (number, 2))
    bright = flux * rng.uniform(0.5, 2, number)
    drawn = [places, places + rng.normal(0, 4, places.shape)] if neighbours else [places]
    image = rng.normal(0, NOISE, (SIDE, SIDE))
    y, x = np.mgrid[:SIDE, :SIDE]
    for part in drawn:
        for (bx, by), light in zip(part, bright):
            sigma = rng.uniform(1.8, 2.4)
            spot = np.exp(-((x - bx) ** 2 + (y - by) ** 2) / (2 * sigma**2))
            image += light * NOISE * spot
    catalogue = pd.DataFrame(np.concatenate(drawn), columns=["bx", "by"])
    return catalogue, image.astype(np.float32), np.full(image.shape, NOISE**-2, np.float32)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("shift", [(0, 0), (1, 1), (-1, -1), (0.5, -0.2)])
def test_a_shift_is_measured_within_its_error(seed, shift):
    catalogue, image, ivar = spots(seed)
    found = measure_shift(catalogue + np.array(shift), image, ivar)
    assert found.count > 40
    assert found.error < 0.03
    np.testing.assert_allclose(found[:2], shift, atol=5 * found.error)


def test_right_positions_pass_without_a_word(caplog):
    with caplog.at_level(logging.INFO):
        assert check_positions("t.fits", *spots(1)) is not None
    assert not caplog.records


def test_positions_that_count_from_one_are_refused():
    catalogue, image, ivar = spots(1)
    with pytest.raises(InputError, match=r"t\.fits: .*\(\+1\.0.*set `first_pixel: 1`") as raised:
        check_positions("t.fits", catalogue + 1, image, ivar)
    assert "\n" not in str(raised.value)


def test_one_taken_off_positions_that_count_from_zero_is_refused():
    catalogue, image, ivar = spots(1)
    with pytest.raises(InputError, match="set `first_pixel: 0`"):
        check_positions("t.fits", catalogue - 1, image, ivar, first_pixel=1)


@pytest.mark.parametrize(("shift", "given"), [(1, 1), (-1, 0)])
def test_no_first_pixel_is_proposed_that_may_not_be(shift, given):
    catalogue, image, ivar = spots(1)
    with pytest.raises(InputError, match="belong together"):
        check_positions("t.fits", catalogue + np.array(shift), image, ivar, first_pixel=given)


def test_any_other_shift_is_told(caplog):
    catalogue, image, ivar = spots(1)
    check_positions("t.fits", catalogue + np.array([1, 0]), image, ivar)
    assert re.search(r"\(\+1\.0\d, [+-]0\.0\d\) pixels beside", caplog.text)


def test_blends_bad_pixels_and_faint_sources_do_not_count():
    assert measure_shift(*spots(2, neighbours=True)) is None
    assert measure_shift(*spots(2, flux=0.2)) is None
    catalogue, image, ivar = spots(2)
    ivar[:, ::8] = 0
    image[:, ::8] = 1e4
    assert measure_shift(catalogue, image, ivar) is None


@pytest.mark.parametrize("rows", [1, 5])
def test_few_sources_prove_nothing(rows, caplog):
    catalogue, image, ivar = spots(1)
    with caplog.at_level(logging.INFO):
        assert check_positions("t.fits", catalogue[:rows] + 1, image, ivar) is None
    assert "too few" in caplog.text


def test_a_catalogue_of_other_sources_proves_nothing():
    _, image, ivar = spots(1)
    other = np.random.default_rng(0).uniform(0, SIDE - 1, (300, 2))
    check_positions("t.fits", pd.DataFrame(other, columns=["bx", "by"]), image, ivar)


def test_extended_sources_are_left_out_where_points_suffice():
    catalogue, image, ivar = spots(1)
    catalogue["type"] = np.where(np.arange(len(catalogue)) < 30, "PSF", "EXP")
    catalogue.loc[30:, ["bx", "by"]] += 1
    found = measure_shift(catalogue, image, ivar)
    assert found.count <= 30
    assert abs(found.x) < 0.1


def test_positions_off_the_image_are_counted():
    catalogue = pd.DataFrame({"bx": [-0.4, 99.4, 3600.0, 5], "by": [0, 49.4, 4.0, 50.0]})
    with pytest.raises(InputError, match=r"2 of 4 objects \(50 %\).*100×50 pixels.*bx 3600\.0"):
        check_inside("t.fits", catalogue, (50, 100))
    check_inside("t.fits", catalogue[:2], (50, 100))


@pytest.mark.data
def test_a_real_image_tells_the_first_pixel(data_folder):
    path = data_folder / "injections/cutout_59.1067_-30.4848.fits"
    images, _ = read_survey_cutout(path)
    catalogue = detect(images, brick="0591m305")
    planes = images.image[1], images.ivar[1]
    assert abs(np.array(check_positions(path, catalogue, *planes)[:2])).max() < 0.2
    with pytest.raises(InputError, match="first_pixel: 1"):
        check_positions(path, catalogue.assign(bx=catalogue.bx + 1, by=catalogue.by + 1), *planes)
