"""A folder of published cubes is read into the form that simulated ones have, or refused."""

import shutil

import numpy as np
import pytest

from cosmodag.errors import InputError
from cosmodag.reionization.cubes.cube_folder import read_folder
from cosmodag.reionization.cubes.cubes_file import CubesFile
from cosmodag.reionization.simulation import fast21cm_engine
from tests.unit.reionization.cubes.cubes import BOX, CELLS, fields, write_coeval, write_raw

SIZE = {"cells": CELLS, "box_size": BOX}


def read(folder, redshift=8.0, **more):
    output = folder.parent / "cubes.h5"
    read_folder(folder, output, redshift=redshift, **(SIZE | more))
    return CubesFile(output)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "cubes"


def test_cubes_are_found_by_redshift_and_escape_fraction_and_read_unchanged(folder):
    for number, escape in enumerate((0.12, 0.07)):
        write_raw(folder / f"Boxes_ESC_FRAC_{escape:.3f}_RNG_150", 8.0, seed=number, escape=None)
        write_raw(folder / f"Boxes_ESC_FRAC_{escape:.3f}_RNG_150", 9.0, seed=7, escape=None)
    with read(folder) as file:
        assert file.header.escape_fractions == (0.07, 0.12)
        assert file.header.realizations == (150,)
        assert file.header.axes == (2,)
        for place, number in enumerate((1, 0)):
            expected = fields(number)
            for field, where in (("neutral_fraction", (0,)), ("brightness_temperature", (0,))):
                found = file.read(field, 0, place, *where[: field[0] == "b"])
                np.testing.assert_array_equal(found, expected[field])


def test_an_xh_cube_tells_the_escape_fraction_of_its_folder(folder):
    write_raw(folder, 8.0, escape=0.096)
    with read(folder) as file:
        assert file.header.escape_fractions == (0.096,)
        assert file.header.names == ["s0-0000"]


def test_boxes_of_21cmfast_4_are_read_with_their_parameters(folder):
    folder.mkdir()
    expected = write_coeval(folder / "coeval.h5")
    with read(folder) as file:
        assert file.header.escape_fractions == (0.1,)
        assert file.header.realizations == (12,)
        assert file.header.axes == (-1,)
        np.testing.assert_array_equal(file.read("density", 0), expected["density"])
        found = file.read("brightness_temperature", 0, 0, 0)
        np.testing.assert_array_equal(found, expected["brightness_temperature"])


@pytest.mark.slow
@pytest.mark.skipif(not fast21cm_engine.installed(), reason="21cmFAST is not installed")
def test_what_21cmfast_itself_saves_is_read(folder):
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
        found = file.read("neutral_fraction", 0, 0)
        np.testing.assert_array_equal(found, coeval.neutral_fraction)


def test_fully_ionized_cubes_are_read(folder):
    paths = write_raw(folder, 8.0)
    zeros = np.zeros((CELLS,) * 3, "<f4")
    for field in ("brightness_temperature", "neutral_fraction"):
        name = paths[field].name
        told = name.split("_nf")[1][:8]
        paths[field].unlink()
        zeros.tofile(folder / name.replace(told, "0.000000"))
    with read(folder) as file:
        assert not file.read("brightness_temperature", 0, 0, 0).any()


def refused(folder, match, **more):
    with pytest.raises(InputError, match=match) as error:
        read(folder, **more)
    assert "\n" not in str(error.value)
    assert not (folder.parent / "cubes.h5").exists()


def test_an_escape_fraction_that_stands_nowhere_must_be_given(folder):
    write_raw(folder, 8.0, escape=None)
    refused(folder, "escape fraction stands neither in its name nor in a folder's")
    with read(folder, escape_fraction=0.1) as file:
        assert file.header.escape_fractions == (0.1,)


