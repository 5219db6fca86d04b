"""A folder of published cubes is converted to a cubes file, or refused with a reason."""

import gzip
import shutil

import numpy as np
import pytest

from cosmodag.errors import InputError
from cosmodag.reionization.cubes.cube_folder import read_folder
from cosmodag.reionization.cubes.cubes_file import CubesFile, Universe
from cosmodag.reionization.simulation import py21cmfast_engine
from tests.unit.reionization.cubes.cubes import (
    BOX,
    CELLS,
    fields,
    write_coeval,
    write_coeval_3,
    write_lightcone,
    write_raw,
)

SIZE = {"cells": CELLS, "box_size": BOX}


def read(folder, redshift=8.0, **more):
    output = folder.parent / "cubes.h5"
    read_folder(folder, output, redshift=redshift, **(SIZE | more))
    return CubesFile(output)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "cubes"


def test_cubes_are_selected_by_redshift_and_escape_fraction_and_read_unchanged(folder):
    for seed, escape in enumerate((0.12, 0.07)):
        write_raw(folder / f"Boxes_ESC_FRAC_{escape:.3f}_RNG_150", 8.0, seed=seed, escape=None)
        write_raw(folder / f"Boxes_ESC_FRAC_{escape:.3f}_RNG_150", 9.0, seed=7, escape=None)
    with read(folder) as file:
        assert file.header.escape_fractions == (0.07, 0.12)
        assert file.header.realizations == (150,)
        assert file.header.axes == (2,)
        for index, seed in enumerate((1, 0)):
            expected = fields(seed)
            neutral_fraction = file.read("neutral_fraction", 0, index)
            np.testing.assert_array_equal(neutral_fraction, expected["neutral_fraction"])
            temperature = file.read("brightness_temperature", 0, index, 0)
            np.testing.assert_array_equal(temperature, expected["brightness_temperature"])


def test_escape_fraction_of_an_xh_cube_applies_to_its_folder(folder):
    write_raw(folder, 8.0, escape=0.096)
    with read(folder) as file:
        assert file.header.escape_fractions == (0.096,)
        assert file.header.names == ["s0-0000"]


@pytest.mark.parametrize("write", [write_coeval_3, write_coeval], ids=["3", "4"])
def test_boxes_of_21cmfast_are_read_with_their_parameters(folder, write):
    folder.mkdir()
    expected = write(folder / "coeval.h5")
    with read(folder) as file:
        assert file.header.escape_fractions == (0.1,)
        assert file.header.realizations == (12,)
        assert file.header.axes == (-1,)
        np.testing.assert_array_equal(file.read("density", 0), expected["density"])
        temperature = file.read("brightness_temperature", 0, 0, 0)
        np.testing.assert_array_equal(temperature, expected["brightness_temperature"])


@pytest.mark.slow
@pytest.mark.skipif(not py21cmfast_engine.is_installed(), reason="21cmFAST is not installed")
def test_a_box_saved_by_21cmfast_is_read(folder):
    import py21cmfast

    inputs = py21cmfast.InputParameters.from_template(
        "simple",
        random_seed=5,
        HII_DIM=CELLS,
        DIM=2 * CELLS,
        BOX_LEN=float(BOX),
        F_ESC10=-0.9,
        R_BUBBLE_MAX=8.0,
    )
    folder.mkdir()
    (coeval,) = py21cmfast.run_coeval(inputs=inputs, out_redshifts=[8.0], write=False)
    coeval.save(folder / "coeval.h5")
    with read(folder) as file:
        assert file.header.realizations == (5,)
        assert file.header.escape_fractions == (pytest.approx(10**-0.9, abs=1e-6),)
        np.testing.assert_array_equal(file.read("density", 0), coeval.density)
        neutral_fraction = file.read("neutral_fraction", 0, 0)
        np.testing.assert_array_equal(neutral_fraction, coeval.neutral_fraction)


def test_fully_ionized_cubes_are_read(folder):
    paths = write_raw(folder, 8.0)
    zeros = np.zeros((CELLS,) * 3, "<f4")
    for field in ("brightness_temperature", "neutral_fraction"):
        name = paths[field].name
        mean = name.split("_nf")[1][:8]
        paths[field].unlink()
        zeros.tofile(folder / name.replace(mean, "0.000000"))
    with read(folder) as file:
        assert not file.read("brightness_temperature", 0, 0, 0).any()


