"""Snapshots of Gadget and AREPO in one file or several, for tests."""

from pathlib import Path

import h5py
import numpy as np

SIDE = 100_000.0
"""Side of the box in kpc/h."""
COLUMNS = tuple(f"PartType1/Coordinates[{axis}]" for axis in range(3))


def write_snapshot(
    folder: Path, n_parts: int = 4, n_particles: int = 3000, empty: int | None = None, **header
) -> np.ndarray:
    """Write ``snap_099.<part>.hdf5`` as AREPO does; return the positions in kpc/h in their order.

    Of the part `empty`, all particles go into the first part.
    """
    position = np.random.default_rng(2).uniform(0, SIDE, (n_particles, 3))
    parts = np.array_split(position, n_parts)
    if empty is not None:
        parts[0], parts[empty] = np.concatenate([parts[0], parts[empty]]), position[:0]
    for number, part in enumerate(parts):
        with h5py.File(folder / f"snap_099.{number}.hdf5", "w") as file:
            counts = {"NumPart_ThisFile": len(part), "NumPart_Total": n_particles}
            attributes = file.create_group("Header").attrs
            for key, count in counts.items():
                attributes[key] = np.array([0, count, 0, 0, 0, 0], np.uint32)
            attributes["NumPart_Total_HighWord"] = np.zeros(6, np.uint32)
            attributes["NumFilesPerSnapshot"] = n_parts
            attributes["BoxSize"], attributes["HubbleParam"] = SIDE, 0.6774
            attributes["Time"] = 1.0
            attributes.update(header)
            if len(part):
                file["PartType1/Coordinates"] = part
    return np.concatenate(parts)
