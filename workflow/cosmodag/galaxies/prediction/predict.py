"""Inference on new images of galaxies: parameters, latents, clusters and warnings."""

import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from cosmodag.errors import InputError
from cosmodag.evaluation.drawing import figure_files
from cosmodag.evaluation.trained_run import TrainedRun
from cosmodag.galaxies.clusters.cluster_file import FILE_NAME, LatentClusters, read_clusters
from cosmodag.galaxies.cutouts.galaxy_stamps import CURE, usable_stamps
from cosmodag.galaxies.prediction.gallery import MAX_IMAGES, StampImages, draw_gallery
from cosmodag.galaxies.prediction.parameter_prediction import predict_parameters
from cosmodag.galaxies.prediction.prediction_table import (
    named_outputs,
    summarize,
    write_prediction_table,
)
from cosmodag.galaxies.prediction.trained_stamps import (
    PredictionRuns,
    network_inputs,
    open_runs,
    stamp_batches,
)
from cosmodag.galaxies.prediction.training_distribution import TrainingDistribution
from cosmodag.galaxies.stamps.stamp_catalogue import StampCatalogue
from cosmodag.galaxies.stamps.stamp_files import MASKED
from cosmodag.galaxies.stamps.stamp_format import StampFormat
from cosmodag.galaxies.stamps.stamp_images import segment_columns
from cosmodag.galaxies.stamps.stamp_inputs import open_stamps
from cosmodag.galaxies.stamps.stamps_file import StampCollection
from cosmodag.imaging.band_channels import band_names
from cosmodag.json_files import write_json
from cosmodag.provenance import file_hash
from cosmodag.rejections import Rejections

logger = logging.getLogger(__name__)

STAMP_COLUMNS = ("ra", "dec", "stamp_side", "measured_noise", "psf", MASKED)
"""Columns of the index that the table of predictions has."""


def predict_galaxies(
    paths: Sequence[str | os.PathLike],
    output: str | os.PathLike,
    runs: PredictionRuns,
    stamp_format: StampFormat | None = None,
    *,
    headers: str | os.PathLike | None = None,
    catalogue: StampCatalogue | None = None,
    figure: str | os.PathLike | None = None,
    device: str = "auto",
    threads: int | None = None,
) -> pd.DataFrame:
    """Predict parameters, latents and clusters of stamps, and draw a gallery.

    Stamps are cropped or padded with the settings of the run's dataset. Networks that take
    observing conditions get the given point-spread function and the noise measured on each stamp.
    Angular sizes are converted to the pixel scale of the stamps.

    Parameters
    ----------
    paths : sequence of path-like
        Folders, lists or files of stamps, see `open_stamps`.
    output : path-like
        Table to write, CSV, Parquet or FITS, with one row per stamp and the columns

        - `id`, the name of the stamp;
        - `ra`, `dec` (degrees), `stamp_side` (pixels), `measured_noise` (nanomaggies per pixel),
          `psf` (arcsec), `masked_fraction`, `segment_magnitude` (AB) and the columns of the
          catalogue, where they are known;
        - each parameter, in the unit of the training set, and its 68 % interval with the endings
          `_low` and `_high`;
        - `latent_0`, `latent_1`, …;
        - `cluster`, -1 for none, and `outlier_score`, the mean distance to the nearest training
          latents in units of its median over the training split;
        - `distance` from the training distribution (see `TrainingDistribution`), `outside`, whether
          it is above 1 or point-spread function, noise or size lie outside their training ranges,
          and `warning`, the reasons as text.
    runs : PredictionRuns
    stamp_format : StampFormat, optional
        Properties that files do not record. Its bands default to those of the runs.
        Beside it a file of the same name, ``.json``, records what it was made from.
    headers : path-like, optional
        Table of the headers of the files of a list, see `open_path_list`.
    catalogue : StampCatalogue, optional
        Catalogue of the galaxies, whose columns the table has after those of the stamps.
    figure : path-like, optional
        SVG of the gallery; by default beside the table.
    device, threads
        See `cosmodag.training.prediction.predict`.

    Returns
    -------
    pandas.DataFrame
        The table.

    Raises
    ------
    InputError
        If no run is given or a run has another task, the bands differ from those of a run, too many
        stamps cannot be used, or the point-spread function is unknown to a network that needs it.
    """
    output, figure = named_outputs(output, figure)
    trained = open_runs(runs, device=device, threads=threads)
    first = next(iter(trained.values()))
    bands = band_names(first.dataset["x_channels"])
    clusters = None
    if runs.clusters is not None:
        clusters = _open_clusters(runs.clusters, trained.get("latent"))
    stamps = open_stamps(
        paths, bands, stamp_format, headers=headers, catalogue=catalogue, threads=threads or 1
    )
    own = () if catalogue is None else catalogue.format.columns
    known = list(dict.fromkeys((*STAMP_COLUMNS, *segment_columns(bands), *own)))
    distribution = TrainingDistribution(first.dataset_folder)
    rejections = stamps.rejections or Rejections("stamps")
    tables: list[pd.DataFrame] = []
    images: list[np.ndarray] = []
    for batch in stamp_batches(usable_stamps(stamps, rejections)):
        inputs = {name: network_inputs(batch, stamps, run) for name, run in trained.items()}
        x, index = next(iter(inputs.values()))
        columns = {name: index[name].to_numpy() for name in known if name in index}
        if "parameters" in trained:
            x_parameters, _ = inputs["parameters"]
            columns |= predict_parameters(trained["parameters"], x_parameters, stamps.pixel)
        if "latent" in trained:
            x_latent, _ = inputs["latent"]
            columns |= _latent_columns(trained["latent"], x_latent, clusters)
        columns |= _warning_columns(distribution, x, index, stamps.pixel)
        tables.append(pd.DataFrame({"id": index["id"].to_numpy()} | columns))
        images.append(x[: max(0, MAX_IMAGES - sum(len(array) for array in images))])
    rejections.check(stamps.name, stamps.n_stamps, CURE)
    table = pd.concat(tables, ignore_index=True)
    write_prediction_table(output, table)
    parameters: Sequence[str] = ()
    if "parameters" in trained:
        parameters = trained["parameters"].description["task"]["columns"]
    draw_gallery(figure, StampImages(np.concatenate(images), bands), table, parameters)
    _write_record(output, figure, trained, runs.clusters, stamps, rejections.write(output))
    logger.info("%s", summarize(table))
    return table


