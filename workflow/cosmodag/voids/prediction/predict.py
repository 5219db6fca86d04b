"""Inference of voids in a catalogue of galaxies without labels."""

import json
import logging
import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from cosmodag.cutouts.known_pixels import known_pixels
from cosmodag.errors import InputError
from cosmodag.evaluation import figures
from cosmodag.evaluation.baselines.examples import Examples
from cosmodag.evaluation.drawing import figure_files
from cosmodag.evaluation.trained_run import TrainedRun
from cosmodag.files import whole_folder
from cosmodag.json_files import write_json
from cosmodag.threads import numba_threads
from cosmodag.voids.catalogues.galaxy_catalogue import GalaxyCatalogue
from cosmodag.voids.grids.box_grid import BoxGrid
from cosmodag.voids.outputs import PREDICTION
from cosmodag.voids.prediction.box_prediction import BoxInput
from cosmodag.voids.prediction.galaxy_input import ObservedGrid, galaxy_input
from cosmodag.voids.prediction.prediction_files import (
    write_box_file,
    write_box_images,
    write_void_tables,
)
from cosmodag.voids.prediction.run_input import run_input, run_threshold
from cosmodag.voids.prediction.training_boxes import Comparison, compare, number_densities
from cosmodag.voids.prediction.void_maps import VoidMaps
from cosmodag.voids.survey.tracers import SurveyTracers
from cosmodag.voids.survey.warning_record import recorded_warnings

logger = logging.getLogger(__name__)

SPARSEST = 50
"""Factor by which galaxies may be sparser than those of training: with fewer the map is noise."""
N_DRAWN = 3
"""Layers in the figure."""
LABELS = figures.MapLabels(
    "galaxies (overdensity, asinh)", "predicted voids", "probability", "probability of a void"
)


def predict_voids(
    catalogue: GalaxyCatalogue | SurveyTracers,
    run_folder: str | os.PathLike,
    output: str | os.PathLike,
    *,
    dataset_folder: str | os.PathLike | None = None,
    grid_file: str | os.PathLike | None = None,
    axes: Sequence[int] | None = None,
    threshold: float | None = None,
    divide: float | None = None,
    device: str = "auto",
    threads: int | None = None,
) -> pd.DataFrame:
    """Predict the probability of a void in a catalogue with a trained network, and its voids.

    Galaxies are assigned to cells of the size of those of training. A run of void maps predicts
    slabs as deep as those of training, a run on cubes the whole box. The box is covered by windows
    that overlap by half; see `cosmodag.voids.prediction.overlapping_windows`.

    Parameters
    ----------
    catalogue : GalaxyCatalogue or SurveyTracers
        Galaxies in a box, or in a survey for a run that was trained on a simulated one. Outside a
        survey the probability is NaN.
    run_folder : path-like
        Folder of a trained run of void maps or cubes.
    output : path-like
        Folder to write: the probability (``probability.h5``, ``probability.fits``), the catalogue
        of voids (``voids.csv``, ``voids.fits``, see `cosmodag.voids.prediction.void_regions`), a
        figure (``voids.svg``), rows of the catalogue that are left out, and ``prediction.json``,
        which records what they were made from and where the catalogue is unlike the training boxes.
    dataset_folder : path-like, optional
        Dataset that the run was trained on; by default searched beside the run.
    grid_file : path-like, optional
        A grid file of training, for a run with fields; by default the one that the dataset was cut
        out of.
    axes : sequence of int, optional
        Lines of sight of maps, by default z alone; cubes have none.
    threshold : float, optional
        Probability from which a pixel is part of a void; by default that of the run, which was
        chosen on its validation split.
    divide : float, optional
        Length in Mpc/h by which the probability is smoothed, at whose ridges regions are divided;
        by default voids that touch are one.
    device, threads
        See `cosmodag.training.prediction.predict`.

    Returns
    -------
    pandas.DataFrame
        The catalogue of voids.

    Raises
    ------
    InputError
        As `read_galaxies`, if the run is none of void maps or cubes, or its cells or windows do not
        fit the box.
    """
    run = TrainedRun(run_folder, dataset_folder, device=device, threads=threads)
    made = run_input(run).along(axes)
    galaxies = galaxy_input(catalogue)
    with numba_threads(threads), threadpool_limits(threads), recorded_warnings() as recorded:
        grid, rejections = galaxies.grid(run, made, grid_file)
        _refuse_sparse(galaxies.name, grid, run)
        prediction = made.predict(run, grid)
    threshold = run_threshold(run) if threshold is None else threshold
    voids = galaxies.complete(prediction.voids(threshold, divide), grid)
    comparisons = compare(run, grid, prediction.maps, made)
    for name, each in comparisons.items():
        if each.training is None:
            logger.info("%s: does not record %s, which is not compared", run.dataset_folder, name)
    unlike = [each.warning for each in comparisons.values() if each.warning]
    unlike += [*made.warnings(run, grid), *prediction.warnings(voids)]
    for warning in unlike:
        logger.warning("%s: %s", galaxies.name, warning)
    inputs = [run.folder / "run.json", run.folder / "model.pt", *galaxies.files]
    target = run.description["task"]["channel"]
    with whole_folder(output, PREDICTION) as folder:
        files = [rejections.write(folder / "catalogue")]
        attributes = _attributes(grid, made) | {"run": run.folder.name, "target": target}
        write_box_file(folder / "probability.h5", prediction, attributes, inputs)
        cards = [
            ("RUN", run.folder.name, "trained network"),
            ("TARGET", target, "what it predicts"),
        ]
        write_box_images(folder / "probability.fits", prediction, cards)
        write_void_tables(folder / "voids.csv", folder / "voids.fits", voids)
        _draw(folder / "voids.svg", prediction.maps[0], threshold)
        files += [folder / f"{stem}.fits" for stem in ("probability", "voids")]
        files += [folder / "probability.h5", folder / "voids.csv", folder / "voids.png"]
        files += figure_files(folder / "voids.svg")
        write_json(
            folder / "prediction.json",
            {
                "experiment": "voids",
                "run": run.folder.name,
                "target": target,
                "n": grid.n_galaxies,
                **_of_survey(catalogue, grid),
                "n_voids": len(voids),
                "threshold": threshold,
                "divide": divide,
                "cells": list(grid.cells),
                **{key: _json_type(value) for key, value in _attributes(grid, made).items()},
                "catalogue": _settings(catalogue),
                "warnings": [*recorded, *unlike],
                "comparisons": {name: _comparison(each) for name, each in comparisons.items()},
            },
            inputs=inputs,
            files=files,
        )
    n_layers = sum(map(len, prediction.maps))
    text = f"{grid.n_galaxies} galaxies: {len(voids)} voids in {n_layers} {prediction.LAYERS}"
    if n_outside := _of_survey(catalogue, grid).get("n_outside"):
        text += f"; {n_outside} galaxies outside the survey are not used"
    logger.info("%s", text)
    return voids


