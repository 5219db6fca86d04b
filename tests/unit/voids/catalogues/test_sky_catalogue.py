"""Catalogues with sky coordinates are read, and what is none is refused with the cure."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cosmodag.cosmology.background import comoving_distance
from cosmodag.errors import InputError
from cosmodag.rejections import Rejections
from cosmodag.voids.catalogues.sky_catalogue import SPEED_OF_LIGHT, SkyCatalogue, read_sky
from cosmodag.voids.catalogues.stated_units import check_sky_units

ROWS = 200


@pytest.fixture
def table():
    random = np.random.default_rng(1)
    return pd.DataFrame(
        {
            "ra": random.uniform(100, 200, ROWS),
            "dec": random.uniform(-10, 60, ROWS),
            "z": random.uniform(0.02, 0.1, ROWS),
            "w": random.uniform(0.5, 1, ROWS),
        }
    )


@pytest.fixture
def read(tmp_path):
    """Write a table and read it with the given settings."""

    def read(table, **settings):
        table.to_csv(tmp_path / "galaxies.csv", index=False)
        return read_sky(SkyCatalogue(path=tmp_path / "galaxies.csv", **settings), 0.3)

    return read


def test_columns_are_read(read, table):
    sample = read(table, weight="w")
    np.testing.assert_allclose(sample.ra, table["ra"])
    np.testing.assert_allclose(sample.distance, comoving_distance(0.3, table["z"].to_numpy()))
    assert sample.total_weight == pytest.approx(table["w"].sum())


def test_velocities_are_redshifts_times_the_speed_of_light(read, table):
    moving = table.assign(z=table["z"] * SPEED_OF_LIGHT)
    np.testing.assert_allclose(read(moving, cz=True).distance, read(table).distance)


def test_randoms_may_lack_redshifts(read, table):
    assert read(table, columns=("ra", "dec")).distance is None


def test_ranges_of_redshift_and_cuts_are_applied(read, table):
    settings = {"minimum_redshift": 0.04, "maximum_redshift": 0.08, "cut": {"w": {"min": 0.7}}}
    expected = table[table["z"].between(0.04, 0.08) & (table["w"] >= 0.7)]
    np.testing.assert_allclose(read(table, **settings).ra, expected["ra"])


@pytest.mark.parametrize(
    ("change", "settings", "message"),
    [
        ({"z": 6000.0}, {}, "set cz"),
        ({}, {"cz": True}, "leave cz out"),
        ({"dec": 120.0}, {}, "angles are between -90 and 90"),
        ({"ra": -700.0}, {}, "angles are between -360 and 360"),
        ({}, {"minimum_redshift": 0.5}, "give another range"),
        ({}, {"minimum_redshift": 0.5, "maximum_redshift": 0.4}, "give a range"),
        ({}, {"columns": ("ra", "dec", "redshift")}, "no column 'redshift'"),
        ({}, {"columns": ("ra",)}, "declination and redshift"),
        ({"z": np.nan}, {}, "cannot be used"),
        ({"z": -9.0}, {}, "cannot be used"),
        ({"w": 0.0}, {"weight": "w"}, "mean above 0"),
        (
            {"w": [-99.0, *[1.0] * 189, *[-99.0] * 10]},
            {"weight": "w"},
            "the weight is -99, below 0",
        ),
        (
            {"w": [1e20, *[1.0] * 199]},
            {"weight": "w"},
            "row 0 of .* has 100% of the sum of all weig",
        ),
        ({"dec": [-99.0, *[10.0] * 199]}, {}, '1 values such as -99.*by cut: {"dec": {"min": -90'),
    ],
)
def test_mistakes_are_refused(read, table, change, settings, message):
    with pytest.raises(InputError, match=message):
        read(table.assign(**change), **settings)


def test_redshifts_that_are_not_above_0_are_listed(tmp_path, table):
    table.loc[[3, 7], "z"] = (-9.0, 0.0)
    table.to_csv(tmp_path / "galaxies.csv", index=False)
    rejections = Rejections("rows")
    sample = read_sky(SkyCatalogue(path=tmp_path / "galaxies.csv"), 0.3, rejections=rejections)
    assert sample.n_objects == ROWS - 2
    assert [(each.item, each.reason) for each in rejections.rejected] == [
        ("row 3", "z is -9, not above 0"),
        ("row 7", "z is 0, not above 0"),
    ]


def test_objects_of_weight_0_do_not_count(read, table):
    weight = np.where(np.arange(ROWS) < 50, 0, 2)
    sample = read(table.assign(w=weight), weight="w")
    assert sample.n_objects == 150
    np.testing.assert_allclose(sample.ra, table["ra"][50:])
    with pytest.raises(InputError, match=r"no galaxies \(200 rows read, 200 of weight 0\)"):
        read(table.assign(w=0), weight="w")


def test_weights_below_0_are_listed_and_unequal_ones_warned_of(read, table, caplog):
    weight = np.ones(ROWS)
    weight[3] = -99
    assert read(table.assign(w=weight), weight="w").n_objects == ROWS - 1
    assert "row 3: left out: the weight is -99, below 0" in caplog.text
    caplog.clear()
    weight[:20] = 1000
    assert read(table.assign(w=weight), weight="w").n_objects == ROWS
    assert "that 200 galaxies are as few as 20 of equal weight" in caplog.text


def test_a_few_redshifts_far_above_the_others_are_warned_of(read, table, caplog):
    read(table.assign(z=[*table["z"][:-2], 9.9999, 9.9999]))
    assert "2 of 200 objects have redshifts above" in caplog.text


def test_objects_that_are_listed_twice_are_refused(read, table):
    with pytest.raises(InputError, match="3 of 203 objects have the columns ra, dec, z of another"):
        read(pd.concat([table, table.iloc[:3]]))
    assert read(pd.concat([table, table.iloc[:1]])).n_objects == ROWS + 1


@pytest.mark.parametrize(("turn", "unit"), [(24.0, "hours"), (2 * np.pi, "radians")])
def test_angles_that_may_be_in_another_unit_are_warned_of(read, table, caplog, turn, unit):
    ra, dec = np.linspace(0, 0.999 * turn, ROWS), np.linspace(-1.5, 1.5, ROWS)
    read(table.assign(ra=ra, dec=dec))
    assert f"if they are in {unit}, convert them to degrees" in caplog.text


def test_other_units_in_the_file_are_refused(tmp_path, table):
    from astropy.table import Table

    content = Table.from_pandas(table)
    content["ra"].unit = "rad"
    content.write(tmp_path / "galaxies.fits")
    with pytest.raises(InputError, match="convert it to degrees"):
        read_sky(SkyCatalogue(path=tmp_path / "galaxies.fits"), 0.3)


def test_weights_of_objects_that_are_not_used_do_not_count(read, table):
    table = table.assign(w=1.0)
    table.loc[5, ["z", "w"]] = 3.5, 1e6
    assert read(table, weight="w", maximum_redshift=0.5).total_weight == ROWS - 1


@pytest.mark.parametrize("unit", ["15deg", "h", '"h:m:s"', "hourangle"])
def test_angles_in_hours_are_refused_by_their_unit(unit):
    with pytest.raises(InputError, match=r"'ra' is in .* by its header; convert it to degrees"):
        check_sky_units(Path("a.vot"), [unit, "deg", ""], ["ra", "dec", "z"], cz=False)
