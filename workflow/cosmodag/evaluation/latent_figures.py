"""Figures of latents and of the similarity of reconstructions."""

import os
from collections.abc import Mapping

import numpy as np

from cosmodag.evaluation.drawing import NETWORK, QUIET, WARM, drawing
from cosmodag.evaluation.names import baseline_title


def similarities(path: str | os.PathLike, similarity: Mapping[str, np.ndarray]) -> None:
    """Draw the distribution of the structural similarity of images, for each method."""
    every = np.concatenate(list(similarity.values()))
    edges = np.linspace(every.min(), max(1.0, every.max()), 41)
    with drawing(path, 4.6, 3.2) as figure:
        axis = figure.subplots()
        for ink, (name, values) in zip((NETWORK, WARM, QUIET), similarity.items()):
            axis.hist(
                values,
                edges,
                histtype="step",
                color=ink,
                label=f"{baseline_title(name)}, median {np.median(values):.2f}",
            )
        axis.set(xlabel="structural similarity", ylabel="images")
        axis.legend(fontsize=7)


def variances(
    path: str | os.PathLike, variances: np.ndarray, left: np.ndarray, active: float
) -> None:
    """Draw the variance of the means and the mean variance of each latent dimension, descending.

    The line is the variance above which a dimension counts as active.
    """
    order = np.argsort(variances)[::-1]
    places = np.arange(1, len(order) + 1)
    with drawing(path, 4.6, 3.2) as figure:
        axis = figure.subplots()
        axis.axhline(active, color=QUIET, linewidth=1)
        axis.semilogy(places, variances[order], "o", color=NETWORK, markersize=4, label="of means")
        axis.semilogy(
            places,
            left[order],
            "o",
            color=WARM,
            markersize=4,
            fillstyle="none",
            label="mean of variances",
        )
        axis.set(xlabel="latent dimension, by descending variance", ylabel="variance")
        axis.xaxis.get_major_locator().set_params(integer=True)
        axis.legend(fontsize=7)
