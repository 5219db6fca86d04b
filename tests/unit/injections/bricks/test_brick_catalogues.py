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


def test_tractor_catalogue_round_trip(tmp_path, catalogue):
    brick_catalogues.write_tractor(tmp_path / "t.fits", catalogue)
    restored = brick_catalogues.read_tractor(tmp_path / "t.fits")
    assert restored["objid"].dtype == np.int64
    assert restored["brick_primary"].dtype == bool
    assert list(restored["type"]) == ["PSF", "REX", "EXP", "DEV"]
    for column in ("bx", "flux_g", "shape_r"):
        np.testing.assert_array_equal(restored[column], catalogue[column])


def test_upper_case_columns_and_radii_of_older_releases_are_read(tmp_path, catalogue):
    old = catalogue.rename(columns={"shape_r": "shapeexp_r"}).assign(shapedev_r=np.float32(0))
    Table.from_pandas(old.rename(columns=str.upper)).write(tmp_path / "t.fits")
    restored = brick_catalogues.read_tractor(tmp_path / "t.fits")
    assert {"shapeexp_r", "shapedev_r"} <= set(restored)
    np.testing.assert_array_equal(restored["flux_z"], catalogue["flux_z"])


def test_vector_columns_of_early_releases_are_read_by_band(tmp_path, catalogue):
    table = Table.from_pandas(catalogue)
    for name in brick_catalogues.TRACTOR_BAND_COLUMNS:
        values = np.full((4, 6), -1.0, np.float32)  # of u, g, r, i, z, Y
        for place, band in ((1, "g"), (2, "r"), (4, "z")):
            values[:, place] = table[f"{name}_{band}"]
            table.remove_column(f"{name}_{band}")
        table[f"decam_{name}"] = values
    table.write(tmp_path / "t.fits")
    restored = brick_catalogues.read_tractor(tmp_path / "t.fits")
    for column in brick_catalogues.tractor_columns():
        if column != "type":
            np.testing.assert_array_equal(restored[column], catalogue[column])


def test_one_indexed_positions_are_converted(tmp_path, catalogue):
    brick_catalogues.write_tractor(tmp_path / "t.fits", catalogue)
    restored = brick_catalogues.read_tractor(tmp_path / "t.fits", first_pixel=1)
    np.testing.assert_array_equal(restored["bx"], catalogue["bx"] - 1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.drop(columns="flux_r"), "no column 'flux_r'; did you mean"),
        (lambda t: t.assign(objid=[0, 1, 1, 3]), "objid 1 occurs in 2 rows"),
        (lambda t: t.assign(bx=[1.0, np.nan, 2, 3]), "1 of 4 objects .* row 1: bx is not finite"),
        (lambda t: t.iloc[:0], "the catalogue has no object"),
    ],
)
def test_invalid_catalogues_are_reported(tmp_path, catalogue, change, message):
    brick_catalogues.write_tractor(tmp_path / "t.fits", change(catalogue))
    with pytest.raises(InputError, match=rf"t\.fits: {message}"):
        brick_catalogues.read_tractor(tmp_path / "t.fits")


def test_fluxes_in_other_units_are_reported(tmp_path, catalogue):
    table = Table.from_pandas(catalogue)
    table["flux_g"].unit = "Jy"
    table.write(tmp_path / "t.fits")
    with pytest.raises(InputError, match="flux_g is in 'Jy'; convert it to nanomaggies"):
        brick_catalogues.read_tractor(tmp_path / "t.fits")


def test_truncated_catalogue_is_reported(tmp_path, catalogue):
    path = tmp_path / "t.fits"
    brick_catalogues.write_tractor(path, catalogue)
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(InputError, match=r"t\.fits: .*truncated"):
        brick_catalogues.read_tractor(path)


def test_simcat_round_trip(tmp_path):
    rows = pd.DataFrame(
        {name: np.linspace(1, 2, 3) for name in ("ra", "dec", "x", "y", "gflux", "rflux", "zflux")}
    ).assign(id=[7, 8, 9], rhalf=0.5)
    brick_catalogues.write_simcat(tmp_path / "s.fits", rows)
    restored = brick_catalogues.read_simcat(tmp_path / "s.fits")
    assert list(restored["id"]) == [7, 8, 9]
    np.testing.assert_array_equal(restored["x"], rows["x"])
    assert "rhalf" in restored


@pytest.mark.data
def test_real_rows_of_a_data_release_are_read(data_folder):
    path = data_folder / "injections/tractor-3301m002.fits"
    restored = brick_catalogues.read_tractor(
        path, ["objid", "type", "ra", "dec", "flux_g", "flux_ivar_g"]
    )
    assert len(restored) == 6
    assert restored["ra"].between(330, 330.3).all()
    assert {"shapeexp_r", "shapedev_r"} <= set(restored)
    assert set(restored["type"]) <= {"PSF", "REX", "EXP", "DEV", "COMP"}


@pytest.mark.data
def test_real_rows_without_pixel_positions_are_refused(data_folder):
    with pytest.raises(InputError, match="no column 'brick_primary'"):
        brick_catalogues.read_tractor(data_folder / "injections/tractor-3301m002.fits")
