"""Runs of several sizes of latent set side by side."""

from pathlib import Path

import pytest

from cosmodag.evaluation.runs import Run
from cosmodag.reporting.latent_scan import draw_scan, scans


def run(size: int, explained: float, *, data: str = "a", light: float | None = None) -> Run:
    """A run of a latent, whose principal components explain half of the variance."""

    def scores(value: float, of_light: float) -> dict:
        known = {"explained_variance": value, "ssim": 0.4}
        known |= {} if light is None else {"light_explained_variance": of_light}
        return {name: {"value": each, "low": each, "high": each} for name, each in known.items()}

    metrics = {
        "task": "latent",
        "run": f"latent{size}",
        "scores": scores(explained, light),
        "baselines": {"principal": scores(0.5, 0.9)},
        "latent": {
            "size": size,
            "active_units": {"value": size - 1},
            "components": {"value": max(size // 2, 1)},
        },
        "provenance": {"data": data},
    }
    return Run(Path("run"), metrics, {})


def test_sizes_are_gathered_over_seeds_in_rising_order():
    runs = [run(8, 0.55), run(2, 0.45), run(8, 0.57), run(35, 0.4)]
    (sizes,) = scans(runs)
    assert [each.size for each in sizes] == [2, 8, 35]
    assert sizes[1].runs == ["latent8", "latent8"]
    assert sizes[1].network["explained_variance"] == [0.55, 0.57]
    assert sizes[1].active == [7, 7]
    assert [each.behind["explained_variance"] for each in sizes] == [True, False, True]


def test_two_sizes_or_other_data_make_no_scan():
    assert scans([run(2, 0.4), run(8, 0.5)]) == []
    assert scans([run(2, 0.4), run(8, 0.5), run(35, 0.6, data="b")]) == []


@pytest.mark.parametrize("light", [None, 0.95])
def test_the_figure_has_a_panel_a_score_and_one_for_the_latents(light):
    (sizes,) = scans([run(size, 0.5, light=light) for size in (2, 8, 35)])
    picture = draw_scan(sizes)
    # Each panel has the label below, the last one beside it too.
    assert picture.count("latent dimensions") == (4 if light is None else 5)
    assert ("noise-free" in picture) == (light is not None)
    assert "principal components" in picture
