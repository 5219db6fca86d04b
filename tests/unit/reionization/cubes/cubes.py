"""Small cubes in the file formats of 21cmFAST."""

from pathlib import Path

import h5py
import numpy as np

CELLS, BOX = 20, 30


def fields(seed: int = 1) -> dict[str, np.ndarray]:
    """Return consistent density, neutral fraction and brightness temperature."""
    density = np.random.default_rng(seed).normal(0, 0.2, (CELLS,) * 3).astype("<f4")
    neutral = (density < 0.1).astype("<f4")
    return {
        "density": density,
        "neutral_fraction": neutral,
        "brightness_temperature": (25 * neutral * (1 + density)).astype("<f4"),
    }


def write_raw(
    folder: Path, redshift: float, *, escape: float | None = 0.096, seed: int = 1, xh: bool = True
) -> dict[str, Path]:
    """Write raw cubes with the file names of version 2; return their paths by field."""
    folder.mkdir(parents=True, exist_ok=True)
    values = fields(seed)
    end = f"{CELLS}_{BOX}Mpc"
    mean = values["neutral_fraction"].mean()
    fesc = "" if escape is None else f"_Fesc{escape:.4f}"
    names = {
        "brightness_temperature": f"delta_T_v3_z{redshift:06.2f}_nf{mean:.6f}_useTs0_{end}",
        "density": f"updated_smoothed_deltax_z{redshift:06.2f}_{end}",
        "neutral_fraction": f"xH_nohalos_z{redshift:06.2f}_nf{mean:.6f}_Fstar0.0500{fesc}_{end}",
    }
    paths = {field: folder / name for field, name in names.items() if xh or "xH" not in name}
    for field, path in paths.items():
        values[field].tofile(path)
    return paths


def write_coeval(
    path: Path, redshift: float = 8.0, escape: float = -1.0, **parameters: float
) -> dict[str, np.ndarray]:
    """Write a box in the format of 21cmFAST 4; `escape` is the decimal logarithm."""
    values = fields(3)
    structs = {
        "BrightnessTemp": ("brightness_temp", "brightness_temperature"),
        "PerturbedField": ("density", "density"),
        "IonizedBox": ("neutral_fraction", "neutral_fraction"),
    }
    with h5py.File(path, "w") as file:
        file.attrs["coeval"] = True
        for struct, (name, field) in structs.items():
            group = file.create_group(struct)
            group.attrs["redshift"] = redshift
            group[f"OutputFields/{name}"] = values[field]
            group.create_group("InputParameters").attrs["random_seed"] = 12
            simulation = group.create_group("InputParameters/simulation_options")
            simulation.attrs.update(HII_DIM=CELLS, BOX_LEN=float(BOX))
            astrophysics = group.create_group("InputParameters/astro_params")
            astrophysics.attrs.update(F_ESC10=escape, **parameters)
    return values


def write_coeval_3(
    path: Path, redshift: float = 8.0, escape: float = -1.0
) -> dict[str, np.ndarray]:
    """Write a box in the format of 21cmFAST 3; `escape` is the decimal logarithm."""
    values = fields(3)
    with h5py.File(path, "w") as file:
        file.attrs.update(redshift=redshift, random_seed=12, version="3.4.0")
        file.create_group("user_params").attrs.update(HII_DIM=CELLS, BOX_LEN=float(BOX))
        file.create_group("astro_params").attrs["F_ESC10"] = escape
        file.create_group("cosmo_params").attrs["hlittle"] = 0.6766
        file["BrightnessTemp/brightness_temp"] = values["brightness_temperature"]
        file["PerturbedField/density"] = values["density"]
        file["IonizedBox/xH_box"] = values["neutral_fraction"]
    return values


def write_lightcone(path: Path, depth: int = 48, distance: float = 9000.0) -> np.ndarray:
    """Write a light-cone in the format of 21cmFAST 4 from a distance in Mpc; return the field."""
    values = np.concatenate([fields(seed)["brightness_temperature"] for seed in (1, 2, 3)], axis=2)
    values = values[..., :depth]
    with h5py.File(path, "w") as file:
        file.attrs["lightcone"] = True
        file["lightcones/brightness_temp"] = values
        file["lightcone_distances"] = distance + BOX / CELLS * np.arange(depth)
        simulation = file.create_group("InputParameters/simulation_options")
        simulation.attrs.update(HII_DIM=CELLS, BOX_LEN=float(BOX))
    return values


def write_with_header(path, values, *, byte_order="<"):
    """Write the numbers of cells and the values, as tools21cm does."""
    with open(path, "wb") as file:
        np.array(values.shape, f"{byte_order}i4").tofile(file)
        values.astype(values.dtype.newbyteorder(byte_order)).tofile(file)


def write_records(path, values):
    """Write the records of an unformatted file of Fortran, as C2-Ray does."""
    with open(path, "wb") as file:
        np.array([12, *values.shape, 12, values.nbytes], "<i4").tofile(file)
        values.ravel("F").tofile(file)
        np.array([values.nbytes], "<i4").tofile(file)
