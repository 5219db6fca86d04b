"""HDF5 boxes of 21cmFAST 4: one field or several, with the parameters that made them.

Read without 21cmFAST: ``/<struct>/OutputFields/<field>`` beside ``/<struct>/InputParameters``,
whose groups hold the parameters as attributes; `F_ESC10` is a logarithm.
"""

import os
from pathlib import Path

import h5py
import numpy as np

from cosmodag.errors import InputError
from cosmodag.reionization.cubes.cube_names import CubeDescription
from cosmodag.reionization.cubes.raw_cubes import LIMITS

DATASETS = {
    "BrightnessTemp/OutputFields/brightness_temp": "brightness_temperature",
    "PerturbedField/OutputFields/density": "density",
    "IonizedBox/OutputFields/neutral_fraction": "neutral_fraction",
}
"""Field of a cube by its dataset."""


def describe_coeval(path: str | os.PathLike) -> list[CubeDescription]:
    """Tell what cubes an HDF5 file of 21cmFAST 4 holds.

    Returns
    -------
    list of CubeDescription
        Empty where the file holds none.

    Raises
    ------
    InputError
        The file is truncated, no HDF5 file, or lacks parameters.
    """
    path = Path(path)
    try:
        with h5py.File(path, "r") as file:
            return [_describe(path, file, name) for name in DATASETS if name in file]
    except OSError as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{path}: not a whole HDF5 file ({reason}): fetch it anew") from None


def read_coeval_cube(cube: CubeDescription) -> np.ndarray:
    """Read a cube that `describe_coeval` found.

    Returns
    -------
    (n, n, n) float32

    Raises
    ------
    InputError
        It is no cube, or holds NaN or values that its field cannot have.
    """
    with h5py.File(cube.path, "r") as file:
        values = file[cube.dataset][:]
    where = f"{cube.path}: {cube.dataset}"
    if values.shape != (cube.cells,) * 3:
        raise InputError(
            f"{where}: has shape {values.shape} where its parameters promise {cube.cells}³ cells"
        )
    low, high = LIMITS[cube.field]
    if not (values.min() >= low and values.max() <= high):
        raise InputError(
            f"{where}: {values.min():.4g} to {values.max():.4g} where {low:g} to {high:g} can be: "
            "repair or leave out the box"
        )
    return values.astype(np.float32, copy=False)


def _describe(path: Path, file: h5py.File, dataset: str) -> CubeDescription:
    struct = file[dataset.split("/")[0]]
    try:
        parameters = struct["InputParameters"]
        simulation = parameters["simulation_options"].attrs
        escape = parameters["astro_params"].attrs.get("F_ESC10")
        cells = int(simulation["HII_DIM"])
        return CubeDescription(
            path=path,
            field=DATASETS[dataset],
            redshift=float(struct.attrs["redshift"]),
            cells=cells,
            box_size=float(simulation["BOX_LEN"]),
            neutral_fraction=None,
            escape_fraction=None if escape is None else round(float(10**escape), 6),
            realization=int(parameters.attrs["random_seed"]),
            line_of_sight=None,
            dataset=dataset,
        )
    except KeyError as error:
        raise InputError(
            f"{path}: lacks {error} of {dataset}: a file that 21cmFAST 4 wrote is needed"
        ) from None
