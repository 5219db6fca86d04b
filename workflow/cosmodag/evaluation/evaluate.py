"""A trained run scored on the test split, beside baselines, once.

What is chosen (thresholds, settings of baselines, the spread of their errors) is chosen on the
validation split; the test split is read here alone.
"""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import h5py
import numpy as np

from cosmodag import provenance
from cosmodag.datasets.folder import read_description
from cosmodag.datasets.transforms import input_scale
from cosmodag.errors import InputError
from cosmodag.evaluation import figures
from cosmodag.evaluation.baselines.examples import Examples, Predictions
from cosmodag.evaluation.baselines.fitting import fit_all, read_baselines
from cosmodag.evaluation.latent_evaluation import evaluate_latents
from cosmodag.evaluation.map_evaluation import evaluate_maps
from cosmodag.evaluation.matching_evaluation import evaluate_matching
from cosmodag.evaluation.number_evaluation import evaluate_numbers
from cosmodag.evaluation.ordered_evaluation import evaluate_ordered
from cosmodag.evaluation.reconstruction_evaluation import evaluate_reconstructions
from cosmodag.evaluation.symmetric_prediction import predict_splits
from cosmodag.evaluation.targets import ordered_columns, read_examples
from cosmodag.files import whole_file, whole_folder, write_json
from cosmodag.injections.verdict import two_sample_figures
from cosmodag.injections.verdict.classification_evaluation import evaluate_classes
from cosmodag.injections.verdict.occlusion import confident_cases, run_answer
from cosmodag.reionization.baselines import slice_features
from cosmodag.reionization.evaluation import all_zero, slice_figures
from cosmodag.reionization.evaluation.slice_saliency import slice_cases
from cosmodag.training.prediction import load_run

EVALUATIONS = {
    "map": evaluate_maps,
    "count": evaluate_numbers,
    "regression": evaluate_numbers,
    "classification": evaluate_classes,
    "ordinal": evaluate_ordered,
    "reconstruction": evaluate_reconstructions,
    "matching": evaluate_matching,
    "latent": evaluate_latents,
}


def evaluate(
    dataset_folder: str | os.PathLike,
    run_folder: str | os.PathLike,
    *,
    truth: str | None = None,
    baselines: str | os.PathLike | None = None,
    baseline_settings: Mapping[str, Mapping] | None = None,
    replicas: int = 2000,
    seed: int = 0,
    device: str = "auto",
    threads: int | None = None,
) -> dict:
    """Score a trained run and write metrics.json, predictions.h5 and figures/ into its folder.

    Parameters
    ----------
    dataset_folder
        The dataset that the run was trained on.
    run_folder
        The run: model.pt, run.json, history.csv.
    truth : str, optional
        Channel that a map is scored on where it is not the one that was learned.
    baselines : path, optional
        File of `prepare_baselines`; without it the baselines are fitted here.
    baseline_settings : mapping, optional
        See `fit_baselines`.
    replicas, seed : int
        Bootstrap replicas, and the seed of draws and subsamples.
    device, threads
        As `cosmodag.training.prediction.predict` takes them.

    Returns
    -------
    dict
        What metrics.json holds.
    """
    dataset_folder, run_folder = Path(dataset_folder), Path(run_folder)
    _, task, description = load_run(run_folder)
    kind = description["task"]["name"]
    if kind not in EVALUATIONS:
        raise InputError(f"{run_folder}/run.json: task {kind!r} has no evaluation")
    # Classes that stand for values have an order and distances; others are a two-sample test.
    scoring = evaluate_ordered if "values" in description["task"] else EVALUATIONS[kind]
    found = predict_splits(run_folder, dataset_folder, device=device, threads=threads)
    examples = read_examples(
        dataset_folder,
        description["task"],
        truth=truth,
        noise=description.get("noise"),
        transform=description["transform"],
    )
    dataset = read_description(dataset_folder)
    if kind == "reconstruction":
        found = own_units(found, description, dataset)
    if baselines is not None:
        fitted = read_baselines(baselines)
        _check_fit(baselines, fitted, description["task"], examples["test"])
    else:
        fitted = fit_all(
            description["task"], examples, seed=seed, threads=threads, settings=baseline_settings
        )
    everything = examples["test"]
    parts = all_zero.apart(kind, examples, found, fitted)
    scored, predictions, drawings = scoring(
        description["task"], *parts.informative, replicas=replicas, seed=seed
    )
    test = parts.informative[0]["test"]
    if parts.zero is not None:
        of_zero, *_ = scoring(description["task"], *parts.zero, replicas=replicas, seed=seed)
        scored["all_zero"] = {"n": len(parts.zero[0]["test"].x), "scores": of_zero["scores"]}
    if "values" in description["task"] and "redshift" in everything.index:
        cases = slice_cases(run_folder, dataset_folder, everything, device=device, threads=threads)
        drawings["saliency"] = lambda path: slice_figures.saliency(path, cases)
    if slice_features.CHANNELS & set(test.channels):
        drawings["slices"] = lambda path: slice_figures.slices(path, test)
    if "gallery" in drawings:
        answer = run_answer(run_folder, dataset_folder, device=device, threads=threads)
        cases = confident_cases(answer, test, found["test"]["probability"][:, 1])
        drawings["attention"] = lambda path: two_sample_figures.attention(path, cases)
    metrics = {
        "experiment": dataset["experiment"],
        "run": run_folder.name,
        "task": kind,
        "target": truth or ", ".join(next(iter(task.target.values()))),
        "split": "test",
        "protocol": dataset["protocol"],
        "tested_elsewhere": dataset.get("tested_elsewhere", False),
        "n": len(test.x),
        "groups": int(test.index["group"].nunique()),
        **scored,
        "provenance": {
            "code": provenance.fingerprint(__name__, *networks(description)),
            "config": provenance.value_hash(description),
            "data": provenance.file_hash(dataset_folder / "dataset.json"),
            "model": provenance.file_hash(run_folder / "model.pt"),
            "seed": description["seed"],
            "versions": provenance.versions(("torch", "numpy", "scikit-learn", "h5py")),
            "device": description.get("device"),
        },
    }
    _write_predictions(run_folder / "predictions.h5", test, predictions)
    with whole_folder(run_folder / "figures") as folder:
        for name, draw in {**drawings, **_shared_drawings(metrics, run_folder)}.items():
            draw(folder / f"{name}.svg")
    write_json(run_folder / "metrics.json", metrics)
    return metrics


