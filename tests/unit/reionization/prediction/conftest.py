"""Small networks of slices of the 21-cm sky, trained on synthetic universes."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from cosmodag.datasets.shards import write_dataset
from cosmodag.hdf5 import create_file
from cosmodag.reionization.cubes.cubes_file import CubesHeader, create_cubes
from cosmodag.reionization.cutouts.cube_slices import cut_slices
from cosmodag.reionization.cutouts.instrument import Instrument
from cosmodag.reionization.cutouts.slice_geometry import SliceGeometry
from cosmodag.training.run import train_run
from cosmodag.training.settings import RunSettings
from tests.slices import ESCAPE_FRACTIONS, REDSHIFTS, cube, density_field

CELLS, CELL_SIZE, SEEDS = 32, 2.0, 8
HUBBLE, OMEGA_M = 0.7, 0.3
INSTRUMENT = Instrument(mean_subtraction=True, beam=1.0)
NOISE = {"rms": 2.0, "beam": 2.0}
NET = {"name": "slicenet", "width": 8}
TASKS = {
    "ordinal": {"name": "ordinal", "columns": ["redshift_class", "escape_fraction_class"]},
    "classification": {"name": "classification", "column": "redshift_class"},
    "count": {"name": "count", "columns": ["slice_neutral_fraction"]},
    "regression": {"name": "regression", "columns": ["redshift", "neutral_fraction"]},
    "posterior": {
        "name": "posterior",
        "columns": ["redshift", "neutral_fraction"],
        "ranges": {"redshift": [5, 11]},
    },
}


def temperature(seed: int, redshift: float, escape_fraction: float = 0.12) -> np.ndarray:
    """Return a cube of brightness temperature in mK, (n, n, n) float32."""
    field = density_field(seed, CELLS)
    return cube(field, redshift, escape_fraction)["brightness_temperature"].astype("f4")


class Trained(NamedTuple):
    """The folder of runs by name of their task, and that of their dataset."""

    runs: Path
    dataset: Path


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """Runs of all tasks of numbers and classes on noisy slices."""
    return _train(tmp_path_factory.mktemp("numbers"), TASKS, noise=NOISE)


@pytest.fixture(scope="session")
def trained_patches(tmp_path_factory):
    """A run of ionized regions on noise-free patches of a quarter of a slice."""
    unet = {"name": "unet", "width": 8, "levels": 1, "norm": "batch", "padding": "circular"}
    return _train(
        tmp_path_factory.mktemp("maps"),
        {"map": {"name": "map", "channel": "ionized"}},
        model=unet,
        geometry={"side": CELLS // 2, "stride": CELLS // 2},
        instrument=Instrument(),
        target="ionized",
    )


def _train(
    folder: Path,
    tasks: dict,
    *,
    model=NET,
    geometry=None,
    instrument=INSTRUMENT,
    target="none",
    noise=None,
) -> Trained:
    paths = [_write_cubes(folder / f"z{redshift:g}.h5", redshift) for redshift in REDSHIFTS]
    spacing = SliceGeometry(stride_depth=8, **(geometry or {}))
    cut_slices(paths, folder / "slices.h5", spacing, target=target, instrument=instrument)
    dataset = folder / "datasets" / "slices"
    write_dataset([folder / "slices.h5"], dataset, fractions=(0.5, 0.25, 0.25), seed=1)
    for name, task in tasks.items():
        training = {"epochs": 3, "batch_size": 32, "learning_rate": 0.003}
        settings = RunSettings(
            model, task, training, transform="standardise", augment="periodic", noise=noise
        )
        train_run(dataset, folder / "runs" / name, settings, threads=1)
    return Trained(folder / "runs", dataset)


def _write_cubes(path: Path, redshift: float) -> Path:
    header = CubesHeader(
        redshift,
        CELLS * CELL_SIZE,
        CELLS,
        tuple(range(SEEDS)),
        ESCAPE_FRACTIONS,
        (2,),
        HUBBLE,
        OMEGA_M,
        "synthetic",
        7,
    )
    with create_file(path, "cubes") as file:
        datasets = create_cubes(file, header)
        for s, seed in enumerate(header.realizations):
            field = density_field(seed, CELLS)
            for f, escape_fraction in enumerate(ESCAPE_FRACTIONS):
                cubes = cube(field, redshift, escape_fraction)
                datasets["density"][s] = np.maximum(cubes["density"], -1)
                datasets["neutral_fraction"][s, f] = cubes["neutral_fraction"]
                datasets["brightness_temperature"][s, f, 0] = cubes["brightness_temperature"]
    return path
