"""The prior of emission-line galaxies: what ships is a fit to real ones, and they can be read."""

import json

import numpy as np
import pandas as pd
import pytest

from cosmodag.errors import InputError
from cosmodag.injections.simulation.elg_population import (
    TABLE,
    fit_prior,
    read_galaxies,
    shipped_prior,
)

FILES = [f"injections/eboss_elg_dr3deep2_{kind}.csv" for kind in ("EXP", "DEV")]


@pytest.fixture
def measured(data_folder):
    """Real galaxies."""
    return read_galaxies([data_folder / name for name in FILES])


@pytest.mark.data
def test_what_ships_is_the_fit_to_the_real_tables(measured):
    shipped = json.loads(TABLE.read_text())
    assert "obiwan" in shipped.pop("source")
    assert fit_prior(measured) == shipped


@pytest.mark.data
def test_the_fit_has_the_quantiles_of_real_galaxies(measured):
    drawn = shipped_prior().draw(20_000, np.random.default_rng(1))
    levels = [0.05, 0.25, 0.5, 0.75, 0.95]
    for column, tolerance in (("g", 0.06), ("r", 0.06), ("z", 0.08), ("redshift", 0.11)):
        found, real = drawn[column].quantile(levels), measured.galaxies[column].quantile(levels)
        assert np.abs(found - real).max() < tolerance
    ratio = drawn["rhalf"].quantile(levels) / measured.galaxies["rhalf"].quantile(levels)
    assert np.abs(ratio - 1).max() < 0.1


@pytest.mark.data
def test_real_galaxies_can_be_drawn_themselves(measured):
    drawn = measured.draw(100, np.random.default_rng(1))
    assert drawn["g"].isin(measured.galaxies["g"]).all()
    assert set(drawn["n"]) <= {1.0, 4.0}


def test_the_same_seed_draws_the_same_galaxies():
    first, second = (shipped_prior().draw(50, np.random.default_rng(3)) for _ in range(2))
    pd.testing.assert_frame_equal(first, second)
    assert list(first) == ["g", "r", "z", "rhalf", "redshift", "n"]


@pytest.mark.parametrize(
    ("text", "culprit"),
    [
        ("g,r,z,redshift\n22,21,20,1\n", "fwhm_or_rhalf"),
        ("g,r,z,fwhm_or_rhalf,redshift\n22,21,20,0.5,1\n22,21,nan,0.5,1\n", "row 1"),
        ("g,r,z,fwhm_or_rhalf,redshift\n22,21,20,-1,1\n", "row 0"),
        ("g,r,z,fwhm_or_rhalf,redshift\n", "no row"),
    ],
)
def test_a_table_that_holds_no_galaxies_is_named(tmp_path, text, culprit):
    path = tmp_path / "prior_EXP.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=rf"prior_EXP\.csv.*{culprit}"):
        read_galaxies([path])


def test_a_missing_fit_is_named(tmp_path):
    with pytest.raises(InputError, match=r"none\.json"):
        shipped_prior(tmp_path / "none.json")
