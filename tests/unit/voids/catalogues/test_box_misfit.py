"""Catalogues that do not fill their box are refused, and the cure leads to a call that works."""

import json
import re

import numpy as np
import pandas
import pytest
import yaml
from astropy.table import Table

from cosmodag.errors import InputError
from cosmodag.voids.catalogues.box_coordinates import BoxCoordinates
from cosmodag.voids.catalogues.box_filling import PositionSample, filled_fraction
from cosmodag.voids.catalogues.galaxy_catalogue import GalaxyCatalogue, read_galaxies
from cosmodag.voids.catalogues.stated_units import check_units

BOX = 100.0


@pytest.fixture(scope="module")
def positions():
    """Return positions that fill the box."""
    return np.random.default_rng(8).uniform(0, BOX, (5000, 3))


def save(folder, positions, name="c.parquet"):
    """Write a table of positions."""
    pandas.DataFrame(np.asarray(positions), columns=list("xyz")).to_parquet(folder / name)
    return folder / name


def count(path, *, cut=None, columns=("x", "y", "z"), **coordinates):
    """Return the number of galaxies of a catalogue in a box of 100 Mpc/h."""
    box = BoxCoordinates(**{"box_size": BOX} | coordinates)
    catalogue = GalaxyCatalogue(path=path, coordinates=box, cut=cut, columns=columns)
    return sum(len(chunk.position) for chunk in read_galaxies(catalogue))


def refusal(path, **settings):
    """Return the message with which a catalogue is refused."""
    with pytest.raises(InputError) as caught:
        count(path, **settings)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def proposed(message):
    """Return the settings that a message proposes."""
    words = message.replace(" and ", ", ").replace(" with ", ", ")
    found = {}
    for key in ("unit", "hubble", "box_size", "origin", "periodic"):
        match = re.search(rf"{key}: (\[[^]]*\]|[^,;?\s]+)", words.rpartition("perhaps ")[2])
        if match:
            found[key] = yaml.safe_load(match[1])
    if match := re.search(r"cut: (\{.*?\}\})", message):
        found = {"cut": json.loads(match[1])}
    return found


@pytest.mark.parametrize(
    ("change", "settings", "hint"),
    [
        (lambda x: x - 50, {}, {"origin": -50}),
        (lambda x: x + np.array([250, -50, 0]), {}, {"origin": [250.0, -50.0, 0.0]}),
        (lambda x: x + 1234.5678, {}, None),
        (lambda x: x / 0.7, {}, {"unit": "Mpc", "hubble": 0.7}),
        (lambda x: x / 0.6774, {}, {"unit": "Mpc", "hubble": 0.67}),
        (lambda x: (x - 50) / 0.7, {}, {"unit": "Mpc", "hubble": 0.7, "origin": -50}),
        (lambda x: x * 1000, {}, {"unit": "kpc/h"}),
        (lambda x: (x - 50) * 1000, {}, {"unit": "kpc/h", "origin": -50}),
        (lambda x: x / 0.7 * 1000, {}, {"unit": "kpc", "hubble": 0.7}),
        (lambda x: x / 100, {}, {"unit": "box"}),
        (lambda x: x / 100 - 0.5, {}, {"unit": "box", "origin": -50}),
        (lambda x: x, {"unit": "kpc/h"}, {"unit": "Mpc/h"}),
        (lambda x: x, {"unit": "Mpc", "hubble": 0.7}, {"unit": "Mpc/h"}),
        (lambda x: x * [1, 1, 0.5], {}, None),
        (lambda x: x * [1, 0.4, 0.5] + [0, 3, 7], {}, None),
        (lambda x: x * [1, 1, 0.5], {"periodic": False}, None),
    ],
)
def test_the_settings_that_a_message_proposes_work(tmp_path, positions, change, settings, hint):
    path = save(tmp_path, change(positions))
    found = proposed(refusal(path, **settings))
    assert found
    if hint is not None:
        assert found.keys() == hint.keys()
        assert "hubble" in hint or found == hint
    assert count(path, **{"hubble": settings.get("hubble")} | found) == len(positions)


