"""Tiny results of all stages in the folders of the workflow, and what reads each file of them."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from astropy.io import fits
from astropy.wcs import WCS

from cosmodag.cutouts.sub_box_lattice import SubBoxGeometry
from cosmodag.datasets.examples import open_examples
from cosmodag.datasets.folder import read_split
from cosmodag.datasets.shards import write_dataset
from cosmodag.evaluation.evaluate import evaluate
from cosmodag.evaluation.prepare_baselines import prepare_baselines
from cosmodag.galaxies.cutouts.galaxy_stamps import cut_galaxies
from cosmodag.galaxies.stamps.stamp_files import open_path_list
from cosmodag.galaxies.stamps.stamp_filter import filter_stamps
from cosmodag.galaxies.stamps.stamp_format import StampFormat
from cosmodag.hdf5 import create_file
from cosmodag.injections.bricks.brick_files import BrickFiles
from cosmodag.injections.bricks.brick_images import BANDS, BrickImages, read_images, write_images
from cosmodag.injections.cutouts.brick_stamps import cut_stamps
from cosmodag.injections.simulation.survey_writer import (
    InjectionRun,
    record_files,
    record_settings,
)
from cosmodag.reionization.cubes.cubes_file import CubesFile, CubesHeader, create_cubes
from cosmodag.reionization.cutouts.cube_slices import cut_slices
from cosmodag.reionization.cutouts.slice_geometry import SliceGeometry
from cosmodag.reporting.report import write_report
from cosmodag.reporting.summary import summary
from cosmodag.tables import read_table, write_table
from cosmodag.training.prediction import load_run
from cosmodag.training.run import train_run
from cosmodag.training.self_training import relabel
from cosmodag.training.settings import RunSettings
from cosmodag.voids.catalogues.box_coordinates import BoxCoordinates
from cosmodag.voids.catalogues.galaxy_catalogue import GalaxyCatalogue, write_galaxies_file
from cosmodag.voids.cutouts.sub_boxes import cut_sub_boxes
from cosmodag.voids.finders.labels_file import label_boxes
from cosmodag.voids.grids.assign_galaxies import grid_galaxies

BOXES, BOX, CELLS = 6, 48.0, 16
TASK = {"name": "map", "channel": "fraction_spheres"}
BASELINES = {"trees": {"max_pixels": 500}}


class Artefact(NamedTuple):
    """A kind of file of the results.

    Attributes
    ----------
    path : str
        One of these files.
    other : str
        Another file of the same kind.
    read : callable
        Takes the folder of results and reads the file as the stage does that uses it next.
    """

    path: str
    other: str
    read: Callable[[Path], object]


def write_results(folder: Path) -> Path:
    """Write the results of two small runs on voids, and sources and cutouts of all experiments."""
    voids = folder / "voids"
    random = np.random.default_rng(1)
    for batch in (0, 1):
        catalogues = {}
        for number in range(BOXES):
            path = folder.parent / "data" / f"{batch}_{number}.csv"
            path.parent.mkdir(exist_ok=True)
            position = random.uniform(0, BOX, (400, 3))
            pd.DataFrame(position, columns=list("xyz")).to_csv(path, index=False)
            catalogues[f"b{batch}{number}"] = GalaxyCatalogue(
                path=path, coordinates=BoxCoordinates(box_size=BOX)
            )
        names = {"galaxies": f"sources/mock/galaxies_{batch}", "grid": f"grids/coarse/{batch}"}
        names |= {"labels": f"labels/spheres/{batch}", "cutouts": f"cutouts/slabs/{batch}"}
        paths = {name: voids / f"{path}.h5" for name, path in names.items()}
        write_galaxies_file(paths["galaxies"], catalogues, source="mock")
        grid_galaxies(paths["galaxies"], paths["grid"], cells=CELLS, threads=1)
        label_boxes(
            paths["labels"],
            labels={"spheres": {"minimum_radius": 7.0, "wall_only": False}},
            mesh=CELLS,
            galaxies_file=paths["galaxies"],
            threads=1,
        )
        geometry = SubBoxGeometry(side=8, depth=8, stride=8)
        cut_sub_boxes(paths["grid"], paths["labels"], paths["cutouts"], geometry, threads=1)
        _write_learning(voids, batch, paths["cutouts"])
    relabel(voids / "datasets/d0", voids / "runs/r0", voids / "datasets/again", threads=1)
    write_report(voids / "report.html", [voids / "runs/r0", voids / "runs/r1"])
    write_report(folder / "report.html", [voids / "runs/r0"])
    _write_galaxies(folder / "galaxies", folder.parent / "data")
    _write_injections(folder / "injections")
    _write_cubes(folder / "reionization/sources/universes")
    return folder


def _write_learning(voids: Path, number: int, cutouts: Path) -> None:
    """Write a dataset with its run, its baselines and its scores."""
    dataset, run = voids / f"datasets/d{number}", voids / f"runs/r{number}"
    write_dataset([cutouts], dataset, shard_size=16, fractions=(0.4, 0.3, 0.3), seed=number)
    settings = RunSettings(
        {"name": "unet", "width": 8, "levels": 1}, TASK, training={"epochs": 1, "batch_size": 8}
    )
    train_run(dataset, run, settings, threads=1, device="cpu")
    baselines = voids / f"baselines/d{number}/map.h5"
    prepare_baselines(dataset, baselines, task=TASK, threads=1, settings=BASELINES)
    evaluate(dataset, run, baselines=baselines, replicas=20, threads=1, device="cpu")


def _write_galaxies(folder: Path, data: Path) -> None:
    """Write lists of stamps and their cutouts."""
    random = np.random.default_rng(2)
    for source in ("first", "second"):
        stamps = data / source
        stamps.mkdir()
        for number in range(4):
            image = random.normal(size=(3, 16, 16)).astype(np.float32)
            fits.PrimaryHDU(image).writeto(stamps / f"{number}.fits")
        fits.PrimaryHDU(image[0]).writeto(stamps / "one_band.fits")
        lists = [folder / f"sources/{source}/{name}" for name in ("accepted.txt", "rejected.tsv")]
        filter_stamps(stamps, *lists, shape=(3, 16, 16))
        cut_galaxies(_stamps(lists[0]), folder / f"cutouts/{source}/0.h5", side=16)


def _stamps(accepted: Path):
    return open_path_list(accepted, StampFormat(bands=("g", "r", "z"), pixel=0.262))


def _write_injections(folder: Path) -> None:
    """Write a survey of two bricks, a selection of objects and their cutouts."""
    survey = folder / "sources/sky/0"
    runs = [InjectionRun(survey)]
    record_settings(runs, {"seed": 1})
    rows = []
    for seed, brick in enumerate(("0591m305", "0592m305")):
        random = np.random.default_rng(seed)
        wcs = WCS(naxis=2)
        wcs.wcs.ctype, wcs.wcs.cdelt = ["RA---TAN", "DEC--TAN"], [-1e-4, 1e-4]
        image = random.normal(size=(3, 40, 40)).astype(np.float32)
        width = np.full(3, 1.4, np.float32)
        images = BrickImages(
            BANDS, image, random.uniform(1, 2, image.shape).astype("f4"), width, wcs
        )
        write_images(BrickFiles(survey, brick), images, lossless=True)
        rows += [(f"{brick}/{n}", n, brick, "", n % 2, *random.uniform(9, 30, 2)) for n in range(6)]
    record_files(runs)
    columns = ["id", "tractor_id", "brick", "run", "label", "bx", "by"]
    for batch in (0, 1):
        objects = folder / f"selections/all/{batch}.parquet"
        write_table(
            objects,
            pd.DataFrame(rows[batch:], columns=columns),
            inputs=[survey / "simulation.json"],
        )
        cut_stamps(
            read_table(objects, ""),
            survey,
            folder / f"cutouts/stamps/{batch}.h5",
            scratch=folder / ".scratch",
            side=8,
            objects_file=objects,
        )


def _write_cubes(folder: Path) -> None:
    """Write cubes of one redshift of two batches."""
    for batch in (0, 1):
        header = CubesHeader(8.0, 32.0, 8, (batch,), (0.1,), (2,), 0.6766, 0.3111, "none")
        with create_file(folder / f"{batch}/z8.h5", "cubes") as file:
            for dataset in create_cubes(file, header).values():
                dataset[...] = np.random.default_rng(batch).normal(size=dataset.shape)
        cut = folder.parents[1] / f"cutouts/slices/{batch}.h5"
        geometry = SliceGeometry(axes=(2,))
        cut_slices([folder / f"{batch}/z8.h5"], cut, geometry, channels=("density",))


def _read_cubes(folder: Path) -> None:
    with CubesFile(folder / "reionization/sources/universes/0/z8.h5"):
        pass


def _read_examples(path: Path) -> None:
    with open_examples([path]) as examples:
        examples.read(np.arange(3))


def _cut(results: Path) -> object:
    voids, output = results / "voids", results.parent / "cut.h5"
    files = (voids / "grids/coarse/0.h5", voids / "labels/spheres/0.h5")
    return cut_sub_boxes(*files, output, SubBoxGeometry(side=8, depth=8, stride=8), threads=1)


def _evaluate(results: Path) -> object:
    voids = results / "voids"
    baselines = voids / "baselines/d0/map.h5"
    options = {"replicas": 20, "threads": 1, "device": "cpu"}
    return evaluate(voids / "datasets/d0", voids / "runs/r0", baselines=baselines, **options)


def _report(results: Path) -> None:
    write_report(results.parent / "report.html", [results / "voids/runs/r0"])


def _split(results: Path) -> object:
    return write_dataset(
        [results / "voids/cutouts/slabs/0.h5"], results.parent / "split", fractions=(0.4, 0.3, 0.3)
    )


def _brick(results: Path) -> object:
    return read_images(BrickFiles(results / "injections/sources/sky/0", "0591m305"))


COADD = "injections/sources/sky/0/coadd/059/{0}/legacysurvey-{0}-image-r.fits.fz"
ARTEFACTS = [
    Artefact(
        "voids/sources/mock/galaxies_0.h5",
        "voids/sources/mock/galaxies_1.h5",
        lambda results: grid_galaxies(
            results / "voids/sources/mock/galaxies_0.h5",
            results.parent / "grid.h5",
            cells=CELLS,
            threads=1,
        ),
    ),
    Artefact("voids/grids/coarse/0.h5", "voids/grids/coarse/1.h5", _cut),
    Artefact("voids/labels/spheres/0.h5", "voids/labels/spheres/1.h5", _cut),
    Artefact("voids/cutouts/slabs/0.h5", "voids/cutouts/slabs/1.h5", _split),
    *(
        Artefact(
            f"voids/datasets/d0/{name}",
            f"voids/datasets/d1/{name}",
            lambda results: read_split(results / "voids/datasets/d0", "train"),
        )
        for name in ("dataset.json", "index.parquet", "xtrain_1.npy", "ytrain_1.npy")
    ),
    *(
        Artefact(
            f"voids/{name}", f"voids/{name.replace('r0', 'r1').replace('d0', 'd1')}", _evaluate
        )
        for name in (
            "datasets/d0/xtest_1.npy",
            "baselines/d0/map.h5",
            "runs/r0/history.csv",
        )
    ),
    *(
        Artefact(
            f"voids/runs/r0/{name}",
            f"voids/runs/r1/{name}",
            lambda results: load_run(results / "voids/runs/r0"),
        )
        for name in ("run.json", "model.pt")
    ),
    Artefact(
        "voids/runs/r0/metrics.json",
        "voids/runs/r1/metrics.json",
        lambda results: summary([results / "voids/runs/r0"]),
    ),
    Artefact("voids/runs/r0/figures/scores.svg", "voids/runs/r1/figures/scores.svg", _report),
    Artefact(
        "galaxies/sources/first/accepted.txt",
        "galaxies/sources/second/accepted.txt",
        lambda results: _stamps(results / "galaxies/sources/first/accepted.txt"),
    ),
    Artefact("injections/sources/sky/0/simulation.json", "voids/datasets/d0/dataset.json", _brick),
    Artefact(COADD.format("0591m305"), COADD.format("0592m305"), _brick),
    Artefact(
        "injections/selections/all/0.parquet",
        "injections/selections/all/1.parquet",
        lambda results: read_table(results / "injections/selections/all/0.parquet", "select"),
    ),
    Artefact(
        "injections/cutouts/stamps/0.h5",
        "injections/cutouts/stamps/1.h5",
        lambda results: _read_examples(results / "injections/cutouts/stamps/0.h5"),
    ),
    Artefact(
        "reionization/sources/universes/0/z8.h5",
        "reionization/sources/universes/1/z8.h5",
        _read_cubes,
    ),
]

UNREAD = [
    ("voids/runs/r0/figures/learning.svg", "voids/runs/r1/figures/learning.svg"),
    ("voids/runs/r0/predictions.h5", "voids/runs/r1/predictions.h5"),
    ("voids/runs/r0/figures/scores.pdf", "voids/runs/r1/figures/scores.pdf"),
    ("voids/runs/r0/figures/scores.numbers.csv", "voids/runs/r1/figures/scores.numbers.csv"),
    ("voids/sources/mock/galaxies_0.rejected.csv", "voids/runs/r1/history.csv"),
    ("galaxies/sources/first/rejected.tsv", "voids/runs/r1/history.csv"),
]
"""Files that only people read, each with another of its kind."""