@pytest.mark.parametrize(
    ("lacking", "partner"),
    [("density", "updated_smoothed_deltax_z008.00"), ("other", "xH_z008.00")],
)
def test_a_missing_partner_is_named(folder, lacking, partner):
    paths = write_raw(folder / "ESC_FRAC_0.070", 8.0, escape=None)
    if lacking == "density":
        paths["density"].unlink()
    else:
        other = write_raw(folder / "ESC_FRAC_0.080", 8.0, escape=None)
        other["neutral_fraction"].unlink()
    refused(folder, f"has no partner {partner}")


def test_a_universe_without_a_brightness_temperature_is_refused(folder):
    write_raw(folder, 8.0)["brightness_temperature"].unlink()
    refused(folder, "no cube of brightness temperature")


def test_names_and_settings_must_agree(folder):
    write_raw(folder, 8.0)
    refused(folder, "says 20 where the key cells is 200", cells=200)
    refused(folder, "says 30 where the key box_size is 300", box_size=300)


def test_names_and_content_must_agree(folder):
    paths = write_raw(folder, 8.0)
    np.zeros((18,) * 3, "<f4").tofile(paths["density"])
    refused(folder, r"holds 18³ cells where 20³ are promised by its name")


def test_a_neutral_fraction_other_than_the_name_s_is_refused(folder):
    paths = write_raw(folder, 8.0)
    np.full((CELLS,) * 3, 0.2, "<f4").tofile(paths["neutral_fraction"])
    refused(folder, r"its mean neutral fraction is 0.2000 where its name says")


@pytest.mark.parametrize("field", ["density", "brightness_temperature"])
def test_a_cube_of_zeros_that_cannot_be_is_refused(folder, field):
    paths = write_raw(folder, 8.0)
    np.zeros((CELLS,) * 3, "<f4").tofile(paths[field])
    refused(folder, f"{field} is 0 everywhere, which it cannot be")


def test_a_redshift_that_is_not_there_is_named_with_those_there_are(folder):
    write_raw(folder, 8.0)
    write_raw(folder, 9.5)
    refused(folder, "no cube of redshift 7; there are 8, 9.5", redshift=7.0)


def test_escape_fractions_must_be_complete_for_all_seeds(folder):
    write_raw(folder / "ESC_FRAC_0.070_RNG_1", 8.0, escape=None)
    write_raw(folder / "ESC_FRAC_0.080_RNG_1", 8.0, escape=None)
    write_raw(folder / "ESC_FRAC_0.070_RNG_2", 8.0, escape=None)
    refused(folder, "realization 2 has no cube of escape fraction 0.08")


def test_a_missing_folder_is_named(folder):
    refused(folder, "there is no such folder")


def test_a_truncated_box_is_named(folder):
    folder.mkdir()
    write_coeval(folder / "coeval.h5")
    whole = (folder / "coeval.h5").read_bytes()
    (folder / "coeval.h5").write_bytes(whole[: len(whole) // 2])
    refused(folder, "coeval.h5: not a whole HDF5 file")


def test_nan_in_a_box_is_named(folder):
    import h5py

    folder.mkdir()
    write_coeval(folder / "coeval.h5")
    with h5py.File(folder / "coeval.h5", "a") as file:
        file["PerturbedField/OutputFields/density"][3, 3, 3] = np.nan
    refused(folder, "coeval.h5: PerturbedField/OutputFields/density")


def test_folders_of_several_versions_go_together(folder):
    write_raw(folder / "ESC_FRAC_0.070_RNG_12", 8.0, escape=None)
    with read(folder) as before:
        assert before.header.escape_fractions == (0.07,)
    write_coeval(folder / "coeval.h5")
    refused_with_velocities = "cubes with velocities beside some without"
    (folder.parent / "cubes.h5").unlink()
    refused(folder, refused_with_velocities)
    shutil.rmtree(folder / "ESC_FRAC_0.070_RNG_12")
    with read(folder) as after:
        assert after.header.escape_fractions == (0.1,)
