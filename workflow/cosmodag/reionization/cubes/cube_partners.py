"""Whether a cube of brightness temperature belongs to its file name and to its density."""

import logging

import numpy as np

from cosmodag.errors import InputError
from cosmodag.reionization.cubes.cube_file_names import CubeDescription
from cosmodag.reionization.cubes.cube_values import in_kelvin
from cosmodag.reionization.cubes.cubes_file import CubesHeader
from cosmodag.reionization.cubes.neutral_fraction import neutral_temperature

SMALLEST_CORRELATION = 0.25
"""Correlation of temperature and density, or neutral fraction, below which they are of two boxes:
fields of other seeds reach 0.2 in small boxes by chance."""
ENOUGH_CELLS = 1000
"""Number of neutral cells from which the correlation is judged."""
TOLERANCE = 0.2
"""Difference of neutral fractions from the name and from the mean temperature that is possible."""

logger = logging.getLogger(__name__)


def check_temperature(
    cube: CubeDescription,
    temperature: np.ndarray,
    header: CubesHeader,
    *,
    density: np.ndarray | None = None,
    neutral_fraction: np.ndarray | None = None,
) -> None:
    """Compare a brightness temperature with the neutral fraction in its name and with its partners.

    Where the spin temperature is high, the brightness temperature is the neutral fraction times the
    density times a factor that depends on redshift, see `neutral_temperature`. Cubes of another
    seed are uncorrelated with it, of which a warning is given.

    Parameters
    ----------
    cube : CubeDescription
        Metadata of the brightness temperature.
    temperature : numpy.ndarray, shape (n, n, n), float32
        Brightness temperature in mK.
    header : CubesHeader
        Redshift and cosmology.
    density : numpy.ndarray, shape (n, n, n), float32, optional
        Density contrast.
    neutral_fraction : numpy.ndarray, shape (n, n, n), float32, optional
        Neutral fraction.

    Raises
    ------
    InputError
        If the temperature is in K, the neutral fraction in the name contradicts it, the temperature
        is that of ionized gas, or a partner fits with its axes reversed.
    """
    if in_kelvin(temperature):
        raise InputError(
            f"{cube.path}: temperatures of at most {np.abs(temperature).max():.3g} mK are those of "
            "cubes in K: set the key unit to K, or multiply them by 1000"
        )
    if neutral_fraction is not None:
        everywhere = np.ones(temperature.shape, bool)
        _check_partner(cube, np.abs(temperature), neutral_fraction, "neutral fraction", everywhere)
    if density is not None:
        _check_partner(cube, temperature, density, "density", temperature > 0)
    stated = cube.neutral_fraction
    if stated is None or (temperature < 0).any():  # a cold spin temperature changes the factor
        return
    estimated = float(temperature.mean(dtype=np.float64)) / neutral_temperature(header)
    if abs(estimated - stated) > TOLERANCE:
        raise InputError(
            f"{cube.path}: its name states a neutral fraction of {stated:.4f}, but its mean "
            f"temperature is that of {estimated:.2f}: rename the file or copy it again"
        )


def _check_partner(
    cube: CubeDescription,
    temperature: np.ndarray,
    partner: np.ndarray,
    name: str,
    compared: np.ndarray,
) -> None:
    """Warn of a partner that is uncorrelated with the temperature; refuse one that is turned."""
    if np.count_nonzero(compared) < ENOUGH_CELLS:
        return
    correlation = _correlation(temperature[compared], partner[compared])
    if name == "neutral fraction" and correlation < -SMALLEST_CORRELATION:
        raise InputError(
            f"{cube.path}: is low where its neutral fraction is high (correlation "
            f"{correlation:.2f}): the fraction is probably the ionized one"
        )
    if not abs(correlation) < SMALLEST_CORRELATION:
        return
    if _correlation(temperature[compared], partner.T[compared]) > 2 * SMALLEST_CORRELATION:
        raise InputError(
            f"{cube.path}: fits its {name} if that has its axes reversed: set the key order, or "
            "write one of them in the order of the other"
        )
    logger.warning(
        "%s: uncorrelated with the %s (%.3f), so their seeds are probably different; check that "
        "both files belong together",
        *(cube.path, name, correlation),
    )


def _correlation(first: np.ndarray, second: np.ndarray) -> float:
    """Return the correlation of two fields, NaN if one does not vary."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return float(np.corrcoef(first.ravel(), second.ravel())[0, 1])
