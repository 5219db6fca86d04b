"""The folder of a survey that is being made: its runs, its planes, and how it was made."""

import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from cosmodag.errors import InputError
from cosmodag.files import whole_file, write_json
from cosmodag.imaging.galaxy_population import POPULATIONS
from cosmodag.injections.bricks.brick_catalogues import write_simcat, write_tractor
from cosmodag.injections.bricks.brick_files import BrickFiles
from cosmodag.injections.bricks.brick_images import BrickImages, write_plane
from cosmodag.injections.simulation.injection import FLAWS
from cosmodag.settings import unknown

RECORD = "simulation.json"


class Survey(NamedTuple):
    """A survey folder, and one run of injections in it.

    `population` is the law of the injected galaxies: "real", as those in the sky, or "model";
    `flaw` is None or one of `injection.FLAWS`; `run` names the run, and with the seed its draws:
    surveys with runs of one name inject the same galaxies at the same places.
    """

    root: Path
    population: str = "real"
    flaw: str | None = None
    run: str = "rs0"


class BrickWriter:
    """Writes planes and catalogues of one brick; those of the same content are one file.

    Parameters
    ----------
    images
        Whose header all planes carry.
    lossless
        Keep every bit; see `bricks.write_images`.
    """

    def __init__(self, images: BrickImages, lossless: bool):
        self.header = images.wcs.to_header()
        self.lossless = lossless
        self.written: dict[tuple[str, bytes], Path] = {}

    def planes(self, files: BrickFiles, images: BrickImages) -> None:
        """Write or link image, inverse variance and size of the point-spread function."""
        for i, band in enumerate(images.bands):
            size = np.full((1, 1), images.psf_size[i], np.float32)
            self._plane(files.coadd("image", band), images.image[i], self.lossless)
            self._plane(files.coadd("invvar", band), images.ivar[i], self.lossless)
            self._plane(files.coadd("psfsize", band), size, True)

    def tractor(self, files: BrickFiles, catalogue: pd.DataFrame) -> None:
        """Write or link a catalogue of sources."""
        self._once(files.tractor, _bytes(catalogue), lambda path: write_tractor(path, catalogue))

    def simcat(self, files: BrickFiles, catalogue: pd.DataFrame) -> None:
        """Write or link a catalogue of injections."""
        self._once(files.simcat, _bytes(catalogue), lambda path: write_simcat(path, catalogue))

    def _plane(self, path: Path, plane: np.ndarray, lossless: bool) -> None:
        plane = np.ascontiguousarray(plane)
        self._once(
            path, plane, lambda path: write_plane(path, plane, self.header, lossless=lossless)
        )

    def _once(self, path: Path, content, write: Callable[[Path], None]) -> None:
        key = path.name, hashlib.blake2b(content, digest_size=16).digest()
        if key in self.written:
            _link(self.written[key], path)
        else:
            write(path)
            self.written[key] = path


def _bytes(catalogue: pd.DataFrame) -> bytes:
    return pd.util.hash_pandas_object(catalogue, index=False).to_numpy().tobytes()


def _link(source: Path, path: Path) -> None:
    """Make `path` the same file as `source`, or a copy where the file system has no such links."""
    if path.exists() and path.samefile(source):
        return
    with whole_file(path) as partial:
        partial.unlink()
        try:
            os.link(source, partial)
        except OSError:
            shutil.copyfile(source, partial)


def check_surveys(surveys: Sequence[Survey], numbers: Sequence[int]) -> None:
    """Check that surveys can be simulated.

    Raises
    ------
    InputError
        There is none, a run is asked for twice, or a population, flaw or run has no such name.
    """
    if not surveys or not numbers:
        raise InputError("surveys, bricks: nothing to simulate; give at least one of each")
    places = [(Path(survey.root), survey.run) for survey in surveys]
    for survey, place in zip(surveys, places):
        if survey.population not in POPULATIONS:
            raise unknown("population", survey.population, POPULATIONS)
        if survey.flaw is not None and survey.flaw not in FLAWS:
            raise unknown("flaw", survey.flaw, FLAWS)
        if not re.fullmatch(r"rs\d+", survey.run):
            raise InputError(f"run {survey.run!r} is no name of a run; they look like rs0")
        if places.count(place) > 1:
            raise InputError(f"{place[0]}: run {place[1]} is asked for twice; name runs apart")


def record_settings(surveys: Sequence[Survey], settings: Mapping) -> None:
    """Note in each folder how it was made, and refuse one that was made otherwise.

    Raises
    ------
    InputError
        A folder holds bricks of other settings or of other runs.
    """
    for root in dict.fromkeys(Path(survey.root) for survey in surveys):
        runs = {s.run: [s.population, s.flaw] for s in surveys if Path(s.root) == root}
        wanted = {**settings, "runs": runs}
        path = root / RECORD
        if not path.is_file():
            write_json(path, wanted)
            continue
        try:
            found = json.loads(path.read_text())
        except ValueError:
            found = {}
        for key, value in wanted.items():
            if found.get(key) != value:
                raise InputError(
                    f"{path}: {key} is {found.get(key)!r}, asked for is {value!r}; remove the "
                    "folder or give another"
                )
