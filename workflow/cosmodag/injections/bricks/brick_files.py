"""Paths of the files of survey bricks, in the directory layout of the Legacy Surveys.

The folder of a survey contains `coadd/<AAA>/<brick>/` with images, `tractor/<AAA>/` with catalogues
and `obiwan/<AAA>/<brick>/rs<N>/` with the catalogue of the galaxies that run `rs<N>` injected. The
images and catalogues of a run lie in a folder `rs<N>` beside those of the survey. AAA are the first
three characters of the brick's name.
"""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from astropy.table import Table

from cosmodag.checksums import place, require_named
from cosmodag.errors import InputError
from cosmodag.files import whole_file
from cosmodag.imaging.fits_files import open_fits
from cosmodag.input_files import check_file, read_text

BRICK_NAME = re.compile(r"\d{4}[mp]\d{3}")
RUN_NAME = re.compile(r"rs\d+")
BRICK_LIST = "survey-bricks.fits"
"""File name of the list of bricks in the folder of a survey."""
SETTINGS_FILE = "simulation.json"
"""File name of the settings of a survey that the workflow wrote, with the hashes of all files."""


class BrickFiles(NamedTuple):
    """Paths of one brick, either of the survey itself or of a run of injections.

    Attributes
    ----------
    survey : pathlib.Path
        Folder of the survey.
    brick : str
        Name such as "0591m305": right ascension and declination of the centre in 0.1 degrees.
    run : str or None
        "rs0", "rs1", …; None for the images and the catalogue of the survey itself.

    Examples
    --------
    >>> BrickFiles(Path("survey"), "0591m305").tractor.as_posix()
    'survey/tractor/059/tractor-0591m305.fits'
    """

    survey: Path
    brick: str
    run: str | None = None

    def coadd(self, quantity: str, band: str) -> Path:
        """Return the path of a coadded plane.

        Parameters
        ----------
        quantity : {"image", "invvar", "psfsize"}
            Image, inverse variance or size of the point-spread function.
        band : str
            Photometric band.

        Returns
        -------
        pathlib.Path
        """
        name = f"legacysurvey-{self.brick}-{quantity}-{band}.fits.fz"
        return self._folder("coadd") / self.brick / (self.run or "") / name

    @property
    def tractor(self) -> Path:
        """Path of the catalogue of detected sources."""
        name = f"tractor-{self.brick}.fits"
        if self.run is None:
            return self._folder("tractor") / name
        return self._folder("tractor") / self.brick / self.run / name

    @property
    def simcat(self) -> Path:
        """Path of the catalogue of injected galaxies."""
        if self.run is None:
            raise ValueError("only a run of injections has a catalogue of injected galaxies")
        return self._folder("obiwan") / self.brick / self.run / f"simcat-elg-{self.brick}.fits"

    def verified(self, path: Path) -> Path:
        """Return the path of a file of the brick, verified if the survey records its hash.

        Parameters
        ----------
        path : pathlib.Path
            One of the paths of the brick.

        Raises
        ------
        InputError
            If the file is missing or was altered.
        """
        return verified(path, self.survey)

    def _folder(self, kind: str) -> Path:
        return Path(self.survey) / kind / self.brick[:3]


def verified(path: Path, survey: str | os.PathLike) -> Path:
    """Return the path of a file of a survey, verified if the survey records its hash.

    Parameters
    ----------
    path : pathlib.Path
        File in the folder of the survey.
    survey : path
        Folder of the survey. Surveys that the workflow wrote record the hashes of all their files
        in `SETTINGS_FILE`.

    Raises
    ------
    InputError
        If the file is missing or was altered.
    """
    settings = Path(survey) / SETTINGS_FILE
    if settings.is_file() or place(settings):
        require_named(path, settings, "simulate the survey again")
    return path


def injection_runs(survey: str | os.PathLike, brick: str) -> list[str]:
    """Return the runs of injections of a brick, sorted by number.

    Parameters
    ----------
    survey : path
        Folder of the survey.
    brick : str
        Name of the brick.

    Returns
    -------
    list of str
        "rs0", "rs1", …
    """
    folder = Path(survey) / "obiwan" / brick[:3] / brick
    names = [path.name for path in folder.glob("rs*") if RUN_NAME.fullmatch(path.name)]
    return sorted(names, key=lambda name: int(name[2:]))


def read_brick_list(path: str | os.PathLike) -> list[str]:
    """Read the names of bricks from a file.

    Parameters
    ----------
    path : path
        FITS or CSV file with a column `brickname` in upper or lower case, or a text file with one
        name per line.

    Returns
    -------
    list of str

    Raises
    ------
    InputError
        If the file is missing or empty, lists a brick twice, or contains an invalid name.
    """
    path = Path(path)
    check_file(path, "give a list of bricks")
    try:
        names = _read_names(path)
    except InputError:
        raise
    except (OSError, ValueError, LookupError, TypeError) as error:
        reason = " ".join(str(error).split())
        raise InputError(
            f"{path}: cannot be read as a list of bricks ({reason}); give one name per line, or a "
            "column brickname"
        ) from error
    if not names:
        raise InputError(
            f"{path}: no brick is listed; give one name per line, or a column brickname"
        )
    for name in names:
        if not BRICK_NAME.fullmatch(name):
            raise InputError(f"{path}: {name!r} is not a brick name, such as 0591m305")
    if len(set(names)) < len(names):
        duplicate = next(name for name in names if names.count(name) > 1)
        raise InputError(f"{path}: brick {duplicate} is listed twice; list every brick once")
    return names


def write_brick_list(
    path: str | os.PathLike, names: Sequence[str], ra: np.ndarray, dec: np.ndarray
) -> None:
    """Write names and centres of bricks as a FITS table.

    Parameters
    ----------
    path : path
        File to write.
    names : sequence of str
        Names of the N bricks.
    ra, dec : numpy.ndarray, shape (N,), float64
        Centres in degrees.
    """
    table = Table({"brickname": list(names), "ra": ra, "dec": dec})
    with whole_file(path) as partial:
        table.write(partial, format="fits", overwrite=True)


def _read_names(path: Path) -> list[str]:
    """Read brick names from a table or from the lines of a text file."""
    if path.suffix not in (".fits", ".csv"):
        lines = read_text(path, cure="give one name per line").splitlines()
        return [line.strip() for line in lines if line.strip()]
    if path.suffix == ".fits":
        with open_fits(path, what="table", cure="give a list of bricks") as file:
            table = Table(file[1].data)
    else:
        table = Table.read(path, format="csv")
    columns = {name.lower(): name for name in table.colnames}
    if "brickname" not in columns:
        raise ValueError(f"no column brickname among {', '.join(table.colnames)}")
    return [str(name).strip() for name in table[columns["brickname"]]]
