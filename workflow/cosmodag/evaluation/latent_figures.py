"""Figures of latents and of what images lose by way of them."""

import os
from collections.abc import Mapping

import numpy as np

from cosmodag.evaluation.drawing import NETWORK, QUIET, WARM, drawing
from cosmodag.evaluation.names import baseline_title


def similarities(path: str | os.PathLike, similarity: Mapping[str, np.ndarray]) -> None:
    """Draw how the structural similarity of images is distributed, of each method."""
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
    """Draw the variance of each number's mean and the mean variance left of it, in falling order.

    The line is the variance from which on a number counts as in use.
    """
    order = np.argsort(variances)[::-1]
    places = np.arange(1, len(order) + 1)
    with drawing(path, 4.6, 3.2) as figure:
        axis = figure.subplots()
        axis.axhline(active, color=QUIET, linewidth=1)
        axis.semilogy(places, variances[order], "o", color=NETWORK, markersize=4, label="of means")
        axis.semilogy(
            places, left[order], "o", color=WARM, markersize=4, fillstyle="none", label="left"
        )
        axis.set(xlabel="number of the latent, in falling order", ylabel="variance")
        axis.xaxis.get_major_locator().set_params(integer=True)
        axis.legend(fontsize=7)