def _check_fit(
    path: str | os.PathLike, fitted: Mapping[str, Predictions], task: Mapping, test: Examples
) -> None:
    """Refuse baselines of another dataset or target."""
    columns = list(ordered_columns(task)) if "values" in task else task.get("columns", [])
    columns = [] if task["name"] == "matching" else columns
    lacking = [c for c in columns if not any(name.startswith(f"{c}:") for name in fitted)]
    whole = task["name"] in ("map", "reconstruction", "latent")
    odd = any(
        each.test.shape[: test.y.ndim if whole else 1] != test.y.shape[: None if whole else 1]
        for each in fitted.values()
    )
    if lacking or odd or (not columns and any(":" in name for name in fitted)):
        raise InputError(f"{path}: made for another dataset or target; fit the baselines anew")


def networks(description: Mapping) -> list[str]:
    """Modules of the networks that a run consists of."""
    models = [description["model"], *filter(None, [description.get("encoder", {}).get("model")])]
    return [f"cosmodag.models.{model['name']}" for model in models]


def own_units(found: Mapping, description: Mapping, dataset: Mapping) -> dict:
    """Slices that a network gave back, with channels last and in the units of the dataset."""
    statistics = description.get("statistics", dataset["statistics"])
    origin, unit = input_scale(description["transform"], statistics)
    return {
        split: {
            **each,
            "reconstruction": np.moveaxis(each["reconstruction"], 1, -1) * unit + origin,
        }
        for split, each in found.items()
    }


def _shared_drawings(metrics: dict, run_folder: Path) -> dict[str, Callable]:
    history = run_folder / "history.csv"
    return {
        "scores": lambda path: figures.scores_beside_baselines(path, metrics),
        "learning": lambda path: figures.learning_curves(path, history),
    }


def _write_predictions(path: Path, test: Examples, predictions: Mapping[str, np.ndarray]) -> None:
    with whole_file(path) as partial, h5py.File(partial, "w") as file:
        file.attrs["kind"] = "predictions"
        for name in ("id", "group"):
            file.create_dataset(name, data=test.index[name].astype(str).to_list())
        for name, values in predictions.items():
            file.create_dataset(name, data=values, compression="gzip", shuffle=True)
