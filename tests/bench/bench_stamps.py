"""Stamps of galaxies against a plain loop of GalSim, and their filter against astropy's headers.

The loop draws every band of the same galaxies by itself, with the same accuracy, and leaves them in
memory, whereas ours are written. The floor draws each part once and adds up bands, as ours do, and
writes nothing. COSMODAG_BENCH_GALAXIES sets their number (600) and
COSMODAG_BENCH_FILES that of the files that are filtered (3000).
"""

import os
import tempfile
from pathlib import Path

import galsim
import numpy as np
from astropy.io import fits

from cosmodag.galaxies.simulation.galaxy_parameters import draw_galaxies
from cosmodag.galaxies.simulation.stamp_rendering import (
    ACCURACY,
    MOFFAT_BETA,
    fluxes,
    observe,
)
from cosmodag.galaxies.simulation.stamp_simulation import simulate_stamps
from cosmodag.galaxies.stamps.stamp_filter import filter_stamps
from cosmodag.galaxies.stamps.stamps_file import read_stamps
from cosmodag.imaging.galaxy_population import BULGE_INDEX, component_fractions
from tests.bench.harness import compare

SEED, PIXEL = 1, 0.1
GOAL_LOOP, GOAL_PROCESSES, GOAL_FILTER = 0.95, 1.8, 1.0


def run(results: Path) -> None:
    """Measure one process, two processes, and the filter."""
    count = int(os.environ.get("COSMODAG_BENCH_GALAXIES", "600"))
    files = int(os.environ.get("COSMODAG_BENCH_FILES", "3000"))
    with tempfile.TemporaryDirectory() as folder:
        measure_drawing(Path(folder), count, results)
        measure_processes(Path(folder), count, results)
        measure_filter(Path(folder) / "files", files, results)


def simulated(path: Path, count: int, processes: int = 1) -> list[np.ndarray]:
    """Draw and write galaxies; give some of them."""
    simulate_stamps(path, count=count, seed=SEED, pixel=PIXEL, processes=processes)
    return [stamp.image for _, stamp in zip(range(20), read_stamps(path))]


def band_by_band(count: int) -> list[np.ndarray]:
    """Draw every band of every galaxy by itself, and add noise."""
    rng = np.random.default_rng(SEED)
    drawn = []
    for galaxy in draw_galaxies(range(count), seed=SEED).to_dict("records"):
        psf = galsim.Moffat(beta=MOFFAT_BETA, fwhm=galaxy["psf"], gsparams=ACCURACY)
        fraction, flux = galaxy["bulge_fraction"], fluxes(galaxy)
        bulge = component_fractions(np.array([fraction]), np.array([galaxy["gradient"]]))[0]
        bulge = bulge if fraction > 0 else np.zeros(3)
        image = np.empty((3, galaxy["side"], galaxy["side"]), np.float32)
        for band in range(3):
            body = _profile(galaxy, galaxy["sersic_index"], 1, galaxy["axis_ratio"])
            whole = body * float(flux[band] * (1 - bulge[band]))
            if fraction > 0:
                ratio = 1 - 0.5 * (1 - galaxy["axis_ratio"])
                part = _profile(galaxy, BULGE_INDEX, galaxy["bulge_ratio"], ratio)
                whole = whole + part * float(flux[band] * bulge[band])
            plane = galsim.ImageF(galaxy["side"], galaxy["side"], scale=PIXEL)
            seen = galsim.Convolve(whole, psf, gsparams=ACCURACY)
            seen.drawImage(image=plane, offset=(galaxy["dx"], galaxy["dy"]))
            image[band] = plane.array
        image += galaxy["noise"] * rng.standard_normal(image.shape, np.float32)
        drawn.append(image)
    return drawn[:20]


def part_by_part(count: int) -> None:
    """Draw every part of every galaxy once, in a loop."""
    for galaxy in draw_galaxies(range(count), seed=SEED).to_dict("records"):
        observe(galaxy, seed=SEED, pixel=PIXEL)


def measure_drawing(folder: Path, count: int, results: Path) -> None:
    def equal(found: dict) -> bool:
        light = zip(found["cosmodag"], found["band by band"])
        return all(abs(a.sum() - b.sum()) < 0.02 * abs(a.sum()) + 3 for a, b in light)

    compare(
        "stamps",
        {
            "cosmodag": lambda: simulated(folder / "one.h5", count),
            "band by band": lambda: band_by_band(count),
        },
        ours="cosmodag",
        threads=1,
        equal=equal,
        floor=lambda: part_by_part(count),
        goal=GOAL_LOOP,
        work=count,
        unit="galaxies",
        results=results,
    )


def measure_processes(folder: Path, count: int, results: Path) -> None:
    """Two processes against one, start included."""
    compare(
        "stamps-processes",
        {
            "two": lambda: simulated(folder / "two.h5", 4 * count, processes=2),
            "one": lambda: simulated(folder / "one.h5", 4 * count),
        },
        ours="two",
        threads=2,
        equal=lambda found: all(map(np.array_equal, found["two"], found["one"])),
        goal=GOAL_PROCESSES,
        work=4 * count,
        unit="galaxies",
        results=results,
    )


def measure_filter(folder: Path, count: int, results: Path) -> None:
    """The filter of a folder against a walk that opens each header with astropy."""
    folder.mkdir()
    fits.PrimaryHDU(np.zeros((3, 256, 256), np.float32)).writeto(folder / "0.fits")
    for number in range(1, count):
        os.link(folder / "0.fits", folder / f"{number}.fits")

    def filtered() -> int:
        accepted, _ = filter_stamps(folder, folder.parent / "accepted", folder.parent / "rejected")
        return accepted

    def walked() -> int:
        headers = (fits.getheader(entry.path) for entry in os.scandir(folder))
        return sum([header[f"NAXIS{n}"] for n in (3, 2, 1)] == [3, 256, 256] for header in headers)

    def first_blocks() -> None:
        for entry in os.scandir(folder):
            with open(entry.path, "rb") as file:
                file.read(2880)

    compare(
        "stamps-filter",
        {"cosmodag": filtered, "walk with astropy": walked},
        ours="cosmodag",
        threads=1,
        equal=lambda found: len(set(found.values())) == 1,
        floor=first_blocks,
        goal=GOAL_FILTER,
        work=count,
        unit="files",
        results=results,
    )


def _profile(galaxy: dict, index: float, ratio: float, axis_ratio: float) -> galsim.GSObject:
    radius = galaxy["body_radius"] * ratio
    profile = galsim.Sersic(n=index, half_light_radius=radius, gsparams=ACCURACY)
    return profile.shear(q=axis_ratio, beta=galaxy["position_angle"] * galsim.degrees)
