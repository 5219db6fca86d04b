"""Where the files of a survey's bricks lie, named as the Legacy Surveys name them.

A survey's folder holds `coadd/<AAA>/<brick>/` with images, `tractor/<AAA>/` with catalogues, and,
for each run of injections `rs<N>`, `obiwan/<AAA>/<brick>/rs<N>/` with what was injected, and
images and catalogues under the same run; AAA are the first three letters of a brick's name.
"""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from astropy.table import Table

from cosmodag.errors import InputError
from cosmodag.files import whole_file

BRICK = re.compile(r"\d{4}[mp]\d{3}")
RUN = re.compile(r"rs\d+")
LIST = "survey-bricks.fits"
"""File of the list of bricks in a survey's folder."""


class BrickFiles(NamedTuple):
    """The files of one brick: of the survey itself, or of a run of injections into it.

    Attributes
    ----------
    survey
        Folder of the survey.
    brick
        Name such as "0591m305": right ascension and declination of its centre in 0.1 degrees.
    run
        "rs0", "rs1", …; None for the survey's own images and catalogue.
    """

    survey: Path
    brick: str
    run: str | None = None

    def coadd(self, quantity: str, band: str) -> Path:
        """Path of a coadded plane; `quantity` is "image", "invvar" or "psfsize"."""
        name = f"legacysurvey-{self.brick}-{quantity}-{band}.fits.fz"
        return self._folder("coadd") / self.brick / (self.run or "") / name

    @property
    def tractor(self) -> Path:
        """Catalogue of what was found in the images."""
        name = f"tractor-{self.brick}.fits"
        if self.run is None:
            return self._folder("tractor") / name
        return self._folder("tractor") / self.brick / self.run / name

    @property
    def simcat(self) -> Path:
        """Catalogue of what a run injected."""
        if self.run is None:
            raise ValueError("a simcat belongs to a run of injections")
        return self._folder("obiwan") / self.brick / self.run / f"simcat-elg-{self.brick}.fits"

    def _folder(self, kind: str) -> Path:
        return Path(self.survey) / kind / self.brick[:3]


def injection_runs(survey: str | os.PathLike, brick: str) -> list[str]:
    """Return the runs of injections into a brick, "rs0", "rs1", …, in order of their number."""
    folder = Path(survey) / "obiwan" / brick[:3] / brick
    names = [path.name for path in folder.glob("rs*") if RUN.fullmatch(path.name)]
    return sorted(names, key=lambda name: int(name[2:]))


def read_bricks(path: str | os.PathLike) -> list[str]:
    """Read a list of bricks.

    Parameters
    ----------
    path
        FITS or CSV file with a column `brickname`, of any case, or text with a name a line.

    Returns
    -------
    list of str

    Raises
    ------
    InputError
        If the file is missing, holds no brick, holds one twice, or a name that is none of a brick.
    """
    path = Path(path)
    try:
        names = _names(path)
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file; give a list of bricks") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read as a list of bricks ({error})") from error
    if not names:
        raise InputError(f"{path}: no brick is listed; give a name a line, or a column brickname")
    for name in names:
        if not BRICK.fullmatch(name):
            raise InputError(f"{path}: {name!r} is no name of a brick; they look like 0591m305")
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise InputError(f"{path}: brick {twice} is listed twice; list each once")
    return names


def write_bricks(
    path: str | os.PathLike, names: Sequence[str], ra: np.ndarray, dec: np.ndarray
) -> None:
    """Write a list of bricks with their centres `ra`, `dec` (degrees) as a FITS table."""
    table = Table({"brickname": list(names), "ra": ra, "dec": dec})
    with whole_file(path) as partial:
        table.write(partial, format="fits", overwrite=True)


def _names(path: Path) -> list[str]:
    if path.suffix not in (".fits", ".csv"):
        return [line.strip() for line in path.read_text().splitlines() if line.strip()]
    table = Table.read(path, format=path.suffix[1:])
    columns = {name.lower(): name for name in table.colnames}
    if "brickname" not in columns:
        raise ValueError(f"no column brickname among {', '.join(table.colnames)}")
    return [str(name).strip() for name in table[columns["brickname"]]]
