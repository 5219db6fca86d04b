"""Footprints that are measured from randoms, read from a mask or estimated are the survey's."""

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy_healpix import HEALPix

from cosmodag.errors import InputError
from cosmodag.imaging.sky_pixels import SkyPixels
from cosmodag.voids.survey import sky_mask
from cosmodag.voids.survey.footprint import footprint_of_galaxies, footprint_of_randoms
from cosmodag.voids.survey.sky_mask import read_mask
from tests.unit.voids.survey.footprints import AREA, DEC, RA, uniform

NSIDE = 128


@pytest.fixture(scope="module")
def randoms():
    return uniform(np.random.default_rng(2), 0.1, "randoms")


@pytest.mark.parametrize("n_rings", [12, 45, 181])
def test_pixels_cover_the_sphere_once_and_contain_their_share(n_rings):
    pixels = SkyPixels(n_rings)
    assert pixels.area.sum() == pytest.approx(4 * np.pi)
    sines = np.random.default_rng(1).uniform(-1, 1, 200_000)
    ra = np.random.default_rng(2).uniform(-360, 360, 200_000)
    index = pixels.index(ra, np.degrees(np.arcsin(sines)))
    assert index.min() >= 0
    assert index.max() < len(pixels.area)
    expected = len(ra) * pixels.area / (4 * np.pi)
    assert np.mean((np.bincount(index, minlength=len(expected)) - expected) ** 2 / expected) < 1.1


def test_completeness_follows_the_randoms(randoms):
    random = np.random.default_rng(3)
    kept = (randoms.ra < 45) | (random.random(randoms.n_objects) < 0.7)
    footprint = footprint_of_randoms(randoms.select(kept))
    dec = np.linspace(DEC[0] + 3, DEC[1] - 3, 4000)
    full, part = (footprint.at(np.full(4000, ra), dec).mean() for ra in (30.0, 60.0))
    assert part / full == pytest.approx(0.7, rel=0.05)


def test_few_randoms_are_refused(randoms):
    with pytest.raises(InputError, match="900 randoms"):
        footprint_of_randoms(randoms.select(slice(0, 900)))


def test_the_footprint_of_galaxies_alone_is_right_to_a_pixel_and_knows_holes(randoms):
    ra, dec = 45.0, 25.0  # a hole of 12 degrees
    hole = np.hypot((randoms.ra - ra) * np.cos(np.radians(dec)), randoms.dec - dec) < 6
    galaxies = randoms.select(~hole).select(slice(0, None, 20))
    footprint = footprint_of_galaxies(galaxies)
    expected = AREA - 2 * np.pi * (1 - np.cos(np.radians(6)))
    edge = np.radians(footprint.pixels.side) * 3.2  # its perimeter is 3.2 radians
    assert footprint.area == pytest.approx(expected, abs=0.25 * edge)
    assert footprint.at(np.array([ra, 60.0, 200.0]), np.array([dec, 25.0, 25.0])).tolist() == [
        0,
        1,
        0,
    ]
    with pytest.raises(InputError, match="give randoms or a mask"):
        footprint_of_galaxies(galaxies.select(slice(0, 500)))


def completeness(ra: np.ndarray, dec: np.ndarray, eastern: float) -> np.ndarray:
    """Completeness on the sky in the test's footprint, 1 in its western half."""
    inside = (ra >= RA[0]) & (ra <= RA[1]) & (dec >= DEC[0]) & (dec <= DEC[1])
    return np.where(inside, np.where(ra < 45, 1.0, eastern), -1.6375e30)  # UNSEEN


def write_map(
    path, *, nside=NSIDE, order="RING", frame="C", explicit=False, eastern=0.8, **keys
) -> None:
    """Write the completeness as a HEALPix map in an order and a frame."""
    grid = HEALPix(nside=nside, order=order.lower())
    ra, dec = grid.healpix_to_lonlat(np.arange(grid.npix))
    if frame == "G":
        sky = SkyCoord(ra, dec, frame="galactic").icrs
        ra, dec = sky.ra, sky.dec
    values = completeness(ra.to_value("deg"), dec.to_value("deg"), eastern)
    columns = [fits.Column("COMPLETENESS", "1024E", array=values.reshape(-1, 1024))]
    if explicit:
        (seen,) = np.nonzero(values > 0)
        columns = [
            fits.Column("PIXEL", "J", array=seen),
            fits.Column("OTHER", "D", array=np.ones(len(seen))),
            fits.Column("COMPLETENESS", "D", array=values[seen]),
        ]
    table = fits.BinTableHDU.from_columns(columns)
    table.header.update(
        {
            "PIXTYPE": "HEALPIX",
            "NSIDE": nside,
            "ORDERING": order,
            "COORDSYS": frame,
            "INDXSCHM": "EXPLICIT" if explicit else "IMPLICIT",
            **keys,
        }
    )
    table.writeto(path)


