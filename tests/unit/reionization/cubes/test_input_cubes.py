"""Cubes, light-cones and slices of any format are read alike, or refused with the cure."""

import gzip

import h5py
import numpy as np
import pytest
from astropy.io import fits

from cosmodag.cosmology.background import comoving_distance
from cosmodag.errors import InputError
from cosmodag.reionization.cubes.input_cubes import ArrayFormat, read_input_cube
from tests.unit.reionization.cubes.cubes import (
    BOX,
    CELLS,
    fields,
    write_coeval,
    write_coeval_3,
    write_lightcone,
    write_raw,
    write_records,
    write_with_header,
)

TEMPERATURE = "brightness_temperature"
HUBBLE, OMEGA_M = 0.6766, 0.3111


def read(path, field=TEMPERATURE, **stated):
    return read_input_cube(path, field, ArrayFormat(**stated), hubble=HUBBLE, omega_m=OMEGA_M)


@pytest.fixture
def temperature():
    return fields()[TEMPERATURE]


def of_21cmfast(folder, form):
    if form in ("3", "4"):
        write = write_coeval_3 if form == "3" else write_coeval
        return folder / "box.h5", write(folder / "box.h5")[TEMPERATURE]
    path, expected = write_raw(folder, 8.0)[TEMPERATURE], fields()[TEMPERATURE]
    if form == "gz":
        path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
        return path.with_name(f"{path.name}.gz"), expected
    if form == "npy":
        np.save(path.with_name(f"{path.name}.npy"), expected)
        return path.with_name(f"{path.name}.npy"), expected
    return path, expected


@pytest.mark.parametrize("form", ["raw", "gz", "npy", "3", "4"])
def test_files_of_21cmfast_need_no_settings(tmp_path, form):
    path, expected = of_21cmfast(tmp_path, form)
    cube = read(path)
    np.testing.assert_array_equal(cube.values, expected)
    assert (cube.kind, cube.cell_size) == ("cube", BOX / CELLS)
    assert cube.redshifts.tolist() == [8.0]
    assert cube.line_of_sight == (None if form in "34" else 2)


def test_a_light_cone_of_21cmfast_has_a_redshift_per_slice(tmp_path):
    expected = write_lightcone(tmp_path / "cone.h5")
    cube = read(tmp_path / "cone.h5")
    np.testing.assert_array_equal(cube.values, expected)
    assert (cube.kind, cube.line_of_sight, cube.cell_size) == ("lightcone", 2, BOX / CELLS)
    distances = comoving_distance(OMEGA_M, cube.redshifts) / HUBBLE
    np.testing.assert_allclose(distances, 9000 + BOX / CELLS * np.arange(48), rtol=1e-6)


def test_arrays_are_what_is_stated(tmp_path, temperature):
    np.save(tmp_path / "a.npy", temperature.astype("f8"))
    temperature.tofile(tmp_path / "a.dat")
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["sky/temperature"] = temperature
    size = {"box_size": BOX, "redshift": 8.0}
    for name, stated in (
        ("a.npy", {}),
        ("a.dat", {"shape": [CELLS] * 3}),
        ("a.h5", {"array": "sky/temperature"}),
    ):
        cube = read(tmp_path / name, **size, **stated)
        np.testing.assert_array_equal(cube.values, temperature)
        assert (cube.kind, cube.cell_size, cube.redshifts.tolist()) == ("cube", 1.5, [8.0])


def test_kelvin_becomes_millikelvin(tmp_path, temperature):
    np.save(tmp_path / "a.npy", temperature / 1000)
    cube = read(tmp_path / "a.npy", box_size=BOX, unit="K")
    np.testing.assert_allclose(cube.values, temperature, rtol=1e-5)
    assert len(cube.redshifts) == 0


def test_light_cones_and_slices_of_arrays(tmp_path, temperature):
    np.save(tmp_path / "a.npy", temperature[..., :10])
    cone = read(tmp_path / "a.npy", kind="lightcone", box_size=BOX, redshift=7.0)
    assert cone.redshifts[0] == pytest.approx(7.0)
    distances = comoving_distance(OMEGA_M, cone.redshifts) / HUBBLE
    np.testing.assert_allclose(np.diff(distances), 1.5, rtol=1e-5)
    np.save(tmp_path / "a.npy", temperature[:7, :, :10])
    slices = read(tmp_path / "a.npy", kind="slices", box_size=15)
    assert (slices.cell_size, slices.line_of_sight) == (1.5, 0)
    np.save(tmp_path / "a.npy", temperature[0])
    assert read(tmp_path / "a.npy", box_size=BOX).values.shape == (1, CELLS, CELLS)


