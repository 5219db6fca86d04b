"""Figures of posteriors: credible regions, and whether they contain what they should."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from scipy import stats

from cosmodag.evaluation.drawing import NETWORK, QUIET, WARM, drawing
from cosmodag.evaluation.names import baseline_title
from cosmodag.evaluation.posterior_scores import N_SAMPLES, REGIONS, JudgedPosteriors
from cosmodag.training.gaussian_mixture import GaussianMixture
from cosmodag.training.parameter_space import ParameterSpace

CELLS = 48
"""Cells of the histogram of samples along each side."""
SAMPLES = 20_000
"""Samples of a drawn posterior."""
SMOOTHING = 1.2
"""Standard deviation in cells of the Gaussian that smooths the histogram."""


def contours(
    path: str | os.PathLike,
    mixtures: Mapping[str, GaussianMixture],
    space: ParameterSpace,
    truth: np.ndarray,
    rows: Sequence[int],
    columns: Sequence[str],
) -> None:
    """Draw credible regions of the first two parameters, a panel per example.

    Parameters
    ----------
    path : path
        File of the figure.
    mixtures : mapping from str to GaussianMixture
        Posteriors of the network and of one baseline.
    space : ParameterSpace
    truth : numpy.ndarray, shape (N, K)
    rows : sequence of int
        Examples to draw.
    columns : sequence of str
        Names of the parameters.
    """
    names = [name.replace("_", " ") for name in columns[:2]]
    edges = _edges(mixtures, space, rows)
    with drawing(path, 7.2, 2.4) as figure:
        axes = figure.subplots(1, len(rows), sharex=True, sharey=True, squeeze=False)[0]
        for axis, row in zip(axes, rows):
            for name, mixture in mixtures.items():
                density = _histogram(_samples(mixture, space, row), edges)
                centres = [(each[1:] + each[:-1]) / 2 for each in edges]
                levels = sorted({_level(density, p) for p in REGIONS.values()})
                if name == "network":
                    shades = ["#2f669055", "#2f6690bb"][-len(levels) :]
                    axis.contourf(*centres, density.T, levels=[*levels, np.inf], colors=shades)
                else:
                    axis.contour(*centres, density.T, levels=levels, colors=WARM, linewidths=1)
            axis.plot(*truth[row, :2], "x", color="black", markersize=7)
            axis.set_xlabel(names[0])
        axes[0].set_ylabel(names[1])
        for name in mixtures:
            ink = NETWORK if name == "network" else WARM
            label = name if name == "network" else baseline_title(name)
            axes[0].plot([], [], color=ink, linewidth=4 if name == "network" else 1, label=label)
        figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=2)


def calibration(
    path: str | os.PathLike, results: Mapping[str, JudgedPosteriors], columns: Sequence[str]
) -> None:
    """Draw the coverage of credible regions, and distributions that ought to be uniform.

    Parameters
    ----------
    path : path
        File of the figure.
    results : mapping from str to JudgedPosteriors
        Those of the network and of one baseline.
    columns : sequence of str
        Names of the parameters.
    """
    inks = dict(zip(results, (NETWORK, WARM)))
    with drawing(path, 7.2, 3.4) as figure:
        coverage, uniform = figure.subplots(1, 2)
        for axis in (coverage, uniform):
            axis.plot([0, 1], [0, 1], color=QUIET, linewidth=1)
            _shade_scatter(axis, len(next(iter(results.values())).level))
        for name, each in results.items():
            title = name if name == "network" else baseline_title(name)
            coverage.plot(*_cumulative(each.level), color=inks[name], label=title)
        coverage.set(
            xlabel="probability of the region", ylabel="fraction of truths inside", title="coverage"
        )
        coverage.legend(loc="upper left")
        network = results["network"]
        for k, column in enumerate(columns):
            label = f"SBC of {column.replace('_', ' ')}"
            uniform.plot(*_cumulative(network.rank[:, k]), label=label)
        uniform.plot(*_cumulative(network.nearness), color="black", linestyle="--", label="TARP")
        uniform.set(xlabel="rank", ylabel="cumulative fraction", title="ranks, network")
        uniform.legend(loc="upper left")


def _shade_scatter(axis, n_examples: int) -> None:
    """Shade 95 % of the scatter of the fraction of independent examples below each value."""
    p = np.linspace(0, 1, 101)
    low, high = (stats.binom.ppf(tail, n_examples, p) / n_examples for tail in (0.025, 0.975))
    axis.fill_between(p, low, high, color=QUIET, alpha=0.2, linewidth=0)


def _cumulative(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the cumulative distribution at a hundred values."""
    at = np.linspace(0, 1, 101)
    # A level of 0.68 lies inside the region of 68 %.
    return at, np.searchsorted(np.sort(values), at + 0.5 / N_SAMPLES, side="right") / len(values)


def _samples(mixture: GaussianMixture, space: ParameterSpace, row: int) -> np.ndarray:
    """Return samples of the first two parameters of one posterior."""
    one = GaussianMixture(mixture.log_weight[[row]], mixture.mean[[row]], mixture.factor[[row]])
    samples = one.sample(SAMPLES, torch.Generator().manual_seed(row))
    return space.to_parameters(samples)[0, :, :2].numpy()


def _edges(
    mixtures: Mapping[str, GaussianMixture], space: ParameterSpace, rows: Sequence[int]
) -> list[np.ndarray]:
    """Return the edges of cells that contain almost all samples of all posteriors."""
    samples = np.concatenate([_samples(m, space, row) for m in mixtures.values() for row in rows])
    low, high = np.quantile(samples, [0.0005, 0.9995], axis=0)
    return [np.linspace(*ends, CELLS + 1) for ends in zip(low, high)]


def _histogram(samples: np.ndarray, edges: Sequence[np.ndarray]) -> np.ndarray:
    from scipy.ndimage import gaussian_filter

    counts, *_ = np.histogram2d(samples[:, 0], samples[:, 1], bins=list(edges))
    return gaussian_filter(counts, SMOOTHING, mode="nearest")


def _level(density: np.ndarray, probability: float) -> float:
    """Return the density at the edge of the smallest region with a probability."""
    ordered = np.sort(density.ravel())[::-1]
    return float(ordered[np.searchsorted(np.cumsum(ordered), probability * ordered.sum())])
