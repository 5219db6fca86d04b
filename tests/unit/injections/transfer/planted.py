"""Surveys of catalogues whose detection probability and errors of measurement are known."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import expit

from cosmodag.injections.bricks.brick_catalogues import write_simcat, write_tractor
from cosmodag.injections.bricks.brick_files import BrickFiles, write_brick_list

BIAS, SCATTER = 0.05, 0.1
"""Error of measured magnitudes."""
SIZE_FACTOR = 1.1
"""Measured over true half-light radius."""
SPACING = 40
"""Pixels between injections."""
TRANSMISSION = 0.9
PLATEAU, WIDTH, BELOW_DEPTH = 0.97, 0.3, 1.3


class PlantedSurvey(NamedTuple):
    """A survey and its truth.

    Attributes
    ----------
    root : pathlib.Path
        Folder of the survey.
    truth : pandas.DataFrame
        One row per injection: brick, run, id, r, size, probability, detected, ambiguous.
    """

    root: Path
    truth: pd.DataFrame


def probability(r, depth):
    """Return the probability that an injection is detected."""
    return PLATEAU * expit((depth - BELOW_DEPTH - r) / WIDTH)


def write_survey(
    root: Path,
    *,
    n_bricks: int = 12,
    per_side: int = 24,
    n_ambiguous: int = 0,
    n_spurious: int = 0,
    n_runs: int = 1,
    earlier: bool = True,
    seed: int = 1,
) -> PlantedSurvey:
    """Write catalogues of bricks without images."""
    random = np.random.default_rng(seed)
    names = [f"{number + 1:04d}p001" for number in range(n_bricks)]
    truth = []
    for name in names:
        depth, seeing = random.normal(24.6, 0.2), random.normal(1.4, 0.05)
        before = _earlier(per_side)
        for number in range(n_runs):
            injected = _injections(per_side, random)
            injected["probability"] = probability(injected["r"], depth)
            injected["detected"] = random.random(len(injected)) < injected["probability"]
            injected["ambiguous"] = np.arange(len(injected)) < n_ambiguous
            planted = _sources(injected.loc[injected["ambiguous"], ["x", "y"]] + 2.0)
            own = pd.concat([before, planted], ignore_index=True)
            found = injected[injected["detected"] & ~injected["ambiguous"]]
            last = injected[["x", "y"]].iloc[len(injected) - n_spurious :]
            spurious = _sources(last.assign(y=last["y"] + 20))
            detected = [own, _measured(found, random), spurious]
            files = BrickFiles(root, name, f"rs{number}")
            tables = pd.concat(detected, ignore_index=True)
            write_tractor(files.tractor, _tractor(tables, depth, seeing))
            write_simcat(files.simcat, _simcat(injected))
            if earlier:  # the last run decides, so plant ambiguous ones in surveys of one run
                write_tractor(BrickFiles(root, name).tractor, _tractor(own, depth, seeing))
            truth.append(injected.assign(brick=name, run=f"rs{number}"))
    centres = np.arange(n_bricks) * 0.1 + 0.1
    write_brick_list(root / "survey-bricks.fits", names, centres, np.full(n_bricks, 0.1))
    return PlantedSurvey(root, pd.concat(truth, ignore_index=True))


def _injections(per_side: int, random: np.random.Generator) -> pd.DataFrame:
    """Return injections on a grid."""
    lines = (np.arange(per_side) + 0.5) * SPACING
    x, y = (each.ravel() for each in np.meshgrid(lines, lines))
    count = len(x)
    r = random.uniform(20.5, 25.0, count)
    return pd.DataFrame(
        {
            "id": np.arange(count),
            "x": x + random.uniform(-3, 3, count),
            "y": y + random.uniform(-3, 3, count),
            "g": r + random.uniform(0.2, 1.0, count),
            "r": r,
            "z": r - random.uniform(0.3, 1.2, count),
            "size": np.exp(random.normal(-0.7, 0.3, count)),
        }
    )


def _earlier(per_side: int) -> pd.DataFrame:
    """Return sources of the sky, between the injections."""
    lines = np.arange(1, per_side) * SPACING
    x, y = (each.ravel() for each in np.meshgrid(lines, lines))
    return _sources(pd.DataFrame({"x": x.astype(float), "y": y}))


def _sources(positions: pd.DataFrame) -> pd.DataFrame:
    """Return sources of one brightness at positions."""
    return positions.assign(g=23.0, r=22.5, z=22.0, size=0.5)


def _measured(found: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    """Return detected injections as they are measured."""
    measured = found[["x", "y", "g", "r", "z", "size"]].copy()
    measured[["x", "y"]] += random.normal(0, 0.3, (len(found), 2))
    measured[["g", "r", "z"]] += random.normal(BIAS, SCATTER, (len(found), 3))
    measured["size"] *= SIZE_FACTOR
    return measured


def _tractor(sources: pd.DataFrame, depth: float, seeing: float) -> pd.DataFrame:
    """Return a Tractor catalogue of sources."""
    columns = {
        "objid": np.arange(len(sources)),
        "type": np.full(len(sources), "EXP"),
        "brick_primary": np.ones(len(sources), bool),
        "bx": sources["x"].to_numpy(),
        "by": sources["y"].to_numpy(),
        "ra": sources["x"].to_numpy() / 1e4,
        "dec": sources["y"].to_numpy() / 1e4,
        "shape_r": sources["size"].to_numpy(),
    }
    for band in "grz":
        columns[f"flux_{band}"] = _flux(sources[band])
        columns[f"mw_transmission_{band}"] = np.full(len(sources), TRANSMISSION)
        columns[f"psfsize_{band}"] = np.full(len(sources), seeing)
        # The depth is corrected for extinction.
        ivar = (5 / 10 ** (0.4 * (22.5 - depth)) / TRANSMISSION) ** 2
        columns[f"psfdepth_{band}"] = np.full(len(sources), ivar)
    return pd.DataFrame(columns)


def _simcat(injected: pd.DataFrame) -> pd.DataFrame:
    """Return the catalogue of injections as obiwan writes it."""
    columns = {name: injected[name].to_numpy() for name in ("id", "x", "y")}
    columns |= {"ra": columns["x"] / 1e4, "dec": columns["y"] / 1e4}
    for band in "grz":
        columns[f"{band}flux"] = _flux(injected[band])
        columns[f"mw_transmission_{band}"] = np.full(len(injected), TRANSMISSION)
    return pd.DataFrame({**columns, "rhalf": injected["size"].to_numpy()})


def _flux(magnitudes: pd.Series) -> np.ndarray:
    """Return fluxes in nanomaggies, attenuated by dust."""
    return 10 ** (0.4 * (22.5 - magnitudes.to_numpy())) * TRANSMISSION
