"""Small cubes in files as 21cmFAST wrote them."""

from pathlib import Path

import h5py
import numpy as np

CELLS, BOX = 20, 30


def fields(seed: int = 1) -> dict[str, np.ndarray]:
    """Density, neutral fraction and brightness temperature that agree with each other."""
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
    """Write raw cubes under names of the later family; give their paths by field."""
    folder.mkdir(parents=True, exist_ok=True)
    held = fields(seed)
    end = f"{CELLS}_{BOX}Mpc"
    mean = held["neutral_fraction"].mean()
    told = "" if escape is None else f"_Fesc{escape:.4f}"
    names = {
        "brightness_temperature": f"delta_T_v3_z{redshift:06.2f}_nf{mean:.6f}_useTs0_{end}",
        "density": f"updated_smoothed_deltax_z{redshift:06.2f}_{end}",
        "neutral_fraction": f"xH_nohalos_z{redshift:06.2f}_nf{mean:.6f}_Fstar0.0500{told}_{end}",
    }
    paths = {field: folder / name for field, name in names.items() if xh or "xH" not in name}
    for field, path in paths.items():
        held[field].tofile(path)
    return paths


def write_coeval(path: Path, redshift: float = 8.0, escape: float = -1.0) -> dict[str, np.ndarray]:
    """Write a box as 21cmFAST 4 lays it out; `escape` is the logarithm."""
    held = fields(3)
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
            group[f"OutputFields/{name}"] = held[field]
            group.create_group("InputParameters").attrs["random_seed"] = 12
            simulation = group.create_group("InputParameters/simulation_options")
            simulation.attrs.update(HII_DIM=CELLS, BOX_LEN=float(BOX))
            group.create_group("InputParameters/astro_params").attrs["F_ESC10"] = escape
    return held