def _write_record(
    output: Path,
    figure: Path,
    trained: Mapping[str, TrainedRun],
    clusters: str | os.PathLike | None,
    stamps: StampCollection,
    rejected: Path,
) -> None:
    """Write what made a table and its gallery beside the table, as JSON."""
    inputs = [run.folder / "run.json" for run in trained.values()]
    inputs += [] if clusters is None else [Path(clusters) / FILE_NAME]
    write_json(
        output.with_suffix(".json"),
        {
            "experiment": "galaxies",
            "runs": {name: run.folder.name for name, run in trained.items()},
            "n": stamps.n_stamps,
        },
        inputs=[*inputs, *stamps.paths],
        files=[output, rejected, *figure_files(figure)],
    )


def _open_clusters(folder: str | os.PathLike, latent: TrainedRun | None) -> LatentClusters:
    """Read clusters, and check that they are of the given run."""
    if latent is None:
        raise InputError(f"{folder}: clusters need the run of the task latent; set latent")
    clusters = read_clusters(Path(folder) / FILE_NAME)
    if clusters.model_hash != file_hash(latent.folder / "model.pt"):
        raise InputError(
            f"{folder}: its clusters are of another training of the run {clusters.run} than "
            f"{latent.folder}; run `cosmodag galaxies cluster` for this run"
        )
    return clusters


def _latent_columns(
    run: TrainedRun, x: np.ndarray, clusters: LatentClusters | None
) -> dict[str, np.ndarray]:
    """Return the columns of latents, clusters and outlier scores."""
    latents = run.encode(x)
    columns = {f"latent_{dimension}": values for dimension, values in enumerate(latents.T)}
    if clusters is None:
        return columns
    return columns | {
        "cluster": clusters.predict(latents),
        "outlier_score": clusters.outlier_score(latents),
    }


def _warning_columns(
    distribution: TrainingDistribution, x: np.ndarray, index: pd.DataFrame, pixel: float
) -> dict[str, np.ndarray]:
    """Return the columns on images outside the training distribution."""
    distances, reasons = distribution.distances(x, index["stamp_side"].to_numpy())
    warnings = []
    for distance, messages, row in zip(distances, reasons, index.to_dict("records")):
        if distance > 1:
            messages = ["outside the training distribution", *messages]
        warnings.append("; ".join(messages + distribution.range_warnings(row, pixel)))
    return {
        "distance": distances,
        "outside": np.array([warning != "" for warning in warnings]),
        "warning": np.array(warnings, object),
    }
