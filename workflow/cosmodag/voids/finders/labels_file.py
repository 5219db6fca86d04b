"""The labels of a batch of boxes in one HDF5 file: void masks and void catalogues."""

import json
import os
from collections.abc import Mapping

import h5py
import numpy as np
from tqdm import tqdm

from cosmodag.errors import InputError
from cosmodag.files import whole_file
from cosmodag.hdf5 import open_kind
from cosmodag.threads import numba_threads
from cosmodag.voids.finders.box_inputs import BoxInputs
from cosmodag.voids.finders.box_labels import LABELS, CatalogueArrays, label_box
from cosmodag.voids.finders.void_catalogue import VoidCatalogue

CHUNK = 64


def label_boxes(
    output: str | os.PathLike,
    *,
    labels: Mapping[str, Mapping],
    mesh: int | tuple[int, int, int],
    galaxies_file: str | os.PathLike | None = None,
    matter_grid: str | os.PathLike | None = None,
    catalogue: Mapping[str, CatalogueArrays] | None = None,
    threads: int | None = None,
) -> None:
    """Find the voids of every box by each of several definitions and write a labels file.

    Parameters
    ----------
    output : path
        HDF5 file of kind "labels" to write: for each label its `mask` (boxes, mx, my, mz) uint8,
        the catalogue `voids/<box>/{position, radius, volume}` float32, and where a void is a
        union of spheres `spheres/<box>/{position, radius, void}`; Mpc/h and (Mpc/h)^3.
    labels : mapping
        Settings of each label by its name:

        - "matter": those of `matter.find_underdense_regions` (needs `matter_grid`);
        - "matter_spheres": those of `underdensity.find_underdense_spheres`, among the matter (needs
          `matter_grid`);
        - "spheres": those of `empty_spheres.find_empty_spheres` (needs `galaxies_file`);
        - "underdensity": those of `underdensity.find_underdense_spheres`, and `cells`, the
          galaxy grid's cells along each axis, by default `mesh` (needs `galaxies_file`);
        - "catalogue": none (needs `catalogue`).
    mesh : int or tuple of 3 int
        Cells of the masks. The matter grid must divide into it.
    galaxies_file, matter_grid : path, optional
        Files of kind "galaxies" and "grid" with the boxes; at least one is needed.
    catalogue : mapping, optional
        Positions (M, 3) and radii (M,) in Mpc/h of a given void catalogue for each box.
    threads : int, optional
        Threads of the finders; numba's number of threads by default.

    Raises
    ------
    InputError
        If a label is unknown or lacks its input, or an input cannot be used.
    """
    unknown = sorted(set(labels) - set(LABELS))
    if unknown or not labels:
        raise InputError(f"labels {unknown or '(none)'}: choose from {list(LABELS)}")
    shape = (mesh,) * 3 if isinstance(mesh, int) else tuple(mesh)
    with (
        numba_threads(threads),
        BoxInputs(galaxies_file, matter_grid) as inputs,
        whole_file(output) as partial,
        h5py.File(partial, "w") as file,
    ):
        _write_head(file, inputs, labels, shape)
        progress = tqdm(total=len(labels) * len(inputs.boxes), desc="labels", disable=None)
        for row, box in enumerate(inputs.boxes):
            for label, settings in labels.items():
                given = None if catalogue is None else catalogue.get(box)
                mask, voids = label_box(label, settings, inputs, box, shape, given)
                _write_box(file[label], row, box, mask, voids)
                progress.update()
        progress.close()


def _write_head(file, inputs, labels, shape) -> None:
    file.attrs.update(
        kind="labels",
        box_size=inputs.box_size,
        periodic=inputs.periodic,
        boxes=inputs.boxes,
        groups=inputs.groups,
        labels=list(labels),
    )
    for label, settings in labels.items():
        group = file.create_group(label)
        group.attrs["settings"] = json.dumps(dict(settings))
        group.create_dataset(
            "mask",
            shape=(len(inputs.boxes), *shape),
            dtype=np.uint8,
            chunks=(1, *(min(side, CHUNK) for side in shape)),
            compression="gzip",
            compression_opts=1,
        )


def _write_box(group, row, box, mask, voids) -> None:
    group["mask"][row] = mask
    found = group.create_group(f"voids/{box}")
    found["position"] = voids.position.astype(np.float32)
    found["radius"] = voids.radius.astype(np.float32)
    found["volume"] = voids.volume.astype(np.float32)
    if len(voids.sphere_radius):
        spheres = group.create_group(f"spheres/{box}")
        spheres["position"] = voids.sphere_position.astype(np.float32)
        spheres["radius"] = voids.sphere_radius.astype(np.float32)
        spheres["void"] = voids.sphere_void.astype(np.int32)


def read_mask(path: str | os.PathLike, label: str, box: str) -> np.ndarray:
    """Read one box's mask from a labels file, (mx, my, mz) uint8.

    Raises
    ------
    InputError
        If the file cannot be read, or holds no such label or box.
    """
    with open_kind(path, "labels") as file:
        _check_holds(file, label, box)
        return file[label]["mask"][list(file.attrs["boxes"]).index(box)]


def read_voids(path: str | os.PathLike, label: str, box: str) -> VoidCatalogue:
    """Read one box's void catalogue from a labels file.

    Raises
    ------
    InputError
        If the file cannot be read, or holds no such label or box.
    """
    with open_kind(path, "labels") as file:
        _check_holds(file, label, box)
        voids = file[label]["voids"][box]
        arrays = {name: voids[name][:].astype(np.float64) for name in voids}
        if f"spheres/{box}" in file[label]:
            spheres = file[label]["spheres"][box]
            arrays["sphere_position"] = spheres["position"][:].astype(np.float64)
            arrays["sphere_radius"] = spheres["radius"][:].astype(np.float64)
            arrays["sphere_void"] = spheres["void"][:].astype(np.int64)
        return VoidCatalogue(**arrays)


def _check_holds(file, label, box) -> None:
    if label not in file.attrs["labels"]:
        raise InputError(f"{file.filename}: no label {label!r} in {list(file.attrs['labels'])}")
    if box not in file.attrs["boxes"]:
        raise InputError(f"{file.filename}: no box {box!r} in {list(file.attrs['boxes'])}")