def _refuse_sparse(name: str, grid: BoxGrid, run: TrainedRun) -> None:
    """Refuse galaxies that are so few that a prediction is one of their noise."""
    training = number_densities(run)
    if training is not None and grid.number_density < training.low / SPARSEST:
        raise InputError(
            f"{name}: the number density of {grid.number_density:.3g} (Mpc/h)⁻³, of equal galaxies "
            f"with the same noise, is less than a {SPARSEST}th of the lowest in training, "
            f"{training.low:.3g}; choose a run on galaxies as sparse, or check the catalogue and "
            "box_size"
        )


def _settings(catalogue: GalaxyCatalogue | SurveyTracers) -> dict[str, Any]:
    """Return what is stated of a catalogue, without the places of its files."""
    settings = asdict(
        catalogue,
        dict_factory=lambda items: {key: value for key, value in items if value is not None},
    )
    for part in (settings, settings.get("galaxies", {}), settings.get("randoms", {})):
        part.pop("path", None)
    if "mask" in settings:
        settings["mask"] = Path(settings["mask"]).name
    return json.loads(json.dumps(settings, default=_json_type))


def _of_survey(catalogue: GalaxyCatalogue | SurveyTracers, grid: BoxGrid) -> dict[str, Any]:
    """Return what states the footprint of a survey, and how many galaxies are not used."""
    if not isinstance(catalogue, SurveyTracers):
        return {}
    assert isinstance(grid, ObservedGrid)
    return {"footprint_source": catalogue.footprint_source, "n_outside": grid.n_outside}


def _attributes(grid: BoxGrid, made: BoxInput) -> dict[str, Any]:
    """Return what describes the box and its grid."""
    return {
        "box_size": grid.box_size,
        "origin": grid.origin,
        "periodic": grid.periodic,
        "cell_size": grid.cell_size,
        "method": made.method,
    }


def _json_type(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else str(value)


def _comparison(comparison: Comparison) -> dict[str, Any]:
    """Return a comparison as JSON represents it."""
    training = comparison.training
    return {"value": comparison.value, "training": None if training is None else list(training)}


def _draw(path: Path, maps: VoidMaps, threshold: float) -> None:
    """Draw galaxies, voids and probability in some layers, evenly spaced along their axis."""
    layers = np.unique(((np.arange(N_DRAWN) + 0.5) * len(maps) / N_DRAWN).astype(int))
    probability = maps.probability[layers]
    place = {"axis": np.full(len(layers), maps.axis)}
    sides = maps.pixel_size * probability.shape[1:]
    for letter, lower, side in zip(maps.transverse, maps.corner, sides):
        place |= {f"lower_{letter}": lower, f"upper_{letter}": lower + side}
    place |= {
        f"lower_{maps.letter}": maps.lower[layers],
        f"upper_{maps.letter}": maps.upper[layers],
    }
    inside = np.where(known_pixels(probability), probability >= threshold, np.nan)
    examples = Examples(maps.overdensity[layers][..., None], inside, pd.DataFrame(place))
    figures.map_examples(path, examples, probability, range(len(layers)), LABELS, png=True)
