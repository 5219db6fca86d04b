"""Source detection and photometry."""

import numpy as np
import pytest
from scipy.spatial import cKDTree

from cosmodag.errors import InputError
from cosmodag.injections.bricks.brick_catalogues import tractor_columns
from cosmodag.injections.bricks.brick_images import BANDS
from cosmodag.injections.bricks.detection import detect_sources
from cosmodag.injections.simulation.brick_simulation import simulate_brick
from cosmodag.injections.simulation.elg_prior import read_elg_prior


@pytest.fixture(scope="module")
def brick():
    """A brick of galaxies with one profile each."""
    return simulate_brick(5, size=512, seed=1, prior=read_elg_prior(), population="model")


@pytest.fixture(scope="module")
def catalogue(brick):
    """The catalogue of detected sources."""
    conditions = brick.conditions
    return detect_sources(
        brick.images,
        brick=brick.name,
        overlap=8,
        transmission=conditions.transmission,
        exposures=conditions.exposures,
    )


@pytest.fixture(scope="module")
def matches(brick, catalogue):
    """Matched rows of the true and of the measured catalogue."""
    truth = brick.real.catalogue
    distance, row = cKDTree(catalogue[["bx", "by"]]).query(truth[["x", "y"]])
    return truth[distance < 3], catalogue.iloc[row[distance < 3]]


def test_most_emission_line_galaxies_are_detected(brick, matches):
    assert len(matches[0]) > 0.85 * len(brick.real.catalogue)


def test_positions_are_zero_indexed(matches):
    truth, catalogue = matches
    for axis in "xy":
        offset = catalogue[f"b{axis}"].to_numpy() - truth[axis].to_numpy()
        assert abs(np.median(offset)) < 0.1
        assert np.percentile(np.abs(offset), 68) < 0.4


def test_fluxes_and_radii_are_unbiased(brick, matches):
    truth, catalogue = matches
    flux = brick.real.fluxes(brick.conditions.transmission)[truth.index]
    for i, band in enumerate(BANDS):
        ratio = catalogue[f"flux_{band}"].to_numpy() / flux[:, i]
        assert np.median(ratio) == pytest.approx(1, abs=0.05)
        assert (catalogue[f"flux_ivar_{band}"] > 0).all()
    large = (truth["rhalf"] > 0.6).to_numpy()
    ratio = catalogue["shape_r"].to_numpy()[large] / truth["rhalf"].to_numpy()[large]
    assert np.median(ratio) == pytest.approx(1, abs=0.2)


def test_catalogue_has_the_columns_of_tractor(brick, catalogue):
    assert {*tractor_columns(BANDS), "shape_r", "brickname"} <= set(catalogue)
    assert catalogue["objid"].tolist() == list(range(len(catalogue)))
    assert set(catalogue["type"]) <= {"PSF", "REX", "EXP", "DEV"}
    assert (catalogue["mw_transmission_g"] == brick.conditions.transmission[0]).all()
    np.testing.assert_allclose(catalogue["psfsize_z"], brick.conditions.psf.fwhm[2], rtol=1e-6)
    x, y = brick.images.wcs.all_world2pix(catalogue["ra"], catalogue["dec"], 0)
    np.testing.assert_allclose(x, catalogue["bx"], atol=1e-3)
    np.testing.assert_allclose(y, catalogue["by"], atol=1e-3)


def test_sources_of_the_neighbouring_brick_are_not_primary(catalogue):
    near = (catalogue[["bx", "by"]].min(axis=1) < 7) | (catalogue[["bx", "by"]].max(axis=1) > 504)
    assert not catalogue.loc[near, "brick_primary"].any()
    assert catalogue["brick_primary"].mean() > 0.85


def test_bands_can_be_chosen(brick):
    images = brick.images
    two = images._replace(
        bands=("g", "z"),
        image=images.image[[0, 2]],
        ivar=images.ivar[[0, 2]],
        psf_size=images.psf_size[[0, 2]],
    )
    catalogue = detect_sources(two, brick=brick.name)
    assert len(catalogue) > 30
    assert "flux_r" not in catalogue


def test_empty_sky_gives_an_empty_catalogue(brick):
    images = brick.images
    empty = images._replace(image=np.zeros_like(images.image))
    catalogue = detect_sources(empty, brick=brick.name)
    assert len(catalogue) == 0
    assert {*tractor_columns(BANDS)} <= set(catalogue)


def test_background_is_subtracted(brick, catalogue):
    images = brick.images
    high = images._replace(image=np.where(images.ivar > 0, images.image + 0.05, 0))
    above = detect_sources(high, brick=brick.name, background=128)
    assert len(above) == pytest.approx(len(catalogue), rel=0.15)


@pytest.mark.parametrize(
    ("change", "culprit"),
    [
        (lambda images: images.image.__setitem__((1, 5, 5), np.nan), "r contains NaN"),
        (lambda images: images.ivar.__setitem__(2, 0), "ivar of z"),
    ],
)
def test_invalid_planes_are_reported(brick, change, culprit):
    images = brick.images._replace(image=brick.images.image.copy(), ivar=brick.images.ivar.copy())
    change(images)
    with pytest.raises(InputError, match=culprit):
        detect_sources(images, brick=brick.name)


@pytest.mark.data
def test_sources_of_a_real_image_are_detected(data_folder):
    reader = pytest.importorskip("cosmodag.injections.bricks.multiband_image")
    path = data_folder / "injections" / "cutout_59.1067_-30.4848.fits"
    images, _ = reader.read_multiband_image(path)
    catalogue = detect_sources(images, brick="0591m305")
    assert 25 < len(catalogue) < 120
    middle = np.hypot(catalogue["bx"] - 127.5, catalogue["by"] - 127.5).min()
    assert middle < 5
