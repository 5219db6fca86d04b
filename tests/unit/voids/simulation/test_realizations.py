"""Simulated boxes: mass conservation, galaxy bias and independence of realizations."""

import h5py
import numpy as np
import pytest

from cosmodag.cosmology.background import Cosmology, Growth
from cosmodag.errors import InputError
from cosmodag.gridding.fields import overdensity
from cosmodag.gridding.interpolation import gather
from cosmodag.gridding.mass_assignment import assign_mass
from cosmodag.gridding.spectra import power_spectrum
from cosmodag.voids.grids.grid_file import read_grid
from cosmodag.voids.simulation.matter_evolution import simulate_matter
from cosmodag.voids.simulation.realizations import BoxSimulation, simulate_boxes
from cosmodag.voids.survey.simulated_survey import SimulatedSurvey

BOX = 192.0
SETTINGS = {
    "box_size": BOX,
    "particles": 64,
    "number_density": 5e-3,
    "matter_cells": 48,
    "steps": 5,
}
COSMOLOGY = {"omega_m": [0.2, 0.4], "sigma8": [0.7, 0.9], "n_s": 0.96}


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    """Return the galaxies file and the matter grid file of two realizations."""
    folder = tmp_path_factory.mktemp("boxes")
    galaxies, matter = folder / "galaxies.h5", folder / "matter.h5"
    simulation = BoxSimulation(cosmology=COSMOLOGY, **SETTINGS)
    simulate_boxes(galaxies, matter, simulation, source="boxes", realizations=[0, 3])
    return galaxies, matter


def read_galaxies(path, box):
    """Return the positions and the attributes of a box."""
    with h5py.File(path) as file:
        return file[box]["position"][:], dict(file[box].attrs)


def test_matter_grid_conserves_the_particles(simulated):
    for box in ("r0000", "r0003"):
        grid, header = read_grid(simulated[1], box)
        assert grid.sum(dtype=np.float64) == pytest.approx(64**3, rel=1e-6)
        assert header.method == "cic"
        assert header.groups == ("boxes/r0000", "boxes/r0003")
        np.testing.assert_allclose(header.mean_density, (64 / 48) ** 3, rtol=1e-6)


def test_number_of_galaxies_is_that_of_the_number_density(simulated):
    expected = 5e-3 * BOX**3
    for box in ("r0000", "r0003"):
        position, _ = read_galaxies(simulated[0], box)
        assert abs(len(position) - expected) < 4 * np.sqrt(expected)
        assert position.min() >= 0
        assert position.max() < np.float32(BOX)


def test_redshift_space_moves_galaxies_along_one_axis(simulated, tmp_path):
    paths = (tmp_path / "galaxies.h5", tmp_path / "matter.h5")
    simulation = BoxSimulation(cosmology=COSMOLOGY, redshift_space_axis=1, **SETTINGS)
    simulate_boxes(*paths, simulation, source="boxes", realizations=[3])
    real, _ = read_galaxies(simulated[0], "r0003")
    moved, _ = read_galaxies(paths[0], "r0003")
    np.testing.assert_array_equal(moved[:, [0, 2]], real[:, [0, 2]])
    shift = (moved[:, 1] - real[:, 1] + BOX / 2) % BOX - BOX / 2
    assert 1.5 < shift.std() < 6  # Mpc/h: some hundred km/s
    assert moved.min() >= 0
    assert moved.max() < np.float32(BOX)
    np.testing.assert_array_equal(read_grid(paths[1], 0)[0], read_grid(simulated[1], 1)[0])


def test_a_survey_moves_galaxies_along_its_lines_of_sight_and_opens_the_box(simulated, tmp_path):
    paths = (tmp_path / "galaxies.h5", tmp_path / "matter.h5")
    centre = np.array([400.0, 300.0, 0.0])
    everywhere = {"ra": (0.0, 360.0), "dec": (-90.0, 90.0), "maximum_redshift": 0.3}
    survey = SimulatedSurvey(omega_m=0.3, centre=centre, **everywhere)
    simulation = BoxSimulation(cosmology=COSMOLOGY, survey=survey, **SETTINGS)
    simulate_boxes(*paths, simulation, source="boxes", realizations=[3])
    real, _ = read_galaxies(simulated[0], "r0003")
    moved, attributes = read_galaxies(paths[0], "r0003")
    assert not attributes["periodic"]
    assert len(moved) == len(real)
    shift = (moved - real + BOX / 2) % BOX - BOX / 2
    sight = real + centre - BOX / 2
    sight /= np.linalg.norm(sight, axis=1, keepdims=True)
    along = (shift * sight).sum(1, keepdims=True)
    assert 1.5 < along.std() < 6
    assert np.quantile(np.linalg.norm(shift - along * sight, axis=1), 0.95) < 0.03
    np.testing.assert_array_equal(read_grid(paths[1], 0)[0], read_grid(simulated[1], 1)[0])