def refused(folder, match, **more):
    with pytest.raises(InputError, match=match) as error:
        read(folder, **more)
    assert "\n" not in str(error.value)
    assert not (folder.parent / "cubes.h5").exists()


def test_an_unknown_escape_fraction_must_be_set(folder):
    write_raw(folder, 8.0, escape=None)
    refused(folder, "the escape fraction is neither in its name, nor in that of a folder")
    with read(folder, escape_fraction=0.1) as file:
        assert file.header.escape_fractions == (0.1,)


@pytest.mark.parametrize(
    ("field", "partner"),
    [("density", "updated_smoothed_deltax_z008.00"), ("neutral_fraction", "xH_z008.00")],
)
def test_a_partner_that_other_cubes_have_is_named(folder, field, partner):
    write_raw(folder / "ESC_FRAC_0.070_RNG_1", 8.0, escape=None)
    write_raw(folder / "ESC_FRAC_0.070_RNG_2", 8.0, escape=None)[field].unlink()
    refused(folder, f"RNG_2.*has no partner {partner}")


def test_temperature_alone_is_read(folder):
    paths = write_raw(folder, 8.0)
    for field in ("density", "neutral_fraction"):
        paths[field].unlink()
    with read(folder, escape_fraction=0.1) as file:
        assert file.fields == ("brightness_temperature",)
        temperature = file.read("brightness_temperature", 0, 0, 0)
        np.testing.assert_array_equal(temperature, fields()["brightness_temperature"])


def test_a_realization_without_brightness_temperature_is_refused(folder):
    write_raw(folder, 8.0)["brightness_temperature"].unlink()
    refused(folder, "no cube of brightness temperature")


def test_file_names_that_contradict_the_settings_are_refused(folder):
    write_raw(folder, 8.0)
    refused(folder, "states cells 20, but the configuration states 200", cells=200)
    refused(folder, "states box_size 30, but the configuration states 300", box_size=300)


def test_another_number_of_cells_than_in_the_file_name_is_refused(folder):
    paths = write_raw(folder, 8.0)
    np.zeros((18,) * 3, "<f4").tofile(paths["density"])
    refused(folder, "contains 18³ cells, but its name says 20³")


def test_another_neutral_fraction_than_in_the_file_name_is_refused(folder):
    paths = write_raw(folder, 8.0)
    np.full((CELLS,) * 3, 0.2, "<f4").tofile(paths["neutral_fraction"])
    refused(folder, "its mean neutral fraction is 0.2000, but its name says")


@pytest.mark.parametrize("field", ["density", "brightness_temperature"])
def test_an_impossible_cube_of_zeros_is_refused(folder, field):
    paths = write_raw(folder, 8.0)
    np.zeros((CELLS,) * 3, "<f4").tofile(paths[field])
    refused(folder, f"{field} is 0 everywhere, which is impossible")


def test_the_error_for_a_missing_redshift_lists_the_available_ones(folder):
    write_raw(folder, 8.0)
    write_raw(folder, 9.5)
    refused(folder, "no cube of redshift 7; there are 8, 9.5", redshift=7.0)


def test_all_realizations_must_have_the_same_escape_fractions(folder):
    write_raw(folder / "ESC_FRAC_0.070_RNG_1", 8.0, escape=None)
    write_raw(folder / "ESC_FRAC_0.080_RNG_1", 8.0, escape=None)
    write_raw(folder / "ESC_FRAC_0.070_RNG_2", 8.0, escape=None)
    refused(folder, "realization 2 has no cube of escape fraction 0.08")


def test_a_missing_folder_is_refused(folder):
    refused(folder, "there is no such folder")


