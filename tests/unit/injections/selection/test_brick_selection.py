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
"""Magnitudes in the middle of the box in colours."""


def catalogue(places, **changes) -> pd.DataFrame:
    places = np.asarray(places, dtype=float)
    count = len(places)
    columns = {
        "objid": np.arange(count),
        "type": ["EXP"] * count,
        "brick_primary": [True] * count,
        "bx": places[:, 0],
        "by": places[:, 1],
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


def test_magnitudes_are_those_without_dust():
    found = magnitudes(catalogue([(1, 1)]))
    np.testing.assert_allclose(found[["g", "r", "z"]].iloc[0], list(GOOD.values()))
    assert magnitudes(catalogue([(1, 1)], flux_g=[-1.0]))["g"].isna().all()


def test_sizes_follow_the_type_in_old_and_new_catalogues():
    new = catalogue([(1, 1), (2, 2)], type=["PSF", "EXP"])
    np.testing.assert_allclose(sizes(new), [0.7, 0.5])
    old = new.drop(columns="shape_r").assign(
        type=["DEV", "REX"], shapedev_r=[1.0, 9.0], shapeexp_r=[9.0, 0.8]
    )
    np.testing.assert_allclose(sizes(old), [1.0, 0.8])
    with pytest.raises(InputError, match="neither shape_r"):
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
def test_each_cut_removes_what_it_names(change, cut):
    table = catalogue([(1, 1), (9, 9)], **change)
    table = pd.concat([table.assign(size=sizes(table)), magnitudes(table)], axis=1)
    kept, removed = apply_cuts(table, emission_line_cuts())
    assert list(kept["objid"]) == [0]
    assert removed[cut] == 1
    assert sum(removed.values()) == 1


@pytest.mark.parametrize(
    ("blue", "red", "inside"),
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
def test_the_box_in_colours_is_that_of_the_original(blue, red, inside):
    table = pd.DataFrame({"g": [22.0 + blue], "r": [22.0], "z": [22.0 - red]})
    assert emission_line_cuts()["colours"](table).iloc[0] == inside


def test_injections_count_where_they_are_found_again():
    real = catalogue([(10, 10), (50, 50)])
    injected = pd.DataFrame({"x": [30.0, 50.5, 80.0], "y": [30.0, 50.0, 80.0]})
    detected = catalogue([(10, 10), (50.2, 50), (30.6, 30.3), (70, 70)])
    found = selection.select_brick(
        "0591m305", "rs0", real, detected, injected, emission_line_cuts()
    )
    # One hid behind a real galaxy, one was not found; a stray detection is no injection.
    assert list(found.objects["id"]) == [
        "0591m305/real/0",
        "0591m305/real/1",
        "0591m305/rs0/2",
    ]
    assert list(found.objects["label"]) == [0, 0, 1]
    assert found.objects["bx"].iloc[-1] == 30.6
    np.testing.assert_allclose(found.objects["ellipticity"], 0.5)
    removed = found.removed.set_index("cut")
    assert list(removed.loc["an object was there before"]) == [0, 1]
    assert list(removed.loc["not detected"]) == [0, 1]
    assert list(removed.loc["kept"]) == [2, 1]


def test_a_detection_serves_one_injection():
    found = np.array([[5.0, 5.0]])
    assert list(selection.matched(np.array([[5.5, 5.0], [5.1, 5.0]]), found, 2.0)) == [0]
    assert list(selection.matched(np.array([[9.0, 5.0]]), found, 2.0)) == []


def test_selections_add_up_and_are_written(tmp_path):
    real = catalogue([(10, 10), (50, 50)], type=["EXP", "DEV"])
    spots = pd.DataFrame({"x": [30.0], "y": [30.0]})
    one = selection.select_brick(
        "0591m305", "rs0", real, catalogue([(30, 30)]), spots, emission_line_cuts()
    )
    both = selection.join_selections([one, one])
    assert list(both.removed.set_index("cut").loc["type"]) == [2, 0]
    selection.write_selection(both, tmp_path / "s.parquet", tmp_path / "s.csv")
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "s.parquet"), both.objects)


def test_a_class_without_objects_is_named_with_the_cut_that_emptied_it():
    real = catalogue([(10, 10)], shape_r=[3.0])
    spots = pd.DataFrame({"x": [30.0], "y": [30.0]})
    one = selection.select_brick(
        "0591m305", "rs0", real, catalogue([(30, 30)]), spots, emission_line_cuts()
    )
    with pytest.raises(InputError, match=r"no real object is left of 1; 1 .* 'size': widen it"):
        selection.join_selections([one])
