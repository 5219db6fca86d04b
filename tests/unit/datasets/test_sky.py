"""Sky areas that examples of different splits share are listed."""

import numpy as np
import pandas as pd
import pytest

from cosmodag.datasets.audit import audit_split
from cosmodag.datasets.sky import shared_sky


def index(ra, dec, split) -> pd.DataFrame:
    names = [f"o{n}" for n in range(len(ra))]
    return pd.DataFrame({"id": names, "group": names, "ra": ra, "dec": dec, "split": split})


@pytest.mark.parametrize(("distance", "n_leaks"), [(20, 1), (30, 0)])
@pytest.mark.parametrize(("ra", "dec"), [(0.0, 0.0), (120.0, 60.0), (359.9999, -30.0)])
def test_neighbours_in_other_splits_are_listed(ra, dec, distance, n_leaks):
    other_ra = (ra + distance / 3600 / np.cos(np.radians(dec))) % 360
    leaks = shared_sky(index([ra, other_ra, 50.0], [dec, dec, 1.0], ["train", "test", "valid"]))
    assert len(leaks) == n_leaks
    if leaks:
        assert "1 examples of train within 23.8 arcsec of one of test" in leaks[0]
        assert "o1 (test) and o0 (train)" in leaks[0]


def test_neighbours_in_one_split_are_no_leak():
    assert shared_sky(index([1.0, 1.0], [2.0, 2.0], ["train", "train"])) == []


def test_the_audit_includes_the_sky():
    assert audit_split(index([1.0, 1.0], [2.0, 2.0], ["train", "test"]))
