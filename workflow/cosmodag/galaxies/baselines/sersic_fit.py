"""A Sérsic profile fitted to the r band of stamps: what an astronomer would do first.

It takes some hundredths of a second a galaxy, so it answers for a sample of validation and test
alone, and is scored on these. A galaxy with a bulge is no single profile, and a single profile has
no bulge fraction.
"""

from collections.abc import Sequence

import numpy as np
from scipy.optimize import least_squares
from tqdm import tqdm

from cosmodag.evaluation.baselines.examples import Examples, Predictions
from cosmodag.galaxies.baselines.sersic_model import INDICES, SersicModel

NAME = "sersic_fit"
OBJECTS = 150
"""Galaxies of validation, and of test, that are fitted by default: some 15 s of a core."""
COLUMNS = ("magnitude", "log_radius", "sersic_index", "axis_ratio")
"""What a fit tells: AB, log10 of arcsec, a number, a number."""
BAND, PSF = "r_image", "psf"
STARTS = (1.5, 4.0, 12.0)
"""Half-light radii in pixels of which the best is where the fit begins."""
START_INDEX = 1.5
OFFSET = 3.0
"""Pixels that the centre may lie off the middle."""
STEPS = 40
"""Models with their derivatives at most; seldom more than 10 are needed."""
FAINTEST = 1e-3
"""Least flux, in the unit of the stamp, that has a magnitude."""


def answers(examples: Examples, columns: Sequence[str]) -> list[str]:
    """Which columns a fit tells: none where band, point-spread function or unit is not known."""
    known = {BAND, PSF} <= set(examples.channels) and PSF in examples.index
    if not known or examples.flux_unit is None:
        return []
    return [column for column in columns if column in COLUMNS]


def sersic_fits(
    valid: Examples,
    test: Examples,
    columns: Sequence[str],
    *,
    objects: int = OBJECTS,
    seed: int = 0,
) -> dict[str, Predictions]:
    """Fit a sample of galaxies.

    Parameters
    ----------
    valid, test : Examples
        `x` holds stamps, `y` (N, K) the columns' truth.
    columns : sequence of str, length K
        Those that `answers` names are told.
    objects : int
        Galaxies of each split, drawn from the seed; 0 fits none.
    seed : int

    Returns
    -------
    dict from column to Predictions
        NaN for galaxies that were not fitted; the spread is that of the errors on validation.
    """
    told = answers(test, columns)
    if not told or not objects:
        return {}
    found = {}
    for split, examples in (("valid", valid), ("test", test)):
        count = min(objects, len(examples.x))
        rows = np.random.default_rng(seed).choice(len(examples.x), count, replace=False)
        found[split] = np.full((len(examples.x), len(COLUMNS)), np.nan, np.float32)
        for row in tqdm(np.sort(rows), desc=f"Sérsic fits, {split}", unit="galaxy", disable=None):
            found[split][row] = fit_example(examples, row)
    predictions = {}
    for column in told:
        on_valid, on_test = (found[split][:, COLUMNS.index(column)] for split in ("valid", "test"))
        errors = on_valid - valid.y[:, list(columns).index(column)]
        spread = float(np.sqrt(np.nanmean(errors**2)))
        predictions[column] = Predictions(on_valid, on_test, spread)
    return predictions


def fit_example(examples: Examples, row: int) -> np.ndarray:
    """Fit one galaxy; what it tells in the order of `COLUMNS`, (4,)."""
    stamp, told = examples.x[row], examples.index.iloc[row]
    image = stamp[..., examples.channels.index(BAND)].astype(np.float64)
    psf = float(stamp[0, 0, examples.channels.index(PSF)])
    kept = min(int(told.get("stamp_side", len(image))), len(image))
    flux, radius, index, ratio = fit_stamp(image, psf, kept)
    pixel = told[PSF] / psf  # arcsec
    magnitude = 22.5 - 2.5 * np.log10(max(flux, FAINTEST) * examples.flux_unit)
    return np.array([magnitude, np.log10(radius * pixel), index, ratio])


def fit_stamp(image: np.ndarray, psf: float, kept: int) -> tuple[float, float, float, float]:
    """Fit a Sérsic profile by least squares, all pixels alike: their noise is that of the sky.

    Parameters
    ----------
    image : numpy.ndarray, shape (side, side), float64
        The galaxy about the middle.
    psf : float
        Full width at half maximum of the point-spread function in pixels.
    kept : int
        Pixels a side, about the middle, that are of the stamp; others were padded.

    Returns
    -------
    flux, radius, index, axis_ratio : float
        Total light in the unit of the image, half-light radius in pixels of the circle of the same
        area, Sérsic index, ratio of the axes.
    """
    side = len(image)
    edge = (side - kept) // 2
    inside = np.s_[edge : edge + kept, edge : edge + kept]
    seen = image[inside]

    def flux_and_rest(model: SersicModel, values: np.ndarray) -> tuple[float, np.ndarray]:
        """The flux is linear, so that its best value follows from the others."""
        log_radius, index, e1, e2, dx, dy = values
        light = model.draw(np.exp(log_radius), index, *_shear(e1, e2), dx, dy)[inside]
        flux = float((light * seen).sum() / max((light**2).sum(), 1e-12))
        return flux, (seen - flux * light).ravel()

    begun = []
    for radius in STARTS:
        model = SersicModel(side, psf, radius)
        values = np.array([np.log(radius), START_INDEX, 0, 0, 0, 0])
        begun.append((np.square(flux_and_rest(model, values)[1]).sum(), radius, model, values))
    *_, model, start = min(begun, key=lambda each: each[:2])
    least = [np.log(0.2), INDICES[0], -3, -3, -OFFSET, -OFFSET]
    most = [np.log(side), INDICES[1], 3, 3, OFFSET, OFFSET]
    best = least_squares(
        lambda values: flux_and_rest(model, values)[1],
        start,
        bounds=(least, most),
        diff_step=1e-4,
        ftol=1e-5,
        xtol=1e-4,
        max_nfev=STEPS,
    ).x
    length = np.hypot(*_shear(best[2], best[3]))
    flux, _ = flux_and_rest(model, best)
    return flux, float(np.exp(best[0])), float(best[1]), float((1 - length) / (1 + length))


def _shear(e1: float, e2: float) -> tuple[float, float]:
    """A reduced shear of length below 1 from any two numbers."""
    length = np.hypot(e1, e2)
    part = np.tanh(length) / length if length > 1e-9 else 1.0
    return part * e1, part * e2
