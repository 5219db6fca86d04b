"""Stamps of bricks of the survey's size, against loops of astropy's `Cutout2D`.

The loops decompress a plane once for all objects, read the tiles of each stamp, or open the files
anew for each object; they leave the stamps in memory, whereas ours are measured and written. The
floor decompresses the planes and writes as many bytes to disk. Ranks are compared as whole
processes, start included, and their floor is two processes that decompress and write.
COSMODAG_BENCH_BRICK sets the pixels a side of a brick (3600).
"""

import contextlib
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
from astropy.io import fits
from astropy.nddata import Cutout2D
from astropy.wcs import WCS

from cosmodag.injections.bricks.brick_files import BrickFiles
from cosmodag.injections.bricks.brick_images import BANDS, BrickImages, read_plane, write_images
from cosmodag.injections.cutouts.brick_stamps import cut_stamps
from cosmodag.memory import keep_freed_memory
from cosmodag.tables import write_table
from tests.bench.harness import compare

SIDE, OBJECTS, BRICKS = 64, 2000, 24
FEW = {"Cutout2D of tiles": 100, "Cutout2D of files": 10}
"""Objects that the slow loops are timed on."""
GOAL_PEER, GOAL_FLOOR, GOAL_RANKS = 10, 0.8, 1.8


def run(results: Path) -> None:
    """Measure one process on one brick, warm and cold, then ranks on several."""
    size = int(os.environ.get("COSMODAG_BENCH_BRICK", "3600"))
    keep_freed_memory()  # as the command does; the peers and the floor gain by it as well
    with tempfile.TemporaryDirectory() as folder:
        survey = Survey(Path(folder), size)
        for state in ("warm", "cold", "loops"):
            measure(survey, state, results)
        measure_ranks(survey, results)


class Survey:
    """Bricks with the same planes under several names, and objects spread over each."""

    def __init__(self, folder: Path, size: int):
        self.folder, self.size = folder, size
        rng = np.random.default_rng(0)
        wcs = WCS(naxis=2)
        wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
        image = rng.normal(0, 0.02, (3, size, size)).astype(np.float32)
        ivar = np.full(image.shape, 2500, np.float32) * rng.uniform(0.9, 1.1, image.shape)
        self.names = [f"{number:04d}p000" for number in range(BRICKS)]
        images = BrickImages(BANDS, image, ivar.astype(np.float32), np.full(3, 1.4), wcs)
        write_images(self.files(0), images)
        for number in range(1, BRICKS):
            for band in BANDS:
                for quantity in ("image", "invvar"):
                    path = self.files(number).coadd(quantity, band)
                    path.parent.mkdir(parents=True, exist_ok=True)
                    os.link(self.files(0).coadd(quantity, band), path)
        places = rng.uniform(SIDE, size - SIDE, (BRICKS, OBJECTS, 2))
        self.objects = [self._objects(number, places[number]) for number in range(BRICKS)]

    def files(self, number: int) -> BrickFiles:
        """Files of a brick."""
        return BrickFiles(self.folder, self.names[number])

    def _objects(self, number: int, places: np.ndarray) -> pd.DataFrame:
        brick = self.names[number]
        return pd.DataFrame(
            {
                "id": [f"{brick}/real/{n}" for n in range(OBJECTS)],
                "tractor_id": range(OBJECTS),
                "brick": brick,
                "run": "",
                "label": 0,
                "bx": places[:, 0],
                "by": places[:, 1],
            }
        )

    def forget(self) -> None:
        """Drop the planes from the page cache, so that they are read from the disk."""
        for path in self.folder.glob("coadd/**/*.fz"):
            with open(path, "rb") as file:
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def measure(survey: Survey, state: str, results: Path) -> None:
    """Compare one process with a loop and the floor, or with slower loops."""
    objects, output = survey.objects[0], survey.folder / "stamps.h5"
    planes = [survey.files(0).coadd(kind, band) for band in BANDS for kind in ("image", "invvar")]

    def ours() -> np.ndarray:
        cut_stamps(objects, survey.folder, output, scratch=survey.folder / "scratch", side=SIDE)
        with h5py.File(output) as file:
            rows = {name: row for row, name in enumerate(file["index/id"].asstr()[:])}
            return np.stack([file["x"][rows[name]] for name in objects["id"][:10]])

    def once() -> np.ndarray:
        return stamps_of(OBJECTS, lambda path: read_plane(path)[0])

    def tiles() -> np.ndarray:
        with contextlib.ExitStack() as stack:
            opened = {path: stack.enter_context(fits.open(path)) for path in planes}
            return stamps_of(FEW["Cutout2D of tiles"], lambda path: opened[path][1].section)

    def files() -> np.ndarray:
        stamps = np.empty((FEW["Cutout2D of files"], SIDE, SIDE, 6), np.float32)
        for number in range(len(stamps)):
            stamps[number] = stamps_of(1, lambda path: read_plane(path)[0], first=number)
        return stamps

    def stamps_of(count: int, pixels: Callable, first: int = 0) -> np.ndarray:
        stamps = np.empty((count, SIDE, SIDE, 6), np.float32)
        places = objects[first : first + count]
        for channel, path in enumerate(planes):
            plane = pixels(path)
            for stamp, x, y in zip(stamps, places["bx"], places["by"]):
                # Even stamps of Cutout2D stand about the pixel before the one asked for.
                middle = (np.floor(x + 0.5) - 0.5, np.floor(y + 0.5) - 0.5)
                stamp[..., channel] = Cutout2D(plane, middle, SIDE).data
        return stamps

    def floor() -> None:
        for path in planes:
            read_plane(path)
        with open(survey.folder / "floor", "wb") as file:
            file.write(copied)
            os.fsync(file.fileno())

    def prepare() -> None:
        output.unlink(missing_ok=True)
        os.sync()
        if state == "cold":
            survey.forget()

    copied = np.ones((OBJECTS, SIDE, SIDE, 6), np.float32)
    loops = {"Cutout2D of planes": once}
    if state == "loops":
        loops = {"Cutout2D of tiles": tiles, "Cutout2D of files": files}
    record = compare(
        f"cutouts_{state}",
        {"one pass a plane": ours, **loops},
        ours="one pass a plane",
        floor=floor,
        equal=lambda found: all(
            np.array_equal(found["one pass a plane"], found[name][:10]) for name in loops
        ),
        prepare=prepare,
        shares={name: FEW[name] / OBJECTS for name in loops if name in FEW},
        threads=1,
        goal=GOAL_PEER if state == "loops" else None,
        work=OBJECTS,
        unit="stamps",
        notes={"size": survey.size, "side": SIDE},
        results=results,
    )
    print(f"  stamps/s: ours {OBJECTS / record['ours']:.0f}", end="")
    print("".join(f", {name} {OBJECTS / time:.1f}" for name, time in record["peers"].items()))
    print(f"  of the floor: {record['ratio_to_floor']:.2f} (goal {GOAL_FLOOR})")


