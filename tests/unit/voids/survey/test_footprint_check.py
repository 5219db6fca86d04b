"""Randoms of another survey, or angles in other units, are no source of voids."""

import logging
import re

import numpy as np
import pytest

from cosmodag.errors import InputError
from cosmodag.voids.survey.footprint import footprint_of_randoms
from cosmodag.voids.survey.footprint_check import (
    check_distances,
    check_footprint,
    refuse_galaxies,
)
from cosmodag.voids.survey.selection import measure_selection
from tests.unit.voids.survey.footprints import uniform

DENSITY = 2e-3


@pytest.fixture(scope="module")
def galaxies():
    return uniform(np.random.default_rng(1), DENSITY, "galaxies")


@pytest.fixture(scope="module")
def randoms():
    return uniform(np.random.default_rng(2), 10 * DENSITY, "randoms")


def test_the_randoms_of_a_survey_pass(galaxies, randoms, caplog):
    few = galaxies.select(np.arange(600))
    for sample in (galaxies, few):
        check_footprint(sample, footprint_of_randoms(randoms), randoms)
    assert not caplog.records


@pytest.mark.parametrize(
    "move",
    [
        lambda sample: sample._replace(ra=20 + sample.ra / 15),
        lambda sample: sample._replace(ra=sample.ra + 15),
        lambda sample: sample.select(sample.dec < 30),
    ],
)
def test_galaxies_in_a_part_of_the_footprint_are_refused(galaxies, randoms, move):
    with pytest.raises(InputError, match="of the footprint of randoms, and voids"):
        check_footprint(move(galaxies), footprint_of_randoms(randoms), randoms)


@pytest.mark.parametrize("rows", [lambda r: r < 200, lambda r: r > 150])
def test_galaxies_at_a_part_of_the_distances_are_refused(galaxies, randoms, rows):
    part = galaxies.select(rows(galaxies.distance))
    with pytest.raises(InputError, match="restrict both by minimum_redshift"):
        check_footprint(part, footprint_of_randoms(randoms), randoms)


@pytest.mark.parametrize("rows", [lambda r: r < 245, lambda r: r > 105])
def test_randoms_where_many_galaxies_are_expected_and_none_is_are_refused(galaxies, randoms, rows):
    """Less than a tenth of the randoms, as after a cut in redshift of the galaxies alone."""
    part = galaxies.select(rows(galaxies.distance))
    assert len(part.ra) > 0.93 * len(galaxies.ra)
    with pytest.raises(InputError, match="nearer or farther than all"):
        check_footprint(part, footprint_of_randoms(randoms), randoms)


def test_a_hole_in_the_footprint_is_warned_of_and_named(galaxies, randoms, caplog):
    hole = (np.abs(galaxies.ra - 50) < 6) & (np.abs(galaxies.dec - 30) < 6)
    with caplog.at_level(logging.WARNING):
        check_footprint(galaxies.select(~hole), footprint_of_randoms(randoms), randoms)
    place = re.search(r"around right ascension ([\d.]+) and declination ([\d.]+)", caplog.text)
    assert float(place[1]) == pytest.approx(50, abs=4)
    assert float(place[2]) == pytest.approx(30, abs=4)


def test_galaxies_outside_the_footprint_are_told_of(galaxies, randoms, caplog):
    part = randoms.select(randoms.ra < 40)
    with caplog.at_level(logging.WARNING):
        check_footprint(galaxies, footprint_of_randoms(part), part)
    assert "of the galaxies are outside the footprint of randoms" in caplog.text


def thinned(sample, fraction, random):
    """The objects that remain if each has a chance between 0 and 1 to do so."""
    return sample.select(np.random.default_rng(random).random(sample.n_objects) < fraction)


def test_randoms_with_another_distribution_of_distances_are_warned_of(galaxies, randoms, caplog):
    steep = thinned(galaxies, (100 / galaxies.distance).clip(max=1) ** 2, 4)
    check_footprint(steep, footprint_of_randoms(randoms), randoms)
    assert re.search(r"galaxies per random are [\d.]+ times the mean from 80", caplog.text)
    assert re.search(r"but 0\.\d+ times from [\d.]+ to 250 Mpc/h", caplog.text)
    caplog.clear()
    same = thinned(randoms, (100 / randoms.distance).clip(max=1) ** 2, 5)
    check_footprint(steep, footprint_of_randoms(same), same)
    assert not caplog.records


def test_galaxies_beyond_the_randoms_and_few_randoms_are_warned_of(galaxies, randoms, caplog):
    near = randoms.select(randoms.distance < 200)
    check_footprint(galaxies, footprint_of_randoms(near), near)
    assert "are nearer or farther than all of randoms" in caplog.text
    few = randoms.select(np.arange(galaxies.n_objects))
    check_footprint(galaxies, footprint_of_randoms(few), few)
    assert "with fewer than ten for each" in caplog.text


def test_galaxies_are_no_randoms(galaxies, randoms):
    refuse_galaxies(randoms, galaxies)
    with pytest.raises(InputError, match="100% of the randoms are at the places of galaxies"):
        refuse_galaxies(galaxies._replace(name="copy"), galaxies)


@pytest.mark.parametrize("with_distances", [True, False])
def test_a_gap_between_the_distances_of_galaxies_is_refused(galaxies, randoms, with_distances):
    """The selection is that of the randoms, or of the galaxies in shells as thick as the gap."""
    if not with_distances:
        randoms = randoms._replace(distance=None)
    footprint = footprint_of_randoms(randoms)
    check_distances(galaxies, measure_selection(galaxies, footprint, randoms))
    parts = galaxies.select((galaxies.distance < 160) | (galaxies.distance > 205))
    selection = measure_selection(parts, footprint, randoms)
    with pytest.raises(InputError, match=r"no galaxy is between 160 and 205 Mpc/h.*one range of"):
        check_distances(parts, selection)


def test_randoms_at_a_few_redshifts_pass(galaxies, randoms, caplog):
    galaxies, randoms = (
        sample._replace(distance=60 * np.rint(sample.distance / 60))
        for sample in (galaxies, randoms)
    )
    check_footprint(galaxies, footprint_of_randoms(randoms), randoms)
    assert not caplog.records


def test_rounded_angles_are_no_galaxies_as_randoms(galaxies, randoms):
    rounded = [s._replace(ra=np.rint(s.ra), dec=np.rint(s.dec)) for s in (randoms, galaxies)]
    refuse_galaxies(*rounded)
