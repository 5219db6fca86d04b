"""Stamps of bricks of the survey's size, against a loop of astropy's `Cutout2D`.

The floor decompresses the planes and copies as many bytes as the stamps hold. Ranks are compared as
whole processes, start included. COSMODAG_BENCH_BRICK sets the pixels a side of a brick (3600).
"""

import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
from astropy.nddata import Cutout2D
from astropy.wcs import WCS

from cosmodag.cutouts.brick_stamps import cut_bricks
from cosmodag.sources.bricks import BANDS, BrickFiles, BrickImages, read_planes, write_images
from tests.bench.harness import compare

SIDE, OBJECTS, BRICKS = 64, 2000, 4
GOAL_PEER, GOAL_RANKS = 10, 1.8


def run(results: Path) -> None:
    """Measure one process on one brick, warm and cold, then ranks on several."""
    size = int(os.environ.get("COSMODAG_BENCH_BRICK", "3600"))
    with tempfile.TemporaryDirectory() as folder:
        survey = Survey(Path(folder), size)
        for state in ("warm", "cold"):
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
    """Compare one process with the loop and the floor."""
    prepare = survey.forget if state == "cold" else lambda: None
    objects, output = survey.objects[0], survey.folder / "stamps.h5"

    def ours() -> np.ndarray:
        prepare()
        cut_bricks(objects, survey.folder, output, scratch=survey.folder / "scratch", side=SIDE)
        with h5py.File(output) as file:
            return file["x"][::100]

    def loop() -> np.ndarray:
        prepare()
        stamps = np.empty((OBJECTS, SIDE, SIDE, 6), np.float32)
        for channel, (_, _, plane, _) in enumerate(read_planes(survey.files(0))):
            for stamp, x, y in zip(stamps, objects["bx"], objects["by"]):
                # Even stamps of Cutout2D stand about the pixel before the one asked for.
                middle = (np.floor(x + 0.5) - 0.5, np.floor(y + 0.5) - 0.5)
                stamp[..., channel] = Cutout2D(plane, middle, SIDE).data
        return stamps[::100]

    def floor() -> np.ndarray:
        prepare()
        copied = np.empty((OBJECTS, SIDE, SIDE, 6), np.float32)
        source = np.ones_like(copied)
        for _ in read_planes(survey.files(0)):
            pass
        np.copyto(copied, source)
        return copied

    compare(
        f"cutouts_{state}",
        {"one pass a plane": ours, "astropy Cutout2D": loop},
        ours="one pass a plane",
        floor=floor,
        equal=lambda found: np.array_equal(found["one pass a plane"], found["astropy Cutout2D"]),
        threads=1,
        goal=GOAL_PEER,
        work=OBJECTS,
        unit="stamps",
        notes={"size": survey.size, "side": SIDE},
        results=results,
    )


def measure_ranks(survey: Survey, results: Path) -> None:
    """Compare two ranks with one on the same bricks."""
    table = survey.folder / "objects.parquet"
    pd.concat(survey.objects).to_parquet(table)
    mpiexec = str(Path(sys.executable).with_name("mpiexec"))

    def ranks(number: int) -> int:
        launcher = [mpiexec, "-n", str(number)] if number > 1 else []
        words = ["-m", "cosmodag", "injections", "cutouts", "--survey", survey.folder]
        output = survey.folder / f"ranks_{number}.h5"
        paths = ["--objects", table, "--output", output, "--scratch", survey.folder / "scratch"]
        command = [str(word) for word in (*launcher, sys.executable, *words, *paths)]
        subprocess.run(command, check=True, capture_output=True)
        return output.stat().st_size

    ranks(1)
    largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e3
    compare(
        "cutouts_ranks",
        {"two ranks": lambda: ranks(2), "one rank": lambda: ranks(1)},
        ours="two ranks",
        equal=lambda sizes: len(set(sizes.values())) == 1,
        threads=2,
        goal=GOAL_RANKS,
        work=OBJECTS * BRICKS,
        unit="stamps",
        notes={"bricks": BRICKS, "largest_rank_mb": largest},
        results=results,
    )
