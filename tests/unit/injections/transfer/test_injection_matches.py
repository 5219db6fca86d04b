"""Matches of injections with detections, by position."""

import numpy as np
import pandas as pd
import pytest

from cosmodag.injections.transfer.injection_matches import Catalogues, match_run
from cosmodag.injections.transfer.observing_conditions import (
    limiting_magnitude,
    observing_conditions,
)

BANDS = ("r",)
RADII = {"match_radius": 6.0, "ambiguous_radius": 6.0}


def detections(positions, **changes) -> pd.DataFrame:
    positions = np.asarray(positions, float).reshape(-1, 2)
    count = len(positions)
    columns = {
        "objid": np.arange(count) + 100,
        "type": ["EXP"] * count,
        "bx": positions[:, 0],
        "by": positions[:, 1],
        "ra": positions[:, 0] / 1e4,
        "dec": positions[:, 1] / 1e4,
        "shape_r": np.full(count, 0.6),
        "flux_r": np.full(count, 0.9),
        "mw_transmission_r": np.full(count, 0.9),
        "psfsize_r": np.full(count, 1.4),
    }
    return pd.DataFrame(columns | changes)


def injections(positions, **changes) -> pd.DataFrame:
    positions = np.asarray(positions, float).reshape(-1, 2)
    count = len(positions)
    columns = {
        "id": np.arange(count),
        "ra": positions[:, 0] / 1e4,
        "dec": positions[:, 1] / 1e4,
        "x": positions[:, 0],
        "y": positions[:, 1],
        "rflux": np.full(count, 0.9 * 10**0.4),
        "mw_transmission_r": np.full(count, 0.9),
        "rhalf": np.full(count, 0.5),
    }
    return pd.DataFrame(columns | changes)


def match(injected, detected, earlier, **changes) -> pd.DataFrame:
    plane = {"r": np.full((100, 100), 400.0, np.float32)}
    conditions = observing_conditions(
        injected[["x", "y"]].to_numpy(), detected, plane, bands=BANDS, depth="invvar"
    )
    catalogues = Catalogues(injected, detected, earlier)
    return match_run(catalogues, conditions, bands=BANDS, **RADII | changes)


def test_every_injection_is_kept_with_its_truth():
    injected = injections([(10, 10), (50, 50)])
    table = match(injected, detections([(10.5, 10.2), (80, 80)]), detections([(80, 80)]))
    assert table["status"].tolist() == ["detected", "missed"]
    assert table["detection_id"].tolist() == [100, -1]
    np.testing.assert_allclose(table["r"], 21.5, rtol=1e-6)
    np.testing.assert_allclose(table["size"], 0.5)
    first = table.iloc[0]
    assert first["measured_r"] == pytest.approx(22.5)
    assert (first["offset_x"], first["offset_y"]) == pytest.approx((0.5, 0.2))
    assert np.isnan(table["measured_r"].iloc[1])
    assert table["seeing_r"].tolist() == pytest.approx([1.4, 1.4])
    assert table["depth_r"].notna().all()


def test_a_detection_belongs_to_one_injection():
    injected = injections([(10, 10), (13, 10)])
    table = match(injected, detections([(10.5, 10), (90, 90)]), detections([(90, 90)]))
    assert table["status"].tolist() == ["detected", "missed"]


def test_an_injection_on_an_earlier_source_is_ambiguous_whether_matched_or_not():
    injected = injections([(10, 10), (50, 50), (70, 20)])
    earlier = detections([(12, 10), (52, 50)])
    table = match(injected, detections([(11.5, 10), (70, 20), (90, 90)]), earlier)
    assert table["status"].tolist()[:3] == ["ambiguous", "ambiguous", "detected"]
    assert table["earlier_distance"].iloc[0] == pytest.approx(2)
    closer = match(injected, detections([(11.5, 10), (70, 20)]), earlier, ambiguous_radius=1)
    assert closer["status"].tolist() == ["detected", "missed", "detected"]


def test_new_detections_of_no_injection_are_spurious():
    injected = injections([(10, 10)])
    detected = detections([(10, 10), (14, 12), (60, 60), (80, 80)])
    table = match(injected, detected, detections([(80.5, 80)]))
    spurious = table[table["status"] == "spurious"]
    assert spurious["detection_id"].tolist() == [101, 102]  # one is a piece of the injection
    assert (spurious["injection_id"] == -1).all()
    assert spurious["r"].isna().all()
    assert spurious["measured_r"].tolist() == pytest.approx([22.5, 22.5])
    assert table.dtypes.equals(match(injected, detected, None).dtypes)


def test_without_an_earlier_catalogue_nothing_is_ambiguous_or_spurious():
    table = match(injections([(10, 10)]), detections([(11, 10), (60, 60)]), None)
    assert table["status"].tolist() == ["detected"]
    assert not table["checked"].any()
    assert table["earlier_distance"].isna().all()


def test_a_run_without_injections_is_an_empty_table():
    table = match(injections([]), detections([(11, 10)]), detections([(11, 10)]))
    assert len(table) == 0
    assert table.dtypes.equals(
        match(injections([(1, 1)]), detections([(11, 10)]), detections([(11, 10)])).dtypes
    )


def test_depth_is_that_of_a_point_source_at_five_sigma():
    pixel, ivar = 0.262, 400.0
    area = 4 * np.pi * (1.4 / 2.355 / pixel) ** 2
    expected = 22.5 - 2.5 * np.log10(5 * np.sqrt(area / ivar) / 0.9)
    table = match(injections([(10, 10)]), detections([(40, 40)]), None)
    assert table["depth_r"].iloc[0] == pytest.approx(expected, abs=1e-5)


def test_depth_of_a_column_is_that_of_the_nearest_detection():
    detected = detections([(10, 10), (90, 90)], psfdepth_r=[100.0, 400.0])
    found = observing_conditions(
        np.array([[80.0, 80.0]]), detected, {}, bands=BANDS, depth="psfdepth"
    )
    assert found["depth_r"].iloc[0] == pytest.approx(limiting_magnitude(np.array([400.0]), 0.9)[0])


def test_depth_on_a_bad_pixel_is_unknown():
    plane = np.full((100, 100), 400.0, np.float32)
    plane[10, 10] = plane[30, 31] = 0
    positions = np.array([[10.0, 10.0], [30.0, 30.0]])
    found = observing_conditions(
        positions, detections([(40, 40)]), {"r": plane}, bands=BANDS, depth="invvar"
    )
    assert found["depth_r"].isna().tolist() == [True, False]
