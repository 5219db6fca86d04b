"""Finding sources: those that are there, where they are, and alike for both classes."""

import numpy as np
import pytest
from scipy.spatial import cKDTree

from cosmodag.errors import InputError
from cosmodag.injections.bricks.brick_catalogues import tractor_columns
from cosmodag.injections.bricks.brick_images import BANDS
from cosmodag.injections.bricks.detection import detect
from cosmodag.injections.simulation.brick_simulation import simulate_brick
from cosmodag.injections.simulation.elg_population import shipped_prior


@pytest.fixture(scope="module")
def brick():
    """A brick of galaxies of one profile each."""
    return simulate_brick(5, size=512, seed=1, prior=shipped_prior(), population="model")


@pytest.fixture(scope="module")
def found(brick):
    """What is detected on it."""
    known = brick.conditions
    return detect(
        brick.images,
        brick=brick.name,
        overlap=8,
        transmission=known.transmission,
        exposures=known.exposures,
    )


@pytest.fixture(scope="module")
def pairs(brick, found):
    """Rows of the truth and of the catalogue that belong together."""
    truth = brick.real.catalogue
    distance, row = cKDTree(found[["bx", "by"]]).query(truth[["x", "y"]])
    return truth[distance < 3], found.iloc[row[distance < 3]]


def test_nearly_all_galaxies_of_the_class_are_found(brick, pairs):
    assert len(pairs[0]) > 0.85 * len(brick.real.catalogue)


def test_positions_count_from_zero(pairs):
    truth, found = pairs
    for axis in "xy":
        offset = found[f"b{axis}"].to_numpy() - truth[axis].to_numpy()
        assert abs(np.median(offset)) < 0.1
        assert np.percentile(np.abs(offset), 68) < 0.4


def test_fluxes_and_sizes_are_those_of_the_truth(brick, pairs):
    truth, found = pairs
    flux = brick.real.fluxes(brick.conditions.transmission)[truth.index]
    for i, band in enumerate(BANDS):
        ratio = found[f"flux_{band}"].to_numpy() / flux[:, i]
        assert np.median(ratio) == pytest.approx(1, abs=0.05)
        assert (found[f"flux_ivar_{band}"] > 0).all()
    large = (truth["rhalf"] > 0.6).to_numpy()
    ratio = found["shape_r"].to_numpy()[large] / truth["rhalf"].to_numpy()[large]
    assert np.median(ratio) == pytest.approx(1, abs=0.2)


def test_the_catalogue_has_the_columns_of_tractor(brick, found):
    assert {*tractor_columns(BANDS), "shape_r", "brickname"} <= set(found)
    assert found["objid"].tolist() == list(range(len(found)))
    assert set(found["type"]) <= {"PSF", "REX", "EXP", "DEV"}
    assert (found["mw_transmission_g"] == brick.conditions.transmission[0]).all()
    np.testing.assert_allclose(found["psfsize_z"], brick.conditions.psf.fwhm[2], rtol=1e-6)
    x, y = brick.images.wcs.all_world2pix(found["ra"], found["dec"], 0)
    np.testing.assert_allclose(x, found["bx"], atol=1e-3)
    np.testing.assert_allclose(y, found["by"], atol=1e-3)


def test_sources_of_the_neighbouring_brick_are_not_primary(found):
    near = (found[["bx", "by"]].min(axis=1) < 7) | (found[["bx", "by"]].max(axis=1) > 504)
    assert not found.loc[near, "brick_primary"].any()
    assert found["brick_primary"].mean() > 0.85


def test_any_bands_will_do(brick):
    images = brick.images
    two = images._replace(
        bands=("g", "z"),
        image=images.image[[0, 2]],
        ivar=images.ivar[[0, 2]],
        psf_size=images.psf_size[[0, 2]],
    )
    found = detect(two, brick=brick.name)
    assert len(found) > 30
    assert "flux_r" not in found


def test_an_empty_sky_has_an_empty_catalogue(brick):
    images = brick.images
    empty = images._replace(image=np.zeros_like(images.image))
    found = detect(empty, brick=brick.name)
    assert len(found) == 0
    assert {*tractor_columns(BANDS)} <= set(found)


def test_a_background_can_be_taken_off(brick, found):
    images = brick.images
    high = images._replace(image=np.where(images.ivar > 0, images.image + 0.05, 0))
    above = detect(high, brick=brick.name, background=128)
    assert len(above) == pytest.approx(len(found), rel=0.15)


@pytest.mark.parametrize(
    ("change", "culprit"),
    [
        (lambda images: images.image.__setitem__((1, 5, 5), np.nan), "r holds NaN"),
        (lambda images: images.ivar.__setitem__(2, 0), "ivar of z"),
    ],
)
def test_unusable_planes_are_named(brick, change, culprit):
    images = brick.images._replace(image=brick.images.image.copy(), ivar=brick.images.ivar.copy())
    change(images)
    with pytest.raises(InputError, match=culprit):
        detect(images, brick=brick.name)


@pytest.mark.data
def test_sources_of_a_real_image_are_found(data_folder):
    reader = pytest.importorskip("cosmodag.injections.bricks.multiband_image")
    path = data_folder / "injections" / "cutout_59.1067_-30.4848.fits"
    images, _ = reader.read_survey_cutout(path)
    found = detect(images, brick="0591m305")
    assert 25 < len(found) < 120
    middle = np.hypot(found["bx"] - 127.5, found["by"] - 127.5).min()
    assert middle < 5
