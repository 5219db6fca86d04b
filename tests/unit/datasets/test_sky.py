"""Sky areas that examples of different splits share are listed, whatever the size of images."""

import numpy as np
import pandas as pd
import pytest

from cosmodag.datasets.audit import audit_split
from cosmodag.datasets.sky import shared_sky, sky_neighbours
from cosmodag.errors import InputError


def index(ra, dec, split, half_side=8.4) -> pd.DataFrame:
    names = [f"o{n}" for n in range(len(ra))]
    columns = {"id": names, "group": names, "ra": ra, "dec": dec, "split": split}
    return pd.DataFrame(columns | {"half_side": half_side})


@pytest.mark.parametrize(("pixels", "distance"), [(64, 23.0), (64, 25.0), (128, 26.2), (128, 48.0)])
@pytest.mark.parametrize(("ra", "dec"), [(0.0, 0.0), (120.0, 60.0), (359.9999, -30.0), (10, 89.9)])
def test_images_overlap_nearer_than_the_circles_around_them(ra, dec, pixels, distance):
    half_side = pixels * 0.262 / 2
    other_ra = (ra + distance / 3600 / np.cos(np.radians(dec))) % 360
    splits = ["train", "test", "valid"]
    leaks = shared_sky(index([ra, other_ra, 50.0], [dec, dec, 1.0], splits, half_side))
    assert bool(leaks) == (distance < 2 * np.sqrt(2) * half_side)
    if leaks:
        assert "1 examples of train overlap one of test" in leaks[0]
        assert "o1 (test) and o0 (train)" in leaks[0]


def test_a_large_image_overlaps_a_small_one_that_two_small_ones_would_not():
    positions = [150.0, 150.0 + 30 / 3600], [0.0, 0.0]
    assert not shared_sky(index(*positions, ["train", "test"], [5.0, 5.0]))
    assert shared_sky(index(*positions, ["train", "test"], [5.0, 20.0]))


def test_a_buffer_widens_the_distance_that_is_asked_for():
    near = index([150.0, 150.0 + 30 / 3600], [0.0, 0.0], ["train", "test"], 10.0)
    train = (near["split"] == "train").to_numpy()
    gap = 30 - 2 * np.sqrt(2) * 10
    for buffer, expected in ((0, -1), (0.99 * gap, -1), (1.01 * gap, 1)):
        assert sky_neighbours(near, train, ~train, buffer=buffer).tolist() == [expected, -1]


def test_all_pairs_are_found_in_a_crowded_field():
    random = np.random.default_rng(0)
    ra, dec = random.uniform(0, 0.2, (2, 400)) + 30
    half = random.uniform(1, 12, 400)
    crowded = index(ra, dec, np.where(random.random(400) < 0.5, "train", "test"), half)
    train = (crowded["split"] == "train").to_numpy()
    east = (ra[:, None] - ra) * np.cos(np.radians(30.1))
    distance = 3600 * np.hypot(east, dec[:, None] - dec)
    overlap = distance < np.sqrt(2) * (half[:, None] + half)
    clear = abs(distance - np.sqrt(2) * (half[:, None] + half)) > 0.5  # of the flat distance
    expected = (overlap & ~train).any(1) & train
    decided = (clear | train).all(1) & train
    found = sky_neighbours(crowded, train, ~train) >= 0
    assert 20 < expected.sum() < 200
    np.testing.assert_array_equal(found[decided], expected[decided])


def test_neighbours_in_one_split_are_no_leak():
    assert shared_sky(index([1.0, 1.0], [2.0, 2.0], ["train", "train"])) == []


def test_rows_without_a_position_share_no_sky():
    assert shared_sky(index([np.nan, np.nan], [np.nan, np.nan], ["train", "test"])) == []


def test_positions_without_extents_are_refused():
    bare = index([1.0, 1.0], [2.0, 2.0], ["train", "test"]).drop(columns="half_side")
    with pytest.raises(InputError, match="'half_side' is missing"):
        shared_sky(bare)


def test_the_audit_includes_the_sky():
    assert audit_split(index([1.0, 1.0], [2.0, 2.0], ["train", "test"]))
