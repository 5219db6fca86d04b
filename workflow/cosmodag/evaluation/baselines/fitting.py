"""Baselines of one dataset and target, fitted once and kept for every run that learns the same."""

import logging
import os
import time
from collections.abc import Mapping

import h5py
from threadpoolctl import threadpool_limits

from cosmodag.datasets.splits import SPLITS
from cosmodag.errors import InputError
from cosmodag.evaluation.baselines import classes, counts, maps
from cosmodag.evaluation.baselines.examples import Examples, Predictions
from cosmodag.evaluation.targets import read_examples
from cosmodag.files import whole_file
from cosmodag.hdf5 import open_kind

log = logging.getLogger(__name__)

KINDS = {"maps": maps.BASELINES, "counts": counts.BASELINES, "classes": classes.BASELINES}


def fit_baselines(
    kind: str,
    train: Examples,
    valid: Examples,
    test: Examples,
    *,
    seed: int = 0,
    threads: int | None = None,
    settings: Mapping[str, Mapping] | None = None,
) -> dict[str, Predictions]:
    """Fit every baseline of a kind on the training split and predict validation and test.

    Parameters
    ----------
    kind : {"maps", "counts", "classes"}
        Which baselines; their names are the keys of `KINDS[kind]`.
    train, valid, test : Examples
        The splits, `x` and `y` as the baselines of the kind take them.
    seed : int
        Of subsamples and trees.
    threads : int, optional
        Threads of the boosted trees; all by default. More than the process owns make them wait for
        each other at every level of every tree.
    settings : mapping from a baseline's name to keyword arguments, optional
        Bounds such as `{"trees": {"max_pixels": 50000}}`.
    """
    settings = settings or {}
    unknown = set(settings) - set(KINDS[kind])
    if unknown:
        raise InputError(
            f"baseline {min(unknown)!r} is not known: choose from {', '.join(KINDS[kind])}"
        )
    fitted = {}
    with threadpool_limits(threads):
        for name, fit in KINDS[kind].items():
            began = time.monotonic()
            fitted[name] = fit(train, valid, test, seed=seed, **settings.get(name, {}))
            log.info("baseline %s fitted in %.0f s", name, time.monotonic() - began)
    return fitted


def prepare_baselines(
    dataset_folder: str | os.PathLike,
    output: str | os.PathLike,
    *,
    task: Mapping,
    truth: str | None = None,
    seed: int = 0,
    threads: int | None = None,
    settings: Mapping[str, Mapping] | None = None,
) -> None:
    """Fit the baselines of a dataset and target and write them for `evaluate` to read.

    `task` is that of run.json, `truth` the channel that maps are scored on where it is another;
    the other parameters are those of `fit_baselines`.
    """
    examples = read_examples(dataset_folder, task, truth=truth)
    write_baselines(output, fit_all(task, examples, seed=seed, threads=threads, settings=settings))


def fit_all(task: Mapping, examples: Mapping[str, Examples], **options) -> dict[str, Predictions]:
    """Fit the baselines of a task; those of numbers carry the column: "count:trees"."""
    if task["name"] == "map":
        return fit_baselines("maps", *(examples[split] for split in SPLITS), **options)
    if task["name"] == "classification":
        described = (classes.described(examples[split]) for split in SPLITS)
        return fit_baselines("classes", *described, **options)
    examples = {split: counts.described(examples[split]) for split in SPLITS}
    fitted = {}
    for number, column in enumerate(task["columns"]):
        one = (examples[s]._replace(y=examples[s].y[:, number]) for s in SPLITS)
        for name, predictions in fit_baselines("counts", *one, **options).items():
            fitted[f"{column}:{name}"] = predictions
    return fitted


def write_baselines(path: str | os.PathLike, fitted: Mapping[str, Predictions]) -> None:
    """Write predictions as HDF5: a group a baseline, holding `valid`, `test` and its `spread`."""
    with whole_file(path) as partial, h5py.File(partial, "w") as file:
        file.attrs["kind"] = "baselines"
        for name, predictions in fitted.items():
            group = file.create_group(name)
            for split in ("valid", "test"):
                group.create_dataset(split, data=getattr(predictions, split), compression="gzip")
            if predictions.spread is not None:
                group.attrs["spread"] = predictions.spread


def read_baselines(path: str | os.PathLike) -> dict[str, Predictions]:
    """Read what `write_baselines` wrote."""
    with open_kind(path, "baselines") as file:
        return {
            name: Predictions(group["valid"][:], group["test"][:], group.attrs.get("spread"))
            for name, group in file.items()
        }
