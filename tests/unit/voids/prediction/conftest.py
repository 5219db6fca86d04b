"""Small networks of void maps and cubes, and catalogues of galaxies."""

import numpy as np
import pytest

from cosmodag.voids.catalogues.box_coordinates import BoxCoordinates
from cosmodag.voids.catalogues.galaxy_catalogue import GalaxyCatalogue
from tests.void_runs import (
    BOX_SIZE,
    CELLS,
    CUBES,
    MAPS,
    SIDE,
    WHOLE,
    WITH_MARGINS,
    cubes,
    slabs,
    train,
)


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """The folders of a run of void maps and of its dataset."""
    return train(tmp_path_factory.mktemp("voids"), slabs(), MAPS)


@pytest.fixture(scope="session")
def trained_with_fields(tmp_path_factory):
    """The folders of a run that sees fields, margins and coarse pixels, and of its dataset."""
    return train(tmp_path_factory.mktemp("fields"), slabs(**WITH_MARGINS), MAPS, with_fields=True)


@pytest.fixture(scope="session")
def trained_on_cubes(tmp_path_factory):
    """The folders of a run on cubes that are an eighth of a box, and of its dataset."""
    return train(tmp_path_factory.mktemp("cubes"), cubes(SIDE), CUBES)


@pytest.fixture(scope="session")
def trained_on_boxes(tmp_path_factory):
    """The folders of a run on whole boxes with fields, and of its dataset."""
    return train(tmp_path_factory.mktemp("boxes"), cubes(CELLS), WHOLE, with_fields=True)


@pytest.fixture
def write_catalogue(tmp_path):
    """Function that writes galaxies as CSV and returns the catalogue."""

    def write(position, box_size=BOX_SIZE, name="galaxies.csv", **coordinates):
        path = tmp_path / name
        np.savetxt(path, position, "%.4f", delimiter=",", header="x,y,z", comments="")
        box = BoxCoordinates(box_size=box_size, **coordinates)
        return GalaxyCatalogue(path=path, coordinates=box)

    return write
