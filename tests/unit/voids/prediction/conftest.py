"""A small network of void maps, trained on boxes of clustered galaxies."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from scipy import ndimage

from cosmodag.cutouts.sub_box_lattice import SubBoxGeometry
from cosmodag.datasets.shards import write_dataset
from cosmodag.training.run import train_run
from cosmodag.training.settings import RunSettings
from cosmodag.voids.catalogues.box_coordinates import BoxCoordinates
from cosmodag.voids.catalogues.galaxy_catalogue import GalaxyCatalogue
from cosmodag.voids.cutouts.sub_boxes import cut_sub_boxes
from cosmodag.voids.fields.box_fields import BoxFields
from cosmodag.voids.grids.grid_file import GridMetadata, write_grids
from tests.checksummed import hdf5_file

CELLS, CELL_SIZE = 32, 2.0
SIDE, DEPTH, LAYERS, FACTOR = 16, 8, 2, 4
BOX_SIZE = CELLS * CELL_SIZE
WITH_MARGINS = {"margin_depth": 4, "input_factor": 2}


def clustered(seed: int, cells: int = CELLS) -> tuple[np.ndarray, np.ndarray]:
    """Return galaxies per cell of a periodic box, and a mask of its underdense cells."""
    random = np.random.default_rng(seed)
    field = ndimage.gaussian_filter(random.normal(size=(cells,) * 3), 1.5, mode="wrap")
    density = np.exp(1.5 * field / field.std())
    galaxies = random.poisson(0.3 * density / density.mean())
    return galaxies, (field < -0.3 * field.std()).astype(np.uint8)


class Trained(NamedTuple):
    """Folders of a run and its dataset."""

    run: Path
    dataset: Path


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """The folders of a run of void maps and of its dataset."""
    return _train(tmp_path_factory.mktemp("voids"))


@pytest.fixture(scope="session")
def trained_with_fields(tmp_path_factory):
    """The folders of a run that sees fields, margins and coarse pixels, and of its dataset."""
    fields = BoxFields(
        smoothing=[4.0],
        thresholds=[-0.3],
        matter_radii=[],
        matter_thresholds=[],
        minimum_radius=4.0,
    )
    return _train(tmp_path_factory.mktemp("fields"), fields, **WITH_MARGINS)


def _train(folder: Path, fields: BoxFields | None = None, **shape) -> Trained:
    boxes = [clustered(seed) for seed in range(6)]
    names = [f"r{number:04d}" for number in range(len(boxes))]
    common = {"boxes": names, "box_size": np.full(3, BOX_SIZE), "periodic": True}
    common["groups"] = [f"boxes/{name}" for name in names]
    write_grids(
        folder / "grid.h5",
        ((galaxies.astype(np.float32), int(galaxies.sum())) for galaxies, _ in boxes),
        GridMetadata(method="cic", source="boxes", **common),
        shape=(CELLS,) * 3,
        fields=fields,
    )
    with hdf5_file(folder / "labels.h5", "w") as file:
        file.attrs.update(common, kind="labels", labels=["matter"])
        file["matter/mask"] = np.stack([mask for _, mask in boxes])
        for name in names:
            voids = file.create_group(f"matter/voids/{name}")
            voids["position"], voids["volume"] = np.zeros((1, 3)), np.ones(1)
    geometry = SubBoxGeometry(side=SIDE, depth=DEPTH, stride=SIDE)
    paths = (folder / "grid.h5", folder / "labels.h5", folder / "slabs.h5")
    cut_sub_boxes(*paths, geometry, layers=LAYERS, factor=FACTOR, **shape)
    dataset = folder / "datasets" / "slabs"
    write_dataset([folder / "slabs.h5"], dataset, fractions=(0.5, 0.25, 0.25))
    settings = RunSettings(
        task={"name": "map", "channel": "fraction_matter"},
        model={"name": "unet", "width": 8, "levels": 1},
        training={"epochs": 2, "batch_size": 32},
        transform="log1p",
        augment="symmetries",
    )
    train_run(dataset, folder / "runs" / "maps", settings, threads=1)
    return Trained(folder / "runs" / "maps", dataset)


def positions(galaxies: np.ndarray) -> np.ndarray:
    """Return galaxies in the centres of their cells in Mpc/h, so that each falls into one cell."""
    cells = np.argwhere(galaxies > 0).repeat(galaxies[galaxies > 0], axis=0)
    return (cells + 0.5) * CELL_SIZE


@pytest.fixture
def write_catalogue(tmp_path):
    """Function that writes galaxies as CSV and returns the catalogue."""

    def write(position, box_size=BOX_SIZE, name="galaxies.csv", **coordinates):
        path = tmp_path / name
        np.savetxt(path, position, "%.4f", delimiter=",", header="x,y,z", comments="")
        box = BoxCoordinates(box_size=box_size, **coordinates)
        return GalaxyCatalogue(path=path, coordinates=box)

    return write
