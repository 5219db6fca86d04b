"""A trained run scored on the test split, beside baselines, once.

Thresholds, settings of baselines and the calibration of their errors are chosen on the validation
split; the test split is read here alone.
"""

import os
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from cosmodag import provenance
from cosmodag.checksums import identity, require, require_named
from cosmodag.cutouts.survey_channels import KNOWN
from cosmodag.datasets.folder import read_description
from cosmodag.errors import InputError
from cosmodag.evaluation import figures, position_probe
from cosmodag.evaluation.baselines.examples import Examples, Fitted, LeftOut, Predictions
from cosmodag.evaluation.baselines.fitting import read_baselines
from cosmodag.evaluation.evaluation import (
    Evaluation,
    Figure,
    RunToEvaluate,
    Scored,
    SplitExamples,
    Subset,
)
from cosmodag.evaluation.names import baseline_title
from cosmodag.evaluation.symmetric_prediction import predict_splits, scored_temperature
from cosmodag.evaluation.targets import NOISE_DRAWS, read_examples
from cosmodag.evaluation.task_evaluations import make_evaluation
from cosmodag.files import whole_folder
from cosmodag.hdf5 import create_file
from cosmodag.json_files import write_json
from cosmodag.output_kinds import FIGURES
from cosmodag.training.prediction import TRAIN, check_dataset, load_run

SCORES = (
    "The network beside the baselines on the same test examples; bars are 95 % intervals, "
    "bootstrapped over independent groups."
)
LEARNING = "Loss and scores of the training and the validation split by epoch."


def evaluate(
    dataset_folder: str | os.PathLike,
    run_folder: str | os.PathLike,
    *,
    truth: str | None = None,
    baselines: str | os.PathLike | None = None,
    baseline_settings: Mapping[str, Mapping[str, Any]] | None = None,
    replicas: int = 2000,
    seed: int = 0,
    device: str = "auto",
    threads: int | None = None,
) -> dict[str, Any]:
    """Score a trained run and write metrics.json, predictions.h5 and figures/ into its folder.

    Parameters
    ----------
    dataset_folder : path
        The dataset that the run was trained on.
    run_folder : path
        The run: model.pt, run.json, history.csv.
    truth : str, optional
        Channel that a map is scored on where it is not the one that was learned.
    baselines : path, optional
        File of `cosmodag.evaluation.prepare_baselines.prepare_baselines`; without it the baselines
        are fitted here.
    baseline_settings : mapping from str to mapping, optional
        Keyword arguments by baseline, where they are fitted here.
    replicas, seed : int
        Bootstrap replicas, and the seed of draws and subsamples.
    device : {"auto", "cpu", "cuda"}
    threads : int, optional
        As `cosmodag.training.prediction.predict`.

    Returns
    -------
    dict
        Content of metrics.json.

    Raises
    ------
    InputError
        If the dataset is not the one that the run was trained on, the task has no evaluation, the
        target has one value only, or the baselines belong to another dataset or target.
    """
    dataset_folder, run_folder = Path(dataset_folder), Path(run_folder)
    _, task, description = load_run(run_folder)
    dataset = read_description(dataset_folder)
    require_named(run_folder / "history.csv", run_folder / "run.json", TRAIN)
    check_dataset(run_folder, description, dataset_folder)
    if baselines is not None:
        _check_baselines_of(baselines, dataset_folder, dataset)
    run = RunToEvaluate(run_folder, dataset_folder, description, dataset, device, threads)
    evaluation = make_evaluation(
        dataset["experiment"],
        description["task"],
        truth=truth,
        transform=description["transform"],
    )
    predictions = predict_splits(run_folder, dataset_folder, device=device, threads=threads)
    temperature = scored_temperature(task, description, predictions["valid"])
    predictions = evaluation.in_target_units(predictions, run)
    noise = description.get("noise")
    examples = redrawn = read_examples(dataset_folder, evaluation, noise=noise)
    if baselines is None and noise is not None:
        redrawn = read_examples(dataset_folder, evaluation, noise=noise, noise_draws=NOISE_DRAWS)
    fitted, left_out = _baselines(evaluation, redrawn, baselines, baseline_settings, seed, threads)
    subset, empty = evaluation.without_signal(Subset(examples, predictions, fitted))
    scored = evaluation.score(subset, replicas=replicas, seed=seed)
    scored.figures.update(evaluation.run_figures(run, examples, subset))
    scored = evaluation.with_causes(scored, run)
    scored.notes.extend([*split_notes(dataset), *left_out])
    if empty is not None:
        of_empty = evaluation.score(empty, replicas=replicas, seed=seed)
        n_empty = len(empty.examples["test"].x)
        scored.metrics["all_zero"] = {"n": n_empty, "scores": of_empty.metrics["scores"]}
    test = subset.examples["test"]
    names = (name for name in next(iter(task.target.values())) if name != KNOWN)
    target = truth or ", ".join(names)
    metrics = _metrics(run, evaluation, scored, test, target)
    if temperature:
        metrics["temperature"] = temperature
    probed = {split: evaluation.probe_targets(each) for split, each in subset.examples.items()}
    position_probe.apply(metrics, position_probe.probe(probed, replicas=replicas, seed=seed))
    inputs = [run_folder / "run.json", dataset_folder / "dataset.json"]
    inputs += [] if baselines is None else [Path(baselines)]
    _write_predictions(run_folder / "predictions.h5", test, scored.predictions, inputs)
    _draw_figures(run_folder, metrics, scored)
    write_json(
        run_folder / "metrics.json",
        metrics,
        inputs=[*inputs, run_folder / "predictions.h5"],
        files=sorted((run_folder / "figures").iterdir()),
    )
    return metrics


