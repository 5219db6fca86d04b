"""The file names of published cubes contain their metadata."""

from pathlib import Path

import pytest

from cosmodag.reionization.cubes.cube_file_names import parse_file_name

NEW = "delta_T_v3_z006.00_nf0.010864_useTs0_200_300Mpc"
OLD = (
    "delta_T_v3_no_halos_z007.50_nf0.613201_useTs0_zetaX2.0e+56_alphaX1.2_TvirminX3.0e+04"
    "_aveTb012.34_200_300Mpc"
)
MATTER = "updated_smoothed_deltax_z006.50_200_300Mpc"
NEUTRAL = (
    "xH_nohalos_z006.00_nf0.010864_Fstar0.0500_starPL0.5000_Fesc0.0960_escPL-0.5000"
    "_Mturn5.00e+08_HIIfilter1_RHIImax50_200_300Mpc"
)


@pytest.mark.parametrize(
    ("name", "field", "redshift", "neutral", "escape", "axis"),
    [
        (NEW, "brightness_temperature", 6.0, 0.010864, None, 2),
        (OLD, "brightness_temperature", 7.5, 0.613201, None, 2),
        ("delta_T_z006.50_200_300Mpc", "brightness_temperature", 6.5, None, None, None),
        (MATTER, "density", 6.5, None, None, None),
        (NEUTRAL, "neutral_fraction", 6.0, 0.010864, 0.096, None),
    ],
)
@pytest.mark.parametrize("suffix", ["", ".gz", ".npy"])
def test_names_of_both_versions_are_parsed(name, field, redshift, neutral, escape, axis, suffix):
    cube = parse_file_name(f"{name}{suffix}")
    assert (cube.field, cube.redshift, cube.cells, cube.box_size) == (field, redshift, 200, 300)
    assert cube.neutral_fraction == neutral
    assert cube.escape_fraction == escape
    assert cube.line_of_sight == axis
    assert cube.realization is None


def test_escape_fraction_and_seed_are_parsed_from_the_folder():
    cube = parse_file_name(Path("Boxes_ESC_FRAC_0.070_RNG_150") / NEW)
    assert (cube.escape_fraction, cube.realization) == (0.07, 150)


def test_escape_fraction_of_the_file_name_overrides_that_of_the_folder():
    cube = parse_file_name(Path("Boxes_ESC_FRAC_0.070_RNG_150") / NEUTRAL)
    assert cube.escape_fraction == 0.096


@pytest.mark.parametrize(
    "name", ["README.md", "delta_T_200_300Mpc", "delta_T_z006.50.txt", "x_z6.5"]
)
def test_other_file_names_are_not_cubes(name):
    assert parse_file_name(name) is None
