"""Boxes that a survey observes: what it keeps, where it is, and what its grid is relative to."""

import h5py
import numpy as np
import pytest
from scipy.integrate import quad

from cosmodag.cosmology.background import comoving_distance
from cosmodag.errors import InputError
from cosmodag.voids.catalogues.sky_coordinates import spherical_coordinates
from cosmodag.voids.grids.assign_galaxies import grid_galaxies
from cosmodag.voids.simulation.redshift_space import project_on_sight
from cosmodag.voids.survey.placement import place_box
from cosmodag.voids.survey.selection_file import read_selection, write_selection
from cosmodag.voids.survey.simulated_survey import SimulatedSurvey
from tests.checksummed import hdf5_file
from tests.unit.voids.survey.test_footprint import write_map

OMEGA_M, SIDE, CELLS = 0.3, 200.0, 20
RA, DEC, REDSHIFTS = (20.0, 80.0), (0.0, 40.0), (0.02, 0.08)
SURVEY = {
    "omega_m": OMEGA_M,
    "ra": RA,
    "dec": DEC,
    "redshifts": REDSHIFTS,
    "densities": (2.0, 1.0),
}
DENSITY = 0.03


def limits():
    """The distances of the survey in Mpc/h."""
    return comoving_distance(OMEGA_M, np.array(REDSHIFTS))


def expected_number():
    """Galaxies in the whole survey, whose density falls linearly from its highest to a half."""
    near, far = limits()
    angle = np.diff(np.radians(RA))[0] * np.diff(np.sin(np.radians(DEC)))[0]
    density = lambda r: DENSITY * np.interp(r, (near, far), (1, 0.5))  # noqa: E731
    return angle * quad(lambda r: density(r) * r**2, near, far)[0]


@pytest.fixture(scope="module")
def placed():
    """The survey, and a box that covers all of it."""
    return SimulatedSurvey(**SURVEY).place(SIDE, DENSITY)


@pytest.fixture(scope="module")
def observed(placed):
    """Positions in the box of galaxies without clustering, as the survey sees them."""
    random = np.random.default_rng(1)
    uniform = random.uniform(0, SIDE, (random.poisson(DENSITY * SIDE**3), 3)).astype(np.float32)
    return placed.observe(uniform, random)


def test_the_survey_keeps_the_expected_number_of_galaxies_inside_its_limits(placed, observed):
    number = expected_number()
    assert len(observed) == pytest.approx(number, rel=0.01)
    ra, dec, distance = spherical_coordinates(observed + placed.corner)
    pixel = 0.25
    assert ra.min() > RA[0] - pixel
    assert ra.max() < RA[1] + pixel
    assert dec.min() > DEC[0] - pixel
    assert dec.max() < DEC[1] + pixel
    assert distance.min() >= limits()[0]
    assert distance.max() <= limits()[1]


def test_the_grid_is_relative_to_the_selection_and_states_what_is_known(placed, observed, tmp_path):
    with hdf5_file(tmp_path / "galaxies.h5", "w") as file:
        file.attrs.update(kind="galaxies", source="boxes")
        box = file.create_group("r0000")
        box["position"] = observed
        box.attrs.update(box_size=(SIDE,) * 3, origin=(0.0,) * 3, periodic=False, group="a/r0000")
        write_selection(box, placed)
    grid_galaxies(tmp_path / "galaxies.h5", tmp_path / "grid.h5", cells=CELLS)
    with h5py.File(tmp_path / "grid.h5") as file:
        grid, selection = file["grid"][0], file["fields/selection"][0]
        assert file.attrs["mean_density"].tolist() == [1.0]
        assert file.attrs["number_density"][0] == pytest.approx(DENSITY * 0.7, rel=0.05)
        assert not file.attrs["periodic"]
    known = selection > 0
    assert (grid[~known] == 1).all()
    # Galaxies without clustering have the expected density everywhere: near and far, at the edges.
    assert np.average(grid[known], weights=selection[known]) == pytest.approx(1, rel=1e-5)
    centres = (np.indices(grid.shape).reshape(3, -1).T + 0.5) * SIDE / CELLS + placed.corner
    distance = np.linalg.norm(centres, axis=1).reshape(grid.shape)
    for part in (distance < 150, (distance >= 150) & (distance < 200), distance >= 200):
        mean = np.average(grid[known & part], weights=selection[known & part])
        assert mean == pytest.approx(1, abs=0.02)
    cell = (SIDE / CELLS) ** 3
    volume = np.diff(np.radians(RA))[0] * np.diff(np.sin(np.radians(DEC)))[0]
    volume *= np.diff(limits() ** 3)[0] / 3
    assert known.sum() * cell == pytest.approx(volume, rel=0.05)