@pytest.mark.parametrize("periodic", [True, False])
@pytest.mark.parametrize("settings", [{}, {"unit": "kpc/h"}])
def test_a_few_positions_outside_are_named_and_may_be_cut_away(
    tmp_path, positions, periodic, settings
):
    outside = positions.copy()
    outside[[17, 30]] = [[100.2, 50, 50], [50, -3, 50]]
    path = save(tmp_path, outside * (1000 if settings else 1))
    message = refusal(path, periodic=periodic, **settings)
    assert "(the first: row 17)" in message
    assert count(path, periodic=periodic, **settings, **proposed(message)) == len(positions) - 2


@pytest.mark.parametrize(
    ("factor", "words"),
    [(100, "coordinates in km/s"), (0.001, "coordinates in Gpc/h"), (1e6, "coordinates in pc/h")],
)
def test_other_units_are_named(tmp_path, positions, factor, words):
    assert words in refusal(save(tmp_path, positions * factor))


@pytest.mark.parametrize(
    ("unit", "words"),
    [
        ("km / s", "by its header, a velocity; give comoving"),
        ("deg", "is in deg by its header, an angle"),
        ("kpc", "but unit is Mpc/h; set unit: kpc"),
        ("cm", "but unit is Mpc/h; convert it"),
    ],
)
def test_units_in_the_header_are_compared(tmp_path, positions, unit, words):
    path = tmp_path / "c.fits"
    Table(positions, names=list("xyz"), units=[unit] * 3).write(path)
    assert words in refusal(path)


@pytest.mark.parametrize("unit", ["Mpc", "Mpc/h", "h-1 Mpc", "cMpc/h", "Mpc h^-1", "galaxies", ""])
def test_units_that_may_be_meant_are_accepted(unit):
    check_units("c.fits", (unit,) * 3, ("x", "y", "z"), "Mpc/h")


def test_a_length_with_h_is_not_one_without():
    with pytest.raises(InputError, match="but unit is Mpc; set unit: Mpc/h"):
        check_units("c.fits", ("Mpc/h",) * 3, ("x", "y", "z"), "Mpc")


@pytest.mark.parametrize("periodic", [True, False])
def test_a_box_with_an_empty_slab_is_refused(tmp_path, positions, periodic):
    split = positions.copy()
    split[:, 2] = np.where(split[:, 2] < 50, split[:, 2] / 2, 75 + (split[:, 2] - 50) / 2)
    message = refusal(save(tmp_path, split), periodic=periodic)
    assert re.search(r"none from z = 2[45]\.\d+ to 75", message)
    flat = refusal(save(tmp_path, positions * [1, 1, 1e-3]), periodic=periodic)
    assert "none elsewhere along z" in flat


@pytest.mark.parametrize("periodic", [True, False])
def test_a_survey_in_the_box_around_it_is_refused(tmp_path, periodic):
    rng = np.random.default_rng(1)
    shell = rng.uniform(-1, 1, (60_000, 3))
    radius = np.linalg.norm(shell, axis=1)
    octant = 200 + 200 * shell[(radius < 1) & (radius > 0.3) & (shell[:, 0] + shell[:, 1] > -0.2)]
    message = refusal(save(tmp_path, octant), box_size=400, periodic=periodic)
    assert "right ascension, declination and redshift" in message
    sphere = save(tmp_path, 200 + 200 * shell[radius < 1])
    assert "of its volume" in refusal(sphere, box_size=400, periodic=periodic)
    inner = {axis: {"min": 88, "max": 312} for axis in "xyz"}
    assert count(sphere, cut=inner, box_size=224, origin=88, periodic=periodic) > 10_000


def test_clustered_galaxies_fill_their_box():
    """A lognormal field with the variance of galaxies in cells of 4 Mpc/h."""
    rng = np.random.default_rng(4)
    k = np.linalg.norm(np.meshgrid(*[np.fft.fftfreq(32)] * 3), axis=0)
    field = np.fft.ifftn(np.fft.fftn(rng.normal(size=(32,) * 3)) * (k + 0.02) ** -0.75).real
    density = np.exp(1.5 * field / field.std())
    for n_galaxies in (1000, 10_000, 100_000):
        counts = rng.poisson(density * n_galaxies / density.sum())
        cells = np.repeat(np.argwhere(counts >= 0), counts.ravel(), axis=0)
        position = (cells + rng.random(cells.shape)) * 4
        assert filled_fraction(position, np.full(3, 128.0)) > 0.85


