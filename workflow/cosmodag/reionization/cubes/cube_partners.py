"""Whether a cube of brightness temperature belongs to its file name and to its density."""

import logging

import numpy as np

from cosmodag.errors import InputError
from cosmodag.reionization.cubes.cube_file_names import CubeDescription
from cosmodag.reionization.cubes.cube_values import in_kelvin
from cosmodag.reionization.cubes.cubes_file import CubesHeader
from cosmodag.reionization.cubes.neutral_fraction import neutral_temperature

SMALLEST_CORRELATION = 0.1
"""Correlation of temperature and density in neutral cells below which they are of two boxes. Its
standard error in the smallest box considered is 0.03."""
ENOUGH_CELLS = 1000
"""Number of neutral cells from which the correlation is judged."""
TOLERANCE = 0.2
"""Difference of neutral fractions from the name and from the mean temperature that is possible."""

logger = logging.getLogger(__name__)


def check_temperature(
    cube: CubeDescription,
    temperature: np.ndarray,
    density: np.ndarray | None,
    header: CubesHeader,
) -> None:
    """Compare a brightness temperature with the neutral fraction in its name and with the density.

    Where the spin temperature is high, the brightness temperature is the neutral fraction times the
    density times a factor that depends on redshift, see `neutral_temperature`. A cube of another
    seed is uncorrelated with the density, of which a warning is given.

    Parameters
    ----------
    cube : CubeDescription
        Metadata of the brightness temperature.
    temperature : numpy.ndarray, shape (n, n, n), float32
        Brightness temperature in mK.
    density : numpy.ndarray, shape (n, n, n), float32, or None
        Density contrast, if there is one.
    header : CubesHeader
        Redshift and cosmology.

    Raises
    ------
    InputError
        If the temperature is in K, or the neutral fraction in the name contradicts it.
    """
    if in_kelvin(temperature):
        raise InputError(
            f"{cube.path}: temperatures of at most {np.abs(temperature).max():.3g} mK are those of "
            "cubes in K: multiply them by 1000"
        )
    neutral = temperature > 0
    if density is not None and np.count_nonzero(neutral) >= ENOUGH_CELLS:
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
    estimated = float(temperature.mean(dtype=np.float64)) / neutral_temperature(header)
    if abs(estimated - stated) > TOLERANCE:
        raise InputError(
            f"{cube.path}: its name states a neutral fraction of {stated:.4f}, but its mean "
            f"temperature is that of {estimated:.2f}: rename the file or copy it again"
        )