def test_cells_of_low_expected_density_are_unknown(placed):
    high = SimulatedSurvey(**SURVEY, minimum_selection=0.75).place(SIDE, DENSITY)
    assert high.minimum_density == pytest.approx(0.75 * DENSITY)
    assert placed.minimum_density == pytest.approx(0.2 * DENSITY)


def test_a_selection_function_is_read_as_it_was_written(placed, observed, tmp_path):
    with h5py.File(tmp_path / "file.h5", "w") as file:
        write_selection(file, placed)
        again = read_selection(file)
    position = observed[:500] + placed.corner
    expected = placed.selection.density_at(position)
    assert (expected > 0).all()
    np.testing.assert_array_equal(again.selection.density_at(position), expected)
    np.testing.assert_array_equal(again.corner, placed.corner)


def test_a_mask_is_a_footprint_whose_pixels_are_read_again(tmp_path):
    mask = tmp_path / "mask.fits"
    write_map(mask, eastern=0.8)
    survey = SimulatedSurvey(omega_m=OMEGA_M, mask=mask, maximum_redshift=0.04, fall_off=80.0)
    placed = survey.place(SIDE, DENSITY)
    with h5py.File(tmp_path / "file.h5", "w") as file:
        write_selection(file, placed)
        again = read_selection(file)
    position = np.random.default_rng(0).uniform(0, SIDE, (5000, 3)) + placed.corner
    expected = placed.selection.density_at(position)
    np.testing.assert_array_equal(again.selection.density_at(position), expected)
    distance = np.linalg.norm(position[expected > 0], axis=1)
    radial = DENSITY * np.exp(-0.5 * (distance / 80) ** 2)
    completeness = expected[expected > 0] / radial
    assert len(np.unique(completeness.round(2))) == 2


def test_a_box_is_placed_where_it_covers_most_of_the_survey(placed):
    corner = placed.corner
    whole = SimulatedSurvey(**SURVEY, centre=corner + SIDE / 2).place(SIDE, DENSITY)
    np.testing.assert_allclose(whole.corner, corner)
    # A box smaller than the survey is inside it as far as it can be.
    side = 60.0
    small = place_box(placed.selection, side)
    points = small + side * (np.indices((12,) * 3).reshape(3, -1).T + 0.5) / 12
    assert (placed.selection.density_at(points) > 0).mean() > 0.95


def test_redshift_space_is_along_the_line_of_sight_of_the_observer():
    random = np.random.default_rng(0)
    position = random.uniform(0, 50, (100, 3)).astype(np.float32)
    moved = random.normal(size=(100, 3)).astype(np.float32)
    observer = np.array([-100.0, 10, 20])
    sight = position - observer
    sight /= np.linalg.norm(sight, axis=1, keepdims=True)
    expected = (sight * moved).sum(1, keepdims=True) * sight
    project_on_sight(moved, position, observer)
    np.testing.assert_allclose(moved, expected, atol=1e-5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ra": None}, "one of the three"),
        ({"densities": (1.0,)}, "2 redshifts and 1 densities"),
        ({"redshifts": (0.08, 0.02)}, "ascending"),
        ({"densities": (0.0, 0.0)}, "above 0"),
        ({"redshifts": None, "densities": None}, "maximum_redshift"),
        ({"dec": (50.0, 40.0)}, "no pixel"),
    ],
)
def test_a_survey_without_footprint_or_end_is_refused(change, message):
    with pytest.raises(InputError, match=message):
        SimulatedSurvey(**{**SURVEY, **change}).place(SIDE, DENSITY)
