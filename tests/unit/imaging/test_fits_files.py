"""FITS files: equal content in equal bytes, and checksums of headers that are compared."""

import time

import numpy as np
import pytest
from astropy.io import fits

from cosmodag.errors import InputError
from cosmodag.imaging.fits_files import open_fits
from cosmodag.injections.bricks.brick_images import write_plane


@pytest.mark.parametrize("lossless", [True, False])
def test_a_plane_gives_the_same_bytes_at_another_time(tmp_path, lossless):
    plane = np.random.default_rng(1).normal(size=(120, 90)).astype(np.float32)
    plane[:50] = 3.0
    paths = [tmp_path / f"{name}.fits.fz" for name in ("first", "again")]
    for path in paths:
        write_plane(path, plane, None, lossless=lossless)
        time.sleep(1.1)  # gzip writes whole seconds
    assert paths[0].read_bytes() == paths[1].read_bytes()
    with open_fits(paths[0], what="image", cure="") as file:
        assert np.allclose(file[1].data, plane, atol=0 if lossless else 0.5)


def test_a_flipped_bit_differs_from_the_checksum_of_the_header(tmp_path):
    path = tmp_path / "table.fits"
    table = fits.BinTableHDU.from_columns([fits.Column("a", "E", array=np.arange(1000.0))])
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(path, checksum=True)
    with open_fits(path, what="table", cure="") as file:
        assert len(file[1].data) == 1000
    content = bytearray(path.read_bytes())
    content[-3000] ^= 4
    path.write_bytes(content)
    with (
        pytest.raises(InputError, match=r"table\.fits: HDU 1 differs from the checksum"),
        open_fits(path, what="table", cure=""),
    ):
        pass
