"""Light-cones of 21cmFAST 3 and 4: HDF5 files with boxes whose last axis is the line of sight.

The group ``lightcones`` has a dataset (n, n, N) per field. Version 4 records the comoving distance
of each of the N slices, version 3 the redshift of the first one. Cells are cubes.
"""

from collections.abc import Mapping

import h5py
import numpy as np

from cosmodag.cosmology.background import comoving_distance, redshift_at_distance
from cosmodag.errors import InputError
from cosmodag.hdf5_inputs import find_dataset, find_object, numbers_of
from cosmodag.reionization.cubes.coeval_files import CURE, LIGHTCONES

DATASETS = {
    "brightness_temperature": ("brightness_temp",),
    "density": ("density",),
    "neutral_fraction": ("neutral_fraction", "xH_box"),
}
"""Names of each field in both versions."""


def read_lightcone(
    file: h5py.File, field: str, *, hubble: float, omega_m: float
) -> tuple[np.ndarray, float, np.ndarray]:
    """Read a field of a light-cone.

    Parameters
    ----------
    file : h5py.File
        Open file with the group ``lightcones``.
    field : str
        A key of `DATASETS`.
    hubble, omega_m : float
        Cosmology by which distances and redshifts are converted where the file records none.

    Returns
    -------
    values : numpy.ndarray, shape (n, n, N)
        Values in the unit of the file.
    cell_size : float
        Side of a cell in comoving Mpc.
    redshifts : numpy.ndarray, shape (N,), float64
        Redshift of each slice.

    Raises
    ------
    InputError
        If the field or a parameter is missing.
    """
    path = file.filename
    places = [f"{LIGHTCONES}/{name}" for name in DATASETS[field]]
    found = next(filter(None, (find_dataset(file, place, cure=CURE) for place in places)), None)
    if found is None:
        raise InputError(f"{path}: a light-cone without {field}: save it with this field")
    values = numbers_of(found, cure=CURE)
    if values.ndim != 3 or values.shape[0] != values.shape[1] or not values.size:
        raise InputError(
            f"{path}: {places[0]} has the shape {values.shape}, not (n, n, N): save it again"
        )
    size = _attributes(file, "InputParameters/simulation_options", "user_params")
    cosmology = _attributes(file, "InputParameters/cosmo_params", "cosmo_params")
    try:
        cell_size = float(size["BOX_LEN"]) / float(size.get("HII_DIM", values.shape[0]))
        hubble = float(cosmology.get("hlittle", hubble))
        omega_m = float(cosmology.get("OMm", omega_m))
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"{path}: lacks the box size BOX_LEN, or a parameter is no number ({error}): save the "
            "light-cone by 21cmFAST"
        ) from None
    distances = find_dataset(file, "lightcone_distances", cure=CURE)
    if distances is not None:
        far = np.asarray(distances, np.float64)
        if far.shape != values.shape[2:] or not np.all(np.diff(far) > 0):
            raise InputError(
                f"{path}: lightcone_distances are not {values.shape[2]} ascending numbers: save "
                "the light-cone again"
            )
    else:
        first = file.attrs.get("redshift")
        if first is None:
            raise InputError(
                f"{path}: has neither lightcone_distances nor a redshift: set --array "
                f"{places[0]}, --kind lightcone, --redshift and --box-size"
            )
        far = comoving_distance(omega_m, float(first)) / hubble + cell_size * np.arange(
            values.shape[2]
        )
    return values[:], cell_size, redshift_at_distance(omega_m, far * hubble)


def _attributes(file: h5py.File, *places: str) -> Mapping:
    """Return the attributes of the first of several groups that exists."""
    found = (find_object(file, place, cure=CURE) for place in places)
    group = next((each for each in found if each is not None), None)
    return {} if group is None else group.attrs