def test_on_large_scales_redshift_space_amplifies_modes_along_the_line_of_sight():
    cosmology = Cosmology()
    position, displacement = simulate_matter(
        cosmology, seed=3, box_size=600.0, particles=64, steps=5
    )
    # A mode of wavenumber k along the axis grows by 1 + f (Kaiser 1987).
    for n in (1, 2):
        phase = np.exp(-2j * np.pi * n * position.astype(float) / 600)
        shifted = np.exp(-2j * np.pi * n * (position + displacement).astype(float) / 600)
        growth = (shifted.sum(0) / phase.sum(0)).real
        np.testing.assert_allclose(growth, 1 + Growth(cosmology.omega_m).rate(0), rtol=0.1)


def test_galaxies_avoid_underdense_matter(simulated):
    position, _ = read_galaxies(simulated[0], "r0000")
    grid, _ = read_grid(simulated[1], "r0000")
    delta = overdensity(grid)
    emptiest = (delta < np.quantile(delta, 0.25)).astype(np.float32)
    mass_fraction = (grid * emptiest).sum() / grid.sum()
    galaxy_fraction = gather(emptiest, position, BOX, method="ngp").mean()
    assert galaxy_fraction < 0.3 * mass_fraction
    assert gather(delta, position, BOX).mean() > 1


def test_galaxies_are_biased_towards_dense_matter(simulated):
    position, _ = read_galaxies(simulated[0], "r0000")
    grid, _ = read_grid(simulated[1], "r0000")
    galaxies = assign_mass(position, np.zeros_like(grid), BOX)
    noise = BOX**3 / len(position)
    k, galaxy_power, _ = power_spectrum(overdensity(galaxies), BOX, method="cic", shot_noise=noise)
    _, matter_power, _ = power_spectrum(overdensity(grid), BOX, method="cic")
    large = (k > 0.03) & (k < 0.2)
    bias = np.sqrt(galaxy_power[large].sum() / matter_power[large].sum())
    assert 1.1 < bias < 2.2


def test_a_realization_does_not_depend_on_the_others(simulated, tmp_path):
    galaxies, matter = tmp_path / "g.h5", tmp_path / "m.h5"
    simulation = BoxSimulation(cosmology=COSMOLOGY, **SETTINGS)
    simulate_boxes(galaxies, matter, simulation, source="boxes", realizations=[3])
    position, attributes = read_galaxies(galaxies, "r0003")
    other_position, other_attributes = read_galaxies(simulated[0], "r0003")
    assert attributes["seed"] == other_attributes["seed"]
    assert len(position) == pytest.approx(len(other_position), abs=5)
    grid, _ = read_grid(matter, "r0003")
    np.testing.assert_allclose(grid, read_grid(simulated[1], "r0003")[0], atol=0.05)


def test_realizations_differ_in_phases_and_cosmology(simulated):
    attributes = [read_galaxies(simulated[0], box)[1] for box in ("r0000", "r0003")]
    assert attributes[0]["omega_m"] != attributes[1]["omega_m"]
    for box in attributes:
        assert 0.2 <= box["omega_m"] <= 0.4
        assert 0.7 <= box["sigma8"] <= 0.9
    fields = [overdensity(read_grid(simulated[1], box)[0]).ravel() for box in (0, 1)]
    assert abs(np.corrcoef(fields)[0, 1]) < 0.05


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"realizations": []}, "realizations: give different numbers"),
        ({"realizations": [1, 1]}, "realizations: give different numbers"),
        ({"particles": 4}, "particles: 4 is too small"),
        ({"particles": 65}, "must be even"),
        ({"number_density": 0}, "number_density: 0 must be positive"),
        ({"redshift": 12}, "redshift: 12 must be at least 0 and below 9"),
        ({"cosmology": {"omega_mm": 0.3}}, "cosmology: 'omega_mm' is unknown; allowed: omega_m"),
        ({"cosmology": {"sigma8": [0.9, 0.7]}}, "sigma8 is .*: give a positive number"),
        ({"occupation": {"threshold": 1e6}}, "threshold: 1e.06 leaves no galaxies"),
    ],
)
def test_impossible_settings_are_refused_before_anything_is_written(tmp_path, change, message):
    settings = {**SETTINGS, "particles": 16, "steps": 1, "realizations": [0], **change}
    realizations = settings.pop("realizations")
    galaxies, matter = tmp_path / "g.h5", tmp_path / "m.h5"
    with pytest.raises(InputError, match=message) as caught:
        simulate_boxes(
            galaxies, matter, BoxSimulation(**settings), source="boxes", realizations=realizations
        )
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []
