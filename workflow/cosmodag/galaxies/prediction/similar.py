"""Galaxies of a dataset that are most similar to new images, by the latents of a run."""

import logging
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from cosmodag.datasets.folder import open_maps, read_index
from cosmodag.datasets.maps import Maps
from cosmodag.datasets.splits import SPLITS
from cosmodag.errors import InputError
from cosmodag.evaluation.drawing import figure_files
from cosmodag.evaluation.latents import active, read_latents
from cosmodag.evaluation.trained_run import TrainedRun
from cosmodag.galaxies.cutouts.galaxy_stamps import CURE, usable_stamps
from cosmodag.galaxies.prediction.gallery import StampImages, draw_similar
from cosmodag.galaxies.prediction.prediction_table import named_outputs, write_prediction_table
from cosmodag.galaxies.prediction.trained_stamps import (
    PredictionRuns,
    network_inputs,
    open_runs,
    stamp_batches,
)
from cosmodag.galaxies.stamps.stamp_format import StampFormat
from cosmodag.galaxies.stamps.stamp_inputs import open_stamps
from cosmodag.imaging.band_channels import band_names
from cosmodag.json_files import write_json
from cosmodag.rejections import Rejections

N_SIMILAR = 8
"""Galaxies that are found for each image by default."""
NOT_SHOWN = ("content", "shard", "row")
"""Columns of an index that only say where and how an example is stored."""
MAX_SHOWN = 12
"""Images that the figure shows with the galaxies found for them."""

logger = logging.getLogger(__name__)


