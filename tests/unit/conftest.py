"""Datasets of synthetic slices and galaxies, made once for all tests that read them."""

import numpy as np
import pytest

from cosmodag.cosmology.background import Cosmology
from cosmodag.cosmology.matter_power import matter_power_spectrum
from cosmodag.datasets.shards import write_dataset
from tests.checkout import share_compiled
from tests.checksummed import hdf5_file
from tests.galaxy_runs import train_runs
from tests.slices import write_slices
from tests.stamps import write_stamps


@pytest.fixture(scope="session", autouse=True)
def _compiled(repository):
    """Machine code that tests of the whole workflow compiled before."""
    share_compiled(repository)


@pytest.fixture(scope="session")
def make_slices(tmp_path_factory):
    """Function that writes a dataset of slices of universes that each depend on a seed."""

    def make(protocol="group", fractions=(0.5, 0.2, 0.3), **settings):
        folder = tmp_path_factory.mktemp("slices")
        file = write_slices(folder / "slices.h5", **settings)
        write_dataset([file], folder / "dataset", protocol=protocol, fractions=fractions, seed=1)
        return folder / "dataset"

    return make


@pytest.fixture(scope="session")
def slices(make_slices):
    """Brightness temperature of ten universes at three redshifts and two escape fractions."""
    return make_slices(seeds=10, empty=True)


@pytest.fixture(scope="session")
def pairs(make_slices):
    """Density and neutral fraction of the same universes."""
    return make_slices(seeds=10, channels=("density", "neutral_fraction"))


@pytest.fixture(scope="session")
def densities(make_slices):
    """Density alone, with the ionized map as target."""
    return make_slices(seeds=10, channels=("density",))


@pytest.fixture(scope="session")
def stamps(tmp_path_factory):
    """Galaxies of three kinds in three bands, 32 pixels a side, each an object of its own."""
    folder = tmp_path_factory.mktemp("stamps")
    file = write_stamps(folder / "stamps.h5")
    write_dataset([file], folder / "dataset", fractions=(0.6, 0.15, 0.25), seed=1)
    return folder / "dataset"


@pytest.fixture(scope="session")
def galaxy_runs(tmp_path_factory):
    """Networks of parameters and of a latent, trained on simulated galaxies, in their folders."""
    return train_runs(tmp_path_factory.mktemp("galaxies"))


@pytest.fixture(scope="session")
def linear():
    """Linear power spectrum today of the default cosmology."""
    return matter_power_spectrum(Cosmology())


@pytest.fixture
def write_boxes(tmp_path):
    """Function that writes a grid file and a labels file of the same boxes."""

    def write(cells=(24, 24, 24), ratio=1, boxes=1, periodic=True, voids=40, cell_size=2.0, seed=0):
        random = np.random.default_rng(seed)
        box_size = np.array(cells) * cell_size
        names = [f"r{number:04d}" for number in range(boxes)]
        mesh = tuple(length // ratio for length in cells)
        common = {
            "box_size": box_size,
            "periodic": periodic,
            "boxes": names,
            "groups": [f"boxes/{name}" for name in names],
        }
        grid_file, labels_file = tmp_path / "grid.h5", tmp_path / "labels.h5"
        with hdf5_file(grid_file, "w") as file:
            grid = random.gamma(1.0, 2.0, (boxes, *cells)).astype(np.float32)
            chunks = (1, *(min(length, 10) for length in cells))
            file.create_dataset("grid", data=grid, chunks=chunks)
            file.attrs.update(
                common,
                kind="grid",
                method="cic",
                source="random",
                particles=np.ones(boxes, np.int64),
                mean_density=grid.mean(axis=(1, 2, 3), dtype=np.float64),
                omega_m=np.linspace(0.2, 0.4, boxes),
            )
        with hdf5_file(labels_file, "w") as file:
            file.attrs.update(common, kind="labels", labels=["matter"])
            mask = random.integers(0, 2, (boxes, *mesh)).astype(np.uint8)
            file.create_dataset("matter/mask", data=mask, chunks=(1, *mesh), compression="gzip")
            for name in names:
                catalogue = file.create_group(f"matter/voids/{name}")
                position = random.uniform(0, box_size, (voids, 3)).astype(np.float32)
                catalogue["position"] = position
                catalogue["radius"] = np.full(voids, 5.0, np.float32)
                catalogue["volume"] = random.uniform(1, 2, voids).astype(np.float32)
        return grid_file, labels_file

    return write
