import re

import numpy as np
import pandas as pd
import pytest

from cosmodag.evaluation import figures, map_scores
from cosmodag.evaluation.conformal import intervals
from cosmodag.evaluation.drawing import drawing

LABELS = figures.MapLabels("galaxies", "true voids", "predicted voids", "probability of a void")


@pytest.fixture(scope="module")
def probability(by_group):
    noise = np.random.default_rng(0).uniform(-0.3, 0.3, by_group[2].y.shape)
    return np.clip(by_group[2].y + noise, 0, 1)


def test_maps_are_drawn_small_with_units_and_text_as_text(by_group, probability, tmp_path):
    test = by_group[2]
    rows = figures.spread_of_examples(probability, test.y)
    figures.map_examples(tmp_path / "maps.svg", test, probability, rows, LABELS)
    drawn = (tmp_path / "maps.svg").read_text()
    assert len(drawn) < 300_000
    for words in ("x (Mpc/h)", "true voids", "predicted voids", "probability of a void"):
        assert words in drawn


def test_equal_figures_are_equal_files(by_group, probability, tmp_path):
    curve = map_scores.reliability(probability, by_group[2].y, by_group[2].index["group"])
    for name in ("first.svg", "second.svg"):
        figures.reliability_diagram(tmp_path / name, curve)
    assert (tmp_path / "first.svg").read_bytes() == (tmp_path / "second.svg").read_bytes()


def test_examples_are_shown_from_the_best_to_the_worst(by_group, probability):
    test = by_group[2]
    rows = figures.spread_of_examples(probability, test.y)
    errors = ((probability - test.y) ** 2).mean((1, 2))[rows]
    assert len(rows) == 4
    assert list(errors) == sorted(errors)


def test_cubes_are_drawn_by_a_slice(by_group, tmp_path):
    cubes = by_group[2]._replace(x=np.zeros((2, 8, 8, 8, 1)), y=np.zeros((2, 8, 8, 8), bool))
    figures.map_examples(tmp_path / "cubes.svg", cubes, np.zeros(cubes.y.shape), [0, 1], LABELS)
    assert (tmp_path / "cubes.svg").stat().st_size > 0


def test_numbers_are_drawn_with_the_line_of_equality(tmp_path):
    truth = np.arange(1000.0)
    known = intervals(truth, 5.0, {"68": 1.0, "95": 2.0})
    figures.predicted_numbers(tmp_path / "n.svg", "count_matter", truth, truth, known)
    drawn = (tmp_path / "n.svg").read_text()
    assert "true count matter" in drawn
    assert "equality" in drawn
    assert len(re.findall(r"<use ", drawn)) < 1000


def test_figures_come_as_pdf_and_with_their_numbers(by_group, probability, tmp_path):
    curve = map_scores.reliability(probability, by_group[2].y, by_group[2].index["group"])
    figures.reliability_diagram(tmp_path / "reliability.svg", curve)
    assert (tmp_path / "reliability.pdf").read_bytes().startswith(b"%PDF")
    numbers = pd.read_csv(tmp_path / "reliability.numbers.csv")
    lines = numbers[(numbers["kind"] == "line") & (numbers["y_label"] == "observed fraction")]
    drawn = lines.set_index("x")["y"]
    for place, each in zip(curve["predicted"], curve["observed"]):
        assert np.isclose(drawn[np.isclose(drawn.index, place)], each["value"], atol=1e-5).any()
    assert len(numbers[numbers["kind"] == "bar"]) == len(curve["share"])


def test_numbers_of_an_image_are_its_pixels_in_the_units_of_the_axes(tmp_path):
    image = np.arange(6.0).reshape(2, 3)
    with drawing(tmp_path / "image.svg", 2, 2) as figure:
        figure.subplots().imshow(image, origin="lower", extent=(0, 30, 10, 30))
    pixels = pd.read_csv(tmp_path / "image.numbers.csv").set_index(["x", "y"])["value"]
    assert pixels[(5, 15)] == 0
    assert pixels[(25, 25)] == 5
    assert len(pixels) == 6
