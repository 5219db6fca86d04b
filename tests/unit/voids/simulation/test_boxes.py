"""Simulated boxes: galaxies in dense matter, matter conserved, each realization itself."""

import h5py
import numpy as np
import pytest

from cosmodag.errors import InputError
from cosmodag.gridding.gather import gather
from cosmodag.gridding.mass_assignment import assign_mass
from cosmodag.gridding.overdensity import overdensity
from cosmodag.gridding.spectrum import power_spectrum
from cosmodag.voids.grids.grid_file import read_grid
from cosmodag.voids.simulation.boxes import simulate_boxes

BOX = 192.0
SETTINGS = {
    "source": "boxes",
    "box_size": BOX,
    "particles": 64,
    "number_density": 5e-3,
    "matter_cells": 48,
    "steps": 5,
}


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    folder = tmp_path_factory.mktemp("boxes")
    galaxies, matter = folder / "galaxies.h5", folder / "matter.h5"
    varied = {"omega_m": [0.2, 0.4], "sigma8": [0.7, 0.9], "n_s": 0.96}
    simulate_boxes(galaxies, matter, realizations=[0, 3], cosmology=varied, **SETTINGS)
    return galaxies, matter


def read_galaxies(path, box):
    with h5py.File(path) as file:
        return file[box]["position"][:], dict(file[box].attrs)


def test_every_particle_is_on_the_matter_grid(simulated):
    for box in ("r0000", "r0003"):
        grid, header = read_grid(simulated[1], box)
        assert grid.sum(dtype=np.float64) == pytest.approx(64**3, rel=1e-6)
        assert header.method == "cic"
        assert header.groups == ("boxes/r0000", "boxes/r0003")
        np.testing.assert_allclose(header.mean_density, (64 / 48) ** 3, rtol=1e-6)


def test_galaxies_are_as_many_as_asked_for(simulated):
    expected = 5e-3 * BOX**3
    for box in ("r0000", "r0003"):
        position, _ = read_galaxies(simulated[0], box)
        assert abs(len(position) - expected) < 4 * np.sqrt(expected)
        assert position.min() >= 0
        assert position.max() < np.float32(BOX)


def test_galaxies_avoid_underdense_matter(simulated):
    position, _ = read_galaxies(simulated[0], "r0000")
    grid, _ = read_grid(simulated[1], "r0000")
    delta = overdensity(grid)
    emptiest = (delta < np.quantile(delta, 0.25)).astype(np.float32)
    mass_there = (grid * emptiest).sum() / grid.sum()
    galaxies_there = gather(emptiest, position, BOX, method="ngp").mean()
    assert galaxies_there < 0.3 * mass_there
    assert gather(delta, position, BOX).mean() > 1


def test_galaxies_are_biased_towards_dense_matter(simulated):
    position, _ = read_galaxies(simulated[0], "r0000")
    grid, _ = read_grid(simulated[1], "r0000")
    galaxies = assign_mass(position, np.zeros_like(grid), BOX)
    noise = BOX**3 / len(position)
    k, of_galaxies, _ = power_spectrum(overdensity(galaxies), BOX, method="cic", shot_noise=noise)
    _, of_matter, _ = power_spectrum(overdensity(grid), BOX, method="cic")
    large = (k > 0.03) & (k < 0.2)
    bias = np.sqrt(of_galaxies[large].sum() / of_matter[large].sum())
    assert 1.1 < bias < 2.2


def test_a_realization_is_the_same_alone_and_in_company(simulated, tmp_path):
    varied = {"omega_m": [0.2, 0.4], "sigma8": [0.7, 0.9], "n_s": 0.96}
    simulate_boxes(
        tmp_path / "g.h5", tmp_path / "m.h5", realizations=[3], cosmology=varied, **SETTINGS
    )
    alone, facts = read_galaxies(tmp_path / "g.h5", "r0003")
    company, same_facts = read_galaxies(simulated[0], "r0003")
    assert facts["seed"] == same_facts["seed"]
    assert len(alone) == pytest.approx(len(company), abs=5)
    with_matter, _ = read_grid(tmp_path / "m.h5", "r0003")
    np.testing.assert_allclose(with_matter, read_grid(simulated[1], "r0003")[0], atol=0.05)


def test_realizations_differ_in_phases_and_cosmology(simulated):
    facts = [read_galaxies(simulated[0], box)[1] for box in ("r0000", "r0003")]
    assert facts[0]["omega_m"] != facts[1]["omega_m"]
    assert all(0.2 <= fact["omega_m"] <= 0.4 and 0.7 <= fact["sigma8"] <= 0.9 for fact in facts)
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
def test_impossible_settings_are_one_line_and_write_nothing(tmp_path, change, message):
    settings = {**SETTINGS, "particles": 16, "steps": 1, "realizations": [0], **change}
    with pytest.raises(InputError, match=message) as caught:
        simulate_boxes(tmp_path / "g.h5", tmp_path / "m.h5", **settings)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []
