"""Inference of redshift, escape fraction and ionization from a cube without labels."""

import dataclasses
import logging
import os
from typing import Any

import numpy as np
import pandas as pd

from cosmodag.errors import InputError
from cosmodag.evaluation.drawing import figure_files
from cosmodag.evaluation.trained_run import TrainedRun
from cosmodag.files import whole_folder
from cosmodag.json_files import write_json
from cosmodag.reionization.cubes.cube_values import in_kelvin
from cosmodag.reionization.cubes.input_cubes import ArrayFormat, InputCube, read_input_cube
from cosmodag.reionization.outputs import PREDICTION
from cosmodag.reionization.prediction.combination import combine
from cosmodag.reionization.prediction.input_slices import SliceSelection, as_trained, cut_input
from cosmodag.reionization.prediction.picture import draw_predictions
from cosmodag.reionization.prediction.prediction_table import (
    prediction_table,
    write_ionized_maps,
    write_posterior_samples,
    write_tables,
)
from cosmodag.reionization.prediction.slice_posteriors import slice_posteriors
from cosmodag.reionization.prediction.slice_predictions import predict_quantities
from cosmodag.reionization.prediction.slice_run import SliceInput, slice_input
from cosmodag.reionization.prediction.slice_warnings import cube_warnings, slice_warnings
from cosmodag.reionization.prediction.training_slices import TrainingSlices, measure

logger = logging.getLogger(__name__)


def predict_cube(
    path: str | os.PathLike,
    run_folder: str | os.PathLike,
    output: str | os.PathLike,
    stated: ArrayFormat | None = None,
    *,
    dataset_folder: str | os.PathLike | None = None,
    selection: SliceSelection | None = None,
    device: str = "auto",
    threads: int | None = None,
) -> pd.DataFrame:
    """Predict the slices of a cube with a trained network, and the cube as a whole.

    The cube is averaged over cells of the size of those of training, and cut into slices of the
    side of training with the same beam, subtraction of means, filter of the wedge and noise.

    Parameters
    ----------
    path : path
        File of a cube, a light-cone or slices, see `read_input_cube`.
    run_folder : path
        Folder of a trained run of a task of `slice_run.TASKS` on slices of one field.
    output : path
        Folder to write: the table (``predictions.csv``, ``predictions.fits``), a picture
        (``slices.png``, ``slices.svg``), of maps their probabilities (``ionized.h5``), of
        posteriors samples (``posterior.h5``), and ``prediction.json``, which records what they were
        made from and how slices were combined.
    stated : ArrayFormat, optional
        What the file does not describe.
    dataset_folder : path, optional
        Dataset that the run was trained on; by default searched beside the run.
    selection : SliceSelection, optional
        Which slices are cut, and whether temperatures are measured, so that beam, wedge and noise
        of the run are not applied; by default all slices of a simulation along one line of sight.
    device, threads
        See `cosmodag.training.prediction.predict`.

    Returns
    -------
    pandas.DataFrame
        The table, see `prediction_table`.

    Raises
    ------
    InputError
        If the run is no run of slices, the file cannot be read or is of another field or unit, or
        its cells or sides do not fit those of training.
    """
    selection = selection or SliceSelection()
    run = TrainedRun(run_folder, dataset_folder, device=device, threads=threads)
    made = slice_input(run)
    cube = read_input_cube(path, made.field, stated, hubble=made.hubble, omega_m=made.omega_m)
    if made.field == "brightness_temperature" and not selection.observed:
        _check_unit(cube, stated)
    cut = as_trained(cube, made)
    if cut.cell_size != cube.cell_size:
        logger.info(
            "%s: averaged over cells of %g Mpc, from %g Mpc",
            cube.path,
            cut.cell_size,
            cube.cell_size,
        )
    x, places = cut_input(cut, made, selection, threads=threads or 1)
    is_empty = places["all_zero"].to_numpy() > 0
    if run.noise is not None and not selection.observed:
        x = run.noise.add(x, 0, np.arange(len(x)), places["input_redshift"].to_numpy())
    run.check(str(cube.path), [made.field], x.shape[1:])
    predicted = run.predict(x)
    quantities = predict_quantities(run, predicted)
    combined, how = combine(run, quantities, is_lightcone=cube.kind == "lightcone")
    training, measured = TrainingSlices(run, made), measure(x)
    distances = training.distances(x)
    messages = training.warnings(measured)
    cube_warning = "; ".join(cube_warnings(cube, made, combined, messages, distances, is_empty))
    table = prediction_table(
        places,
        quantities,
        combined,
        measured,
        distances,
        slice_warnings(messages, distances, is_empty),
        cube_warning,
    )
    if cube_warning:
        logger.warning("%s: %s", cube.path, cube_warning)
    inputs = [run.folder / "run.json", cube.path]
    task = run.description["task"]["name"]
    maps = predicted["probability"][:, 0] if task == "map" else None
    with whole_folder(output, PREDICTION) as folder:
        cards = [("RUN", run.folder.name, "trained network"), ("FIELD", made.field, "of the cube")]
        csv, image = folder / "predictions.csv", folder / "predictions.fits"
        write_tables(csv, image, table, cards, made.field)
        figure = folder / "slices.svg"
        draw_predictions(figure, x, places, made.field, quantities, combined, maps)
        files = [csv, image, *figure_files(figure), figure.with_suffix(".png")]
        attributes = {"run": run.folder.name, "cell_size": made.cell_size}
        if maps is not None:
            files.append(folder / "ionized.h5")
            write_ionized_maps(files[-1], places, maps, attributes, inputs)
        if task == "posterior":
            files.append(folder / "posterior.h5")
            posteriors = slice_posteriors(run, predicted)
            write_posterior_samples(files[-1], places, posteriors, attributes, inputs)
        write_json(
            folder / "prediction.json",
            {
                "experiment": "reionization",
                "run": run.folder.name,
                "task": task,
                "n": len(places),
                "input": _describe(cube),
                "slices": _settings(run, made, cut, selection),
                "how": how,
                "combined": {
                    name: float(values[0])
                    for quantity in combined.values()
                    for name, values in quantity.columns().items()
                },
                "warnings": [cube_warning] if cube_warning else [],
                "outside": int((distances > 1).sum()),
            },
            inputs=inputs,
            files=files,
        )
    logger.info("%d slices: %s", len(places), _sentence(table, combined))
    return table


def _check_unit(cube: InputCube, stated: ArrayFormat | None) -> None:
    """Refuse a simulation in K."""
    if (stated is None or stated.unit == "mK") and in_kelvin(cube.values):
        raise InputError(
            f"{cube.path}: temperatures of at most {np.abs(cube.values).max():.3g} mK are those of "
            "cubes in K; set --unit K, or --observed if they are measured in mK"
        )


def _describe(cube: InputCube) -> dict[str, Any]:
    """Return what was read, as JSON represents it."""
    return {
        "file": cube.path.name,
        "kind": cube.kind,
        "shape": list(cube.values.shape),
        "cell_size": cube.cell_size,
        "redshifts": cube.redshifts[[0, -1]].tolist() if len(cube.redshifts) else [],
    }


def _settings(
    run: TrainedRun, made: SliceInput, cut: InputCube, selection: SliceSelection
) -> dict[str, Any]:
    """Return how slices were cut, as JSON represents it."""
    return {
        "side": made.side,
        "cell_size": cut.cell_size,
        "stride_depth": selection.stride_depth,
        "observed": selection.observed,
        **dataclasses.asdict(made.instrument),
        "noise": None if selection.observed else run.description.get("noise"),
        "hubble": made.hubble,
        "omega_m": made.omega_m,
        "training_redshifts": list(made.redshifts),
    }


def _sentence(table: pd.DataFrame, combined: dict[str, Any]) -> str:
    """Return the predictions for a cube in a sentence."""
    whole = table.iloc[0]
    parts = [
        f"{quantity.name.replace('_', ' ')} {whole[quantity.name]:.3g} "
        f"({whole[f'{quantity.name}_low_68']:.3g} to {whole[f'{quantity.name}_high_68']:.3g})"
        for quantity in combined.values()
    ]
    return (
        ", ".join(parts) + f"; {int(table['outside'][1:].sum())} outside the training distribution"
    )
