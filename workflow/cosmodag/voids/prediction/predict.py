"""Inference of voids in a catalogue of galaxies without labels."""

import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from cosmodag.errors import InputError
from cosmodag.evaluation import figures
from cosmodag.evaluation.baselines.examples import Examples
from cosmodag.evaluation.drawing import figure_files
from cosmodag.evaluation.trained_run import TrainedRun
from cosmodag.files import whole_folder
from cosmodag.json_files import write_json
from cosmodag.rejections import Rejections
from cosmodag.threads import numba_threads
from cosmodag.voids.catalogues.galaxy_catalogue import GalaxyCatalogue, read_galaxies
from cosmodag.voids.grids.box_grid import BoxGrid, grid_box
from cosmodag.voids.outputs import PREDICTION
from cosmodag.voids.prediction.map_files import write_map_file, write_map_images, write_void_tables
from cosmodag.voids.prediction.map_run import MapInput, map_input, map_threshold
from cosmodag.voids.prediction.training_boxes import Comparison, compare
from cosmodag.voids.prediction.training_fields import box_fields, check_periodic
from cosmodag.voids.prediction.void_maps import VoidMaps, predict_box
from cosmodag.voids.prediction.void_regions import find_regions

logger = logging.getLogger(__name__)

N_DRAWN = 3
"""Slabs in the figure."""
LABELS = figures.MapLabels(
    "galaxies (overdensity, asinh)", "predicted voids", "probability", "probability of a void"
)


def predict_voids(
    catalogue: GalaxyCatalogue,
    run_folder: str | os.PathLike,
    output: str | os.PathLike,
    *,
    dataset_folder: str | os.PathLike | None = None,
    grid_file: str | os.PathLike | None = None,
    axes: Sequence[int] = (2,),
    threshold: float | None = None,
    device: str = "auto",
    threads: int | None = None,
) -> pd.DataFrame:
    """Predict void maps of a catalogue with a trained network, and the voids in them.

    Galaxies are assigned to cells of the size of those of training. The box is cut into slabs as
    deep as those of training, and each slab into windows that overlap by half; see
    `cosmodag.voids.prediction.overlapping_windows`.

    Parameters
    ----------
    catalogue : GalaxyCatalogue
        Galaxies in a box.
    run_folder : path-like
        Folder of a trained run of void maps.
    output : path-like
        Folder to write: the maps (``probability.h5``, ``probability.fits``), the catalogue of voids
        (``voids.csv``, ``voids.fits``, see `find_regions`), a figure (``voids.svg``), rows of the
        catalogue that are left out, and ``prediction.json``, which records what they were made from
        and where the catalogue is unlike the training boxes.
    dataset_folder : path-like, optional
        Dataset that the run was trained on; by default searched beside the run.
    grid_file : path-like, optional
        A grid file of training, for a run with fields; by default the one that the dataset was cut
        out of.
    axes : sequence of int
        Lines of sight.
    threshold : float, optional
        Probability from which a pixel is part of a void; by default that of the run, which was
        chosen on its validation split.
    device, threads
        See `cosmodag.training.prediction.predict`.

    Returns
    -------
    pandas.DataFrame
        The catalogue of voids.

    Raises
    ------
    InputError
        As `read_galaxies`, if the run is none of void maps, or its cells or windows do not fit the
        box.
    """
    if not axes or not set(axes) <= {0, 1, 2} or len(set(axes)) < len(axes):
        raise InputError(f"axes {list(axes)}: give different numbers of 0, 1 and 2, such as [2]")
    run = TrainedRun(run_folder, dataset_folder, device=device, threads=threads)
    made = map_input(run)
    periodic = catalogue.coordinates.periodic
    check_periodic(run, made, periodic=periodic, name=catalogue.name)
    cells = made.cells(catalogue.coordinates.sides, catalogue.name)
    rejections = Rejections("rows", catalogue.max_rejected)
    with numba_threads(threads), threadpool_limits(threads):
        grid = grid_box(
            read_galaxies(catalogue, rejections=rejections),
            catalogue.coordinates,
            cells,
            method=made.method,
        )
        grid = box_fields(run, made, grid, grid_file)
        maps = predict_box(run, grid, made.shape, axes)
    threshold = map_threshold(run) if threshold is None else threshold
    voids = find_regions(maps, threshold)
    comparisons = compare(run, grid, maps, made.shape)
    for name, each in comparisons.items():
        if each.training is None:
            logger.info("%s: does not record %s, which is not compared", run.dataset_folder, name)
    warnings = [each.warning for each in comparisons.values() if each.warning]
    for warning in warnings:
        logger.warning("%s: %s", catalogue.name, warning)
    inputs = [run.folder / "run.json", *catalogue.files]
    target = run.description["task"]["channel"]
    with whole_folder(output, PREDICTION) as folder:
        files = [rejections.write(folder / "catalogue")]
        write_map_file(
            folder / "probability.h5",
            maps,
            _attributes(grid, made) | {"run": run.folder.name, "target": target},
            inputs,
        )
        cards = [
            ("RUN", run.folder.name, "trained network"),
            ("TARGET", target, "what it predicts"),
        ]
        write_map_images(folder / "probability.fits", maps, cards)
        write_void_tables(folder / "voids.csv", folder / "voids.fits", voids)
        _draw(folder / "voids.svg", maps[0], threshold)
        files += [folder / f"{stem}.fits" for stem in ("probability", "voids")]
        files += [folder / "probability.h5", folder / "voids.csv"]
        files += figure_files(folder / "voids.svg")
        write_json(
            folder / "prediction.json",
            {
                "experiment": "voids",
                "run": run.folder.name,
                "target": target,
                "n": grid.n_galaxies,
                "n_voids": len(voids),
                "threshold": threshold,
                "cells": list(grid.cells),
                **{key: _json_type(value) for key, value in _attributes(grid, made).items()},
                "warnings": warnings,
                "comparisons": {name: _comparison(each) for name, each in comparisons.items()},
            },
            inputs=inputs,
            files=files,
        )
    logger.info(
        "%d galaxies: %d voids in %d slabs", grid.n_galaxies, len(voids), sum(map(len, maps))
    )
    return voids


def _attributes(grid: BoxGrid, made: MapInput) -> dict[str, Any]:
    """Return what describes the box and its grid."""
    return {
        "box_size": grid.box_size,
        "origin": grid.origin,
        "periodic": grid.periodic,
        "cell_size": grid.cell_size,
        "method": made.method,
    }


def _json_type(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray) else value


def _comparison(comparison: Comparison) -> dict[str, Any]:
    """Return a comparison as JSON represents it."""
    training = comparison.training
    return {"value": comparison.value, "training": None if training is None else list(training)}


def _draw(path: Path, maps: VoidMaps, threshold: float) -> None:
    """Draw galaxies, voids and probability in some slabs, evenly spaced along the line of sight."""
    slabs = np.unique(np.linspace(0, len(maps) - 1, N_DRAWN).round().astype(int))
    probability = maps.probability[slabs]
    place = {"axis": np.full(len(slabs), maps.axis)}
    sides = maps.pixel_size * probability.shape[1:]
    for letter, lower, side in zip(maps.transverse, maps.corner, sides):
        place |= {f"lower_{letter}": lower, f"upper_{letter}": lower + side}
    place |= {f"lower_{maps.letter}": maps.lower[slabs], f"upper_{maps.letter}": maps.upper[slabs]}
    examples = Examples(
        maps.overdensity[slabs][..., None], probability >= threshold, pd.DataFrame(place)
    )
    figures.map_examples(path, examples, probability, range(len(slabs)), LABELS)
