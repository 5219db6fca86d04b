"""Files of survey bricks."""

import numpy as np
import pytest
from astropy.wcs import WCS

from cosmodag.errors import InputError
from cosmodag.injections.bricks import brick_files, brick_images
from cosmodag.injections.bricks.brick_files import BrickFiles
from cosmodag.injections.bricks.brick_images import BrickImages

BRICK = "0591m305"


def plane_wcs(size: int) -> WCS:
    wcs = WCS(naxis=2)
    wcs.wcs.crpix = [size / 2 + 0.5] * 2
    wcs.wcs.crval = [59.1, -30.5]
    wcs.wcs.cdelt = [-brick_images.PIXEL_SCALE / 3600, brick_images.PIXEL_SCALE / 3600]
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    return wcs


@pytest.fixture
def images() -> BrickImages:
    rng = np.random.default_rng(3)
    image = rng.normal(0, 0.02, (3, 150, 131)).astype(np.float32)
    ivar = np.full(image.shape, 2500, np.float32) * rng.uniform(0.9, 1.1, image.shape)
    ivar[:, 40:44] = 0
    return BrickImages(
        brick_images.BANDS,
        image,
        ivar.astype(np.float32),
        np.array([1.5, 1.3, 1.2], np.float32),
        plane_wcs(140),
    )


@pytest.fixture
def files(tmp_path, images) -> BrickFiles:
    files = BrickFiles(tmp_path, BRICK, "rs0")
    brick_images.write_images(files, images, lossless=True)
    return files


def test_paths_follow_the_layout_of_the_legacy_surveys(tmp_path):
    own, run = BrickFiles(tmp_path, BRICK), BrickFiles(tmp_path, BRICK, "rs3")
    coadd = tmp_path / "coadd/059/0591m305"
    assert own.coadd("image", "g") == coadd / "legacysurvey-0591m305-image-g.fits.fz"
    assert run.coadd("invvar", "z") == coadd / "rs3/legacysurvey-0591m305-invvar-z.fits.fz"
    assert own.tractor == tmp_path / "tractor/059/tractor-0591m305.fits"
    assert run.tractor == tmp_path / "tractor/059/0591m305/rs3/tractor-0591m305.fits"
    assert run.simcat == tmp_path / "obiwan/059/0591m305/rs3/simcat-elg-0591m305.fits"


def test_lossless_images_are_bit_identical(files, images):
    restored = brick_images.read_images(files)
    assert restored.image.tobytes() == images.image.tobytes()
    assert restored.ivar.tobytes() == images.ivar.tobytes()
    np.testing.assert_array_equal(restored.psf_size, images.psf_size)
    sky = restored.wcs.pixel_to_world(0, 0).separation(images.wcs.pixel_to_world(0, 0))
    assert sky.arcsec < 1e-6


def test_quantized_images_preserve_zeros_and_lose_a_fraction_of_the_noise(tmp_path, images):
    files = BrickFiles(tmp_path / "quantized", BRICK)
    brick_images.write_images(files, images)
    restored = brick_images.read_images(files)
    np.testing.assert_array_equal(restored.ivar == 0, images.ivar == 0)
    assert np.abs(restored.image - images.image).max() < 0.02 / 16
    size = files.coadd("image", "g").stat().st_size
    assert size < images.image[0].nbytes / 3


def test_bands_are_read_in_the_requested_order(files, images):
    restored = brick_images.read_images(files, ("z", "g"))
    assert restored.bands == ("z", "g")
    np.testing.assert_array_equal(restored.image, images.image[[2, 0]])


def test_runs_are_sorted_by_number(tmp_path):
    for name in ("rs10", "rs2", "rs0", "notes", "rsx"):
        (tmp_path / "obiwan/059" / BRICK / name).mkdir(parents=True)
    assert brick_files.injection_runs(tmp_path, BRICK) == ["rs0", "rs2", "rs10"]


def test_missing_band_is_reported(files):
    files.coadd("image", "r").unlink()
    with pytest.raises(InputError, match=r"image-r\.fits\.fz: there is no such file"):
        brick_images.read_images(files)


def test_truncated_plane_is_reported(files):
    path = files.coadd("image", "g")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(InputError, match=r"image-g\.fits\.fz: .*truncated"):
        brick_images.read_images(files)


@pytest.mark.parametrize(
    ("value", "message"), [(np.nan, "NaN or infinite"), (-1, "negative"), (0, "0 everywhere")]
)
def test_invalid_inverse_variances_are_reported(tmp_path, images, value, message):
    files = BrickFiles(tmp_path / "bad", BRICK)
    images.ivar[1] = value
    brick_images.write_images(files, images, lossless=True)
    with pytest.raises(InputError, match=rf"invvar-r\.fits\.fz: .*{message}"):
        brick_images.read_images(files)


def test_a_plane_with_data_in_a_few_pixels_counts_as_missing(tmp_path, images):
    files = BrickFiles(tmp_path / "edge", BRICK)
    images.ivar[1] = 0
    images.ivar[1, 3, 5:9] = 2500
    brick_images.write_images(files, images, lossless=True)
    with pytest.raises(InputError, match="above 0 in 4 of 19650 pixels only: no exposure in this"):
        brick_images.read_images(files)


@pytest.mark.data
def test_a_real_band_almost_without_data_counts_as_missing(data_folder):
    files = BrickFiles(data_folder / "injections/dr6", "0959p805")
    with pytest.raises(InputError, match=r"invvar-z\.fits\.fz: .* in \d+ of 12960000 pixels"):
        list(brick_images.read_planes(files, ("z",)))


def test_inverse_variances_made_negative_by_dithering_become_zero(tmp_path, images):
    files = BrickFiles(tmp_path / "dithered", BRICK)
    images.ivar[1, 3, 5] = -1.0  # of some 2500
    brick_images.write_images(files, images, lossless=True)
    restored = brick_images.read_images(files)
    assert restored.ivar[1, 3, 5] == 0
    images.ivar[1, 3, 5] = 0
    np.testing.assert_array_equal(restored.ivar, images.ivar)


def test_planes_of_different_shapes_are_reported(files, images):
    header = images.wcs.to_header()
    other = np.ones((150, 130), np.float32)
    brick_images.write_plane(files.coadd("invvar", "r"), other, header, lossless=True)
    with pytest.raises(InputError, match=r"invvar-r\.fits\.fz: 130×150 pixels.*131×150"):
        brick_images.read_images(files)


def test_images_without_celestial_coordinates_are_reported(files, images):
    for band in brick_images.BANDS:
        brick_images.write_plane(files.coadd("invvar", band), images.ivar[0], None, lossless=True)
    with pytest.raises(InputError, match="no celestial coordinates"):
        brick_images.read_images(files)


@pytest.mark.parametrize("name", ["survey-bricks.fits", "bricks.csv", "bricks.txt"])
def test_brick_lists_are_read(tmp_path, name):
    path = tmp_path / name
    if name.endswith("fits"):
        brick_files.write_brick_list(path, [BRICK, "3301m002"], np.zeros(2), np.zeros(2))
    else:
        head = "BRICKNAME\n" if name.endswith("csv") else ""
        path.write_text(head + f"{BRICK}\n3301m002\n")
    assert brick_files.read_brick_list(path) == [BRICK, "3301m002"]


@pytest.mark.parametrize(
    ("text", "message"),
    [("", "no brick"), ("../../etc\n", "is not a brick name"), (f"{BRICK}\n" * 2, "listed twice")],
)
def test_invalid_brick_lists_are_refused(tmp_path, text, message):
    path = tmp_path / "bricks.txt"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        brick_files.read_brick_list(path)
