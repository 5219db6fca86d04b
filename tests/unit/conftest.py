"""Datasets of synthetic slices and galaxies, made once for all tests that read them."""

import pytest

from cosmodag.datasets.shards import write_dataset
from tests.galaxy_runs import train_runs
from tests.slices import write_slices
from tests.stamps import write_stamps


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
