"""Astrometric checks of the positions of a catalogue."""

import logging
import re

import numpy as np
import pandas as pd
import pytest

from cosmodag.errors import InputError
from cosmodag.injections.bricks.astrometry import (
    check_positions,
    inside_image,
    measure_offset,
)
from cosmodag.injections.bricks.detection import detect_sources
from cosmodag.injections.bricks.multiband_image import read_multiband_image
from cosmodag.rejections import Rejections

SIDE, NOISE = 400, 0.02


def gaussian_sources(seed: int, n_sources: int = 60, flux: float = 20.0, neighbours: bool = False):
    """Return catalogue, image and inverse variance of Gaussian sources near a grid."""
    rng = np.random.default_rng(seed)
    grid = np.stack(np.meshgrid(*[np.arange(30, SIDE - 30, 35)] * 2), -1).reshape(-1, 2)
    isolated = rng.permutation(grid)[:n_sources] + rng.uniform(-5, 5, (n_sources, 2))
    amplitudes = flux * rng.uniform(0.5, 2, n_sources)
    positions = [isolated]
    if neighbours:
        positions.append(isolated + rng.normal(0, 4, isolated.shape))
    image = rng.normal(0, NOISE, (SIDE, SIDE))
    y, x = np.mgrid[:SIDE, :SIDE]
    for centres in positions:
        for (bx, by), amplitude in zip(centres, amplitudes):
            sigma = rng.uniform(1.8, 2.4)
            profile = np.exp(-((x - bx) ** 2 + (y - by) ** 2) / (2 * sigma**2))
            image += amplitude * NOISE * profile
    catalogue = pd.DataFrame(np.concatenate(positions), columns=["bx", "by"])
    return catalogue, image.astype(np.float32), np.full(image.shape, NOISE**-2, np.float32)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("shift", [(0, 0), (1, 1), (-1, -1), (0.5, -0.2)])
def test_offset_is_measured_within_its_error(seed, shift):
    catalogue, image, ivar = gaussian_sources(seed)
    offset = measure_offset(catalogue + np.array(shift), image, ivar)
    assert offset.n_sources > 40
    assert offset.error < 0.03
    np.testing.assert_allclose(offset[:2], shift, atol=5 * offset.error)


def test_correct_positions_pass_without_log_message(caplog):
    with caplog.at_level(logging.INFO):
        assert check_positions("t.fits", *gaussian_sources(1)) is not None
    assert not caplog.records


def test_one_indexed_positions_are_refused():
    catalogue, image, ivar = gaussian_sources(1)
    with pytest.raises(InputError, match=r"t\.fits: .*\(\+1\.0.*set `first_pixel: 1`") as raised:
        check_positions("t.fits", catalogue + 1, image, ivar)
    assert "\n" not in str(raised.value)


def test_first_pixel_subtracted_from_zero_indexed_positions_is_refused():
    catalogue, image, ivar = gaussian_sources(1)
    with pytest.raises(InputError, match="set `first_pixel: 0`"):
        check_positions("t.fits", catalogue - 1, image, ivar, first_pixel=1)


@pytest.mark.parametrize(("shift", "first_pixel"), [(1, 1), (-1, 0)])
def test_error_never_proposes_an_invalid_first_pixel(shift, first_pixel):
    catalogue, image, ivar = gaussian_sources(1)
    with pytest.raises(InputError, match="belong together"):
        check_positions("t.fits", catalogue + np.array(shift), image, ivar, first_pixel=first_pixel)


def test_other_offsets_are_logged(caplog):
    catalogue, image, ivar = gaussian_sources(1)
    check_positions("t.fits", catalogue + np.array([1, 0]), image, ivar)
    assert re.search(r"\(\+1\.0\d, [+-]0\.0\d\) pixels off", caplog.text)


def test_blends_bad_pixels_and_faint_sources_are_excluded():
    assert measure_offset(*gaussian_sources(2, neighbours=True)) is None
    assert measure_offset(*gaussian_sources(2, flux=0.2)) is None
    catalogue, image, ivar = gaussian_sources(2)
    ivar[:, ::8] = 0
    image[:, ::8] = 1e4
    assert measure_offset(catalogue, image, ivar) is None


@pytest.mark.parametrize("rows", [1, 5])
def test_few_sources_give_no_offset(rows, caplog):
    catalogue, image, ivar = gaussian_sources(1)
    with caplog.at_level(logging.INFO):
        assert check_positions("t.fits", catalogue[:rows] + 1, image, ivar) is None
    assert "too few" in caplog.text


def test_unrelated_catalogue_passes():
    _, image, ivar = gaussian_sources(1)
    other = np.random.default_rng(0).uniform(0, SIDE - 1, (300, 2))
    check_positions("t.fits", pd.DataFrame(other, columns=["bx", "by"]), image, ivar)


def test_extended_sources_are_excluded_if_point_sources_suffice():
    catalogue, image, ivar = gaussian_sources(1)
    catalogue["type"] = np.where(np.arange(len(catalogue)) < 30, "PSF", "EXP")
    catalogue.loc[30:, ["bx", "by"]] += 1
    offset = measure_offset(catalogue, image, ivar)
    assert offset.n_sources <= 30
    assert abs(offset.x) < 0.1


def test_positions_outside_the_image_are_counted():
    catalogue = pd.DataFrame({"bx": [-0.4, 99.4, 3600.0, 5], "by": [0, 49.4, 4.0, 50.0]})
    rejections = Rejections("objects")
    inside = inside_image("t.fits", catalogue, (50, 100), rejections)
    assert inside["bx"].tolist() == [-0.4, 99.4]
    assert [item for _, item, _ in rejections.rejected] == ["row 2", "row 3"]
    assert "bx 3600.0, by 4.0 lie outside the image of 100×50 pixels" in rejections.first
    with pytest.raises(InputError, match=r"2 of 4 objects .*100×50 pixels"):
        inside_image("t.fits", catalogue, (50, 100), Rejections("objects", 0))
    assert len(inside_image("t.fits", catalogue[:2], (50, 100), Rejections("objects", 0))) == 2


@pytest.mark.data
def test_first_pixel_is_inferred_from_a_real_image(data_folder):
    path = data_folder / "injections/cutout_59.1067_-30.4848.fits"
    images, _ = read_multiband_image(path)
    catalogue = detect_sources(images, brick="0591m305")
    planes = images.image[1], images.ivar[1]
    assert abs(np.array(check_positions(path, catalogue, *planes)[:2])).max() < 0.2
    with pytest.raises(InputError, match="first_pixel: 1"):
        check_positions(path, catalogue.assign(bx=catalogue.bx + 1, by=catalogue.by + 1), *planes)