@pytest.mark.parametrize(
    ("words", "column"),
    [
        ({}, None),
        ({"order": "NESTED"}, "COMPLETENESS"),
        ({"frame": "G"}, None),
        ({"explicit": True}, "COMPLETENESS"),
        ({"explicit": True, "order": "NESTED"}, 1),
    ],
)
def test_masks_of_every_kind_give_the_footprint(tmp_path, words, column):
    write_map(tmp_path / "mask.fits", **words)
    footprint = read_mask(tmp_path / "mask.fits", column=column)
    assert footprint.area == pytest.approx(AREA, rel=0.02)
    east, west, outside = footprint.at(np.array([60.0, 30.0, 90.0]), np.array([20.0, 20.0, 20.0]))
    assert east / west == pytest.approx(0.8, rel=1e-6)
    assert outside == 0
    declination = np.degrees(np.arcsin(footprint.outline[:, 2]))
    assert DEC[0] - 1.2 < declination.min() <= DEC[0]
    assert DEC[1] <= declination.max() < DEC[1] + 1.2


@pytest.mark.parametrize("explicit", [False, True])
@pytest.mark.parametrize("order", ["RING", "NESTED"])
def test_fine_masks_are_averaged(tmp_path, monkeypatch, order, explicit):
    monkeypatch.setattr(sky_mask, "LARGEST_NSIDE", NSIDE // 2)
    write_map(tmp_path / "mask.fits", order=order, explicit=explicit)
    footprint = read_mask(tmp_path / "mask.fits", column="COMPLETENESS")
    assert len(footprint.completeness) == 12 * (NSIDE // 2) ** 2
    assert footprint.area == pytest.approx(AREA, rel=0.02)


def test_a_coarse_pixel_at_the_edge_is_outside_below_the_minimum_completeness(tmp_path):
    write_map(tmp_path / "mask.fits")
    footprint = read_mask(tmp_path / "mask.fits", minimum_completeness=0.95)
    assert footprint.at(np.array([60.0, 30.0]), np.array([20.0, 20.0]))[0] == 0
    assert footprint.area == pytest.approx(AREA * 25 / 55, rel=0.02)


@pytest.mark.parametrize(
    ("keys", "column", "message"),
    [
        ({"PIXTYPE": "PIXELS"}, None, "no table has PIXTYPE"),
        ({"PIXTYPE": "HEALSPARSE"}, None, "is a HealSparse map; convert it by `healpy.write_map"),
        ({"ORDERING": "NUNIQ"}, None, "convert the map to 'RING' or 'NESTED'"),
        ({"NSIDE": 100}, None, "no map with NSIDE 100"),
        ({"NSIDE": 64}, None, "which has 49152 pixels"),
        ({"COORDSYS": "X"}, None, "COORDSYS is 'X'"),
        ({}, "WEIGHT", "no column 'WEIGHT'; name one of COMPLETENESS"),
        ({}, 3, "no column 3; name one of COMPLETENESS"),
        ({"explicit": True}, None, "which column is the completeness.* OTHER, COMPLETENESS"),
    ],
)
def test_files_that_are_no_masks_are_refused(tmp_path, keys, column, message):
    write_map(tmp_path / "mask.fits", **keys)
    with pytest.raises(InputError, match=message):
        read_mask(tmp_path / "mask.fits", column=column)


def test_an_empty_mask_is_refused(tmp_path):
    write_map(tmp_path / "mask.fits")
    with fits.open(tmp_path / "mask.fits", mode="update") as file:
        file[1].data["COMPLETENESS"] = 0
    with pytest.raises(InputError, match="nothing was observed"):
        read_mask(tmp_path / "mask.fits")
