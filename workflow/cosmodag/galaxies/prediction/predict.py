"""Trained networks applied to images of galaxies: parameters, latents, groups, and doubts."""

import itertools
import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from cosmodag.errors import InputError
from cosmodag.evaluation.trained_run import BATCH, TrainedRun
from cosmodag.files import whole_file
from cosmodag.galaxies.clusters.grouping_file import KeptGrouping, read_grouping
from cosmodag.galaxies.cutouts.galaxy_stamps import cut_stamp
from cosmodag.galaxies.prediction.gallery import MOST, Pictures, gallery
from cosmodag.galaxies.prediction.parameters import parameters_told
from cosmodag.galaxies.prediction.prediction_table import said
from cosmodag.galaxies.prediction.training_distribution import TrainingDistribution
from cosmodag.galaxies.stamps.stamp_files import StampFormat
from cosmodag.galaxies.stamps.stamp_inputs import open_stamps
from cosmodag.galaxies.stamps.stamps_file import Stamp, StampCollection
from cosmodag.imaging.band_channels import IMAGE, band_channels, band_indices, band_names
from cosmodag.provenance import file_hash

logger = logging.getLogger(__name__)

CUT = ("larger", "padding", "flux_unit")
"""What a dataset tells of how its stamps were brought to one size, beside shape and channels."""
KNOWN = ("ra", "dec", "stamp_side", "measured_noise", "psf")
"""Columns of a stamp that are kept beside what networks say of it."""
ENDINGS = (".csv", ".parquet")
TASKS = {"parameters": ("count", "regression"), "latent": ("latent",)}
"""Tasks of a run that suit what it is given for."""


def predict_galaxies(
    paths: Sequence[str | os.PathLike],
    output: str | os.PathLike,
    *,
    parameters: str | os.PathLike | None = None,
    latent: str | os.PathLike | None = None,
    clusters: str | os.PathLike | None = None,
    parameters_dataset: str | os.PathLike | None = None,
    latent_dataset: str | os.PathLike | None = None,
    pixel: float | None = None,
    psf: float | None = None,
    bands: Sequence[str] | None = None,
    stack: str = "images",
    figure: str | os.PathLike | None = None,
    device: str = "auto",
    threads: int | None = None,
) -> pd.DataFrame:
    """Predict parameters, latents and groups of stamps; write a table and a figure of the stamps.

    Stamps are brought to the size, flux unit and padding that a run's own examples were cut with,
    and told what these were told: the point-spread function as it is given, the noise as it is
    measured on the stamp. A network knows pixels alone: angular sizes that it was taught at another
    scale are multiplied by the ratio of the pixels.

    Parameters
    ----------
    paths
        Folders, lists, files: see `open_stamps`.
    output
        Table to write, CSV or Parquet by its ending: a row a stamp with its `id`; each parameter
        with the ends of its 68 % interval; `latent_0`, …; `group` and its `outlier` score among
        latents; the `distance` from the training split (see `TrainingDistribution`), whether it is
        `outside`, that is above 1, and a `warning` in words, empty where there is none.
    parameters
        A run of task count or regression.
    latent
        A run of task latent.
    clusters
        Folder of groups of that run's latents, with grouping.h5.
    parameters_dataset, latent_dataset
        What the runs were trained on, where it does not lie beside them: see `TrainedRun`.
    pixel, psf
        Arcsec a pixel, and full width at half maximum of the point-spread function in arcsec, for
        stamps that do not tell them.
    bands
        Bands in the order of files that do not name theirs; the run's if absent.
    stack
        Name of the stack (N, bands, y, x) in HDF5 files.
    figure
        SVG to write; beside the table under its name if absent.
    device, threads
        As `cosmodag.training.prediction.predict` takes them.

    Raises
    ------
    InputError
        No run is given, or one of another task; bands differ from the run's; a stamp is not finite;
        a point-spread function that the network must be told is not given; nothing is accepted.
    """
    output = Path(output)
    figure = output.with_suffix(".svg") if figure is None else Path(figure)
    for path, endings in ((output, ENDINGS), (figure, (".svg",))):
        if path.suffix not in endings:
            raise InputError(f"{path}: end its name in {' or '.join(endings)}")
    folders = {"parameters": (parameters, parameters_dataset), "latent": (latent, latent_dataset)}
    runs = _runs(folders, device=device, threads=threads)
    wanted = band_names(next(iter(runs.values())).dataset["x_channels"])
    kept = None if clusters is None else _grouping(clusters, runs.get("latent"))
    stamp_format = StampFormat(bands=bands, pixel=pixel, psf=psf, dataset=stack)
    stamps = open_stamps(paths, wanted, stamp_format, threads=threads or 1)
    distribution = TrainingDistribution(next(iter(runs.values())).dataset_folder)
    tables, pictures = [], []
    for part in _parts(stamps.stamps):
        cut = {name: _cut(part, stamps, run) for name, run in runs.items()}
        x, index = next(iter(cut.values()))
        told = {name: index[name].to_numpy() for name in KNOWN if name in index}
        if "parameters" in runs:
            told |= parameters_told(runs["parameters"], cut["parameters"][0], stamps.pixel)
        if "latent" in runs:
            told |= _latents_told(runs["latent"], cut["latent"][0], kept)
        told |= _doubts(distribution, x, index, stamps.pixel)
        tables.append(pd.DataFrame({"id": index["id"].to_numpy()} | told))
        pictures.append(x[: max(0, MOST - sum(map(len, pictures)))])
    table = pd.concat(tables, ignore_index=True)
    with whole_file(output) as partial:
        if output.suffix == ".csv":
            table.to_csv(partial, index=False)
        else:
            table.to_parquet(partial, index=False)
    columns = runs["parameters"].description["task"]["columns"] if "parameters" in runs else []
    gallery(figure, Pictures(np.concatenate(pictures), wanted), table, columns)
    logger.info("%s", said(table))
    return table


