"""Baselines of one dataset and target, fitted once and kept for every run that learns the same."""

import logging
import os
import time
from collections.abc import Mapping

import h5py
from threadpoolctl import threadpool_limits

from cosmodag.datasets.dataset import Dataset
from cosmodag.datasets.splits import SPLITS
from cosmodag.errors import InputError
from cosmodag.evaluation.baselines import counts, maps, ordered_classes, reconstructions
from cosmodag.evaluation.baselines.examples import Examples, Predictions
from cosmodag.evaluation.targets import ordered_columns, read_examples
from cosmodag.files import whole_file
from cosmodag.galaxies.baselines import sersic_fit
from cosmodag.hdf5 import open_kind
from cosmodag.injections.baselines import catalogue_classifiers
from cosmodag.reionization.baselines import matches, slice_features
from cosmodag.training.completion import complete_task
from cosmodag.training.tasks import make_task

log = logging.getLogger(__name__)

KINDS = {
    "maps": maps.BASELINES,
    "counts": counts.BASELINES,
    "classes": catalogue_classifiers.BASELINES,
    "ordered_classes": ordered_classes.BASELINES,
    "reconstructions": reconstructions.BASELINES,
    "matches": matches.BASELINES,
}


def fit_baselines(
    kind: str,
    train: Examples,
    valid: Examples,
    test: Examples,
    *,
    seed: int = 0,
    threads: int | None = None,
    settings: Mapping[str, Mapping] | None = None,
    **given,
) -> dict[str, Predictions]:
    """Fit every baseline of a kind on the training split and predict validation and test.

    Parameters
    ----------
    kind : str
        A key of `KINDS`: which baselines; their names are the keys of `KINDS[kind]`.
    train, valid, test : Examples
        The splits, `x` and `y` as the baselines of the kind take them.
    seed : int
        Of subsamples and trees.
    threads : int, optional
        Threads of the boosted trees; all by default. More than the process owns make them wait for
        each other at every level of every tree.
    settings : mapping from a baseline's name to keyword arguments, optional
        Bounds such as `{"trees": {"max_pixels": 50000}}`.
    **given
        What all baselines of the kind are told besides, such as the values of ordered classes.
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
            fitted[name] = fit(train, valid, test, seed=seed, **given, **settings.get(name, {}))
            log.info("baseline %s fitted in %.0f s", name, time.monotonic() - began)
    return fitted


def prepare_baselines(
    dataset_folder: str | os.PathLike,
    output: str | os.PathLike,
    *,
    task: Mapping,
    truth: str | None = None,
    noise: Mapping | None = None,
    transform: str | None = None,
    seed: int = 0,
    threads: int | None = None,
    settings: Mapping[str, Mapping] | None = None,
) -> None:
    """Fit the baselines of a dataset and target and write them for `evaluate` to read.

    `task` and `noise` are those of run.json, and so is `transform`, after which latents are scored;
    `truth` is the channel that maps are scored on where it is another; the other parameters are
    those of `fit_baselines`.
    """
    task = complete_task(task, Dataset.open(dataset_folder))
    examples = read_examples(dataset_folder, task, truth=truth, noise=noise, transform=transform)
    write_baselines(output, fit_all(task, examples, seed=seed, threads=threads, settings=settings))


def fit_all(task: Mapping, examples: Mapping[str, Examples], **options) -> dict[str, Predictions]:
    """Fit the baselines of a task, completed; those of columns carry the column: "count:trees"."""
    splits = [examples[split] for split in SPLITS]
    kind = task["name"]
    if kind == "map":
        return fit_baselines("maps", *splits, **options)
    if kind == "reconstruction":
        size = task.get("size") or splits[0].x[0].size // reconstructions.PART
        return fit_baselines("reconstructions", *splits, size=size, **options)
    if kind == "latent":
        size = make_task(**task).size
        return fit_baselines("reconstructions", *splits, size=size, **options)
    if kind == "matching":
        candidates = make_task(**task).candidates
        return fit_baselines("matches", *splits, candidates=candidates, **options)
    if "values" in task:
        return _fit_ordered(task, splits, **options)
    if kind == "classification":
        return fit_baselines("classes", *map(catalogue_classifiers.described, splits), **options)
    return _fit_numbers(task, splits, **options)


def _fit_numbers(task: Mapping, splits: list[Examples], **options) -> dict[str, Predictions]:
    """Baselines of each column of numbers; of galaxies, profiles are fitted to a sample too."""
    settings = dict(options.pop("settings", None) or {})
    sample = settings.pop(sersic_fit.NAME, {})
    kind = counts.measured(splits[0].channels)
    described = [counts.described(each) for each in splits]
    fitted = {}
    for number, column in enumerate(task["columns"]):
        one = [each._replace(y=each.y[:, number]) for each in described]
        for name, predictions in fit_baselines(
            "counts", *one, settings=settings, **options
        ).items():
            measured = kind if name in ("ridge", "trees") else ""
            fitted[f"{column}:{measured}{name}"] = predictions
    with threadpool_limits(options.get("threads")):
        fits = sersic_fit.fit_sample(
            *splits[1:], task["columns"], seed=options.get("seed", 0), **sample
        )
    return fitted | {f"{column}:{sersic_fit.NAME}": each for column, each in fits.items()}


def _fit_ordered(task: Mapping, splits: list[Examples], **options) -> dict[str, Predictions]:
    """Baselines of each column of ordered classes."""
    features = [slice_features.described(each).x for each in splits]
    fitted = {}
    for number, (column, values) in enumerate(ordered_columns(task).items()):
        one = [
            ordered_classes.told(each, told, number if each.y.ndim > 1 else None)
            for each, told in zip(splits, features)
        ]
        found = fit_baselines("ordered_classes", *one, values=values, **options)
        fitted |= {f"{column}:{name}": predictions for name, predictions in found.items()}
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
