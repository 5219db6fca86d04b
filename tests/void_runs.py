"""Small networks of void maps and cubes, trained on boxes of clustered galaxies."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy import ndimage

from cosmodag.cutouts.sub_box_lattice import SubBoxGeometry
from cosmodag.datasets.shards import write_dataset
from cosmodag.hdf5 import create_file
from cosmodag.training.run import train_run
from cosmodag.training.settings import RunSettings
from cosmodag.voids.catalogues.galaxies_file import append, start_box, start_galaxies
from cosmodag.voids.cutouts.cubes import list_cubes
from cosmodag.voids.cutouts.sub_boxes import cut_sub_boxes
from cosmodag.voids.fields.box_fields import BoxFields
from cosmodag.voids.grids.assign_galaxies import grid_galaxies
from cosmodag.voids.grids.grid_file import GridMetadata, write_grids
from cosmodag.voids.survey.selection_file import write_selection
from cosmodag.voids.survey.simulated_survey import BoxSelection
from tests.checksummed import hdf5_file

CELLS, CELL_SIZE = 32, 2.0
SIDE, DEPTH, LAYERS, FACTOR = 16, 8, 2, 4
N_BOXES = 6
BOX_SIZE = CELLS * CELL_SIZE
WITH_MARGINS = {"margin_depth": 4, "input_factor": 2}
MAPS = {
    "task": {"name": "map", "channel": "fraction_matter"},
    "model": {"name": "unet", "width": 8, "levels": 1},
    "augment": "symmetries",
}
"""Settings of a network of void maps."""
CUBES = {
    "task": {"name": "map", "channel": "fraction_matter", "head": "cube"},
    "model": {"name": "unet3d", "width": 8, "levels": 1},
    "augment": "symmetries",
}
"""Settings of a network of cubes."""
WHOLE = CUBES | {"model": CUBES["model"] | {"padding": "circular"}, "augment": "periodic"}
"""Settings of a network that sees whole periodic boxes."""


class Trained(NamedTuple):
    """Folders of a run and its dataset."""

    run: Path
    dataset: Path


def clustered(seed: int, cells: int = CELLS) -> tuple[np.ndarray, np.ndarray]:
    """Return galaxies per cell of a periodic box, and a mask of its underdense cells."""
    random = np.random.default_rng(seed)
    field = ndimage.gaussian_filter(random.normal(size=(cells,) * 3), 1.5, mode="wrap")
    density = np.exp(1.5 * field / field.std())
    galaxies = random.poisson(0.3 * density / density.mean())
    return galaxies, (field < -0.3 * field.std()).astype(np.uint8)


def slabs(**shape) -> Callable:
    """Return a function that cuts slabs out of a grid file and a labels file."""
    geometry = SubBoxGeometry(side=SIDE, depth=DEPTH, stride=SIDE)
    return partial(cut_sub_boxes, geometry=geometry, layers=LAYERS, factor=FACTOR, **shape)


def cubes(side: int, factor: int = FACTOR) -> Callable:
    """Return a function that lists cubes of a grid file and a labels file."""
    geometry = SubBoxGeometry(side=side, depth=side, stride=side)
    return partial(list_cubes, geometry=geometry, factor=factor)


def train(
    folder: Path, cut: Callable, settings: dict, *, with_fields: bool = False, epochs: int = 2
) -> Trained:
    """Train a network on boxes, and write the grid file ``grid.h5`` beside run and dataset."""
    boxes = [clustered(seed) for seed in range(N_BOXES)]
    names = [f"r{number:04d}" for number in range(N_BOXES)]
    common = {"boxes": names, "box_size": np.full(3, BOX_SIZE), "periodic": True}
    common["groups"] = [f"boxes/{name}" for name in names]
    fields = BoxFields(
        smoothing=[4.0],
        thresholds=[-0.3],
        matter_radii=[],
        matter_thresholds=[],
        minimum_radius=4.0,
    )
    write_grids(
        folder / "grid.h5",
        ((galaxies.astype(np.float32), int(galaxies.sum())) for galaxies, _ in boxes),
        GridMetadata(method="cic", source="boxes", **common),
        shape=(CELLS,) * 3,
        fields=fields if with_fields else None,
    )
    return _train_on_grid(folder, cut, settings, [mask for _, mask in boxes], common, epochs)


def observe(counts: np.ndarray, placed: BoxSelection, seed: int) -> np.ndarray:
    """Return the positions of galaxies that a survey sees, scattered in their cells, in Mpc/h."""
    random = np.random.default_rng(seed)
    cells = np.argwhere(counts > 0).repeat(counts[counts > 0], axis=0)
    position = (cells + random.random(cells.shape)) * CELL_SIZE
    return placed.observe(position.astype(np.float32), random)


def train_on_survey(folder: Path, placed: BoxSelection, *, epochs: int = 2) -> Trained:
    """Train a network of cubes on boxes that a survey observes."""
    names = [f"r{number:04d}" for number in range(N_BOXES)]
    common = {"boxes": names, "box_size": np.full(3, BOX_SIZE), "periodic": True}
    common["groups"] = [f"boxes/{name}" for name in names]
    masks = []
    with create_file(folder / "galaxies.h5", "galaxies") as file:
        start_galaxies(file, "boxes")
        for seed, (name, group) in enumerate(zip(names, common["groups"])):
            counts, mask = clustered(seed)
            masks.append(mask)
            box = start_box(
                file, name, box_size=common["box_size"], origin=0.0, periodic=False, group=group
            )
            append(box, observe(counts, placed, seed))
            write_selection(box, placed)
    grid_galaxies(folder / "galaxies.h5", folder / "grid.h5", cells=CELLS)
    return _train_on_grid(folder, cubes(SIDE), CUBES, masks, common, epochs)


def _train_on_grid(
    folder: Path, cut: Callable, settings: dict, masks: list, common: dict, epochs: int
) -> Trained:
    """Label the boxes of a grid file by masks, cut them and train a network."""
    with hdf5_file(folder / "labels.h5", "w") as file:
        file.attrs.update(common, kind="labels", labels=["matter"])
        file["matter/mask"] = np.stack(masks)
        for name in common["boxes"]:
            voids = file.create_group(f"matter/voids/{name}")
            voids["position"], voids["volume"] = np.zeros((1, 3)), np.ones(1)
    cut(folder / "grid.h5", folder / "labels.h5", folder / "examples.h5")
    dataset = folder / "datasets" / "examples"
    write_dataset([folder / "examples.h5"], dataset, fractions=(0.5, 0.25, 0.25))
    training = {"epochs": epochs, "batch_size": 32}
    settings = RunSettings(training=training, transform="log1p", **settings)
    train_run(dataset, folder / "runs" / "voids", settings, threads=1)
    return Trained(folder / "runs" / "voids", dataset)


def positions(galaxies: np.ndarray) -> np.ndarray:
    """Return galaxies in the centres of their cells in Mpc/h, so that each falls into one cell."""
    cells = np.argwhere(galaxies > 0).repeat(galaxies[galaxies > 0], axis=0)
    return (cells + 0.5) * CELL_SIZE
