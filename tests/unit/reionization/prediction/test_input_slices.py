"""Slices of new cubes equal those that training would cut from them."""

from pathlib import Path

import numpy as np
import pytest

from cosmodag.errors import InputError
from cosmodag.reionization.cubes.input_cubes import InputCube
from cosmodag.reionization.cutouts.instrument import Instrument, observe
from cosmodag.reionization.prediction.input_slices import SliceSelection, as_trained, cut_input
from cosmodag.reionization.prediction.slice_run import SliceInput

SIDE, CELL = 16, 2.0
REDSHIFT = np.array([8.0])


def made(side=SIDE, cells=SIDE, instrument=None) -> SliceInput:
    return SliceInput(
        "brightness_temperature", side, CELL, cells, instrument or Instrument(), 0.7, 0.3
    )


def cube(shape=(SIDE,) * 3, kind="cube", cell_size=CELL, redshifts=REDSHIFT, axis=None):
    values = np.random.default_rng(1).normal(20, 5, shape).astype("f4")
    return InputCube(Path("cube"), values, kind, cell_size, redshifts, axis)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_slices_are_observed_as_those_of_training(axis):
    instrument = Instrument(mean_subtraction=True, beam=2.0, wedge=1.0)
    given = cube()
    x, table = cut_input(given, made(instrument=instrument), SliceSelection([axis], 3))
    options = {"axis": axis, "cell_size": CELL * 0.7, "redshift": 8.0, "omega_m": 0.3}
    expected = np.moveaxis(observe(given.values, instrument, **options), axis, 0)[::3]
    np.testing.assert_allclose(x[..., 0], expected, atol=1e-4)
    assert table["slice"].tolist() == list(range(0, SIDE, 3))
    assert table["position"].tolist() == [CELL * (i + 0.5) for i in range(0, SIDE, 3)]
    assert set(table["input_redshift"]) == {8.0}
    assert table["id"].is_unique


def test_measured_temperatures_get_neither_beam_nor_wedge_but_no_mean():
    instrument = Instrument(mean_subtraction=True, beam=2.0, wedge=1.0)
    given = cube(redshifts=np.empty(0))
    x, _ = cut_input(given, made(instrument=instrument), SliceSelection(observed=True))
    values = np.moveaxis(given.values, 2, 0)
    np.testing.assert_allclose(x[..., 0], values - values.mean((1, 2), keepdims=True), atol=1e-4)


def test_larger_slices_become_patches_that_cover_them_each_without_its_mean():
    given = cube((40, 32, 16))
    x, table = cut_input(given, made(instrument=Instrument(True)), SliceSelection([2]))
    assert len(x) == 3 * 2 * 16
    assert sorted(set(table["row"])) == [0, 16, 24]
    np.testing.assert_allclose(x.mean((1, 2)), 0, atol=1e-5)
    assert set(table["all_zero"]) == {0}
    row = table.index[(table["row"] == 24) & (table["column"] == 16) & (table["slice"] == 5)][0]
    patch = given.values[24:40, 16:32, 5]
    np.testing.assert_allclose(x[row, ..., 0], patch - patch.mean(), atol=1e-4)


def test_parts_of_a_larger_cube_are_observed_by_themselves_as_whole_slices():
    """Then they are smooth across their edges, as the periodic slices of training."""
    instrument = Instrument(mean_subtraction=True, beam=3.0, wedge=1.0)
    given = cube((32, 16, 16))
    x, _ = cut_input(given, made(instrument=instrument), SliceSelection([2]))
    options = {"axis": 2, "cell_size": CELL * 0.7, "redshift": 8.0, "omega_m": 0.3}
    expected = observe(given.values[16:], instrument, **options)
    np.testing.assert_allclose(x[1::2, ..., 0], np.moveaxis(expected, 2, 0), atol=1e-4)


def test_the_mean_of_whole_slices_is_subtracted_where_training_cut_patches():
    given = cube((32, 32, 32))
    x, _ = cut_input(given, made(cells=32, instrument=Instrument(True)), SliceSelection([2]))
    patch = given.values[:16, :16, 0] - given.values[..., 0].mean()
    np.testing.assert_allclose(x[0, ..., 0], patch, atol=1e-4)


def test_smaller_cells_are_averaged_and_larger_ones_refused():
    fine = cube((32,) * 3, cell_size=1.0)
    coarse = as_trained(fine, made())
    assert coarse.cell_size == CELL
    blocks = fine.values.reshape(16, 2, 16, 2, 16, 2).mean((1, 3, 5))
    np.testing.assert_allclose(coarse.values, blocks, atol=1e-4)
    with pytest.raises(InputError, match="cells of 3 Mpc are larger than those of 2 Mpc"):
        as_trained(cube(cell_size=3.0), made())
    nearly = cube(cell_size=2.01)
    assert as_trained(nearly, made()) is nearly


def test_a_light_cone_is_observed_at_the_redshift_of_each_part():
    redshifts = np.linspace(7, 9, 40)
    given = cube((SIDE, SIDE, 40), "lightcone", redshifts=redshifts, axis=2)
    instrument = Instrument(beam=3.0, wedge=1.0)
    x, table = cut_input(given, made(instrument=instrument), SliceSelection())
    np.testing.assert_allclose(table["input_redshift"], redshifts)
    options = {"axis": 2, "cell_size": CELL * 0.7, "omega_m": 0.3}
    for part in (slice(0, 16), slice(24, 40)):
        mean = redshifts[part].mean()
        expected = observe(given.values[..., part], instrument, redshift=mean, **options)
        np.testing.assert_allclose(x[part, ..., 0], np.moveaxis(expected, 2, 0), atol=1e-4)


def test_slices_are_averaged_across_only():
    given = cube((5, 32, 32), "slices", cell_size=1.0, axis=0)
    x, table = cut_input(as_trained(given, made()), made(), SliceSelection())
    assert x.shape == (5, SIDE, SIDE, 1)
    assert set(table["axis"]) == {0}


@pytest.mark.parametrize(
    ("given", "instrument", "axes", "message"),
    [
        (cube(redshifts=np.empty(0)), Instrument(beam=2.0), None, "set --redshift, or --observed"),
        (cube((5, 16, 16), "slices", axis=0), Instrument(wedge=1.0), None, "slices do not have"),
        (cube((16, 8, 16)), Instrument(), [2], "8 cells of 2 Mpc across are fewer than the 16"),
        (cube(), Instrument(), [3], r"axes \[3\]: give different numbers"),
        (cube(), Instrument(), 2, "axes 2: give different numbers"),
        (cube((16, 16, 20), "lightcone", axis=2), Instrument(), [0], "leave out --axes"),
    ],
)
def test_what_does_not_fit_is_refused(given, instrument, axes, message):
    with pytest.raises(InputError, match=message) as error:
        cut_input(given, made(instrument=instrument), SliceSelection(axes))
    assert "\n" not in str(error.value)
