"""Whether results still are what their hashes say."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

from cosmodag import provenance
from cosmodag.datasets.integrity import verify_dataset
from cosmodag.errors import InputError


def verify(results: str | os.PathLike) -> Iterator[tuple[str, list[str]]]:
    """Compare datasets and runs with the hashes that were recorded when they were made.

    Parameters
    ----------
    results
        Folder of results, with `<experiment>/datasets/*` and `<experiment>/runs/*`, and
        `<experiment>/clusters/*` where there are any.

    Yields
    ------
    what : str
        The dataset, the run or the groups.
    problems : list of str
        What differs; empty if nothing does.
    """
    results = Path(results)
    made = sorted(results.glob("*/datasets/*/dataset.json"))
    scored = sorted(results.glob("*/runs/*/metrics.json"))
    if not made and not scored:
        raise InputError(f"{results}: holds neither datasets nor runs; name the results folder")
    datasets = {}
    for path in made:
        datasets[provenance.file_hash(path)] = path.parent
        yield f"dataset {path.parent}", _dataset_problems(path.parent)
    for path in scored:
        yield f"run {path.parent}", _run_problems(path, datasets)
    for path in sorted(results.glob("*/clusters/*/clusters.json")):
        yield f"groups {path.parent}", _cluster_problems(path, datasets)


def _dataset_problems(folder: Path) -> list[str]:
    try:
        verify_dataset(folder)
    except InputError as error:
        return [str(error)]
    return []


def _run_problems(path: Path, datasets: dict[str, Path]) -> list[str]:
    recorded = json.loads(path.read_text())["provenance"]
    return _problems(recorded, path.parent, {}, "cosmodag.evaluation.evaluate", datasets)


def _cluster_problems(path: Path, datasets: dict[str, Path]) -> list[str]:
    found = json.loads(path.read_text())
    run = path.parents[2] / "runs" / found["run"]
    if not (run / "model.pt").is_file():
        return [f"its run {found['run']} is not among the results"]
    module = "cosmodag.galaxies.clusters.clustering"
    return _problems(found["provenance"], run, {"clusters": found["settings"]}, module, datasets)


def _problems(
    recorded: dict, run: Path, settings: dict, module: str, datasets: dict[str, Path]
) -> list[str]:
    """What differs from the run, further settings, the dataset and the code that are recorded."""
    description = json.loads((run / "run.json").read_text())
    found = []
    if provenance.file_hash(run / "model.pt") != recorded["model"]:
        found.append("model.pt is not the one that was scored")
    if provenance.value_hash({**description, **settings}) != recorded["config"]:
        found.append("run.json is not the one that was scored")
    if recorded["data"] not in datasets:
        found.append("its dataset is not among the results")
    network = f"cosmodag.models.{description['model']['name']}"
    if provenance.fingerprint(module, network) != recorded["code"]:
        found.append("the code has changed since")
    return found