def test_the_sample_is_bounded_and_spread_over_the_catalogue():
    sample = PositionSample()
    lattice = np.indices((20, 20, 25)).reshape(3, -1).T
    for start in range(40):
        sample.add(lattice + np.array([20 * start, 0, 0]))
    assert 60_000 < len(sample.positions) <= 1 << 17
    assert sample.positions.nbytes < 2e6
    planes = np.bincount(sample.positions[:, 0].astype(int))
    assert len(planes) == 800
    assert planes.std() < 1.2 * np.sqrt(planes.mean())


@pytest.mark.parametrize("copies", [1, 40])
def test_galaxies_that_are_listed_twice_are_refused(tmp_path, positions, copies):
    many = np.concatenate([positions + 0.01 * copy for copy in range(copies)]) % BOX
    assert count(save(tmp_path, np.concatenate([many, many[: len(many) // 20]]))) > 5000
    path = save(tmp_path, np.concatenate([many, many[: len(many) // 4]]))
    assert "20% of the galaxies are at exactly the place of another" in refusal(path)


@pytest.mark.parametrize("periodic", [True, False])
def test_a_box_that_is_a_little_too_large_is_refused(tmp_path, positions, periodic):
    """As with a wrong h, or a side of 1024 rather than 1000: the mean density would be wrong."""
    path = save(tmp_path, positions)
    message = refusal(path, box_size=103, periodic=periodic)
    assert "end before the faces of the box of 103 x 103 x 103 Mpc/h along each axis" in message
    whole = proposed(message.partition("give ")[2])
    assert count(path, **whole) == 5000
    path_in_mpc = save(tmp_path, positions / 0.7, "mpc.parquet")
    wrong = refusal(path_in_mpc, unit="Mpc", hubble=0.675)
    assert "correct hubble, which is 0.675, or box_size" in wrong
    assert count(path, box_size=[100, 103, 103]) == 5000


@pytest.mark.parametrize("sides", [(360, 180, 1), (180, 90, 360), (120, 60, 0.3), (1, 360, 180)])
def test_a_box_of_angles_is_refused(sides):
    with pytest.raises(InputError, match="looks like angles in degrees and a redshift"):
        BoxCoordinates(box_size=sides)


def test_columns_with_the_same_values_are_refused(tmp_path, positions):
    path = save(tmp_path, positions[:, [0, 1, 1]])
    assert "columns 'y' and 'z' contain the same values" in refusal(path)
    assert "name one twice" in refusal(path, columns=("x", "y", "y"))


def test_angles_found_as_positions_are_refused(tmp_path):
    rng = np.random.default_rng(6)
    sky = rng.uniform([0, -90, 0], [360, 90, 0.3], (5000, 3))
    path = save(tmp_path, sky)
    message = refusal(path, box_size=[360, 360, 360], origin=[0, -180, 0])
    assert "right ascension, declination and redshift" in message


@pytest.mark.parametrize("side", [50, 300, 420, 20_000])
@pytest.mark.parametrize(
    ("redshift", "option"), [((0.02, 0.2), "randoms FILE,"), ((6e3, 6e4), "randoms FILE --cz,")]
)
def test_angles_and_redshifts_are_named_whatever_the_box(tmp_path, side, redshift, option):
    low, high = np.array([[110, 260], [-3, 70], redshift]).T
    sky = np.random.default_rng(8).uniform(low, high, (5000, 3))
    message = refusal(save(tmp_path, sky), box_size=side, periodic=False)
    assert "right ascension, declination and" in message
    assert f"`cosmodag voids find --{option}"[:-1] in message
    assert "set box_size" not in message


def test_a_cube_of_short_sides_is_not_taken_for_the_sky(tmp_path, positions):
    assert "declination" not in refusal(save(tmp_path, positions / 1000))