@pytest.mark.parametrize(
    ("name", "stated", "message"),
    [
        ("a.npy", {}, "set --box-size in comoving Mpc"),
        ("a.npy", {"box_size": 30, "kind": "lightcone"}, "set --redshift to that of the first"),
        ("long.npy", {"box_size": 30}, "set --kind to cube, lightcone or slices"),
        ("flat.npy", {"box_size": 30}, "have three axes"),
        ("text.npy", {"box_size": 30}, "not an array of real numbers|not a complete array"),
        ("cut.npy", {"box_size": 30}, "not a complete array of NumPy"),
        ("nan.npy", {"box_size": 30}, "1 cells are NaN or infinite"),
        ("hot.npy", {"box_size": 30}, "-1000 to 1000 are possible"),
        ("a.dat", {"box_size": 30}, "set --shape"),
        ("a.dat", {"box_size": 30, "shape": [20, 20, 19]}, "change --shape"),
        ("a.dat", {"box_size": 30, "shape": 20}, "no list of numbers of cells"),
        ("a.h5", {"box_size": 30}, "its datasets are sky: set --array"),
        (
            "a.h5",
            {"box_size": 30, "array": "x"},
            "no dataset 'x': give one of its datasets: sky",
        ),
        ("none.npy", {}, "there is no such file"),
    ],
)
def test_what_is_unknown_is_asked_for(tmp_path, temperature, name, stated, message):
    np.save(tmp_path / "a.npy", temperature)
    np.save(tmp_path / "long.npy", temperature[..., :10])
    np.save(tmp_path / "flat.npy", temperature.ravel())
    np.save(tmp_path / "text.npy", np.array(["a", "b"]))
    (tmp_path / "cut.npy").write_bytes((tmp_path / "a.npy").read_bytes()[:-100])
    damaged = temperature.copy()
    damaged[1, 2, 3] = np.nan
    np.save(tmp_path / "nan.npy", damaged)
    np.save(tmp_path / "hot.npy", 1000 * temperature)
    temperature.tofile(tmp_path / "a.dat")
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["sky"] = temperature
    with pytest.raises(InputError, match=message) as error:
        read(tmp_path / name, **stated)
    assert "\n" not in str(error.value)
    assert name in str(error.value) or "shape" in str(error.value)


@pytest.mark.parametrize(
    ("stated", "message"),
    [
        ({"redshift": 9.0}, "says redshift 8, not 9.0: leave out --redshift"),
        ({"box_size": 60.0}, "says box_size 30, not 60.0: leave out --box-size"),
        ({"kind": "slices"}, "says kind cube, not slices: leave out --kind"),
    ],
)
def test_settings_that_contradict_the_file_are_refused(tmp_path, stated, message):
    with pytest.raises(InputError, match=message):
        read(write_raw(tmp_path, 8.0)[TEMPERATURE], **stated)


def test_another_field_is_refused(tmp_path):
    with pytest.raises(InputError, match="says density, but the run was trained on brightness"):
        read(write_raw(tmp_path, 8.0)["density"])
    write_lightcone(tmp_path / "cone.h5")
    with pytest.raises(InputError, match="a light-cone without density"):
        read(tmp_path / "cone.h5", "density")


@pytest.mark.parametrize(
    ("kind", "shape", "found", "along"),
    [
        ("lightcone", (60, 16, 16), 0, 2),
        ("lightcone", (16, 60, 16), 1, 2),
        ("slices", (16, 16, 5), 2, 0),
    ],
)
def test_another_order_of_axes_is_recognized(tmp_path, temperature, kind, shape, found, along):
    np.save(tmp_path / "a.npy", np.resize(temperature, shape))
    message = rf"seems to be axis {found}: write np\.moveaxis\(values, {found}, {along}\)"
    with pytest.raises(InputError, match=message):
        read(tmp_path / "a.npy", kind=kind, box_size=BOX, redshift=8.0)


def test_a_compressed_array_is_to_be_decompressed(tmp_path, temperature):
    with gzip.open(tmp_path / "cube.dat.gz", "wb") as file:
        file.write(temperature.tobytes())
    with pytest.raises(InputError, match="is compressed: decompress it"):
        read(tmp_path / "cube.dat.gz", shape=list(temperature.shape), box_size=BOX)


def test_images_of_an_interferometer_are_read_from_fits(tmp_path, temperature):
    hdu = fits.PrimaryHDU(temperature[np.newaxis, :5])  # polarization, frequency, y, x
    hdu.header["BUNIT"] = "mK"
    hdu.writeto(tmp_path / "sky.fits")
    found = read(tmp_path / "sky.fits", kind="slices", box_size=BOX)
    np.testing.assert_array_equal(found.values, temperature[:5])
    with pytest.raises(InputError, match="says BUNIT mK, not K: set --unit mK"):
        read(tmp_path / "sky.fits", kind="slices", box_size=BOX, unit="K")
    hdu.header["BUNIT"] = "Jy/beam"
    hdu.writeto(tmp_path / "beam.fits")
    with pytest.raises(InputError, match="says BUNIT Jy/beam, not mK: convert it to K"):
        read(tmp_path / "beam.fits", kind="slices", box_size=BOX)
    fits.PrimaryHDU().writeto(tmp_path / "empty.fits")
    with pytest.raises(InputError, match="has no image"):
        read(tmp_path / "empty.fits", box_size=BOX)


def test_files_of_c2ray_need_no_shape(tmp_path, temperature):
    write_with_header(tmp_path / "a.bin", temperature)
    write_records(tmp_path / "b.bin", temperature.astype("<f8"))
    for name in ("a.bin", "b.bin"):
        np.testing.assert_array_equal(read(tmp_path / name, box_size=BOX).values, temperature)


def test_float64_of_a_stated_shape_is_read_and_another_byte_order_named(tmp_path, temperature):
    shape = list(temperature.shape)
    temperature.astype("<f8").tofile(tmp_path / "a.dat")
    found = read(tmp_path / "a.dat", shape=shape, box_size=BOX)
    np.testing.assert_array_equal(found.values, temperature)
    temperature.astype(">f4").tofile(tmp_path / "b.dat")
    with pytest.raises(InputError, match="only in the other byte order: convert"):
        read(tmp_path / "b.dat", shape=shape, box_size=BOX)
    np.savez(tmp_path / "c.npz", temperature)
    with pytest.raises(InputError, match=r"save the cube alone by numpy\.save"):
        read(tmp_path / "c.npz", box_size=BOX)
