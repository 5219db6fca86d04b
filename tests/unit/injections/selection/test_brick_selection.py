"""Selection of real and injected objects by the same cuts."""

import numpy as np
import pandas as pd
import pytest

from cosmodag.errors import InputError
from cosmodag.injections.selection import brick_selection as selection
from cosmodag.injections.selection.target_cuts import (
    apply_cuts,
    emission_line_cuts,
    magnitudes,
    sizes,
)

GOOD = {"g": 23.0, "r": 22.5, "z": 21.7}
"""Magnitudes in the middle of the colour box."""


def catalogue(positions, **changes) -> pd.DataFrame:
    positions = np.asarray(positions, dtype=float)
    count = len(positions)
    columns = {
        "objid": np.arange(count),
        "type": ["EXP"] * count,
        "brick_primary": [True] * count,
        "bx": positions[:, 0],
        "by": positions[:, 1],
        "ra": np.zeros(count),
        "dec": np.zeros(count),
        "shape_r": np.full(count, 0.5),
        "shape_e1": np.full(count, 0.3),
        "shape_e2": np.full(count, 0.4),
    }
    for band, magnitude in GOOD.items():
        columns |= {
            f"flux_{band}": np.full(count, 10 ** (-0.4 * (magnitude - 22.5)) * 0.9),
            f"flux_ivar_{band}": np.full(count, 100.0),
            f"mw_transmission_{band}": np.full(count, 0.9),
            f"nobs_{band}": np.full(count, 2),
            f"psfsize_{band}": np.full(count, 1.4),
        }
    return pd.DataFrame(columns | changes)


def test_limits_that_are_exchanged_are_refused():
    with pytest.raises(InputError, match=r"r: \[24, 20\] has no values; give \[low, high\]"):
        emission_line_cuts(r=[24, 20])


def test_magnitudes_are_corrected_for_extinction():
    corrected = magnitudes(catalogue([(1, 1)]))
    np.testing.assert_allclose(corrected[["g", "r", "z"]].iloc[0], list(GOOD.values()))
    assert magnitudes(catalogue([(1, 1)], flux_g=[-1.0]))["g"].isna().all()


def test_sizes_depend_on_the_type_in_old_and_new_catalogues():
    new = catalogue([(1, 1), (2, 2)], type=["PSF", "EXP"])
    np.testing.assert_allclose(sizes(new), [0.7, 0.5])
    old = new.drop(columns="shape_r").assign(
        type=["DEV", "REX"], shapedev_r=[1.0, 9.0], shapeexp_r=[9.0, 0.8]
    )
    np.testing.assert_allclose(sizes(old), [1.0, 0.8])
    with pytest.raises(InputError, match="no half-light radius"):
        sizes(new.drop(columns="shape_r"))


@pytest.mark.parametrize(
    ("change", "cut"),
    [
        ({"brick_primary": [True, False]}, "primary"),
        ({"nobs_z": [1, 0]}, "exposures"),
        ({"flux_r": [1.0, -1.0]}, "flux above 0"),
        ({"flux_ivar_g": [1.0, 0.0]}, "inverse variance above 0"),
        ({"type": ["EXP", "DEV"]}, "type"),
        ({"shape_r": [0.5, 2.1]}, "size"),
        ({"flux_g": [0.6, 0.1]}, "g magnitude"),
    ],
)
def test_each_cut_rejects_objects(change, cut):
    table = catalogue([(1, 1), (9, 9)], **change)
    table = pd.concat([table.assign(size=sizes(table)), magnitudes(table)], axis=1)
    selected, removed = apply_cuts(table, emission_line_cuts())
    assert list(selected["objid"]) == [0]
    assert removed[cut] == 1
    assert sum(removed.values()) == 1


@pytest.mark.parametrize(
    ("g_minus_r", "r_minus_z", "inside"),
    [
        (0.61, 0.0, True),
        (0.62, 0.0, False),
        (-0.13, 2.09, True),
        (-0.13, 2.11, False),
        (0.3, -0.21, False),
        (1.18, 1.0, True),
        (1.19, 1.0, False),
    ],
)
def test_colour_box_is_that_of_the_study(g_minus_r, r_minus_z, inside):
    table = pd.DataFrame({"g": [22.0 + g_minus_r], "r": [22.0], "z": [22.0 - r_minus_z]})
    assert emission_line_cuts()["colours"](table).iloc[0] == inside


def test_only_detected_injections_are_selected():
    real = catalogue([(10, 10), (50, 50)])
    injected = pd.DataFrame({"x": [30.0, 50.5, 80.0], "y": [30.0, 50.0, 80.0]})
    detected = catalogue([(10, 10), (50.2, 50), (30.6, 30.3), (70, 70)])
    selected = selection.select_brick(
        "0591m305", "rs0", real, detected, injected, emission_line_cuts()
    )
    # One injection is hidden by a real galaxy, one is not detected; one detection has no match.
    assert list(selected.objects["id"]) == [
        "0591m305/real/0",
        "0591m305/real/1",
        "0591m305/rs0/2",
    ]
    assert list(selected.objects["label"]) == [0, 0, 1]
    assert selected.objects["bx"].iloc[-1] == 30.6
    np.testing.assert_allclose(selected.objects["ellipticity"], 0.5)
    removed = selected.removed.set_index("cut")
    assert list(removed.loc["an object was there before"]) == [0, 1]
    assert list(removed.loc["not detected"]) == [0, 1]
    assert list(removed.loc["kept"]) == [2, 1]


def test_the_detection_of_an_earlier_object_is_not_that_of_an_injection():
    real = catalogue([(10, 10), (34, 30)])
    injected = pd.DataFrame({"x": [30.0, 60.0], "y": [30.0, 60.0]})
    detected = catalogue([(10, 10), (33.8, 30), (60.2, 60.1)])
    selected = selection.select_brick(
        "0591m305", "rs0", real, detected, injected, emission_line_cuts()
    )
    assert list(selected.objects["id"][selected.objects["label"] == 1]) == ["0591m305/rs0/2"]
    removed = selected.removed.set_index("cut")["injected"]
    assert (removed["an object was there before"], removed["not detected"]) == (1, 0)


def test_a_detection_matches_one_injection():
    detections = np.array([[5.0, 5.0]])
    near, far = np.array([[5.5, 5.0], [5.1, 5.0]]), np.array([[9.0, 5.0]])
    assert list(selection.mutual_pairs(near, detections, 2.0)) == [-1, 0]
    assert list(selection.mutual_pairs(far, detections, 2.0)) == [-1]


def test_selections_are_concatenated_and_written(tmp_path):
    real = catalogue([(10, 10), (50, 50)], type=["EXP", "DEV"])
    injected = pd.DataFrame({"x": [30.0], "y": [30.0]})
    one = selection.select_brick(
        "0591m305", "rs0", real, catalogue([(30, 30)]), injected, emission_line_cuts()
    )
    both = selection.concatenate_selections([one, one])
    assert list(both.removed.set_index("cut").loc["type"]) == [2, 0]
    selection.write_selection(both, tmp_path / "s.parquet", tmp_path / "s.csv")
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "s.parquet"), both.objects)


def test_error_for_an_empty_class_names_the_strictest_cut():
    real = catalogue([(10, 10)], shape_r=[3.0])
    injected = pd.DataFrame({"x": [30.0], "y": [30.0]})
    one = selection.select_brick(
        "0591m305", "rs0", real, catalogue([(30, 30)]), injected, emission_line_cuts()
    )
    with pytest.raises(
        InputError, match=r"no real object passes, of 1; the cut 'size' removes 1: widen it"
    ):
        selection.concatenate_selections([one])
