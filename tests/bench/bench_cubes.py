"""Cubes of the published size: read against `numpy.fromfile`, cut against a loop over slices.

Ours maps a raw cube and looks at every value for NaN, byte order and range, which `fromfile` does
not; both are then summed, so that each has brought all values into memory. Slices are cut out of a
cubes file along three axes; the peer reads one slice after the other from the same file, and the
floor reads all cubes once and writes as many bytes.
COSMODAG_BENCH_CUBE sets the cells a side (200).
"""

import gzip
import os
import tempfile
from pathlib import Path

import h5py
import numpy as np

from cosmodag.hdf5 import create_file
from cosmodag.reionization.cubes.cubes_file import FIELDS, CubesHeader, create_cubes
from cosmodag.reionization.cubes.raw_cubes import read_raw_cube
from cosmodag.reionization.cutouts.cube_slices import cut_slices
from cosmodag.reionization.cutouts.slice_geometry import SliceGeometry
from tests.bench.harness import compare

GOAL_READ, GOAL_FLOOR = 0.8, 0.8
FIELD = "brightness_temperature"
ESCAPES = (0.07, 0.1, 0.13)


def run(results: Path) -> None:
    """Measure reading, plain and gzipped, then cutting."""
    cells = int(os.environ.get("COSMODAG_BENCH_CUBE", "200"))
    with tempfile.TemporaryDirectory() as folder:
        measure_reading(Path(folder), cells, results)
        measure_slices(Path(folder), cells, results)


def measure_reading(folder: Path, cells: int, results: Path) -> None:
    """Compare reading a raw cube and a gzipped one with NumPy."""
    cube = np.random.default_rng(0).uniform(0, 60, (cells,) * 3).astype("<f4")
    plain, packed = folder / "cube", folder / "cube.gz"
    cube.tofile(plain)
    packed.write_bytes(gzip.compress(cube.tobytes(), 1))

    def unpacked() -> float:
        with gzip.open(packed) as file:
            return total(np.frombuffer(file.read(), "<f4"))

    def total(values: np.ndarray) -> float:
        return float(values.reshape(-1).sum(dtype=np.float32))

    for name, path, peer in (
        ("cubes_read", plain, lambda: total(np.fromfile(plain, "<f4"))),
        ("cubes_read_gzip", packed, unpacked),
    ):
        compare(
            name,
            {
                "mapped and checked": lambda path=path: total(read_raw_cube(path, FIELD)),
                "numpy": peer,
            },
            ours="mapped and checked",
            equal=lambda sums: len(set(sums.values())) == 1,
            threads=1,
            rounds=15,
            goal=GOAL_READ,
            work=cells**3,
            unit="cells",
            notes={"cells": cells},
            results=results,
        )


def measure_slices(folder: Path, cells: int, results: Path) -> None:
    """Compare cutting all slices along three axes with reading them one by one."""
    cubes, output = folder / "cubes.h5", folder / "slices.h5"
    header = CubesHeader(8.0, 1.5 * cells, cells, (0,), ESCAPES, (0, 1, 2), 0.68, 0.31, "random")
    with create_file(cubes, "cubes") as file:
        for dataset in create_cubes(file, header, FIELDS).values():
            dataset[...] = np.random.default_rng(1).uniform(0, 1, dataset.shape)
    step = 4
    count = 3 * len(ESCAPES) * len(range(0, cells, step))

    def ours() -> np.ndarray:
        cut_slices([cubes], output, SliceGeometry(stride_depth=step))
        with h5py.File(output) as file:
            return file["x"][:: count // 9, ..., 0]

    def one_by_one() -> np.ndarray:
        kept = []
        with h5py.File(cubes) as file, h5py.File(output, "w") as written:
            x = written.create_dataset("x", (count, cells, cells), np.float32)
            row = 0
            for escape in range(len(ESCAPES)):
                for axis in range(3):
                    for place in range(0, cells, step):
                        where = [slice(None)] * 3
                        where[axis] = place
                        x[row] = file[FIELD][(0, escape, axis, *where)]
                        if row % (count // 9) == 0:
                            kept.append(x[row])
                        row += 1
        return np.array(kept)

    def floor() -> None:
        with h5py.File(cubes) as file:
            for escape in range(len(ESCAPES)):
                file["neutral_fraction"][0, escape]
                for axis in range(3):
                    file[FIELD][0, escape, axis]
        with open(folder / "floor", "wb") as file:
            file.write(copied)
            os.fsync(file.fileno())

    def prepare() -> None:
        output.unlink(missing_ok=True)
        os.sync()

    copied = np.ones((count, cells, cells), np.float32)
    record = compare(
        "cubes_slices",
        {"whole cubes": ours, "slice by slice": one_by_one},
        ours="whole cubes",
        floor=floor,
        equal=lambda found: np.array_equal(found["whole cubes"], found["slice by slice"]),
        prepare=prepare,
        threads=1,
        work=count,
        unit="slices",
        notes={"cells": cells, "stride_depth": step},
        results=results,
    )
    print(f"  slices/s: {count / record['ours']:.0f}", end="")
    print("".join(f", {name} {count / time:.0f}" for name, time in record["peers"].items()))
    print(f"  of the floor: {record['ratio_to_floor']:.2f} (goal {GOAL_FLOOR})")
