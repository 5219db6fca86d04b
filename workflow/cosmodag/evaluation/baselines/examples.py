"""Input and output of every baseline."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd


class Examples(NamedTuple):
    """One split as arrays.

    `x` (N, *space, C) float32: the network's input, channels last. `y`: masks (N, *map) bool, or
    float with NaN in unknown pixels, or numbers (N,) float. `index`: one row an example, with the
    covariates that say where it lies. `channels`: names of the channels of `x`. `light`: what `x`
    is without noise, shaped alike, and `flux_unit`: nanomaggies that a value of 1 stands for, where
    these are known. `selection` (N, *space): expected number of galaxies in each cell in units of
    its mean, 0 in unknown cells, where a survey observes a part of the cells.
    """

    x: np.ndarray
    y: np.ndarray
    index: pd.DataFrame
    channels: tuple[str, ...] = ()
    light: np.ndarray | None = None
    flux_unit: float | None = None
    selection: np.ndarray | None = None


class Predictions(NamedTuple):
    """Predictions for the validation and the test split, each shaped like its `y`, float32.

    A prediction is NaN outside the sample of a slow baseline. `spread` is
    the standard deviation of a predicted number, None for probabilities.
    """

    valid: np.ndarray
    test: np.ndarray
    spread: float | None = None


class LeftOut(NamedTuple):
    """Why there are no predictions of a baseline, as the end of a sentence."""

    reason: str


Fitted = Mapping[str, Predictions | LeftOut]
"""Predictions of baselines by name, or why there are none."""


def subset(examples: Examples, most: int, seed: int) -> Examples:
    """Return at most `most` examples, drawn without replacement and kept in order."""
    if len(examples.x) <= most:
        return examples
    rows = np.random.default_rng(seed).choice(len(examples.x), most, replace=False)
    rows.sort()
    return taken(examples, rows)


def taken(examples: Examples, rows: np.ndarray) -> Examples:
    """Return some rows of examples."""
    index = examples.index.iloc[rows].reset_index(drop=True)
    light = None if examples.light is None else examples.light[rows]
    selection = None if examples.selection is None else examples.selection[rows]
    return examples._replace(
        x=examples.x[rows], y=examples.y[rows], index=index, light=light, selection=selection
    )
