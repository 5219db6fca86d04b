"""The labels file: void masks and void catalogues of a batch of boxes."""

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

import h5py
import numpy as np
from tqdm import tqdm

from cosmodag.errors import InputError
from cosmodag.hdf5 import create_file, open_kind
from cosmodag.threads import numba_threads
from cosmodag.voids.box_cells import chunk_side
from cosmodag.voids.finders.box_inputs import BoxInputs, CatalogueArrays
from cosmodag.voids.finders.box_labels import FINDERS, Shape, label_box
from cosmodag.voids.finders.void_catalogue import VoidCatalogue
from cosmodag.voids.grids.cell_shape import unlike_cells


def label_boxes(
    output: str | os.PathLike,
    *,
    labels: Mapping[str, Mapping[str, Any]],
    mesh: int | tuple[int, int, int],
    galaxies_file: str | os.PathLike | None = None,
    matter_grid: str | os.PathLike | None = None,
    catalogue: Mapping[str, CatalogueArrays] | None = None,
    catalogue_file: str | os.PathLike | None = None,
    files: Sequence[str | os.PathLike] = (),
    threads: int | None = None,
) -> None:
    """Find the voids of each box by one or more definitions and write a labels file.

    For each label the file contains the dataset `mask` (boxes, mx, my, mz), uint8, the catalogue
    `voids/<box>/{position, radius, volume}`, float32, and, if voids are unions of spheres,
    `spheres/<box>/{position, radius, void}`. Lengths are in Mpc/h and volumes in (Mpc/h)³.

    Parameters
    ----------
    output : path-like
        Labels file to write.
    labels : mapping from str to mapping
        Settings of each label, by its name:

        - "matter": those of `underdense_regions.find_underdense_regions` (needs `matter_grid`);
        - "matter_spheres": those of `underdense_spheres.find_underdense_spheres`, in the matter
          (needs `matter_grid`);
        - "matter_tidal": those of `tidal_regions.find_tidal_regions` (needs `matter_grid`);
        - "matter_watershed": those of `watershed.Watershed`, in the matter (needs `matter_grid`);
        - "spheres": those of `empty_spheres.find_empty_spheres` (needs `galaxies_file`);
        - "underdensity": those of `underdense_spheres.find_underdense_spheres`, and `cells`, the
          cells per side of the galaxy grid, by default `mesh` (needs `galaxies_file`);
        - "watershed": those of `watershed.Watershed` (needs `galaxies_file`);
        - "catalogue": none (needs `catalogue`).
    mesh : int or tuple of int, shape (3,)
        Cells of the masks along each axis. It must divide the matter grid.
    galaxies_file, matter_grid : path-like, optional
        Files of kind "galaxies" and "grid" of the same boxes; at least one is needed.
    catalogue : mapping from str to (positions, radii), optional
        Positions (M, 3) and radii (M,) of an external void catalogue in Mpc/h, by the name of the
        box.
    catalogue_file : path-like, optional
        File that the catalogue was read from, for the record.
    files : sequence of path-like
        Files that belong to the labels file.
    threads : int, optional
        Threads of the finders; numba's number of threads by default.

    Raises
    ------
    InputError
        A label is unknown or lacks its input, or an input is invalid.

    Examples
    --------
    >>> label_boxes(
    ...     "labels.h5",
    ...     labels={"spheres": {"minimum_radius": 10.0}},
    ...     mesh=128,
    ...     galaxies_file="galaxies.h5",
    ... )  # doctest: +SKIP
    """
    unknown = sorted(set(labels) - set(FINDERS))
    if unknown or not labels:
        raise InputError(f"labels {unknown or '(none)'}: choose from {list(FINDERS)}")
    mx, my, mz = (mesh,) * 3 if isinstance(mesh, int) else mesh
    given = (galaxies_file, matter_grid, catalogue_file)
    with (
        numba_threads(threads),
        BoxInputs(galaxies_file, matter_grid, catalogue) as inputs,
        create_file(output, "labels", inputs=[path for path in given if path], files=files) as file,
    ):
        if fault := unlike_cells((mx, my, mz), inputs.box_size.tolist()):
            raise InputError(f"mesh: {fault}")
        _write_header(file, inputs, labels, (mx, my, mz))
        progress = tqdm(total=len(labels) * len(inputs.boxes), desc="labels", disable=None)
        for row, box in enumerate(inputs.boxes):
            for label, settings in labels.items():
                mask, voids = label_box(label, settings, inputs, box, (mx, my, mz))
                _write_box(file[label], row, box, mask, voids)
                progress.update()
        progress.close()


def _write_header(
    file: h5py.File, inputs: BoxInputs, labels: Mapping[str, Mapping[str, Any]], shape: Shape
) -> None:
    """Write the attributes of a labels file and create its masks."""
    file.attrs.update(
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
            chunks=(1, *map(chunk_side, shape)),
            compression="gzip",
            compression_opts=1,
        )


def _write_box(
    group: h5py.Group, row: int, box: str, mask: np.ndarray, voids: VoidCatalogue
) -> None:
    """Write the mask and the voids of one box by one definition."""
    group["mask"][row] = mask
    catalogue = group.create_group(f"voids/{box}")
    catalogue["position"] = voids.position.astype(np.float32)
    catalogue["radius"] = voids.radius.astype(np.float32)
    catalogue["volume"] = voids.volume.astype(np.float32)
    if len(voids.sphere_radius):
        spheres = group.create_group(f"spheres/{box}")
        spheres["position"] = voids.sphere_position.astype(np.float32)
        spheres["radius"] = voids.sphere_radius.astype(np.float32)
        spheres["void"] = voids.sphere_void.astype(np.int32)


def read_mask(path: str | os.PathLike, label: str, box: str) -> np.ndarray:
    """Read the void mask of one box from a labels file.

    Parameters
    ----------
    path : path-like
        Labels file.
    label, box : str
        Name of the label and name of the box.

    Returns
    -------
    numpy.ndarray, shape (mx, my, mz), uint8
        1 in cells inside a void, 0 elsewhere.

    Raises
    ------
    InputError
        The file cannot be read, or has no such label or box.
    """
    with open_kind(path, "labels") as file:
        _check_contains(file, label, box)
        return file[label]["mask"][list(file.attrs["boxes"]).index(box)]


def read_voids(path: str | os.PathLike, label: str, box: str) -> VoidCatalogue:
    """Read the void catalogue of one box from a labels file.

    Parameters
    ----------
    path : path-like
        Labels file.
    label, box : str
        Name of the label and name of the box.

    Returns
    -------
    VoidCatalogue
        The voids.

    Raises
    ------
    InputError
        The file cannot be read, or has no such label or box.
    """
    with open_kind(path, "labels") as file:
        _check_contains(file, label, box)
        voids = file[label]["voids"][box]
        arrays = {name: voids[name][:].astype(np.float64) for name in voids}
        if f"spheres/{box}" in file[label]:
            spheres = file[label]["spheres"][box]
            arrays["sphere_position"] = spheres["position"][:].astype(np.float64)
            arrays["sphere_radius"] = spheres["radius"][:].astype(np.float64)
            arrays["sphere_void"] = spheres["void"][:].astype(np.int64)
        return VoidCatalogue(**arrays)


def _check_contains(file: h5py.File, label: str, box: str) -> None:
    """Refuse a label or a box that a labels file does not contain."""
    if label not in file.attrs["labels"]:
        raise InputError(f"{file.filename}: no label {label!r} in {list(file.attrs['labels'])}")
    if box not in file.attrs["boxes"]:
        raise InputError(f"{file.filename}: no box {box!r} in {list(file.attrs['boxes'])}")
