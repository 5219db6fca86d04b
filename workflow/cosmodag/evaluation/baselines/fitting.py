"""Fitting of baselines, and the file of their predictions."""

import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from threadpoolctl import threadpool_limits

from cosmodag.errors import InputError
from cosmodag.evaluation.baselines.examples import Fitted, LeftOut, Predictions
from cosmodag.hdf5 import create_file, open_kind

log = logging.getLogger(__name__)


def fit_each(
    baselines: Mapping[str, Callable[..., Predictions]],
    *splits: Any,
    seed: int = 0,
    threads: int | None = None,
    settings: Mapping[str, Mapping[str, Any]] | None = None,
    **options: Any,
) -> dict[str, Predictions]:
    """Fit baselines on the training split and predict the validation and the test split.

    Parameters
    ----------
    baselines : mapping from str to callable
        Functions of training, validation and test split, by name.
    *splits : Examples or what the baselines take in its place
        Training, validation and test.
    seed : int
        Seed of subsamples and trees.
    threads : int, optional
        Threads of the boosted trees; all by default. More threads than the process owns wait for
        each other at every level of every tree.
    settings : mapping from str to mapping, optional
        Keyword arguments by baseline, such as ``{"trees": {"max_pixels": 50000}}``.
    **options
        Keyword arguments of all baselines, such as the values of ordered classes.

    Raises
    ------
    InputError
        If `settings` names an unknown baseline.
    """
    settings = settings or {}
    unknown = set(settings) - set(baselines)
    if unknown:
        raise InputError(
            f"baseline {min(unknown)!r} is not known: choose from {', '.join(baselines)}"
        )
    predictions = {}
    with threadpool_limits(threads):
        for name, fit in baselines.items():
            began = time.monotonic()
            predictions[name] = fit(*splits, seed=seed, **options, **settings.get(name, {}))
            log.info("baseline %s fitted in %.0f s", name, time.monotonic() - began)
    return predictions


def write_baselines(
    path: str | os.PathLike,
    fitted: Fitted,
    *,
    inputs: Sequence[str | os.PathLike] = (),
) -> None:
    """Write predictions as HDF5: a group per baseline, with `valid`, `test` and its `spread`.

    The group of a baseline that is left out has the attribute `left_out`, the reason.
    """
    with create_file(path, "baselines", inputs=inputs) as file:
        for name, predictions in fitted.items():
            group = file.create_group(name)
            if isinstance(predictions, LeftOut):
                log.warning("baseline %s is left out: %s", name, predictions.reason)
                group.attrs["left_out"] = predictions.reason
                continue
            for split in ("valid", "test"):
                group.create_dataset(split, data=getattr(predictions, split), compression="gzip")
            if predictions.spread is not None:
                group.attrs["spread"] = predictions.spread


def read_baselines(path: str | os.PathLike) -> dict[str, Predictions | LeftOut]:
    """Read what `write_baselines` wrote."""
    with open_kind(path, "baselines") as file:
        return {
            name: LeftOut(group.attrs["left_out"])
            if "left_out" in group.attrs
            else Predictions(group["valid"][:], group["test"][:], group.attrs.get("spread"))
            for name, group in file.items()
        }
