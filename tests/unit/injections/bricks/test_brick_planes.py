"""Round trips of planes of random sizes and values."""

import numpy as np
import pytest

from cosmodag.errors import InputError
from cosmodag.injections.bricks import brick_images
from cosmodag.injections.bricks.brick_files import BrickFiles

SIZES = [(1, 1), (1, 257), (99, 101), (100, 100), (203, 7), (128, 300)]


def values(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Return random finite values of all exponents, with both zeros and extreme values."""
    bits = rng.integers(0, 2**32, shape, dtype=np.uint32).view(np.float32)
    plane = np.where(np.isfinite(bits), bits, np.float32(0))
    plane.flat[: min(plane.size, 4)] = np.array([-0.0, 1e-45, 3.4e38, -3.4e38])[: plane.size]
    return plane.astype(np.float32)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("shape", SIZES)
def test_lossless_planes_are_bit_identical(tmp_path, shape, seed):
    plane = values(np.random.default_rng([seed, *shape]), shape)
    brick_images.write_plane(tmp_path / "p.fits.fz", plane, None, lossless=True)
    restored, _ = brick_images.read_plane(tmp_path / "p.fits.fz")
    assert restored.dtype == np.float32
    assert restored.dtype.isnative
    assert restored.shape == shape
    assert restored.tobytes() == plane.tobytes()


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("shape", SIZES)
def test_quantized_planes_preserve_zeros_and_lose_less_than_a_step(tmp_path, shape, seed):
    rng = np.random.default_rng([seed, *shape])
    plane = rng.normal(0, 10 ** rng.uniform(-3, 1), shape).astype(np.float32)
    plane[rng.random(shape) < 0.1] = 0
    brick_images.write_plane(tmp_path / "p.fits.fz", plane, None, lossless=False)
    restored, _ = brick_images.read_plane(tmp_path / "p.fits.fz")
    np.testing.assert_array_equal(restored == 0, plane == 0)
    assert np.abs(restored - plane).max() <= 2 * plane.std() / brick_images.QUANTIZE_LEVEL + 1e-7


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("shape", SIZES[1:])
def test_one_pixel_that_is_not_finite_is_refused(tmp_path, shape, value):
    rng = np.random.default_rng(shape)
    plane = rng.normal(0, 1, shape).astype(np.float32)
    plane.flat[rng.integers(plane.size)] = value
    files = BrickFiles(tmp_path, "0591m305")
    brick_images.write_plane(files.coadd("image", "g"), plane, None, lossless=True)
    with pytest.raises(InputError, match=r"image-g\.fits\.fz: .* NaN or infinite"):
        next(brick_images.read_planes(files, ("g",)))
