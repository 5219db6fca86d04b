"""Baseline: galaxies fitted by one or two Sérsic profiles, see `sersic_fit`.

A fit takes up to a second, so only a sample of the validation and the test split is
fitted, and the baseline is scored on that sample. As networks do, a fit knows the width of the
point-spread function, the noise of the stamp and where it was padded.
"""

from collections.abc import Sequence

import numpy as np
from tqdm import tqdm

from cosmodag.evaluation.baselines.examples import Examples, Predictions
from cosmodag.galaxies.baselines.sersic_fit import fit_stamp
from cosmodag.galaxies.simulation.morphology_labels import effective_index
from cosmodag.imaging.band_channels import band_indices
from cosmodag.imaging.padding import border_noise

NAME = "sersic_fit"
OBJECTS = 40
"""Default number of galaxies that are fitted in each split; 40 take about 20 s on one core."""
COLUMNS = (
    "magnitude",
    "log_radius",
    "sersic_index",
    "axis_ratio",
    "bulge_fraction",
    "effective_index",
)
"""Fitted parameters, as those of simulated galaxies: AB magnitude in r, log10 of the half-light
radius of all components in arcsec, index and axis ratio of the single profile or of the disc,
fraction of the flux in r in the bulge, and the index of the single profile of this concentration.
"""
BAND, PSF = "r_image", "psf"
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
    """Fit one galaxy in all bands, weighted by the noise along the border of the stamp.

    Parameters
    ----------
    examples : Examples
        `x` contains stamps; `flux_unit` must be known.
    row : int
        Row of the galaxy.

    Returns
    -------
    numpy.ndarray, shape (6,), float64
        The parameters of `COLUMNS`.

    Raises
    ------
    ValueError
        If the flux unit is unknown.
    """
    if examples.flux_unit is None:
        raise ValueError("the flux unit of the examples is unknown")
    stamp, metadata = examples.x[row], examples.index.iloc[row]
    bands = band_indices(examples.channels)
    image = np.moveaxis(stamp[..., bands].astype(np.float64), -1, 0)
    psf = float(stamp[0, 0, examples.channels.index(PSF)])
    side = image.shape[-1]
    unpadded = min(int(metadata.get("stamp_side", side)), side)
    edge = (side - unpadded) // 2
    inside = np.s_[:, edge : edge + unpadded, edge : edge + unpadded]
    _, noise = border_noise(image[inside])
    weight = np.zeros_like(image)
    weight[inside] = np.maximum(noise, 1e-6)[:, None, None] ** -2.0
    fit = fit_stamp(image, weight, psf)
    r = bands.index(examples.channels.index(BAND))
    pixel = metadata[PSF] / psf  # arcsec
    profile = [np.array([value]) for value in (fit.bulge_fraction[r], fit.bulge_ratio, fit.index)]
    return np.array(
        [
            22.5 - 2.5 * np.log10(max(fit.fluxes[r], MIN_FLUX) * examples.flux_unit),
            np.log10(fit.total_radius(r) * pixel),
            fit.index,
            fit.axis_ratio,
            fit.bulge_fraction[r],
            effective_index(*profile)[0],
        ]
    )