def test_a_truncated_box_is_refused(folder):
    folder.mkdir()
    write_coeval(folder / "coeval.h5")
    whole = (folder / "coeval.h5").read_bytes()
    (folder / "coeval.h5").write_bytes(whole[: len(whole) // 2])
    refused(folder, "coeval.h5: not a complete HDF5 file")


def test_a_box_with_nan_is_refused(folder):
    import h5py

    folder.mkdir()
    write_coeval(folder / "coeval.h5")
    with h5py.File(folder / "coeval.h5", "a") as file:
        file["PerturbedField/OutputFields/density"][3, 3, 3] = np.nan
    refused(folder, "coeval.h5: PerturbedField/OutputFields/density")


def test_cubes_with_and_without_redshift_space_distortions_are_not_combined(folder):
    write_raw(folder / "ESC_FRAC_0.070_RNG_12", 8.0, escape=None)
    with read(folder) as before:
        assert before.header.escape_fractions == (0.07,)
    write_coeval(folder / "coeval.h5")
    (folder.parent / "cubes.h5").unlink()
    refused(folder, "along different axes, or some have none")
    shutil.rmtree(folder / "ESC_FRAC_0.070_RNG_12")
    with read(folder) as after:
        assert after.header.escape_fractions == (0.1,)


def test_arrays_of_numpy_with_the_names_of_cubes_are_read(folder, caplog):
    for path in write_raw(folder, 8.0).values():
        cube = np.fromfile(path, "<f4").reshape((CELLS,) * 3)
        np.save(path.with_name(f"{path.name}.npy"), cube.astype("f8"))
        path.unlink()
    np.save(folder / "lightcone.npy", np.ones((4, 4, 8)))
    with read(folder) as file:
        np.testing.assert_array_equal(file.read("density", 0), fields()["density"])
    assert "lightcone.npy: left out: no cube by its name" in caplog.text


def test_an_array_of_another_shape_than_its_name_is_refused(folder):
    path = write_raw(folder, 8.0)["density"]
    path.unlink()
    np.save(path.with_name(f"{path.name}.npy"), np.ones((CELLS, CELLS, 3)))
    refused(folder, r"the shape is \(20, 20, 3\), but its name says 20³ cells")


def test_a_light_cone_is_named_as_such(folder):
    folder.mkdir()
    write_lightcone(folder / "cone.h5")
    refused(folder, "no cube of redshift 8.*cone.h5: a light-cone, not coeval boxes")


def test_a_scan_of_a_parameter_is_kept_by_universe(folder):
    folder.mkdir()
    for name, value in (("a", 8.5), ("b", 8.7)):
        write_coeval(folder / f"{name}.h5", M_TURN=value, F_STAR10=-1.3)
    with read(folder) as file:
        assert file.header.universes == [Universe(12, "M_TURN=8.5"), Universe(12, "M_TURN=8.7")]
        # One seed is one group, so that it is never in two splits.
        assert file.header.groups == ["s0-0012", "s0-0012"]
        assert file.header.names == ["s0-0012-M_TURN=8.5", "s0-0012-M_TURN=8.7"]
        file.keep([Universe(12, "M_TURN=8.7")])
        assert file.header.names == ["s0-0012-M_TURN=8.7"]


def test_a_scan_in_file_names_is_kept_by_universe(folder):
    for seed, value in enumerate(("1.00e+08", "5.00e+08")):
        paths = write_raw(folder / str(seed), 8.0, seed=seed)
        neutral = paths["neutral_fraction"]
        neutral.rename(neutral.with_name(neutral.name.replace("_Fesc", f"_Mturn{value}_Fesc")))
    with read(folder) as file:
        assert [each.variant for each in file.header.universes] == ["Mturn=1e+08", "Mturn=5e+08"]
        for row in range(2):
            neutral_fraction = file.read("neutral_fraction", row, 0)
            np.testing.assert_array_equal(neutral_fraction, fields(row)["neutral_fraction"])


def test_two_runs_of_the_same_names_are_refused_with_both_files(folder):
    write_raw(folder / "a", 8.0)
    write_raw(folder / "b", 8.0, seed=2)
    refused(folder, r"b/delta_T.* and .*a/delta_T.*: both are realization 0 .* keep one")


@pytest.mark.parametrize("field", ["brightness_temperature", "density", "neutral_fraction"])
def test_a_raw_cube_beside_its_compressed_copy_is_refused(folder, field):
    path = write_raw(folder, 8.0)[field]
    path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
    refused(folder, rf"{path.name}.* and .*{path.name}.*: both .*keep one")


def test_temperatures_in_kelvin_are_refused(folder):
    path = write_raw(folder, 8.0)["brightness_temperature"]
    (np.fromfile(path, "<f4") / 1000).tofile(path)
    refused(folder, "those of cubes in K: set the key unit to K")


def test_a_density_of_another_seed_is_warned_of(folder, caplog):
    path = write_raw(folder, 8.0)["density"]
    fields(2)["density"].tofile(path)
    read(folder)
    assert "uncorrelated with the density" in caplog.text
