"""Simulated realizations are ionized in the course of time."""

import numpy as np
import pytest

from cosmodag.errors import InputError
from cosmodag.reionization.cubes.cubes_file import CubesFile
from cosmodag.reionization.simulation.coeval_cubes import draw_initial_conditions, simulate_cubes
from cosmodag.reionization.simulation.engine import SimulationBox

BOX = SimulationBox(box_size=96.0, cells=32, particles=64)
SETTINGS = {"engine": "excursion_set", "seed": 5}
ESCAPES = (0.13, 0.07)
REDSHIFTS = (6.5, 8.0, 10.0)


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    """Cubes files of two realizations by redshift, and the folder of their initial conditions."""
    folder = tmp_path_factory.mktemp("realizations")
    draw_initial_conditions(folder / "initial.h5", BOX, realizations=[0, 1], **SETTINGS)
    files = {redshift: folder / f"z{redshift:g}.h5" for redshift in REDSHIFTS}
    for redshift, path in files.items():
        options = {"redshift": redshift, "escape_fractions": ESCAPES, "axes": [0, 2]}
        simulate_cubes(folder / "initial.h5", path, **options)
    return files, folder


def read(path, field, *index):
    with CubesFile(path) as file:
        return file.read(field, *index)


def test_neutral_fraction_decreases_with_time_and_with_the_escape_fraction(simulated):
    files, _ = simulated
    neutral = np.array(
        [
            [read(files[z], "neutral_fraction", 0, escape).mean() for escape in (0, 1)]
            for z in REDSHIFTS
        ]
    )
    assert (np.diff(neutral, axis=0) > 0).all()
    assert (neutral[:, 0] > neutral[:, 1]).all()
    assert neutral[0, 1] < 0.02
    assert neutral[2].min() > 0.75


def test_fields_are_consistent(simulated):
    files, _ = simulated
    density = read(files[8.0], "density", 0)
    neutral = read(files[8.0], "neutral_fraction", 0, 1)
    temperature = read(files[8.0], "brightness_temperature", 0, 1, 1)
    assert density.mean(dtype=float) == pytest.approx(0, abs=1e-4)
    assert density.min() >= -1
    assert temperature.mean(dtype=float) == pytest.approx(
        25.6 * np.mean(neutral * (1 + density), dtype=float), rel=0.05
    )
    assert 0 < temperature[neutral == 0].mean() + 1e-9 < 0.2 * temperature[neutral > 0.5].mean()


def test_densities_of_different_redshifts_are_correlated(simulated):
    files, _ = simulated
    early, late = (read(files[z], "density", 1).ravel() for z in (10.0, 6.5))
    assert np.corrcoef(early, late)[0, 1] > 0.97


def test_realizations_are_uncorrelated(simulated):
    files, _ = simulated
    fields = [read(files[8.0], "density", index).ravel() for index in (0, 1)]
    assert abs(np.corrcoef(*fields)[0, 1]) < 0.1


def test_realizations_of_another_seed_have_other_names(simulated, tmp_path):
    files, _ = simulated
    draw_initial_conditions(
        tmp_path / "initial.h5", BOX, realizations=[1], engine="excursion_set", seed=6
    )
    simulate_cubes(tmp_path / "initial.h5", tmp_path / "z.h5", redshift=8, escape_fractions=[0.1])
    with CubesFile(tmp_path / "z.h5") as other, CubesFile(files[8.0]) as file:
        assert other.header.names == ["s6-0001"]
        assert not {*other.header.names} & {*file.header.names}


def test_a_realization_does_not_depend_on_the_others(simulated, tmp_path):
    files, _ = simulated
    draw_initial_conditions(tmp_path / "initial.h5", BOX, realizations=[1], **SETTINGS)
    options = {"redshift": 8.0, "escape_fractions": ESCAPES, "axes": [0, 2]}
    simulate_cubes(tmp_path / "initial.h5", tmp_path / "z8.h5", **options)
    for field, index in (("density", ()), ("brightness_temperature", (0, 1))):
        alone = read(tmp_path / "z8.h5", field, 0, *index)
        np.testing.assert_array_equal(alone, read(files[8.0], field, 1, *index))


def test_the_header_describes_the_simulation(simulated):
    files, _ = simulated
    with CubesFile(files[8.0]) as file:
        assert file.header.escape_fractions == (0.07, 0.13)
        assert file.header.axes == (0, 2)
        assert file.header.names == ["s5-0000", "s5-0001"]
        assert file.header.redshift == 8.0


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"redshift": 2.0}, "redshift: 2.0"),
        ({"escape_fractions": [0.1, 0.1]}, "must be a list of different values"),
        ({"escape_fractions": [1.5]}, "escape_fractions: 1.5"),
        ({"axes": [3]}, "axes"),
    ],
)
def test_impossible_parameters_are_refused_and_nothing_is_written(
    simulated, tmp_path, wrong, message
):
    _, folder = simulated
    options = {"redshift": 8.0, "escape_fractions": [0.1], "axes": [2]} | wrong
    with pytest.raises(InputError, match=message):
        simulate_cubes(folder / "initial.h5", tmp_path / "z.h5", **options)
    assert not list(tmp_path.iterdir())


def test_an_unknown_engine_is_refused(tmp_path):
    with pytest.raises(InputError, match="engine 'simfast' is not known"):
        draw_initial_conditions(tmp_path / "i.h5", BOX, realizations=[0], engine="simfast", seed=5)