class LatentSpace:
    """All galaxies of a dataset in the active dimensions of the latents of a run.

    If no dimension is active, all count, with a warning.

    Parameters
    ----------
    run : TrainedRun
        Run of the task latent.
    **options
        Device and threads of `read_latents`.

    Attributes
    ----------
    index : pandas.DataFrame
        Indices of all splits, one after the other, with the column split.
    maps : dict from str to Maps
        Images of each split.
    """

    def __init__(self, run: TrainedRun, **options):
        latents = read_latents(run.folder, run.dataset_folder, **options)
        self._is_active = active(latents)
        if not self._is_active.any():
            logger.warning(
                "%s: none of its latent dimensions is active, so near galaxies are not similar: "
                "train longer",
                run.folder,
            )
            self._is_active[:] = True
        by_split = {split: read_index(run.dataset_folder, split) for split in SPLITS}
        self.index = pd.concat(
            [each.assign(split=split) for split, each in by_split.items()], ignore_index=True
        )
        self.maps: dict[str, Maps] = {
            split: open_maps(run.dataset_folder, split, run.dataset, each)
            for split, each in by_split.items()
        }
        self._first = dict(zip(SPLITS, np.cumsum([0, *map(len, by_split.values())])))
        self._tree = cKDTree(self._columns(np.concatenate([latents[split] for split in SPLITS])))
        own, _ = cKDTree(training := self._columns(latents["train"])).query(training, k=2)
        self.unit = float(np.median(own[:, 1])) or 1.0

    def nearest(self, latents: np.ndarray, number: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the nearest galaxies of the dataset.

        Parameters
        ----------
        latents : numpy.ndarray, shape (N, L)
            Latents of N images.
        number : int
            Galaxies to find for each.

        Returns
        -------
        rows : numpy.ndarray, shape (N, number), int
            Rows of `index`, the nearest first.
        distances : numpy.ndarray, shape (N, number), float64
            In units of the median distance of a training galaxy to its nearest neighbour.
        """
        distances, rows = self._tree.query(self._columns(latents), k=np.arange(1, number + 1))
        return rows, distances / self.unit

    def images(self, rows: np.ndarray) -> np.ndarray:
        """Return the images (N, S, S, C) of rows (N,) of `index`."""
        splits = self.index["split"].to_numpy()[rows]
        within = [row - self._first[split] for split, row in zip(splits, rows)]
        parts = [self.maps[split].x(np.array([row])) for split, row in zip(splits, within)]
        return np.concatenate(parts)

    def _columns(self, latents: np.ndarray) -> np.ndarray:
        return latents[:, self._is_active].astype(np.float64)


def find_similar(
    paths: Sequence[str | os.PathLike],
    output: str | os.PathLike,
    run: str | os.PathLike,
    stamp_format: StampFormat | None = None,
    *,
    number: int = N_SIMILAR,
    dataset: str | os.PathLike | None = None,
    headers: str | os.PathLike | None = None,
    figure: str | os.PathLike | None = None,
    device: str = "auto",
    threads: int | None = None,
) -> pd.DataFrame:
    """Find the galaxies of a dataset that are most similar to each stamp, and draw them.

    Similar are galaxies whose latents are near, in the dimensions that are active. An image of the
    dataset itself finds itself first.

    Parameters
    ----------
    paths : sequence of path-like
        Folders, lists or files of stamps, see `open_stamps`.
    output : path-like
        Table to write, CSV, Parquet or FITS, with `number` rows per stamp and the columns

        - `id`, the name of the stamp, and `rank`, from 1 for the most similar galaxy;
        - `similar`, the id of that galaxy, and `split`, its split of the dataset;
        - `distance`, in units of the median distance of a training galaxy to its nearest one;
        - `similar_<column>`, all that the index of the dataset has of it, such as its labels.

        Beside it a file of the same name, ``.json``, records what it was made from.
    run : path-like
        Run of the task latent.
    stamp_format : StampFormat, optional
        Properties that files do not record.
    number : int
        Galaxies to find for each stamp.
    dataset : path-like, optional
        Dataset that the run was trained on; searched beside the run by default.
    headers : path-like, optional
        Table of the headers of the files of a list, see `open_path_list`.
    figure : path-like, optional
        SVG of the first 12 stamps beside their galaxies; by default beside the table.
    device, threads
        See `cosmodag.training.prediction.predict`.

    Returns
    -------
    pandas.DataFrame
        The table.

    Raises
    ------
    InputError
        If the run has another task or other bands, the dataset has fewer galaxies than `number`,
        or too many stamps cannot be used.
    """
    output, figure = named_outputs(output, figure)
    options = {"device": device, "threads": threads}
    trained = open_runs(PredictionRuns(latent=run, latent_dataset=dataset), **options)["latent"]
    bands = band_names(trained.dataset["x_channels"])
    stamps = open_stamps(paths, bands, stamp_format, headers=headers, threads=threads or 1)
    space = LatentSpace(trained, **options)
    if not 1 <= number <= len(space.index):
        raise InputError(
            f"number {number}: {trained.dataset_folder} has {len(space.index)} galaxies to choose "
            "from; give fewer"
        )
    rejections = stamps.rejections or Rejections("stamps")
    tables: list[pd.DataFrame] = []
    shown: list[tuple[np.ndarray, np.ndarray]] = []
    for batch in stamp_batches(usable_stamps(stamps, rejections)):
        x, index = network_inputs(batch, stamps, trained)
        rows, distances = space.nearest(trained.encode(x), number)
        tables.append(_table(index["id"].to_numpy(), rows, distances, space.index))
        shown += zip(x[: MAX_SHOWN - len(shown)], rows)
    rejections.check(stamps.name, stamps.n_stamps, CURE)
    table = pd.concat(tables, ignore_index=True)
    write_prediction_table(output, table)
    pictures = [np.concatenate([x[np.newaxis], space.images(rows)]) for x, rows in shown]
    draw_similar(figure, [StampImages(each, bands) for each in pictures], table)
    write_json(
        output.with_suffix(".json"),
        {
            "experiment": "galaxies",
            "run": trained.folder.name,
            "n": stamps.n_stamps,
            "number": number,
        },
        inputs=[Path(run) / "run.json", *stamps.paths],
        files=[output, rejections.write(output), *figure_files(figure)],
    )
    logger.info("%d galaxies: %d similar ones each", len(table) // number, number)
    return table


def _table(
    names: np.ndarray, rows: np.ndarray, distances: np.ndarray, index: pd.DataFrame
) -> pd.DataFrame:
    """Return the table of stamps (N,) and the rows (N, number) of an index found for each."""
    n_stamps, number = rows.shape
    found = index.iloc[rows.ravel()].reset_index(drop=True)
    others = found.drop(columns=[*NOT_SHOWN, "id", "split"], errors="ignore")
    others = others.add_prefix("similar_")
    columns = {
        "id": np.repeat(names, number),
        "rank": np.tile(np.arange(1, number + 1), n_stamps),
        "similar": found["id"].to_numpy(),
        "split": found["split"].to_numpy(),
        "distance": distances.ravel(),
    }
    return pd.concat([pd.DataFrame(columns), others], axis=1)
