"""Baseline: a Sérsic profile fitted by least squares to the r band of stamps.

A fit takes some hundredths of a second, so only a sample of the validation and the test split is
fitted, and the baseline is scored on that sample. A single profile has no bulge fraction and
describes a galaxy with a bulge only approximately.
"""

from collections.abc import Sequence

import numpy as np
from scipy.optimize import least_squares
from tqdm import tqdm

from cosmodag.evaluation.baselines.examples import Examples, Predictions
from cosmodag.galaxies.baselines.sersic_model import INDEX_RANGE, SersicModel

NAME = "sersic_fit"
OBJECTS = 150
"""Default number of galaxies that are fitted in each split; 150 take about 15 s on one core."""
COLUMNS = ("magnitude", "log_radius", "sersic_index", "axis_ratio")
"""Fitted parameters: AB magnitude, log10 of the half-light radius in arcsec, and two ratios."""
BAND, PSF = "r_image", "psf"
START_RADII = (1.5, 4.0, 12.0)
"""Half-light radii in pixels; the fit starts from the one with the smallest residuals."""
START_INDEX = 1.5
MAX_OFFSET = 3.0
"""Largest offset of the centroid from the centre of the stamp along each axis in pixels."""
MAX_EVALUATIONS = 40
"""Most evaluations of the model with its derivatives; 10 are rarely exceeded."""
MIN_FLUX = 1e-3
"""Smallest flux, in the unit of the stamp, that is converted to a magnitude."""


def fitted_columns(examples: Examples, columns: Sequence[str]) -> list[str]:
    """Return the columns that a fit can predict.

    Parameters
    ----------
    examples : Examples
        `x` contains stamps.
    columns : sequence of str
        Columns to predict.

    Returns
    -------
    list of str
        Empty if the r band, the point-spread function or the flux unit is missing.
    """
    complete = {BAND, PSF} <= set(examples.channels) and PSF in examples.index
    if not complete or examples.flux_unit is None:
        return []
    return [column for column in columns if column in COLUMNS]


def fit_sample(
    valid: Examples,
    test: Examples,
    columns: Sequence[str],
    *,
    objects: int = OBJECTS,
    seed: int = 0,
) -> dict[str, Predictions]:
    """Fit a random sample of the galaxies of both splits.

    Parameters
    ----------
    valid, test : Examples
        `x` contains stamps (N, S, S, C), `y` (N, K) the true values of the columns.
    columns : sequence of str, length K
        Columns to predict; those of `fitted_columns` are.
    objects : int
        Number of galaxies to fit in each split; 0 fits none.
    seed : int
        Seed of the sample.

    Returns
    -------
    dict from str to Predictions
        Predictions of each column, NaN for galaxies that are not in the sample. The spread is the
        root mean square error on the validation split.
    """
    predicted_columns = fitted_columns(test, columns)
    if not predicted_columns or not objects:
        return {}
    fits = {}
    for split, examples in (("valid", valid), ("test", test)):
        count = min(objects, len(examples.x))
        rows = np.random.default_rng(seed).choice(len(examples.x), count, replace=False)
        fits[split] = np.full((len(examples.x), len(COLUMNS)), np.nan, np.float32)
        for row in tqdm(np.sort(rows), desc=f"Sérsic fits, {split}", unit="galaxy", disable=None):
            fits[split][row] = fit_example(examples, row)
    predictions = {}
    for column in predicted_columns:
        on_valid, on_test = (fits[split][:, COLUMNS.index(column)] for split in ("valid", "test"))
        errors = on_valid - valid.y[:, list(columns).index(column)]
        spread = float(np.sqrt(np.nanmean(errors**2)))
        predictions[column] = Predictions(on_valid, on_test, spread)
    return predictions


def fit_example(examples: Examples, row: int) -> np.ndarray:
    """Fit one galaxy.

    Parameters
    ----------
    examples : Examples
        `x` contains stamps; `flux_unit` must be known.
    row : int
        Row of the galaxy.

    Returns
    -------
    numpy.ndarray, shape (4,), float64
        The parameters of `COLUMNS`.

    Raises
    ------
    ValueError
        If the flux unit is unknown.
    """
    if examples.flux_unit is None:
        raise ValueError("the flux unit of the examples is unknown")
    stamp, metadata = examples.x[row], examples.index.iloc[row]
    image = stamp[..., examples.channels.index(BAND)].astype(np.float64)
    psf = float(stamp[0, 0, examples.channels.index(PSF)])
    unpadded = min(int(metadata.get("stamp_side", len(image))), len(image))
    flux, radius, index, ratio = fit_stamp(image, psf, unpadded)
    pixel = metadata[PSF] / psf  # arcsec
    magnitude = 22.5 - 2.5 * np.log10(max(flux, MIN_FLUX) * examples.flux_unit)
    return np.array([magnitude, np.log10(radius * pixel), index, ratio])


def fit_stamp(image: np.ndarray, psf: float, unpadded: int) -> tuple[float, float, float, float]:
    """Fit a Sérsic profile by least squares, with equal weights as the sky dominates the noise.

    Parameters
    ----------
    image : numpy.ndarray, shape (S, S), float64
        Stamp with the galaxy at its centre.
    psf : float
        Full width at half maximum of the point-spread function in pixels.
    unpadded : int
        Side of the central square in pixels that is not padding.

    Returns
    -------
    flux : float
        Total flux in the unit of the image.
    radius : float
        Circularized half-light radius in pixels.
    index : float
        Sérsic index.
    axis_ratio : float
    """
    side = len(image)
    edge = (side - unpadded) // 2
    inside = np.s_[edge : edge + unpadded, edge : edge + unpadded]
    data = image[inside]

    def flux_and_residuals(model: SersicModel, values: np.ndarray) -> tuple[float, np.ndarray]:
        """Return the best flux, which is linear in the data, and the residuals."""
        log_radius, index, e1, e2, dx, dy = values
        profile = model.draw(np.exp(log_radius), index, *_shear(e1, e2), dx, dy)[inside]
        flux = float((profile * data).sum() / max((profile**2).sum(), 1e-12))
        return flux, (data - flux * profile).ravel()

    starts = []
    for radius in START_RADII:
        model = SersicModel(side, psf, radius)
        values = np.array([np.log(radius), START_INDEX, 0, 0, 0, 0])
        starts.append(
            (np.square(flux_and_residuals(model, values)[1]).sum(), radius, model, values)
        )
    *_, model, start = min(starts, key=lambda candidate: candidate[:2])
    lower = [np.log(0.2), INDEX_RANGE[0], -3, -3, -MAX_OFFSET, -MAX_OFFSET]
    upper = [np.log(side), INDEX_RANGE[1], 3, 3, MAX_OFFSET, MAX_OFFSET]
    best = least_squares(
        lambda values: flux_and_residuals(model, values)[1],
        start,
        bounds=(lower, upper),
        diff_step=1e-4,
        ftol=1e-5,
        xtol=1e-4,
        max_nfev=MAX_EVALUATIONS,
    ).x
    shear = np.hypot(*_shear(best[2], best[3]))
    flux, _ = flux_and_residuals(model, best)
    return flux, float(np.exp(best[0])), float(best[1]), float((1 - shear) / (1 + shear))


def _shear(e1: float, e2: float) -> tuple[float, float]:
    """Map the plane to the reduced shears, whose length is below 1."""
    length = np.hypot(e1, e2)
    factor = np.tanh(length) / length if length > 1e-9 else 1.0
    return factor * e1, factor * e2