def split_notes(dataset: Mapping[str, Any]) -> list[str]:
    """Return sentences on a test set that is observed otherwise, and on regions of the sky.

    Parameters
    ----------
    dataset : mapping
        Content of dataset.json.

    Returns
    -------
    list of str
    """
    notes = [*filter(None, [dataset.get("test_differs")])]
    if not dataset.get("region_width"):
        return notes
    groups, n_all = dataset["groups"], dataset["dropped"] + sum(dataset["counts"].values())
    return [
        *notes,
        f"The groups are {sum(map(len, groups.values()))} regions of the sky, "
        f"{dataset['region_width']:.3g}° wide, {len(groups['test'])} of them in the test set. With "
        f"a buffer of {dataset['buffer']:.3g} arcsec between images of different sets, "
        f"{dataset['dropped']:,} of {n_all:,} objects are left out.",
    ]


def networks(description: Mapping[str, Any]) -> list[str]:
    """Return the modules of the networks that a run consists of."""
    models = [description["model"], *filter(None, [description.get("encoder", {}).get("model")])]
    return [f"cosmodag.models.{model['name']}" for model in models]


def _baselines(
    evaluation: Evaluation,
    examples: SplitExamples,
    path: str | os.PathLike | None,
    settings: Mapping[str, Mapping[str, Any]] | None,
    seed: int,
    threads: int | None,
) -> tuple[dict[str, Predictions], list[str]]:
    """Read the predictions of the baselines, or fit them; with notes on those that are left out."""
    fitted: Fitted
    if path is None:
        fitted = evaluation.fit(examples, seed=seed, threads=threads, settings=settings)
    else:
        fitted = read_baselines(path)
    baselines = {name: each for name, each in fitted.items() if not isinstance(each, LeftOut)}
    if path is not None:
        evaluation.check_baselines(Path(path), baselines, examples["test"])
    left_out: dict[str, dict[str, None]] = {}  # ordered sets of titles by reason
    for name, each in fitted.items():
        if isinstance(each, LeftOut):
            title = baseline_title(name.rpartition(":")[2])
            left_out.setdefault(each.reason, {})[f"'{title}'"] = None
    notes = [f"No baseline {' or '.join(titles)}: {reason}." for reason, titles in left_out.items()]
    return baselines, notes


def _check_baselines_of(
    path: str | os.PathLike, dataset_folder: Path, dataset: Mapping[str, Any]
) -> None:
    """Refuse baselines that were fitted on another dataset than this one or its original."""
    allowed = {identity(dataset_folder / "dataset.json"), dataset.get("original")}
    cure = "fit them with `cosmodag baselines`"
    if not allowed & {*require(path, cure).record.get("inputs", {}).values()}:
        raise InputError(f"{path}: fitted on another dataset than {dataset_folder}; {cure}")


def _metrics(
    run: RunToEvaluate, evaluation: Evaluation, scored: Scored, test: Examples, target: str
) -> dict[str, Any]:
    """Return the content of metrics.json."""
    description, dataset = run.description, run.dataset
    modules = [__name__, type(evaluation).__module__, *networks(description)]
    return {
        "experiment": dataset["experiment"],
        "run": run.folder.name,
        "task": description["task"]["name"],
        "target": target,
        "split": "test",
        "protocol": dataset["protocol"],
        "tested_elsewhere": dataset.get("tested_elsewhere", False),
        "n": len(test.x),
        **scored.metrics,
        "tables": [table._asdict() for table in scored.tables],
        "notes": scored.notes,
        "figures": {
            name: {"caption": figure.caption, "wide": figure.wide}
            for name, figure in _all_figures(run.folder, scored, {}).items()
        },
        "provenance": {
            "code": provenance.fingerprint(*modules),
            "modules": modules,
            "config": provenance.value_hash(description),
            "data": provenance.file_hash(run.dataset_folder / "dataset.json"),
            "model": provenance.file_hash(run.folder / "model.pt"),
            "seed": description["seed"],
            "versions": provenance.versions(("torch", "numpy", "scikit-learn", "h5py")),
            "device": description.get("device"),
        },
    }


def _all_figures(run_folder: Path, scored: Scored, metrics: Mapping[str, Any]) -> dict[str, Figure]:
    """Return the figures of a run: those of its evaluation, its scores, its training."""
    history = run_folder / "history.csv"
    return scored.figures | {
        "scores": Figure(
            partial(figures.scores_beside_baselines, metrics=metrics), SCORES, wide=True
        ),
        "learning": Figure(partial(figures.learning_curves, history=history), LEARNING),
    }


def _draw_figures(run_folder: Path, metrics: Mapping[str, Any], scored: Scored) -> None:
    with whole_folder(run_folder / "figures", FIGURES) as folder:
        for name, figure in _all_figures(run_folder, scored, metrics).items():
            figure.draw(folder / f"{name}.svg")


def _write_predictions(
    path: Path, test: Examples, predictions: Mapping[str, np.ndarray], inputs: Sequence[Path]
) -> None:
    with create_file(path, "predictions", inputs=inputs) as file:
        for name in ("id", "group"):
            file.create_dataset(name, data=test.index[name].astype(str).to_list())
        for name, values in predictions.items():
            file.create_dataset(name, data=values, compression="gzip", shuffle=True)
