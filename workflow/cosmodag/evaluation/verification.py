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
        Folder of results, with `<experiment>/datasets/*` and `<experiment>/runs/*`.

    Yields
    ------
    what : str
        The dataset or the run.
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


def _dataset_problems(folder: Path) -> list[str]:
    try:
        verify_dataset(folder)
    except InputError as error:
        return [str(error)]
    return []


def _run_problems(path: Path, datasets: dict[str, Path]) -> list[str]:
    recorded = json.loads(path.read_text())["provenance"]
    description = json.loads((path.parent / "run.json").read_text())
    found = []
    if provenance.file_hash(path.parent / "model.pt") != recorded["model"]:
        found.append("model.pt is not the one that was scored")
    if provenance.value_hash(description) != recorded["config"]:
        found.append("run.json is not the one that was scored")
    if recorded["data"] not in datasets:
        found.append("its dataset is not among the results")
    network = f"cosmodag.models.{description['model']['name']}"
    if provenance.fingerprint("cosmodag.evaluation.evaluate", network) != recorded["code"]:
        found.append("the code has changed since")
    return found
