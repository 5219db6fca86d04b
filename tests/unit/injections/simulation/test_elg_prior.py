"""Prior of emission-line galaxies."""

import json

import numpy as np
import pandas as pd
import pytest

from cosmodag.errors import InputError
from cosmodag.injections.simulation.elg_prior import (
    SHIPPED_PRIOR,
    fit_elg_prior,
    read_elg_prior,
    read_elg_tables,
)

FILES = [f"injections/eboss_elg_dr3deep2_{kind}.csv" for kind in ("EXP", "DEV")]


@pytest.fixture
def observed(data_folder):
    """Observed galaxies."""
    return read_elg_tables([data_folder / name for name in FILES])


@pytest.mark.data
def test_shipped_prior_is_the_fit_to_the_observed_tables(observed):
    shipped = json.loads(SHIPPED_PRIOR.read_text())
    assert "obiwan" in shipped.pop("source")
    assert fit_elg_prior(observed) == shipped


@pytest.mark.data
def test_fit_reproduces_the_quantiles_of_observed_galaxies(observed):
    drawn = read_elg_prior().draw(20_000, np.random.default_rng(1))
    levels = [0.05, 0.25, 0.5, 0.75, 0.95]
    for column, tolerance in (("g", 0.06), ("r", 0.06), ("z", 0.08), ("redshift", 0.11)):
        difference = drawn[column].quantile(levels) - observed.galaxies[column].quantile(levels)
        assert np.abs(difference).max() < tolerance
    ratio = drawn["rhalf"].quantile(levels) / observed.galaxies["rhalf"].quantile(levels)
    assert np.abs(ratio - 1).max() < 0.1


@pytest.mark.data
def test_observed_galaxies_can_be_drawn(observed):
    drawn = observed.draw(100, np.random.default_rng(1))
    assert drawn["g"].isin(observed.galaxies["g"]).all()
    assert set(drawn["n"]) <= {1.0, 4.0}


def test_draws_are_reproducible():
    first, second = (read_elg_prior().draw(50, np.random.default_rng(3)) for _ in range(2))
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
def test_invalid_tables_are_reported(tmp_path, text, culprit):
    path = tmp_path / "prior_EXP.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=rf"prior_EXP\.csv.*{culprit}"):
        read_elg_tables([path])


def test_missing_fit_is_reported(tmp_path):
    with pytest.raises(InputError, match=r"none\.json"):
        read_elg_prior(tmp_path / "none.json")
