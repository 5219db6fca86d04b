"""Folders of evaluated runs as `cosmodag evaluate` writes them, with made-up scores."""

from cosmodag.evaluation import figures
from cosmodag.json_files import write_json


def interval(value, half=0.02):
    return {"value": value, "low": value - half, "high": value + half}


def make_run(
    folder, *, experiment="voids", protocol="group", outcome="better", verdict="It is better."
):
    scores = {"mcc": interval(0.7), "expected_calibration_error": interval(0.01, 0.005)}
    baselines = {
        "trees": {"mcc": interval(0.6), "expected_calibration_error": interval(0.02)},
        "index_only": {
            "mcc": interval(0.35 if protocol == "random" else 0.0),
            "expected_calibration_error": {"value": 0.1, "low": None, "high": None},
        },
    }
    metrics = {
        "experiment": experiment,
        "run": folder.name,
        "task": "map",
        "target": "fraction_matter",
        "split": "test",
        "protocol": protocol,
        "n": 100,
        "groups": 5,
        "headline": "mcc",
        "scores": scores,
        "baselines": baselines,
        "comparisons": {name: {"mcc": interval(0.1)} for name in baselines},
        "targets": {"mcc": {"outcome": outcome, "against": "trees", "sentence": verdict}},
        "verdict": verdict,
        "outcome": outcome,
        "strongest_baseline": "trees",
        "tables": [],
        "notes": [],
        "figures": {"scores": {"caption": "Scores beside baselines.", "wide": True}},
        "provenance": {"code": "0" * 16, "seed": 1, "versions": {"numpy": "2.4"}, "device": "cpu"},
    }
    description = {
        "model": {"name": "unet"},
        "task": {"name": "map"},
        "seed": 1,
        "parameters": 1234567,
        "pretrained": "none",
        "seconds": 90.0,
        "best_epoch": 7,
        "ranks": 1,
        "threads": 2,
    }
    folder.mkdir(parents=True)
    figures.scores_beside_baselines(folder / "figures" / "scores.svg", metrics)
    write_json(folder / "run.json", description)
    write_json(
        folder / "metrics.json",
        metrics,
        inputs=[folder / "run.json"],
        files=(folder / "figures").iterdir(),
    )
    return folder
