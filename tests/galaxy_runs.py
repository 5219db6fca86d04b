"""Small networks for simulated galaxies, in the folders that the workflow uses."""

from collections.abc import Sequence
from pathlib import Path

from cosmodag.datasets.shards import write_dataset
from cosmodag.galaxies.cutouts.galaxy_stamps import cut_galaxies
from cosmodag.galaxies.simulation.galaxy_parameters import ObservingConditions
from cosmodag.galaxies.simulation.stamp_simulation import simulate_stamps
from cosmodag.galaxies.stamps.stamps_file import open_stamps_file
from cosmodag.training.run import train_run
from cosmodag.training.settings import RunSettings
from tests.checksummed import hdf5_file

SIDE = 32
TRAINING = {"epochs": 2, "batch_size": 32, "learning_rate": 3e-3}


def simulate(path: Path, *, count: int, seed: int, bands: Sequence[str] = "grz") -> Path:
    """Simulate stamps with sides of 24 to 40 pixels and bands of any names."""
    conditions = ObservingConditions(sides=(24, 40))
    simulate_stamps(path, count=count, seed=seed, conditions=conditions)
    with hdf5_file(path, "r+") as file:
        file.attrs["bands"] = list(bands)
    return path


def train_runs(folder: Path, *, count: int = 400, bands: Sequence[str] = "grz", **cutting) -> Path:
    """Train the runs `parameters` and `latent` on a dataset of simulated stamps.

    Returns
    -------
    pathlib.Path
        Folder with stamps.h5, datasets/stamps and runs/.
    """
    cutting = {"side": SIDE, "conditions": ["psf", "noise"]} | cutting
    stamps = simulate(folder / "stamps.h5", count=count, seed=5, bands=bands)
    cut_galaxies(open_stamps_file(stamps), folder / "cutouts.h5", **cutting)
    dataset = folder / "datasets" / "stamps"
    write_dataset([folder / "cutouts.h5"], dataset, fractions=(0.6, 0.2, 0.2))
    parameters = RunSettings(
        task={"name": "count", "columns": ["magnitude", "log_radius"]},
        model={"name": "stampnet", "width": 8},
        training=TRAINING,
        transform="arcsinh",
        augment="symmetries",
    )
    latent = RunSettings(
        task={"name": "latent", "latent_dim": 4},
        model={"name": "vae", "widths": [8, 8, 16]},
        training=TRAINING,
        transform="arcsinh",
    )
    for name, settings in (("parameters", parameters), ("latent", latent)):
        train_run(dataset, folder / "runs" / name, settings, threads=1)
    return folder
