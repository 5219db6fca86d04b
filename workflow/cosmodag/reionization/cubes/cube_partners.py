"""Whether a cube of brightness temperature belongs to its file name and to its density."""

import logging

import numpy as np

from cosmodag.errors import InputError
from cosmodag.reionization.cubes.cube_file_names import CubeDescription
from cosmodag.reionization.cubes.cubes_file import CubesHeader

SMALLEST_CORRELATION = 0.1
"""Correlation of temperature and density in neutral cells below which they are of two boxes. Its
standard error in the smallest box considered is 0.03."""
ENOUGH_CELLS = 1000
"""Number of neutral cells from which the correlation is judged."""
TOLERANCE = 0.2
"""Difference of neutral fractions from the name and from the mean temperature that is possible."""
BARYON_DENSITY = 0.0224
"""Density of baryons in units of the critical density times h²."""

logger = logging.getLogger(__name__)


def check_partners(
    cube: CubeDescription, temperature: np.ndarray, density: np.ndarray, header: CubesHeader
) -> None:
    """Compare a brightness temperature with the neutral fraction in its name and with the density.

    Where the spin temperature is high, the brightness temperature is the neutral fraction times the
    density times a factor that depends on redshift [1]_. A cube of another seed is uncorrelated
    with the density, of which a warning is given.

    Parameters
    ----------
    cube : CubeDescription
        Metadata of the brightness temperature.
    temperature : numpy.ndarray, shape (n, n, n), float32
        Brightness temperature in mK.
    density : numpy.ndarray, shape (n, n, n), float32
        Density contrast.
    header : CubesHeader
        Redshift and cosmology.

    Raises
    ------
    InputError
        If the neutral fraction in the name contradicts the temperature.

    References
    ----------
    .. [1] Furlanetto, Oh & Briggs 2006, Phys. Rep. 433, 181, equation 2.
    """
    neutral = temperature > 0
    if np.count_nonzero(neutral) >= ENOUGH_CELLS:
        pairs = temperature[neutral].ravel(), density[neutral].ravel()
        with np.errstate(invalid="ignore", divide="ignore"):
            correlation = float(np.corrcoef(*pairs)[0, 1])
        if abs(correlation) < SMALLEST_CORRELATION:
            logger.warning(
                "%s: uncorrelated with the density (%.3f), so their seeds are probably different; "
                "check that both files belong together",
                cube.path,
                correlation,
            )
    stated = cube.neutral_fraction
    if stated is None or (temperature < 0).any():  # a cold spin temperature changes the factor
        return
    estimated = float(temperature.mean(dtype=np.float64)) / _neutral_temperature(header)
    if abs(estimated - stated) > TOLERANCE:
        raise InputError(
            f"{cube.path}: its name states a neutral fraction of {stated:.4f}, but its mean "
            f"temperature is that of {estimated:.2f}: rename the file or copy it again"
        )


def _neutral_temperature(header: CubesHeader) -> float:
    """Return the mean brightness temperature in mK of neutral gas of high spin temperature."""
    matter = header.omega_m * header.hubble**2
    return (
        27 * (BARYON_DENSITY / 0.023) * float(np.sqrt(0.15 / matter * (1 + header.redshift) / 10))
    )
