"""Figures of clusters of galaxies: their members, their map, and outliers."""

import os
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib import colormaps

from cosmodag.evaluation.drawing import QUIET, drawing
from cosmodag.galaxies.clusters.cluster_models import UNCLUSTERED

SHOWN = 9
"""Galaxies that are shown of each cluster."""
UNMEASURED = "not measured"
_SIDE = 0.68
_COLOURS = [*colormaps["tab10"](range(10)), *colormaps["Set3"](range(12))]


def draw_members(path: str | os.PathLike, rows: Sequence[tuple[str, Sequence[np.ndarray]]]) -> None:
    """Draw members of each cluster in a row.

    Parameters
    ----------
    path : path-like
        SVG to write.
    rows : sequence of (str, sequence of numpy.ndarray, shape (S, S, 3))
        Title of each cluster and colour images of its members, see `member_rows`.
    """
    with drawing(path, 7.2, 0.1 + 0.75 * max(len(rows), 1)) as figure:
        figure.set_layout_engine("none")
        width, height = figure.get_size_inches()
        for row, (title, images) in enumerate(rows):
            top = 0.05 + 0.75 * row
            figure.text(0, 1 - (top + _SIDE / 2) / height, title, va="center", fontsize=7)
            for column, image in enumerate(images):
                left, bottom = (0.95 + 0.7 * column) / width, 1 - (top + _SIDE) / height
                axes = figure.add_axes((left, bottom, _SIDE / width, _SIDE / height))
                axes.imshow(image, origin="lower")
                axes.set_axis_off()


def draw_map(path: str | os.PathLike, positions: np.ndarray, clusters: np.ndarray) -> None:
    """Draw examples on a map, coloured by cluster.

    Parameters
    ----------
    path : path-like
        SVG to write.
    positions : numpy.ndarray, shape (N, 2)
        Positions on the t-SNE map.
    clusters : numpy.ndarray, shape (N,), int
        Cluster of each example.
    """
    with drawing(path, 4.6, 4.4) as figure:
        axis = figure.subplots()
        for cluster in np.unique(clusters):
            members = positions[clusters == cluster]
            colour = QUIET if cluster == UNCLUSTERED else _COLOURS[cluster % len(_COLOURS)]
            axis.plot(
                *members.T,
                "o",
                color=colour,
                markersize=2.5,
                markeredgewidth=0,
                label=cluster_title(cluster),
            )
        axis.set(xticks=[], yticks=[], xlabel="t-SNE of the latent space", aspect="equal")
        axis.legend(fontsize=7, markerscale=2, loc="best")


def draw_outliers(
    path: str | os.PathLike, images: Sequence[np.ndarray], scores: Sequence[float]
) -> None:
    """Draw outliers with their scores.

    Parameters
    ----------
    path : path-like
        SVG to write.
    images : sequence of numpy.ndarray, shape (S, S, 3)
        Colour images.
    scores : sequence of float
        Outlier score of each image.
    """
    columns = min(len(images), 6)
    rows = -(-len(images) // columns)
    with drawing(path, 7.2, 1.35 * rows) as figure:
        axes = figure.subplots(rows, columns, squeeze=False).ravel()
        for axis in axes:
            axis.set_axis_off()
        for axis, image, score in zip(axes, images, scores):
            axis.imshow(image, origin="lower")
            axis.set_title(f"{score:.1f}", fontsize=7, loc="center", pad=2)


def cluster_title(cluster: int) -> str:
    """Return the title of a cluster.

    Parameters
    ----------
    cluster : int
        Label of the cluster.

    Returns
    -------
    str

    Examples
    --------
    >>> cluster_title(2), cluster_title(-1)
    ('cluster 2', 'in no cluster')
    """
    if cluster == UNCLUSTERED:
        return "in no cluster"
    return f"cluster {cluster}" if cluster >= 0 else UNMEASURED


def member_rows(
    clusters: np.ndarray, images: Mapping[int, Sequence[np.ndarray]]
) -> list[tuple[str, Sequence[np.ndarray]]]:
    """Return the rows of `draw_members`, with the fraction of examples in each cluster.

    Parameters
    ----------
    clusters : numpy.ndarray, shape (N,), int
        Cluster of each example.
    images : mapping from int to sequence of numpy.ndarray, shape (S, S, 3)
        Colour images of members of each cluster.

    Returns
    -------
    list of (str, sequence of numpy.ndarray)
    """
    order = sorted(images, key=lambda cluster: (cluster < 0, cluster))
    return [
        (f"{cluster_title(cluster)}\n{np.mean(clusters == cluster):.1%}", images[cluster])
        for cluster in order
    ]
