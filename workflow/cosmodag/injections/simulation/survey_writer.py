"""Writing of simulated or observed surveys: settings of a folder, planes and catalogues of a brick.

Runs of injections may share images. Planes and catalogues of equal content are written once and
hard-linked.
"""

import hashlib
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from cosmodag.errors import InputError
from cosmodag.files import whole_file
from cosmodag.imaging.galaxy_population import POPULATIONS
from cosmodag.injections.bricks.brick_catalogues import write_simcat, write_tractor
from cosmodag.injections.bricks.brick_files import RUN_NAME, SETTINGS_FILE, BrickFiles
from cosmodag.injections.bricks.brick_images import BrickImages, write_plane
from cosmodag.injections.simulation.injection import FLAWS
from cosmodag.json_files import read_json, write_json
from cosmodag.settings import unknown


class InjectionRun(NamedTuple):
    """A run of injections in the folder of a survey.

    Attributes
    ----------
    root : pathlib.Path
        Folder of the survey.
    population : {"real", "model"}
        Structure of the injected galaxies; "real" is that of the galaxies in the sky.
    flaw : str or None
        One of `injection.FLAWS`; None for correct injections.
    name : str
        "rs0", "rs1", … With the seed, the name determines all random draws: runs of one name in
        several surveys inject the same galaxies at the same positions.
    """

    root: Path
    population: str = "real"
    flaw: str | None = None
    name: str = "rs0"

    @property
    def number(self) -> int:
        """Number of the run."""
        return int(self.name[2:])


class BrickWriter:
    """Writer of the planes and catalogues of one brick; equal content is written once.

    Parameters
    ----------
    images : BrickImages
        Images whose world coordinates all planes share.
    lossless : bool
        As for `cosmodag.injections.bricks.brick_images.write_images`.
    """

    def __init__(self, images: BrickImages, lossless: bool):
        self.header = images.wcs.to_header()
        self.lossless = lossless
        self._written: dict[tuple[str, bytes], Path] = {}

    def write_planes(self, files: BrickFiles, images: BrickImages) -> None:
        """Write image, inverse variance and size of the point-spread function of each band.

        Parameters
        ----------
        files : BrickFiles
            Paths to write.
        images : BrickImages
            Images to write.
        """
        for i, band in enumerate(images.bands):
            size = np.full((1, 1), images.psf_size[i], np.float32)
            self._write_plane(files.coadd("image", band), images.image[i], self.lossless)
            self._write_plane(files.coadd("invvar", band), images.ivar[i], self.lossless)
            self._write_plane(files.coadd("psfsize", band), size, True)

    def write_tractor(self, files: BrickFiles, catalogue: pd.DataFrame) -> None:
        """Write a catalogue of detected sources.

        Parameters
        ----------
        files : BrickFiles
            Paths to write.
        catalogue : pandas.DataFrame
            Sources, as `detection.detect_sources` returns them.
        """
        self._write(files.tractor, _content(catalogue), lambda path: write_tractor(path, catalogue))

    def write_simcat(self, files: BrickFiles, catalogue: pd.DataFrame) -> None:
        """Write a catalogue of injected galaxies.

        Parameters
        ----------
        files : BrickFiles
            Paths to write.
        catalogue : pandas.DataFrame
            Galaxies, as `injection.inject` returns them.
        """
        self._write(files.simcat, _content(catalogue), lambda path: write_simcat(path, catalogue))

    def _write_plane(self, path: Path, plane: np.ndarray, lossless: bool) -> None:
        plane = np.ascontiguousarray(plane)
        self._write(
            path,
            plane.data,
            lambda path: write_plane(path, plane, self.header, lossless=lossless),
        )

    def _write(
        self, path: Path, content: bytes | memoryview, write: Callable[[Path], None]
    ) -> None:
        """Write a file, or link it to a file of the same name and content."""
        key = path.name, hashlib.blake2b(content, digest_size=16).digest()
        if key in self._written:
            _link(self._written[key], path)
        else:
            write(path)
            self._written[key] = path


def _content(catalogue: pd.DataFrame) -> bytes:
    """Return the hashes of the rows of a catalogue."""
    return pd.util.hash_pandas_object(catalogue, index=False).to_numpy().tobytes()


def _link(source: Path, path: Path) -> None:
    """Hard-link `path` to `source`; copy if the file system does not support hard links."""
    if path.exists() and path.samefile(source):
        return
    with whole_file(path) as partial:
        partial.unlink()
        try:
            os.link(source, partial)
        except OSError:
            shutil.copyfile(source, partial)


def check_runs(runs: Sequence[InjectionRun], bricks: Sequence[int]) -> None:
    """Check that runs of injections can be simulated.

    Parameters
    ----------
    runs : sequence of InjectionRun
        Runs to simulate.
    bricks : sequence of int
        Numbers of the bricks.

    Raises
    ------
    InputError
        If there is no run or no brick, a run is repeated, or a population, flaw or name is invalid.
    """
    if not runs or not bricks:
        raise InputError("surveys, bricks: nothing to simulate; give at least one of each")
    keys = [(Path(run.root), run.name) for run in runs]
    for run, key in zip(runs, keys):
        if run.population not in POPULATIONS:
            raise unknown("population", run.population, POPULATIONS)
        if run.flaw is not None and run.flaw not in FLAWS:
            raise unknown("flaw", run.flaw, FLAWS)
        if not RUN_NAME.fullmatch(run.name):
            raise InputError(f"run {run.name!r} is not the name of a run, such as rs0")
        if keys.count(key) > 1:
            raise InputError(f"{key[0]}: run {key[1]} occurs twice; give every run its own name")


def record_settings(runs: Sequence[InjectionRun], settings: Mapping[str, object]) -> None:
    """Record the settings of each survey folder; refuse a folder made with other settings.

    Parameters
    ----------
    runs : sequence of InjectionRun
        Runs to simulate.
    settings : mapping
        Settings that all bricks share.

    Raises
    ------
    InputError
        If a folder contains bricks of other settings or other runs.
    """
    for root in dict.fromkeys(Path(run.root) for run in runs):
        in_root = {r.name: [r.population, r.flaw] for r in runs if Path(r.root) == root}
        requested = {**settings, "runs": in_root}
        path = root / SETTINGS_FILE
        if not path.is_file():
            write_json(path, requested)
            continue
        recorded = read_json(path, "remove the folder or give another")
        for key, value in requested.items():
            if recorded.get(key) != value:
                raise InputError(
                    f"{path}: {key} is {recorded.get(key)!r}, requested is {value!r}; remove the "
                    "folder or give another"
                )


def record_files(runs: Sequence[InjectionRun], inputs: Sequence[str | os.PathLike] = ()) -> None:
    """Record the hashes of all files of each survey folder beside its settings.

    Parameters
    ----------
    runs : sequence of InjectionRun
        Runs that are complete.
    inputs : sequence of path
        Files that they were made from.
    """
    for root in dict.fromkeys(Path(run.root) for run in runs):
        path = root / SETTINGS_FILE
        settings = read_json(path, "remove the folder or give another")
        files = [each for each in root.rglob("*") if each.is_file() and each != path]
        write_json(path, settings, inputs=inputs, files=sorted(files))
