"""Catalogues of survey bricks."""

import numpy as np
import pandas as pd
import pytest
from astropy.table import Table

from cosmodag.errors import InputError
from cosmodag.injections.bricks import brick_catalogues


@pytest.fixture
def catalogue() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    columns = {
        name: rng.uniform(0.5, 1, 4).astype(np.float32)
        for name in brick_catalogues.tractor_columns()
    }
    columns |= {
        "objid": np.arange(4, dtype=np.int32),
        "type": ["PSF", "REX", "EXP", "DEV"],
        "brick_primary": [True, True, False, True],
        "bx": rng.uniform(0, 99, 4),
        "by": rng.uniform(0, 99, 4),
        "shape_r": rng.uniform(0, 2, 4).astype(np.float32),
    }
    return pd.DataFrame(columns)


def test_a_catalogue_comes_back_as_it_was_written(tmp_path, catalogue):
    brick_catalogues.write_tractor(tmp_path / "t.fits", catalogue)
    found = brick_catalogues.read_tractor(tmp_path / "t.fits")
    assert found["objid"].dtype == np.int64
    assert found["brick_primary"].dtype == bool
    assert list(found["type"]) == ["PSF", "REX", "EXP", "DEV"]
    for column in ("bx", "flux_g", "shape_r"):
        np.testing.assert_array_equal(found[column], catalogue[column])


def test_upper_case_columns_and_old_sizes_are_read(tmp_path, catalogue):
    old = catalogue.rename(columns={"shape_r": "shapeexp_r"}).assign(shapedev_r=np.float32(0))
    Table.from_pandas(old.rename(columns=str.upper)).write(tmp_path / "t.fits")
    found = brick_catalogues.read_tractor(tmp_path / "t.fits")
    assert {"shapeexp_r", "shapedev_r"} <= set(found)
    np.testing.assert_array_equal(found["flux_z"], catalogue["flux_z"])


def test_positions_that_count_from_one_can_be_shifted(tmp_path, catalogue):
    brick_catalogues.write_tractor(tmp_path / "t.fits", catalogue)
    found = brick_catalogues.read_tractor(tmp_path / "t.fits", first_pixel=1)
    np.testing.assert_array_equal(found["bx"], catalogue["bx"] - 1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.drop(columns="flux_r"), "no column 'flux_r'; columns found: objid"),
        (lambda t: t.assign(objid=[0, 1, 1, 3]), "objid 1 stands in 2 rows"),
        (lambda t: t.assign(bx=[1.0, np.nan, 2, 3]), "bx is NaN or infinite in 1 of 4 rows"),
        (lambda t: t.iloc[:0], "a brick with no object"),
    ],
)
def test_catalogues_that_cannot_be_used_are_named(tmp_path, catalogue, change, message):
    brick_catalogues.write_tractor(tmp_path / "t.fits", change(catalogue))
    with pytest.raises(InputError, match=rf"t\.fits: {message}"):
        brick_catalogues.read_tractor(tmp_path / "t.fits")


def test_fluxes_in_other_units_are_named(tmp_path, catalogue):
    table = Table.from_pandas(catalogue)
    table["flux_g"].unit = "Jy"
    table.write(tmp_path / "t.fits")
    with pytest.raises(InputError, match="flux_g is in 'Jy'; convert it to nanomaggies"):
        brick_catalogues.read_tractor(tmp_path / "t.fits")


def test_a_truncated_catalogue_is_named(tmp_path, catalogue):
    path = tmp_path / "t.fits"
    brick_catalogues.write_tractor(path, catalogue)
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(InputError, match=r"t\.fits: not a complete FITS table"):
        brick_catalogues.read_tractor(path)


def test_injections_come_back_as_they_were_written(tmp_path):
    rows = pd.DataFrame(
        {name: np.linspace(1, 2, 3) for name in ("ra", "dec", "x", "y", "gflux", "rflux", "zflux")}
    ).assign(id=[7, 8, 9], rhalf=0.5)
    brick_catalogues.write_simcat(tmp_path / "s.fits", rows)
    found = brick_catalogues.read_simcat(tmp_path / "s.fits")
    assert list(found["id"]) == [7, 8, 9]
    np.testing.assert_array_equal(found["x"], rows["x"])
    assert "rhalf" in found


@pytest.mark.data
def test_real_rows_of_a_release_are_read(data_folder):
    path = data_folder / "injections/tractor-3301m002.fits"
    found = brick_catalogues.read_tractor(
        path, ["objid", "type", "ra", "dec", "flux_g", "flux_ivar_g"]
    )
    assert len(found) == 6
    assert found["ra"].between(330, 330.3).all()
    assert {"shapeexp_r", "shapedev_r"} <= set(found)
    assert set(found["type"]) <= {"PSF", "REX", "EXP", "DEV", "COMP"}


@pytest.mark.data
def test_real_rows_without_pixels_are_refused(data_folder):
    with pytest.raises(InputError, match="no column 'brick_primary'"):
        brick_catalogues.read_tractor(data_folder / "injections/tractor-3301m002.fits")
