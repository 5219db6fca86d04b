"""Boxes of galaxies with known voids, written as files and cut into sub-boxes."""

import json
from typing import NamedTuple

import h5py
import numpy as np
import pandas as pd

from cosmodag.cutouts.sub_box_lattice import SubBoxGeometry
from cosmodag.evaluation.baselines.examples import Examples
from cosmodag.voids.cutouts.sub_boxes import cut_sub_boxes
from cosmodag.voids.finders.smoothing import smooth
from cosmodag.voids.finders.underdense_spheres import find_underdense_spheres
from cosmodag.voids.finders.void_catalogue import spheres_as_voids
from cosmodag.voids.finders.voxelize import voxelize_spheres
from tests.checksummed import hdf5_file

CELLS, CELL, LABEL = 48, 2.0, "matter_spheres"
BOX = np.full(3, CELLS * CELL)
GEOMETRY = SubBoxGeometry(side=24, depth=8, stride=24, axes=(0, 1, 2))
DEFINITION = {"threshold": -0.5, "minimum_radius": 6.0}


class Box(NamedTuple):
    """Files of one box, and its examples with masks as truth."""

    files: dict
    examples: Examples


def sources_of(*boxes):
    """Return the files of boxes by kind."""
    kinds = ("grid", "labels", "matter")
    return {k: [box.files[k] for box in boxes if k in box.files] for k in kinds}


def read_examples(path, label=LABEL):
    """Return the maps of an examples file as masks of one label, with their index."""
    with h5py.File(path) as file:
        index = {
            name: column.asstr()[:] if column.dtype.kind == "O" else column[:]
            for name, column in file["index"].items()
        }
        channel = list(file.attrs["y_channels"]).index(f"fraction_{label}")
        mask = file["y"][..., channel] >= 0.5
        return Examples(file["x"][:], mask, pd.DataFrame(index))


def write_box(folder, name, galaxies, voids, *, definition, matter=None, **attributes):
    """Write a box with galaxies (and matter) per cell and true voids, and cut it."""
    common = {"box_size": BOX, "periodic": True, "boxes": [name], "groups": [f"boxes/{name}"]}
    common |= attributes
    fields = {"grid": galaxies} | ({} if matter is None else {"matter": matter})
    files = {kind: folder / f"{name}_{kind}.h5" for kind in (*fields, "labels")}
    for kind, density in fields.items():
        with hdf5_file(files[kind], "w") as file:
            file["grid"] = density[np.newaxis].astype(np.float32)
            made = {"method": "cic", "particles": [1000], "mean_density": [density.mean()]}
            file.attrs.update(common, kind="grid", **made)
    with hdf5_file(files["labels"], "w") as file:
        file.attrs.update(common, kind="labels", labels=[LABEL])
        mask = voxelize_spheres(voids.position, voids.radius, (CELLS,) * 3, BOX)
        file[f"{LABEL}/mask"] = mask[np.newaxis]
        file[LABEL].attrs["settings"] = json.dumps(definition)
        for key in ("position", "radius", "volume"):
            file[f"{LABEL}/voids/{name}/{key}"] = getattr(voids, key)
    cut_sub_boxes(files["grid"], files["labels"], folder / f"{name}.h5", GEOMETRY)
    return Box(files, read_examples(folder / f"{name}.h5"))


def draw_universe(seed):
    """Return lognormal matter and a Poisson sample of galaxies, which trace its square."""
    random = np.random.default_rng(seed)
    field = smooth(random.normal(size=(CELLS,) * 3), BOX, 4.0)
    matter = np.exp(0.8 * field / field.std()).astype(np.float32)
    rate = matter**2 * (matter > 0.3)
    return matter / matter.mean(), random.poisson(0.2 * rate / rate.mean()).astype(np.float32)


def write_universe(folder, name, seed, *, perfect=False, definition=DEFINITION, **attributes):
    """Write a box whose voids are those of its matter, which galaxies may trace perfectly."""
    matter, galaxies = draw_universe(seed)
    galaxies = matter if perfect else galaxies
    voids = find_underdense_spheres(matter - 1, BOX, **DEFINITION)
    return write_box(
        folder, name, galaxies, voids, definition=definition, matter=matter, **attributes
    )


def joined(*boxes):
    """Return the examples of several boxes as those of one split."""
    x, y, index = zip(*((box.examples.x, box.examples.y, box.examples.index) for box in boxes))
    return Examples(np.concatenate(x), np.concatenate(y), pd.concat(index, ignore_index=True))


def spheres(centres, radius):
    """Return spheres of one radius as voids."""
    return spheres_as_voids(centres, np.full(len(centres), radius))