def _runs(
    folders: Mapping[str, tuple[str | os.PathLike | None, str | os.PathLike | None]], **options
) -> dict[str, TrainedRun]:
    """The runs that are given, with their datasets, each of a task that suits what it is for."""
    runs = {
        name: TrainedRun(folder, dataset, **options)
        for name, (folder, dataset) in folders.items()
        if folder is not None
    }
    if not runs:
        raise InputError("no run is given: name one by parameters, by latent, or both")
    first = next(iter(runs.values()))
    for name, run in runs.items():
        _check_task(run, TASKS[name])
        theirs, ours = (band_names(each.dataset["x_channels"]) for each in (run, first))
        if theirs != ours:
            raise InputError(
                f"{run.folder}: reads bands {', '.join(theirs)}, and {first.folder} "
                f"{', '.join(ours)}; give runs on the same bands"
            )
    return runs


def _check_task(run: TrainedRun, tasks: Sequence[str]) -> None:
    found = run.description["task"]["name"]
    if found not in tasks:
        raise InputError(f"{run.folder}: its task is {found}; give a run of {' or '.join(tasks)}")
    if run.dataset["experiment"] != "galaxies" or None in _cutting(run.dataset).values():
        raise InputError(
            f"{run.dataset_folder}: does not say how stamps were brought to one size; give a run "
            "on what `cosmodag galaxies cutouts` cut"
        )


def _grouping(folder: str | os.PathLike, latent: TrainedRun | None) -> KeptGrouping:
    """Groups of latents, if they are those of the run."""
    if latent is None:
        raise InputError(f"{folder}: groups are of latents; give the run of task latent too")
    kept = read_grouping(Path(folder) / "grouping.h5")
    if kept.model != file_hash(latent.folder / "model.pt"):
        raise InputError(
            f"{folder}: its groups are of the latents of {kept.run}, as it was then, and not of "
            f"{latent.folder}; group these"
        )
    return kept


def _cutting(dataset: Mapping) -> dict:
    """How the stamps of a dataset were brought to one size."""
    named = dataset["x_channels"]
    settings = {name: dataset["examples"][0].get(name) for name in CUT}
    conditions = named[len(band_indices(named)) :]
    return settings | {"side": dataset["shapes"]["x"][0], "conditions": conditions}


def _parts(stamps: Iterator[Stamp]) -> Iterator[list[Stamp]]:
    """Stamps a few at a time, to be gone through more than once."""
    while some := list(itertools.islice(stamps, BATCH)):
        yield some


def _cut(
    part: Sequence[Stamp], stamps: StampCollection, run: TrainedRun
) -> tuple[np.ndarray, pd.DataFrame]:
    """Images (N, S, S, C) of stamps as a run's dataset holds its own, and their index."""
    cutting = _cutting(run.dataset)
    untold = [stamp.id for stamp in part if "psf" not in stamp.metadata]
    if untold and "psf" in cutting["conditions"]:
        raise InputError(
            f"{stamps.name}: {run.folder} must be told the width of the point-spread function of "
            f"{untold[0]}, which is not known; give psf in arcsec"
        )
    cut = [cut_stamp(stamp, stamps, **cutting) for stamp in part]
    x = np.stack([each.x for each in cut])
    run.check(
        stamps.name, [*band_channels(stamps.bands, IMAGE), *cutting["conditions"]], x.shape[1:]
    )
    return x, pd.DataFrame([each.row for each in cut])


def _latents_told(
    run: TrainedRun, x: np.ndarray, kept: KeptGrouping | None
) -> dict[str, np.ndarray]:
    """Columns of latents, and of their groups where there are any."""
    latents = run.encode(x)
    columns = {f"latent_{number}": values for number, values in enumerate(latents.T)}
    if kept is None:
        return columns
    return columns | {"group": kept.predict(latents), "outlier": kept.outlier_score(latents)}


def _doubts(
    distribution: TrainingDistribution, x: np.ndarray, index: pd.DataFrame, pixel: float
) -> dict[str, np.ndarray]:
    """Columns that say which stamps are unlike those of training, and why."""
    distance = distribution.distances(x)
    warnings = []
    for far, row in zip(distance, index.to_dict("records")):
        words = distribution.beyond(row, pixel)
        if far > 1:
            words.insert(0, "outside the training distribution")
        warnings.append("; ".join(words))
    return {"distance": distance, "outside": distance > 1, "warning": np.array(warnings, object)}
