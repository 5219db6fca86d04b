"""Small grid and labels files with random content, in the formats of the earlier stages."""

import h5py
import numpy as np
import pytest


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
        with h5py.File(grid_file, "w") as file:
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
        with h5py.File(labels_file, "w") as file:
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
