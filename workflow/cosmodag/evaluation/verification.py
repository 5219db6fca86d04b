"""Comparison of results with the hashes that were recorded when they were made."""

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from cosmodag import provenance
from cosmodag.datasets.integrity import verify_dataset
from cosmodag.errors import InputError


def verify(results: str | os.PathLike) -> Iterator[tuple[str, list[str]]]:
    """Compare datasets, runs and what was made from runs with the hashes that they recorded.

    Parameters
    ----------
    results : path
        Folder of results, with ``<experiment>/datasets/*``, ``<experiment>/runs/*`` and other
        sections, such as ``<experiment>/clusters/*``.

    Yields
    ------
    name : str
        The dataset, the run, or the other result.
    problems : list of str
        What differs; empty if nothing does.

    Raises
    ------
    InputError
        If the folder holds neither datasets nor runs.
    """
    results = Path(results)
    dataset_files = sorted(results.glob("*/datasets/*/dataset.json"))
    metrics_files = sorted(results.glob("*/runs/*/metrics.json"))
    if not dataset_files and not metrics_files:
        raise InputError(f"{results}: holds neither datasets nor runs; name the results folder")
    datasets = {}
    for path in dataset_files:
        datasets[provenance.file_hash(path)] = path.parent
        yield f"dataset {path.parent}", _dataset_problems(path.parent)
    for path in metrics_files:
        recorded = json.loads(path.read_text())["provenance"]
        yield f"run {path.parent}", _problems(recorded, path.parent, {}, datasets)
    for path in sorted(results.glob("*/*/*/*.json")):
        section = path.parents[1].name
        if section not in ("datasets", "runs"):
            content = json.loads(path.read_text())
            if {"provenance", "run", "settings"} <= content.keys():
                yield f"{section} {path.parent}", _product_problems(path, content, datasets)


def _dataset_problems(folder: Path) -> list[str]:
    """Return what differs in a dataset."""
    try:
        verify_dataset(folder)
    except InputError as error:
        return [str(error)]
    return []


def _product_problems(
    path: Path, content: Mapping[str, Any], datasets: Mapping[str, Path]
) -> list[str]:
    """Return what differs in a result that was made from a run with further settings."""
    section = path.parents[1]
    run = section.parent / "runs" / content["run"]
    if not (run / "model.pt").is_file():
        return [f"its run {content['run']} is not among the results"]
    return _problems(content["provenance"], run, {section.name: content["settings"]}, datasets)


def _problems(
    recorded: Mapping[str, Any],
    run: Path,
    settings: Mapping[str, Any],
    datasets: Mapping[str, Path],
) -> list[str]:
    """Return what differs from the recorded run, further settings, dataset and code."""
    description = json.loads((run / "run.json").read_text())
    problems = []
    if provenance.file_hash(run / "model.pt") != recorded["model"]:
        problems.append("model.pt is not the one that was scored")
    if provenance.value_hash({**description, **settings}) != recorded["config"]:
        problems.append("run.json is not the one that was scored")
    if recorded["data"] not in datasets:
        problems.append("its dataset is not among the results")
    if _code(recorded.get("modules", [])) != recorded["code"]:
        problems.append("the code has changed since")
    return problems


def _code(modules: list[str]) -> str | None:
    """Return the fingerprint of modules; None if one no longer exists."""
    try:
        return provenance.fingerprint(*modules)
    except ModuleNotFoundError:
        return None