def measure_ranks(survey: Survey, results: Path) -> None:
    """Compare two ranks with one on the same bricks."""
    table = survey.folder / "objects.parquet"
    write_table(table, pd.concat(objects[: OBJECTS // 2] for objects in survey.objects))
    mpiexec = str(Path(sys.executable).with_name("mpiexec"))

    def prepare() -> None:
        for path in (*survey.folder.glob("ranks_*.h5"), *survey.folder.glob("floor_*")):
            path.unlink()
        os.sync()

    def ranks(number: int) -> int:
        launcher = [mpiexec, "-n", str(number)] if number > 1 else []
        words = ["-m", "cosmodag", "injections", "cutouts", "--survey", survey.folder]
        output = survey.folder / f"ranks_{number}.h5"
        paths = ["--objects", table, "--output", output, "--scratch", survey.folder / "scratch"]
        command = [str(word) for word in (*launcher, sys.executable, *words, *paths)]
        subprocess.run(command, check=True, capture_output=True)
        return output.stat().st_size

    def decompress(number: int) -> None:
        command = [sys.executable, "-c", DECOMPRESS, survey.folder, str(SIDE), str(OBJECTS // 2)]
        shares = [survey.names[first::number] for first in range(number)]
        started = [subprocess.Popen([*command, *share]) for share in shares]
        assert not any(process.wait() for process in started)

    ranks(1)
    largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e3
    compare(
        "cutouts_ranks",
        {"two ranks": lambda: ranks(2), "one rank": lambda: ranks(1)},
        ours="two ranks",
        floor=lambda: decompress(2),
        prepare=prepare,
        equal=lambda sizes: len(set(sizes.values())) == 1,
        threads=2,
        goal=GOAL_RANKS,
        work=OBJECTS // 2 * BRICKS,
        unit="stamps",
        notes={"bricks": BRICKS, "largest_rank_mb": largest},
        results=results,
    )
    print(f"  largest rank: {largest:.0f} MB")
    compare(
        "cutouts_ranks_floor",  # what a second process gains where no rank waits for another
        {"two processes": lambda: decompress(2), "one process": lambda: decompress(1)},
        ours="two processes",
        prepare=prepare,
        threads=2,
        work=OBJECTS // 2 * BRICKS,
        unit="stamps",
        results=results,
    )


DECOMPRESS = """
import os
import sys
import numpy as np
from cosmodag.memory import keep_freed_memory
from cosmodag.injections.bricks.brick_files import BrickFiles
from cosmodag.injections.bricks.brick_images import read_planes
keep_freed_memory()
folder, side, objects, *names = sys.argv[1:]
stamps = np.ones((int(objects), int(side), int(side), 6), np.float32)
with open(f"{folder}/floor_{names[0]}", "wb") as file:
    for name in names:
        for _ in read_planes(BrickFiles(folder, name)):
            pass
        file.write(stamps)
    os.fsync(file.fileno())
"""
"""Decompress the planes of bricks and write as many bytes as their stamps have."""
